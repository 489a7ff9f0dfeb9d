#pragma once
// Whom a session measures when it attaches to what runs already: processes by pid, whoever listens
// on a port, or the machine. Pure values; reads /proc only.
#include <joulebook/session.h>

#include <optional>
#include <string>
#include <vector>

#include "core/file_tree.h"
#include "core/json.h"

namespace joulebook {

struct WatchedProcess {
  int pid = 0;
  std::string name;                 // of the program, 15 bytes at most; never its arguments
  std::uint64_t born = 0;           // in clock ticks since boot: tells a pid that is used again
  std::optional<SteadyTime> ended;  // when it was first seen gone
};

struct Target {
  std::string kind;  // "pids", "port" or "all"; empty: only commands that are run
  int port = 0;
  std::vector<WatchedProcess> processes;

  [[nodiscard]] std::vector<int> pids() const;
  [[nodiscard]] std::size_t alive() const;
};

// Errors: usage "target.many" (more than one of pids, port and all); input "process.gone" (no such
// process); no_reading "process.permission" (it is hidden from this user), and those of
// pids_listening_on.
[[nodiscard]] Result<Target> find_target(const FileTree& files, const SessionOptions& options);

// Notes which have ended by `now`: gone, a zombie, or another process under the same number.
void note_ended(Target& target, const FileTree& files, SteadyTime now);

[[nodiscard]] Json to_json(const Target& target);
[[nodiscard]] Target target_from_json(const Json& json);

}  // namespace joulebook
