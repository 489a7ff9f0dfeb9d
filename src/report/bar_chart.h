#pragma once
// Bars for terminals: one value a line, from zero, in eighths of a column. Pure.
#include <string>
#include <vector>

namespace joulebook {

struct Bar {
  std::string label;
  double value = 0;   // finite and not negative
  std::string shown;  // the value as it is to be read
};

// A line a bar under `title`, none wider than `width`; the longest bar takes what labels and values
// leave. A value that is not 0 shows at least an eighth. No bars: empty.
[[nodiscard]] std::string bar_chart(const std::string& title, const std::vector<Bar>& bars, int width);

}  // namespace joulebook
