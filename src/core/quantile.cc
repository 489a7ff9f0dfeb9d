#include "core/quantile.h"

#include <algorithm>

namespace joulebook {

double quantile(std::vector<double> values, double share) {
  std::ranges::sort(values);
  const double place = share * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  if (below + 1 >= values.size()) return values.back();
  return values[below] + (place - static_cast<double>(below)) * (values[below + 1] - values[below]);
}

double weighted_quantile(std::vector<std::pair<double, double>> v, double share) {
  if (v.empty()) return 0;
  std::ranges::sort(v);
  double total = 0, sum = 0;
  for (const auto& [value, weight] : v) total += weight;
  for (const auto& [value, weight] : v) {
    sum += weight;
    if (sum >= share * total) return value;
  }
  return v.back().first;
}

}  // namespace joulebook
