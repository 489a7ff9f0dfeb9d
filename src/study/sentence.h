#pragma once
// What a study found, in plain English, and what its data cannot tell. Deterministic; no figure in
// a sentence is rounded to fewer than three significant digits.
//
// A difference is *claimed* only beyond doubt: three ratios are judged at once, so each one's whole
// interval (for these very prompts, shared parts included) is widened on the logarithm by
// kJointWidening before it is held against 1. That keeps the chance of any false claim in a
// sentence at about one in twenty or less (the planted studies show it).
//
// Pure functions.
#include <string>

#include "study/records.h"

namespace joulebook {

// t(1 - 0.05 / 6) over t(1 - 0.05 / 2) is 1.22 for a normal and 1.30 for 10 degrees of freedom;
// over t(1 - 0.035 / 2) it is 1.14 and 1.17.
inline constexpr double kJointWidening = 1.25;

enum class Claim { unknown, less, same, more };

// What may be said of a ratio against 1. `unknown`: absent, or its interval is unbounded. `same`
// means that no difference is beyond doubt, not that there is none.
[[nodiscard]] Claim claim(const Quantity& ratio);

// The sentence of one comparison. REQUIRES: both of its arms are in study.arms.
[[nodiscard]] std::string comparison_sentence(const StudyResult& study, const Comparison& c);

// The study's one plain line: that of its comparison, or of each where there are several, or what
// its single arm took.
[[nodiscard]] std::string study_sentence(const StudyResult& study);

}  // namespace joulebook
