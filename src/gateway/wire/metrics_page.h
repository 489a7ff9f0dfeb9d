#pragma once
// An engine's own metrics page (Prometheus text): what it says of requests and tokens. Names come and go
// over releases, so whichever of them is there is taken: vLLM's, SGLang's, llama-server's. Pure; bounded
// by the page's length.
#include <optional>
#include <string_view>

#include "attribution/traffic.h"

namespace joulebook::gateway {

// Series of one name are summed over their labels. Nothing where the page has no name that is known.
// `upstream`, `begin` and `end` are left to the caller.
[[nodiscard]] std::optional<attribution::EngineReading> read_metrics_page(std::string_view text);

}  // namespace joulebook::gateway
