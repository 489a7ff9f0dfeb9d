#pragma once
// One timed generation of several sequences side by side, read as prefill and decode.
#include <span>

#include "engine/engine.h"

namespace joulebook {

// The prompt's time runs to the first token of the last sequence, decoding from there to the last
// token of all: with one sequence, exactly prefill and decode; with several, the tokens that early
// sequences write while late ones still read their prompts fall into the prompt's time.
struct TimedRun {
  SteadyTime begin;
  SteadyTime first;
  SteadyTime end;
  std::int64_t prompt_tokens = 0;  // all sequences
  std::int64_t output_tokens =
      0;                   // all sequences, without each one's first, which comes with the prompt
  std::int64_t steps = 0;  // of decoding: tokens of the longest sequence less one

  [[nodiscard]] double prompt_seconds() const;
  [[nodiscard]] double decode_seconds() const;
};

// Runs one sequence a text, greedily, `output` tokens each. Errors: those of generate(); engine
// "engine.short" where a sequence ended before its second token.
[[nodiscard]] Result<TimedRun> timed_run(Engine& engine, std::span<const std::string> texts,
                                         std::int64_t output);

}  // namespace joulebook
