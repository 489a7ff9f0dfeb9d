#include <algorithm>
#include <cmath>
#include <numeric>

#include "attribution/attributor.h"

namespace joulebook::attribution {
namespace {

double usable(double weight) { return std::isfinite(weight) && weight > 0 ? weight : 0; }

}  // namespace

std::vector<std::int64_t> divide_whole(std::int64_t total, std::span<const double> weights) {
  std::vector<std::int64_t> parts(weights.size(), 0);
  double largest = 0;
  for (const double w : weights) largest = std::max(largest, usable(w));
  if (total <= 0 || largest <= 0) return parts;
  double sum = 0;
  for (const double w : weights) sum += usable(w) / largest;  // no overflow, whatever they are
  std::vector<double> rest(weights.size(), 0);
  std::int64_t left = total;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const double exact = static_cast<double>(total) * (usable(weights[i]) / largest / sum);
    parts[i] = std::min(static_cast<std::int64_t>(std::floor(exact)), left);
    rest[i] = usable(weights[i]) > 0 ? exact - static_cast<double>(parts[i]) : -1;
    left -= parts[i];
  }
  std::vector<std::size_t> order(weights.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return rest[a] > rest[b] || (rest[a] == rest[b] && a < b);
  });
  std::size_t sharers = 0;
  while (sharers < order.size() && rest[order[sharers]] >= 0) ++sharers;
  // Left are fewer units than sharers, but for totals beyond the 53 bits of a double.
  const std::int64_t each = left / static_cast<std::int64_t>(sharers);
  const std::int64_t odd = left % static_cast<std::int64_t>(sharers);
  for (std::size_t k = 0; k < sharers; ++k) {
    parts[order[k]] += each + (static_cast<std::int64_t>(k) < odd ? 1 : 0);
  }
  return parts;
}

}  // namespace joulebook::attribution
