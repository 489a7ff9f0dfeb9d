#pragma once
// How raw samples in a bundle become figures again: as `run --replay` and a study's meter do it.
#include <string>
#include <string_view>

#include "export/card/verify.h"

namespace joulebook {

[[nodiscard]] card::Replay replays();

// The same samples without the words of commands but their programs: what is replayed stays as it was.
// Errors: those of parse_trace; input "trace.malformed" where the trace is damaged.
[[nodiscard]] Result<std::string> trace_without_text(std::string_view trace);

}  // namespace joulebook
