#pragma once
// What the ledger holds for `explain RUN`.
#include <vector>

#include "cli/context.h"
#include "physics/explain/measured_run.h"

namespace joulebook {

// The answers of a run, one an arm of a study, one of an ask; means over what was not in error.
// Errors: those of the ledger and of read_shape; input "explain.no_tokens" (a run of a command),
// "explain.elsewhere" (an endpoint, or layers on a GPU: the cure names the command that takes them).
[[nodiscard]] Result<std::vector<explain::MeasuredAnswer>> measured_answers(const Context& context,
                                                                            const std::string& id);

}  // namespace joulebook
