#pragma once
// Runs a command to measure it. It stays in this process group, as under `perf stat`, so a terminal
// reaches it by itself; signals that somebody sends to this process alone are passed on.
//
// The command is held at the gate until `ready` returned, so that it is watched from its first
// instruction; its end is seen before it is reaped, so that its CPU time can still be read.
// One at a time in a process: it installs signal handlers, and puts the old ones back.
#include <joulebook/session.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace joulebook {

struct ChildHooks {
  std::function<void(int pid)> ready;  // forked, not yet let go; the last thing before exec
  std::function<void()> ended;         // it is a zombie; the first thing after its end
};

// `environment`: added to this process's own. Errors: usage "run.no_command"; resource "run.fork".
[[nodiscard]] Result<ChildOutcome> run_child(
    const std::vector<std::string>& argv, const ChildOptions& options, const ChildHooks& hooks,
    const std::vector<std::pair<std::string, std::string>>& environment = {});

}  // namespace joulebook
