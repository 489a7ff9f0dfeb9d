#pragma once
// The files that a load test reads: prompts and traces, JSONL (docs/formats/load.md). Pure.
#include <joulebook/result.h>

#include <string>
#include <string_view>
#include <vector>

#include "load/plan.h"
#include "load/workload.h"

namespace joulebook::load {

// A line: {"prompt": "..."} or {"messages": [...]}, with "output_tokens" where it has a length of
// its own; other members (id, kind, check: a study's prompts) are passed over. Blank lines are
// skipped. Errors, placed as origin:line: input "load.prompts" (no such line, none at all).
[[nodiscard]] Result<std::vector<UserPrompt>> parse_user_prompts(std::string_view jsonl,
                                                                 const std::string& origin);

// A line: {"at_s": 0.5, "input_tokens": 512, "output_tokens": 128}, or as Mooncake's traces have it
// {"timestamp": 500, "input_length": 512, "output_length": 128} (milliseconds; other members are
// passed over). Times may not go back; the first line's is taken as 0. Lengths are 1 to 10 million;
// times up to 10^8 s. `speed` > 1 replays faster.
// Errors, placed as origin:line: input "load.trace".
[[nodiscard]] Result<std::vector<TraceEntry>> parse_trace(std::string_view jsonl,
                                                          const std::string& origin, double speed);

}  // namespace joulebook::load
