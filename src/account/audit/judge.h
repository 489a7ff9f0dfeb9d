#pragma once
// How a verdict follows from what was computed. Pure; thread-safe.
#include "account/audit/audit.h"

namespace joulebook::account {

// A range that spans more than this says nothing about the value (published-energy notes: a claim without
// batch, boundary and tokens is uncertain by 20 times at least).
inline constexpr double kWidestRange = 30;
// A missing input that moves the range by less than this does not keep a claim from being checked.
inline constexpr double kMattersFrom = 1.5;
// Reproduced: a range no wider than this, whose best value is the stated one within its rounding and 1 %.
inline constexpr double kPinned = 1.25;
inline constexpr double kNear = 0.01;

// `error`: why there is no range. REQUIRES: the findings are this claim's.
[[nodiscard]] Judged judge(const Claim& claim, const std::optional<Computed>& computed, const std::optional<Error>& error,
                           const std::vector<Finding>& findings);

// Whether a recipe's dimension is that of the claim, "one response" and the like understood.
[[nodiscard]] bool same_kind(const Dimension& recipe, const Dimension& claim);

// "1,234 J/response": an amount of base units in the claim's unit.
[[nodiscard]] std::string in_unit(const Claim& claim, double base_value);
// "9,870 to 22,300 J/response"; one amount where both ends are one.
[[nodiscard]] std::string range_in_unit(const Claim& claim, const Computed& computed);
[[nodiscard]] std::string short_number(double x);

}  // namespace joulebook::account
