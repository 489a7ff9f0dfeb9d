#pragma once
// What it takes to send each prompt to an arm, or to several with shares: joules and grade of a
// day's mix, and two ways of sending held against each other.
//
// A *policy* gives arm a of prompt i the share s_ai (they sum to 1 over the arms). A day asks prompt
// i of kind k  w_i = count_k / m_k  times, m_k being the study's prompts of that kind. Then
//   joules = sum of w_i s_ai e_ai,    value = sum of w_i s_ai x_ai / sum of w_i (graded prompts).
//
// Intervals are for prompts like these in this very mix, 95 %: prompts drawn again within their
// kind (the day fixes how many are of each), each with all of its trials; the delta method by
// strata, with the degrees of freedom of resample.h. Kinds with one prompt share a stratum, a lone one
// joins the first kind's. Joules and ratios on the logarithm. Two policies are compared prompt by prompt, so that what they send to
// the same arm cancels. The rule itself is taken as given.
//
// Pure functions; thread-safe.
#include <vector>

#include "study/sizing/field.h"

namespace joulebook {

// [arm][prompt of the study]: shares.
using Policy = std::vector<std::vector<double>>;
// [prompt of the study]: how often a day asks it; 0: not.
using Mix = std::vector<double>;

[[nodiscard]] Policy send_all_to(const Field& field, std::size_t arm);
// arm_of[kind of the field]
[[nodiscard]] Policy send_by_kind(const Field& field, std::span<const std::size_t> arm_of);

struct Valued {
  double value = 0;
  std::optional<Interval> interval;
};

// J of the day. Own interval: for prompts like these.
[[nodiscard]] Quantity joules_of(const Field& field, const Mix& mix, const Policy& policy);
// J of the day of `a` over those of `b`, unit "1".
[[nodiscard]] Quantity joules_ratio(const Field& field, const Mix& mix, const Policy& a,
                                    const Policy& b);
// Over the prompts graded in every arm that the policies use; nothing where there is none. Without an
// interval where all grades are equal.
[[nodiscard]] std::optional<Valued> grade_of(const Field& field, const Mix& mix,
                                             const Policy& policy);
// grade(a) - grade(b).
[[nodiscard]] std::optional<Valued> grade_difference(const Field& field, const Mix& mix,
                                                     const Policy& a, const Policy& b);

}  // namespace joulebook
