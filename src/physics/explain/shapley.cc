#include "physics/explain/shapley.h"

#include <algorithm>
#include <bit>

namespace joulebook::explain {

std::vector<double> shapley(std::size_t n, const std::function<double(std::uint32_t)>& value) {
  n = std::min(n, kMostPlayers);
  const std::uint32_t all = (1U << n) - 1;
  std::vector<double> values(std::size_t{all} + 1);
  for (std::uint32_t s = 0; s <= all; ++s) values[s] = value(s);
  // Share of the orders in which exactly a given set of k stands before a player: k! (n-k-1)! / n!.
  std::vector<double> share(n);
  for (std::size_t k = 0; k < n; ++k) {
    double orders = 1 / static_cast<double>(n);
    for (std::size_t i = 1; i <= k; ++i) orders *= static_cast<double>(i) / static_cast<double>(n - i);
    share[k] = orders;
  }
  std::vector<double> parts(n, 0.0);
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint32_t bit = 1U << i;
    for (std::uint32_t s = 0; s <= all; ++s) {
      if ((s & bit) != 0) continue;
      parts[i] += share[static_cast<std::size_t>(std::popcount(s))] * (values[s | bit] - values[s]);
    }
  }
  return parts;
}

}  // namespace joulebook::explain
