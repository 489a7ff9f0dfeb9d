#pragma once
// `run --pid`, `--port` and `--all`: measures what runs already until a span is over, every watched
// process has ended, or Ctrl-C.
#include <joulebook/result.h>

#include <optional>
#include <string>
#include <string_view>

#include "cli/c_session.h"
#include "cli/commands.h"

namespace joulebook {

// "90" and "90s", "250ms", "5m", "1h", also with a point: in seconds. Nothing where it is none, or
// not positive.
[[nodiscard]] std::optional<double> parse_span(std::string_view text);

// Errors: usage "run.attach" (a command, a replay or repeats beside it), "run.interval".
[[nodiscard]] Status check_attach(const RunOptions& options);

// Waits and prints a line each interval; returns the exit code: 0 also after Ctrl-C, 143 after
// SIGTERM. Says on standard error what it measures and why it ended.
[[nodiscard]] Result<int> attach(const Context& context, const RunOptions& options,
                                 CSession& session);

// "pid 4711 (ollama)", "port 8000 (vllm)", "the machine": for the ledger, without arguments.
[[nodiscard]] std::string target_title(const Json& target);

}  // namespace joulebook
