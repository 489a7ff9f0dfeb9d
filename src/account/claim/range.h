#pragma once
// The range of a recipe's value over the doubts about what went in: every corner of up to seven
// doubts, and 256 points between them drawn with a fixed seed (all of them where there are more than
// seven doubts, beside each doubt's two ends alone and all doubts' ends together); then from the least
// and the greatest of them by ever smaller steps, doubt by doubt. Doubts that have
// one name move together. Ends of stated ranges are bounds; of a prediction they hold 99 of 100 (twice
// the logarithm of its 80 % interval). Pure; thread-safe.
#include <string>
#include <vector>

#include "account/claim/scope.h"

namespace joulebook::account {

struct Contribution {
  std::string input;
  double factor = 1;  // by which the value differs between its ends: others at rest, all low, all high; the most
};

struct Computed {
  Number best;
  double lo = 0, hi = 0;
  Trace trace;
  std::vector<Contribution> contributions;  // the widest first
  [[nodiscard]] double span() const { return lo > 0 ? hi / lo : 0; }  // 0: no ratio
};

// Errors: those of Scope::value at rest. Points at which it cannot be computed are left out.
[[nodiscard]] Result<Computed> compute(const Claim& claim);

}  // namespace joulebook::account
