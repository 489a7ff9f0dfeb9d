#pragma once
// What the dearer arm bought: more correct answers, and what each of them cost.
//
// Over the prompts that could be checked in both arms:
//   extra_correct = correct(b) - correct(a), repeats averaged within a prompt;
//   J per extra correct answer = (E(b) - E(a)) / extra_correct, energies of the same prompts.
// Its own interval is Fieller's (E. C. Fieller, J. R. Stat. Soc. B 16, 1954) from the scatter of
// trials within prompts: unbounded above where it is not beyond doubt that anything was gained.
// Absences: "bought.nothing" (no answer more was correct), "bought.free" (more were, for less
// energy), "correct.unchecked" (nothing could be checked), or the reason of an arm without energy.
// Pure functions.
#include "study/split.h"

namespace joulebook {

struct Bought {
  double extra_correct = 0;
  Quantity j_per_extra_correct;
};

[[nodiscard]] Bought bought(const SplitArm& a, const SplitArm& b, const StudySpec& spec,
                            std::span<const std::size_t> prompts, const SplitOptions& options);

}  // namespace joulebook
