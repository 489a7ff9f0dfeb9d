#pragma once
// Which experts a model of the embedded engine really chooses. Counted apart from any timing: the
// engine is stopped at every layer to be looked at.
#include <joulebook/result.h>

#include <cstdint>
#include <span>
#include <string>

namespace joulebook {

// Distinct experts of a layer that at least one token of a step chose: mean over layers and steps.
struct ExpertCount {
  int layers = 0;             // that have experts
  double prompt_touched = 0;  // in a step of the prompt
  double prompt_tokens = 0;   // tokens of such a step, mean (at most 512, the engine's own cut)
  double decode_touched = 0;  // in a step of one token a sequence
  std::int64_t decode_steps = 0;
};

// One sequence a text, `steps` greedy tokens each. Errors: those of open_engine() for files; input
// "experts.none" where the model has none; engine "engine.failed", "engine.not_built".
[[nodiscard]] Result<ExpertCount> count_experts(const std::string& path,
                                                std::span<const std::string> texts,
                                                std::int64_t steps);

}  // namespace joulebook
