#pragma once
// The embedded engine: llama.cpp (libllama) in this process, several sequences in one context.
//
// generate() tokenises, makes room, and then takes the requests' `begin`: making a larger context
// is loading, not answering. From there one loop runs until all are done: each step decodes one
// token of every running sequence and as many prompt tokens as still fit the batch. What one
// request's spans cover is in docs/engines.md.
#include "engine/engine.h"

namespace joulebook {

// Errors as open_engine() says for files; engine "engine.not_built" where this build has none.
// Not thread-safe; several engines may live in one process.
[[nodiscard]] Result<std::unique_ptr<Engine>> open_llama(const std::string& path,
                                                         const EngineOptions& options);

}  // namespace joulebook
