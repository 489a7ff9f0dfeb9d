#include "study/sizing/frontier.h"

#include <algorithm>

namespace joulebook {
namespace {

bool placed(const ArmFit& arm) { return arm.quality.value && arm.joules.these.present(); }

// Whether `a` leaves no reason to choose `b`.
bool beats(const ArmFit& a, const ArmFit& b, const Requirement& r) {
  const bool cheaper = *a.joules.these.value < *b.joules.these.value;
  const bool as_cheap = *a.joules.these.value <= *b.joules.these.value;
  const bool better = r.better(*a.quality.value, *b.quality.value);
  const bool as_good = better || *a.quality.value == *b.quality.value;
  return as_cheap && as_good && (cheaper || better);
}

}  // namespace

std::vector<bool> frontier_of(const Fit& fit, const Requirement& requirement) {
  std::vector<bool> out;
  for (const ArmFit& arm : fit.arms) {
    out.push_back(placed(arm) && std::ranges::none_of(fit.arms, [&](const ArmFit& other) {
      return placed(other) && beats(other, arm, requirement);
    }));
  }
  return out;
}

}  // namespace joulebook
