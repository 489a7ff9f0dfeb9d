#pragma once
// When to stop repeating. An object of its own, so that it can be fed with numbers: it knows
// nothing of trials, clocks or arms.
//
// It looks only after whole rounds and only at the interval for these very prompts. Looking at the
// width of an interval and stopping when it is small picks lucky rounds: with two repeats and a few
// prompts that carry most of the energy, 95 % intervals would hold in 93 %. So the intervals it
// looks at, and those reported of a study that ended before max_rounds, are drawn at 96.5 %
// (estimates.h, these_alpha); the planted studies show what they then hold (docs/statistics.md).
#include <vector>

#include "study/records.h"

namespace joulebook {

class StoppingRule {
 public:
  explicit StoppingRule(const StoppingSpec& spec) : spec_(spec) {}

  // Looks after round `rounds` (counted from 1) ended, `elapsed_s` after the first trial began.
  // `half_width`: widest_half_width of the trials so far; infinite where it cannot be said.
  // In this order: below min_rounds "continue"; "narrow enough" at most the target; "out of rounds"
  // at max_rounds; "out of time" where the next round, taken to last as long as the longest so far,
  // would end after max_seconds; else "continue".
  Look look(int rounds, double half_width, double elapsed_s);

  [[nodiscard]] bool done() const { return done_; }
  [[nodiscard]] const std::vector<Look>& looks() const { return looks_; }
  // How long the next round is expected to last; 0 before the first look.
  [[nodiscard]] double expected_round_s() const { return longest_s_; }

 private:
  [[nodiscard]] const char* verdict(int rounds, double half_width, double elapsed_s) const;

  StoppingSpec spec_;
  std::vector<Look> looks_;
  double longest_s_ = 0;
  bool done_ = false;
};

}  // namespace joulebook
