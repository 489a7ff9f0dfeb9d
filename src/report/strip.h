#pragma once
// Values with their intervals as marks on one logarithmic scale, in HTML and CSS alone: text stays as large
// on a phone as on a desktop. Pure.
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"

namespace joulebook::page {

struct StripMark {
  std::string name;              // plain text
  double value = 0;              // above 0
  std::optional<double> lo, hi;  // nothing: not known, the line is open at that end
  std::string shown;             // "31×", plain text
  int colour = 0;                // of an arm, 0 to 5
};

// A quantity's mark, in units of `factor`; nothing where it is absent or not above 0.
[[nodiscard]] std::optional<StripMark> strip_mark(const Json& quantity, double factor, std::string name,
                                                  int colour);

// `ticks`: what stands behind the scale's numbers ("×", " Wh"). `label`: read out in its stead. Empty without
// marks.
[[nodiscard]] std::string strip_html(const std::vector<StripMark>& marks, const std::string& ticks,
                                     const std::string& label);

}  // namespace joulebook::page
