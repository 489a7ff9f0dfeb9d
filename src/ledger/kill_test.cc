// kill -9 at every write boundary: the ledger opens, verifies clean and holds every trial whose
// add_trial had returned; at most the one in flight is lost.
#include <algorithm>

#include "ledger/kill_child.h"

namespace joulebook {
namespace {

constexpr int kTrials = 4;

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

void kill_study_everywhere(fakes::Kill kill) {
  const auto at = kill_everywhere(
      kill, [](const std::string&) {}, work,
      [](const std::string& path, const Death& death, std::int64_t where) {
        EXPECT_TRUE(!WIFEXITED(death.status) || death.said == "rtttte");
        expect_survived(path, death, where);
      });
  EXPECT_GT(at, 40);  // creation, six commits and the closing checkpoint all write
}

TEST(LedgerKill, BeforeEveryWrite) { kill_study_everywhere(fakes::Kill::before); }
TEST(LedgerKill, InTheMiddleOfEveryWrite) { kill_study_everywhere(fakes::Kill::torn); }

}  // namespace
}  // namespace joulebook
