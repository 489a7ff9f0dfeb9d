#pragma once
// Any program as an engine. Started for each item, its phases are `queue` (making the process),
// `prefill` (to the first byte of its output) and `answer` (to its end); kept running, starting it
// is loading, `prefill` goes from sending the line to the first byte of the answer, and `answer` to
// the line's end. It has no tokens; `cpu_seconds` of a started one is its rusage.
//
// A program that is late, floods its output, fails or answers without being asked is ended with all
// that it started; one that was kept running is started anew before the next item, outside of that
// item's time.
#include <joulebook/result.h>

#include <memory>

#include "engine/engine.h"

namespace joulebook {

// Errors: those of validate(); input "command.missing"; resource "command.start"; engine
// "command.timeout", "command.exit" (it ended before it was ready). generate() gives: input as
// can_ask(); engine "command.exit", "command.timeout", "command.output", "command.unasked".
[[nodiscard]] Result<std::unique_ptr<Engine>> open_command(const CommandOptions& options);

}  // namespace joulebook
