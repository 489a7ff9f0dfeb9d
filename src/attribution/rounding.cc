#include <algorithm>
#include <cmath>
#include <vector>

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
  std::vector<std::size_t> sharers;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (rest[i] >= 0) sharers.push_back(i);
  }
  // Left are fewer units than sharers, but for totals beyond the 53 bits of a double.
  const auto count = static_cast<std::int64_t>(sharers.size());
  const std::int64_t each = left / count;
  const auto odd = sharers.begin() + left % count;
  std::nth_element(sharers.begin(), odd, sharers.end(), [&](std::size_t a, std::size_t b) {
    return rest[a] > rest[b] || (rest[a] == rest[b] && a < b);
  });
  for (auto it = sharers.begin(); it != sharers.end(); ++it) parts[*it] += each + (it < odd ? 1 : 0);
  return parts;
}

}  // namespace joulebook::attribution
