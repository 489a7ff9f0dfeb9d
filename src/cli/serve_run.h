#pragma once
// A gateway from its options to its end: what is opened in which order, and closed in the other.
#include <joulebook/result.h>

#include "cli/context.h"
#include "gateway/serve_options.h"

namespace joulebook {

// Serves until a signal, or for so long where `for_s` is above 0. Returns the exit code.
[[nodiscard]] Result<int> serve_until_stopped(const Context& context,
                                              const gateway::ServeOptions& options, double for_s);

}  // namespace joulebook
