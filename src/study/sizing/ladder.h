#pragma once
// What each step of a ladder bought: arms that are alike but for their effort, or for their budget
// of thinking, next to each other in the study, the higher against the one before.
//
// Over the prompts complete in both arms:
//   more joules      (E_b - E_a) / n a response; interval for these very prompts: the scatter of
//                    trials within prompts (resample.h), Student's t at 95 %
//   more correct     mean over the prompts checked in both of x_b - x_a, repeats averaged; interval
//                    for prompts like these: Student's t on the prompts' differences
//   J per further correct answer: bought.h
// Pure functions; thread-safe.
#include <vector>

#include "study/records.h"
#include "study/sizing/quality.h"

namespace joulebook {

struct LadderStep {
  std::size_t a = 0;  // indices into the study's arms
  std::size_t b = 0;
  std::size_t prompts = 0;
  Quantity more_joules;         // J per response; negative where the step saved some
  std::optional<double> gain;   // share of answers; nothing where none was checked
  std::optional<Interval> gain_interval;
  double extra_correct = 0;
  Quantity j_per_extra_correct;
};

// In the order of the arms; empty where the study has no ladder.
[[nodiscard]] std::vector<LadderStep> ladder_of(const StudyResult& study);

[[nodiscard]] Json to_json(const std::vector<LadderStep>& steps, const StudyResult& study);

}  // namespace joulebook
