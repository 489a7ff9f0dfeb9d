// kill -9 at every write boundary: the ledger opens, verifies clean and holds every trial whose
// add_trial had returned; at most the one in flight is lost.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "fakes/kill_vfs.h"
#include "ledger/test_ledger.h"

namespace joulebook {
namespace {

constexpr int kTrials = 4;

LedgerOptions on_kill_vfs() {
  LedgerOptions options;
  options.sqlite.vfs = fakes::kKillVfs;
  return options;
}

// The child's work: one byte down the pipe for each record that is said to be on disk.
[[noreturn]] void work(const std::string& path, int pipe) {
  const auto said = [&](char what) { return ::write(pipe, &what, 1) == 1; };
  auto ledger = open_ledger(path, on_kill_vfs());
  if (!ledger) ::_exit(1);
  const auto run = (*ledger)->begin_run("study", "forty", anchor_at(1000), Json::object());
  if (!run || !said('r')) ::_exit(2);
  for (int i = 0; i < kTrials; ++i) {
    const std::int64_t at = 1000 + 100 * i;
    if (!(*ledger)->add_trial(
            *run, i, trial_json(i),
            {settlement(at, at + 90, 1'000'003 + i), settlement(at, at + 90, 500'001, "dram:0")})) {
      ::_exit(3);
    }
    if (!said('t')) ::_exit(4);
  }
  if (!(*ledger)->end_run(*run, anchor_at(2000), result_json(), true) || !said('e')) ::_exit(5);
  ledger->reset();  // closing folds the write-ahead log into the file: boundaries as well
  ::_exit(0);
}

struct Death {
  int status = 0;
  std::string said;
};

Death run_child(const std::string& path, fakes::Kill kill, std::int64_t at) {
  int ends[2];
  if (::pipe(ends) != 0) return {-1, ""};
  fakes::arm_kill_vfs(kill, at);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    work(path, ends[1]);
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

void expect_survived(const std::string& path, const Death& death, std::int64_t at) {
  auto ledger = open_ledger(path, on_kill_vfs());
  ASSERT_TRUE(ledger) << at << ": " << ledger.error().message;
  const auto verdict = (*ledger)->verify();
  ASSERT_TRUE(verdict) << at << ": " << verdict.error().message;
  EXPECT_TRUE(verdict->faults.empty()) << at << ": " << verdict->faults.front();
  const auto promised = std::count(death.said.begin(), death.said.end(), 't');
  const auto id = (*ledger)->resolve("last");
  if (!id) {
    EXPECT_EQ(death.said, "") << at << ": the run is lost";
    return;
  }
  const auto trials = (*ledger)->trials(*id);
  ASSERT_TRUE(trials) << at;
  EXPECT_GE(std::ssize(*trials), promised) << at;
  EXPECT_LE(std::ssize(*trials), promised + 1) << at;
  EXPECT_EQ(verdict->settlements, 2 * std::ssize(*trials)) << at;
  if (death.said.ends_with('e')) {
    EXPECT_EQ((*ledger)->show(*id).value().dump(), result_json().dump()) << at;
  }
  // What was kept can be gone on with.
  const bool ended = (*ledger)->list(1).value()[0].complete;
  if (!ended) {
    const auto next = std::ssize(*trials);
    EXPECT_TRUE((*ledger)->add_trial(*id, next, trial_json(next), {})) << at;
  }
}

void kill_everywhere(fakes::Kill kill) {
  std::int64_t at = 0;
  for (;; ++at) {
    ASSERT_LT(at, 5000) << "the workload never completes";
    const TempDir dir;
    const Death death = run_child(dir.file(), kill, at);
    if (WIFEXITED(death.status)) {
      ASSERT_EQ(WEXITSTATUS(death.status), 0);
      ASSERT_EQ(death.said, "rtttte");
      expect_survived(dir.file(), death, at);
      break;
    }
    ASSERT_EQ(WTERMSIG(death.status), SIGKILL);
    expect_survived(dir.file(), death, at);
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GT(at, 40);  // creation, six commits and the closing checkpoint all write
}

TEST(LedgerKill, BeforeEveryWrite) { kill_everywhere(fakes::Kill::before); }
TEST(LedgerKill, InTheMiddleOfEveryWrite) { kill_everywhere(fakes::Kill::torn); }

}  // namespace
}  // namespace joulebook
