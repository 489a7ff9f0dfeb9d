#include "report/spark_line.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <vector>

namespace joulebook {

SparkLine spark_line(std::span<const double> values, int width) {
  constexpr std::array<std::string_view, 8> kHeights = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  SparkLine line;
  const std::size_t columns = std::min(values.size(), static_cast<std::size_t>(std::max(0, width)));
  std::vector<double> means;
  for (std::size_t c = 0; c < columns; ++c) {
    double sum = 0;
    int n = 0;
    for (std::size_t i = c * values.size() / columns; i < (c + 1) * values.size() / columns; ++i) {
      if (!std::isfinite(values[i])) continue;
      sum += values[i];
      ++n;
    }
    means.push_back(n > 0 ? sum / n : std::nan(""));
    if (n == 0) continue;
    line.lo = line.any ? std::min(line.lo, means.back()) : means.back();
    line.hi = line.any ? std::max(line.hi, means.back()) : means.back();
    line.any = true;
  }
  for (const double mean : means) {
    const double part = line.hi > line.lo ? (mean - line.lo) / (line.hi - line.lo) : 0.5;
    line.text += std::isfinite(mean) ? kHeights[static_cast<std::size_t>(std::lround(part * 7))] : "·";
  }
  return line;
}

}  // namespace joulebook
