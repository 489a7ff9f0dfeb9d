#pragma once
// Work of a given length on the embedded engine, done as llama-bench (llama.cpp, tools/llama-bench)
// does pp and tg: tokens drawn at random from the vocabulary, after the opening one where the model
// has one; a prompt in batches of the context's size with the last token's logits alone; output one
// token at a time, each computed to its end before the next. The caches are empty before.
#include "core/clock.h"
#include "engine/engine.h"
#include "engine/llama_model.h"
#include "engine/llama_slots.h"

namespace joulebook {

// Phases: prefill, or answer, with the tokens. Not thread-safe. REQUIRES: request.fixed; the slots
// have room for it. Errors: engine "engine.failed", interrupted "engine.cancelled".
[[nodiscard]] Result<Generation> run_fixed(const LlamaModel& model, LlamaSlots& slots,
                                           const GenerateRequest& request, Clock& clock);

}  // namespace joulebook
