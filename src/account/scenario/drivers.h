#pragma once
// Statistics of a scenario's draws. Inside of the room. Pure.
#include <string>
#include <vector>

#include "account/scenario/scenario.h"

namespace joulebook::account {

// The value with that share of the draws at or below it, never between two. REQUIRES: sorted, not empty.
[[nodiscard]] double at_share(const std::vector<double>& sorted, double share);
[[nodiscard]] Fan fan_of(std::vector<double> values, const std::string& unit, const std::string& method);
// Spearman's; 0 where either is constant. REQUIRES: of one length.
[[nodiscard]] double rank_correlation(const std::vector<double>& a, const std::vector<double>& b);

}  // namespace joulebook::account
