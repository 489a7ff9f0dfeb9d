#pragma once
// The HTTP engine: an OpenAI-compatible endpoint, spoken to with streaming chat completions.
#include "engine/engine.h"

namespace joulebook {

// `address` with or without the trailing /v1. Errors as open_engine() says for endpoints.
[[nodiscard]] Result<std::unique_ptr<Engine>> open_endpoint(const std::string& address,
                                                            const EngineOptions& options);

}  // namespace joulebook
