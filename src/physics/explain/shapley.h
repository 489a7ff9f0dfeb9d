#pragma once
// Averages over all orders. L. S. Shapley, "A value for n-person games", 1953: what each of n changes
// adds, averaged over every order in which they could be made. The parts sum to the whole, a change
// that never adds anything gets nothing, two that always add alike get alike. Pure; thread-safe.
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace joulebook::explain {

inline constexpr std::size_t kMostPlayers = 16;  // 65,536 evaluations

// `value(s)`: of the subset whose bits are set in s, called once for each of the 2^n subsets.
// Returns n parts that sum to value(all) - value(none) but for rounding. n is at most kMostPlayers.
[[nodiscard]] std::vector<double> shapley(std::size_t n,
                                          const std::function<double(std::uint32_t)>& value);

}  // namespace joulebook::explain
