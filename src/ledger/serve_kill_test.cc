// kill -9 of a gateway at every write: what was settled stays, the rest is void with a reason, and the
// ledger goes on.
#include <algorithm>

#include "ledger/kill_child.h"
#include "ledger/serve_fixture.h"

namespace joulebook {
namespace {

constexpr int kBatches = 4;

// One byte down the pipe for each batch that is said to be on disk.
void serve_and_die(const std::string& path, int pipe) {
  const auto said = [&](char what) { return ::write(pipe, &what, 1) == 1; };
  auto writer = open_serve_writer(path, "serve", serve_anchor(), Json::object(), on_kill_vfs());
  if (!writer || !said('r')) ::_exit(2);
  for (const auto& batch : traffic(kBatches, 600)) {
    if (!(*writer)->settle(batch) || !said('b')) ::_exit(3);
  }
  if (!(*writer)->end(anchor_at(9'000 * kSecond), result_json(), true) || !said('e')) ::_exit(4);
  writer->reset();
}

void expect_made_good(const std::string& path, const Death& death, std::int64_t at) {
  const bool began = death.said.starts_with('r');
  const bool ended = death.said.ends_with('e');
  const auto promised = std::count(death.said.begin(), death.said.end(), 'b');
  auto next = open_serve_writer(path, "serve", serve_anchor(), Json::object(), on_kill_vfs());
  ASSERT_TRUE(next) << at << ": " << next.error().message;
  const auto verdict = open_ledger(path).value()->verify().value();
  EXPECT_TRUE(verdict.faults.empty()) << at << ": " << verdict.faults.front();
  const auto settled = verdict.settlements / 2;
  EXPECT_GE(settled, promised) << at;
  EXPECT_LE(settled, promised + 1) << at;
  if (began) {
    EXPECT_EQ(verdict.runs, 2) << at;
  }
  EXPECT_EQ(raw_number(path, "SELECT count(*) FROM requests_begun"), settled) << at;
  EXPECT_EQ(raw_number(path, "SELECT count(*) FROM requests_ended"), settled) << at;
  if (!ended && !WIFEXITED(death.status) && settled > 0) {
    const auto last = open_serve_reader(path).value()->request(fmt_id(static_cast<int>(settled) - 1));
    ASSERT_TRUE(last) << at;
    EXPECT_EQ(last->status, RequestStatus::void_) << at;
    const auto code = last->end.void_reason->code;
    EXPECT_TRUE(code == "serve.killed" || code == "serve.stopped") << at << code;
    EXPECT_GT(last->posted.count, 0) << at;
    EXPECT_LE(last->end.fair.known_lo, static_cast<double>(last->posted.count) / 1e6) << at;
  }
  ServeBatch more = traffic(1, 600, 100)[0];
  EXPECT_TRUE((*next)->settle(more)) << at;
}

void kill_gateway_everywhere(fakes::Kill kill) {
  const auto at =
      kill_everywhere(kill, [](const std::string&) {}, serve_and_die, expect_made_good);
  EXPECT_GT(at, 60);
}

TEST(ServeKill, BeforeEveryWrite) { kill_gateway_everywhere(fakes::Kill::before); }
TEST(ServeKill, InTheMiddleOfEveryWrite) { kill_gateway_everywhere(fakes::Kill::torn); }

}  // namespace
}  // namespace joulebook
