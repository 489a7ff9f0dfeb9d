#pragma once
// A child that is killed at a chosen write boundary (tests/fakes/kill_vfs.h), and what it said before.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <functional>

#include "fakes/kill_vfs.h"
#include "ledger/test_ledger.h"

namespace joulebook {

inline LedgerOptions on_kill_vfs() {
  LedgerOptions options;
  options.sqlite.vfs = fakes::kKillVfs;
  return options;
}

struct Death {
  int status = 0;
  std::string said;
};

inline Death run_child(fakes::Kill kill, std::int64_t at,
                       const std::function<void(int pipe)>& work) {
  int ends[2];
  if (::pipe(ends) != 0) return {-1, ""};
  fakes::arm_kill_vfs(kill, at);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    work(ends[1]);
    ::_exit(0);
  }
  ::close(ends[1]);
  Death death;
  char byte = 0;
  while (::read(ends[0], &byte, 1) == 1) death.said += byte;
  ::close(ends[0]);
  ::waitpid(child, &death.status, 0);
  fakes::arm_kill_vfs(fakes::Kill::never, 0);
  return death;
}

// JOULEBOOK_KILL_STEP: only each so many boundaries, for trees that are slow.
inline std::int64_t kill_step() {
  const char* text = std::getenv("JOULEBOOK_KILL_STEP");
  return text == nullptr ? 1 : std::max(1, std::atoi(text));
}

// Kills it at each boundary in turn, each time over what `prepare` left, until it lives to its end.
// `survived` is asked after each death. The number of boundaries.
inline std::int64_t kill_everywhere(
    fakes::Kill kill, const std::function<void(const std::string&)>& prepare,
    const std::function<void(const std::string& path, int pipe)>& work,
    const std::function<void(const std::string& path, const Death& death, std::int64_t at)>& survived) {
  for (std::int64_t at = 0;; at += kill_step()) {
    const TempDir dir;
    fakes::arm_kill_vfs(fakes::Kill::never, 0);
    prepare(dir.file());
    const Death death = run_child(kill, at, [&](int pipe) { work(dir.file(), pipe); });
    survived(dir.file(), death, at);
    if (WIFEXITED(death.status)) {
      EXPECT_EQ(WEXITSTATUS(death.status), 0) << at;
      return at;
    }
    EXPECT_EQ(WTERMSIG(death.status), SIGKILL) << at;
    if (testing::Test::HasFailure() || at >= 5000) return at;
  }
}

}  // namespace joulebook
