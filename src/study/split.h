#pragma once
// "Longer x dearer": the energy ratio of two arms split into the ratio of their output tokens and
// the ratio of their joules per output token, which multiply to it exactly.
//
// Shared error. Parts that both arms carry cancel end by end (quantity.h). The part
// "instruction_mix" of a modelled machine is about what the code does to the watts, so it cancels
// only as far as two arms compute alike:
// - same model file, engine and device settings: prefill and decoding are each the same code in
//   both arms, so the part is split by each trial's own phases into "instruction_mix:prefill" and
//   "instruction_mix:decode"; it then cancels exactly as far as the two arms' phase mixes agree;
// - otherwise it becomes "instruction_mix:<arm>" and stays in the ratio whole.
//
// Pure functions.
#include <span>
#include <string>

#include "study/estimates.h"

namespace joulebook {

// One arm as a comparison sees it.
struct SplitArm {
  const ArmTrials* trials = nullptr;
  std::string name;
};

struct SplitOptions {
  bool same_code = false;  // see above
  double alpha = 0.05;     // share of misses of the interval for these prompts
};

// True where both arms run the same model file by the same engine on the same devices.
[[nodiscard]] bool same_code(const ArmResult& a, const ArmResult& b);

// The energy of a trial with "instruction_mix" renamed to "instruction_mix:<arm>".
[[nodiscard]] Quantity with_mix_of_arm(Quantity energy, const std::string& arm);
// ... or split by the phases of the trial. Without metered phases it stays as it is.
[[nodiscard]] Quantity with_mix_by_phase(const TrialRecord& trial);

// The energy of a trial as a comparison takes it: one of the two above.
[[nodiscard]] Quantity compared_energy(const TrialRecord& trial, const std::string& arm,
                                       bool same_code);

// b / a over the prompts given. Absent parts carry the reason of the arm that has no energy;
// without prompts all three are absent ("study.incomplete").
[[nodiscard]] Split split_ratio(const SplitArm& a, const SplitArm& b,
                                std::span<const std::size_t> prompts, const SplitOptions& options);

}  // namespace joulebook
