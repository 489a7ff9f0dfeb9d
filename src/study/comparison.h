#pragma once
// The analysis of a whole study: arms, comparisons, kinds, sentences, from the trials it holds.
//
// Deterministic: no random numbers; the same trials give the same figures to 1e-9 anywhere.
// May be called again and again while a study runs. Pure besides its argument. Not thread-safe on
// one study.
#include "study/estimates.h"
#include "study/records.h"

namespace joulebook {

// Fills study.arms (spec and figures; engine and load that are there already stay), comparisons
// (the first arm against every other), drift, sentence, and adds warnings that it has to give.
// REQUIRES: study.spec; everything else may be empty and then gives absences with reasons.
void analyse(StudyResult& study);

// Arm b over arm a, over the prompts complete in both. REQUIRES: both are in study.spec.arms and
// study.arms.
[[nodiscard]] Split split_between(const StudyResult& study, std::size_t a, std::size_t b);

// Relative half-width of the widest interval that the stopping rule may look at: these very
// prompts, sampling and meter only (a shared error does not shrink with rounds), of the energy
// ratio of every arm against the first; of its token ratio where there is no energy; of J/response
// where there is one arm. Infinite where it cannot be said yet.
[[nodiscard]] double widest_half_width(const StudySpec& spec, std::span<const TrialRecord> trials);

// after / before - 1, in unit "1".
[[nodiscard]] Quantity relative_change(const Quantity& before, const Quantity& after);

// Share of an arm's usable trials that hit the token limit; 0 without trials.
[[nodiscard]] double censored_share(const ArmResult& arm);

}  // namespace joulebook
