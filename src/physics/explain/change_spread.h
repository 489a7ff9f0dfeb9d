#pragma once
// How far off the model is about a change of one factor, as pairs of measured rows show that differ
// in nothing else (pairs.h): data/change_spread.csv, which `joulebook explain --check ROWS.csv --out
// FILE` makes. For batch, context and cache, whose effect shrinks to nothing with the change, the error
// of ln(ratio) grows with the ratio and then stays:
//   error = q (1 - exp(-|ln ratio| / kUnit)),  q between the 10th and the 90th percentile of the pairs;
// another device, precision, engine or shape is a leap, whatever its ratio: error = q.
// Read once; thread-safe.
#include <joulebook/result.h>

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "physics/explain/deployment.h"

namespace joulebook::explain {

inline constexpr double kUnit = 0.3;
[[nodiscard]] double error_scale(Factor factor, double log_ratio);  // 0 to 1

struct ChangeSpread {
  double lo = 0, hi = 0;     // of q
  std::size_t pairs = 0;     // 0: no pair shows it; lo and hi are the widest of those that are shown
  double median_error = 0;   // of the ratio, relative
};
using Spreads = std::array<ChangeSpread, kFactors>;

[[nodiscard]] const Spreads& built_in_spreads();
// Error: input "spread.syntax".
[[nodiscard]] Result<Spreads> parse_spreads(std::string_view csv);
[[nodiscard]] std::string to_csv(const Spreads& spreads);

// The interval (80 %) of ln(ratio) that a change of this factor is said to have; [x, x] for tokens
// and boundary, which are arithmetic.
struct LogInterval {
  double lo = 0, hi = 0;
};
[[nodiscard]] LogInterval log_interval(const Spreads& spreads, Factor factor, double log_ratio);

}  // namespace joulebook::explain
