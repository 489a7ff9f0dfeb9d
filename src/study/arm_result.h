#pragma once
// One arm's own figures from its trials. Pure functions.
#include <span>

#include "study/estimates.h"

namespace joulebook {

// Fills every figure of `arm` (not spec, engine or load) from the trials of the prompts given:
// those complete in every arm of the study, so that the arms' figures compare.
//   J per X = sum of energy / sum of X, for X = response, output token, input + output token, word.
//   J per correct answer = energy of checkable prompts / correct among them; none correct is an
//   absence ("correct.none") with the energy spent as its lower bound.
// Trials, failures and censored answers are counted over all of the arm's trials.
void fill_arm(ArmResult& arm, const ArmTrials& trials, const StudySpec& spec,
              std::span<const std::size_t> prompts);

// J per response of one arm over the prompts given, with both intervals, as fill_arm has it.
// `alpha`: misses left for these prompts (these_alpha).
[[nodiscard]] Estimate joules_per_response(const ArmTrials& trials,
                                           std::span<const std::size_t> prompts,
                                           const std::string& arm, double alpha);

// Prompts of `prompts` with a checker whose every trial was checked in this arm, or failed.
[[nodiscard]] std::vector<std::size_t> checkable_of(const ArmTrials& arm, const StudySpec& spec,
                                                    std::span<const std::size_t> prompts);
// 1 where the answer was correct, else 0; 0 where there was none.
[[nodiscard]] double correctness(const TrialRecord& trial);

}  // namespace joulebook
