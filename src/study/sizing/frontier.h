#pragma once
// Which arms are on the frontier of quality against joules: no other arm is at least as good and at
// least as cheap, and better in one of the two. Best values decide; whether two arms can be told
// apart is said beside them (sizing.h). Pure.
#include "study/sizing/sizing.h"

namespace joulebook {

// By place in fit.arms; an arm that was not graded, or has no joules, is not on it.
[[nodiscard]] std::vector<bool> frontier_of(const Fit& fit, const Requirement& requirement);

}  // namespace joulebook
