#pragma once
// Quantiles of plain numbers. Pure; thread-safe.
#include <utility>
#include <vector>

namespace joulebook {

// The value below which `share` (0 to 1) of the numbers lie, between neighbours by line (type 7 of
// Hyndman and Fan 1996). Share 0.5: the median. REQUIRES: not empty, no NaN.
[[nodiscard]] double quantile(std::vector<double> values, double share);

// The smallest value up to which at least `share` of the weight lies; never between two. Empty: 0.
// REQUIRES: weights not negative, no NaN.
[[nodiscard]] double weighted_quantile(std::vector<std::pair<double, double>> value_and_weight,
                                       double share);

}  // namespace joulebook
