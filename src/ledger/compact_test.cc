// Rolling up: every hourly sum stays, the ledger verifies, the file shrinks, and a kill leaves either
// all of it or nothing.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "ledger/kill_child.h"
#include "ledger/serve_fixture.h"

namespace joulebook {
namespace {

constexpr std::int64_t kHourSeconds = 3600;

std::int64_t wall_at(std::int64_t second) { return anchor_at(second * kSecond).wall_ns; }

void serve_traffic(const std::string& path, int windows, std::int64_t seconds, bool ends = true,
                   int first_id = 0) {
  auto writer = serving(path, without_fsync());
  for (const auto& batch : traffic(windows, seconds, first_id)) ASSERT_TRUE(writer->settle(batch));
  if (!ends) return;
  ASSERT_TRUE(writer->end(anchor_at(windows * seconds * kSecond), result_json(), true));
}

std::string hours(const std::string& path) {
  std::string all;
  auto reader = open_serve_reader(path).value();
  for (const auto by : {TotalBy::account, TotalBy::domain, TotalBy::tenant, TotalBy::model}) {
    const auto series = reader->hourly(by).value();
    for (const auto& h : series) {
      all += std::to_string(h.hour) + " " + h.key + " " + std::to_string(h.amount.count) + "\n";
    }
    const auto totals = reader->totals(by).value();
    for (const auto& t : totals) {
      all += t.key + " " + std::to_string(t.begun) + " " + std::to_string(t.final_) + " " +
             std::to_string(t.void_) + " " + std::to_string(t.tokens.prompt.value_or(-1)) + "\n";
    }
  }
  return all;
}

// The same sums from the rows themselves, hour by hour of the windows' beginnings.
std::string posted(const std::string& path) {
  std::string all;
  auto db = sqlite::Database::open(path, {}).value();
  EXPECT_TRUE(db.each(
      "SELECT substr(s.begin_utc, 1, 13), s.domain, CASE WHEN p.account LIKE 'request%' THEN "
      "'requests' ELSE p.account END AS a, sum(p.amount_uj) FROM settlements s JOIN postings p ON "
      "p.settlement = s.settlement GROUP BY 1, 2, 3",
      {}, [&](const sqlite::Row& row) {
        all += row.text(0) + " " + row.text(1) + " " + row.text(2) + " " + row.text(3) + "\n";
      }));
  return all;
}

void expect_sound(const std::string& path) {
  const auto verdict = open_ledger(path, without_fsync()).value()->verify().value();
  EXPECT_TRUE(verdict.faults.empty()) << verdict.faults.front();
}

TEST(LedgerCompact, RollsWholeHoursAndLeavesTheRest) {
  const TempDir dir;
  serve_traffic(dir.file(), 30, 600);  // five hours
  const auto hourly = hours(dir.file());
  const auto rows = posted(dir.file());
  const auto metered = open_ledger(dir.file()).value()->verify().value().metered;
  const auto done = compact_ledger(dir.file(), wall_at(3 * kHourSeconds + 700), anchor_at(0));
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->before_utc, iso8601(wall_at(3 * kHourSeconds)));
  EXPECT_EQ(done->settlements, 2 * 18);
  EXPECT_EQ(done->hours, 2 * 3);
  EXPECT_EQ(done->requests, 16);  // the last two ran on
  EXPECT_FALSE(done->not_shrunk);
  expect_sound(dir.file());
  EXPECT_EQ(hours(dir.file()), hourly);
  EXPECT_EQ(posted(dir.file()), rows);
  EXPECT_EQ(open_ledger(dir.file()).value()->verify().value().metered, metered);
  auto reader = open_serve_reader(dir.file()).value();
  EXPECT_EQ(reader->request(fmt_id(3)).error().code, "ledger.no_such_request");
  EXPECT_EQ(reader->request(fmt_id(20)).value().status, RequestStatus::final_);
  EXPECT_EQ(raw_number(dir.file(), "SELECT count(*) FROM compactions"), 1);
  // Again: there is nothing to do, and nothing is written.
  EXPECT_EQ(compact_ledger(dir.file(), wall_at(3 * kHourSeconds), anchor_at(0))->settlements, 0);
  EXPECT_EQ(raw_number(dir.file(), "SELECT count(*) FROM compactions"), 1);
  EXPECT_EQ(compact_ledger(dir.file(), wall_at(4 * kHourSeconds), anchor_at(0))->settlements, 12);
  expect_sound(dir.file());
  EXPECT_EQ(hours(dir.file()), hourly);
}

TEST(LedgerCompact, StudiesAndRunsKeepTheirRows) {
  const TempDir dir;
  {
    auto ledger = open_ledger(dir.file()).value();
    const auto id = ledger->begin_run("study", "forty", anchor_at(0), Json::object()).value();
    ASSERT_TRUE(ledger->add_trial(id, 0, trial_json(0), {settlement(0, 10, 1000)}));
  }
  EXPECT_EQ(compact_ledger(dir.file(), wall_at(100 * kHourSeconds), anchor_at(0))->settlements, 0);
  EXPECT_EQ(raw_number(dir.file(), "SELECT count(*) FROM postings"), 2);
  EXPECT_EQ(raw_number(dir.file(), "SELECT count(*) FROM compactions"), 0);
}

TEST(LedgerCompact, AGatewayThatServesGoesOn) {
  const TempDir dir;
  auto writer = serving(dir.file(), without_fsync());
  const auto batches = traffic(30, 600);
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(writer->settle(batches[static_cast<std::size_t>(i)]));
  const auto done = compact_ledger(dir.file(), wall_at(2 * kHourSeconds), anchor_at(0));
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->settlements, 24);
  for (int i = 20; i < 30; ++i) ASSERT_TRUE(writer->settle(batches[static_cast<std::size_t>(i)]));
  ASSERT_TRUE(writer->end(anchor_at(30 * 600 * kSecond), result_json(), true));
  expect_sound(dir.file());
}

TEST(LedgerCompact, TheFileShrinks) {
  const TempDir dir;
  serve_traffic(dir.file(), 2000, 60);
  const auto done = compact_ledger(dir.file(), wall_at(32 * kHourSeconds), anchor_at(0));
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_LT(done->bytes_after, done->bytes_before / 3);
  EXPECT_EQ(done->bytes_after, static_cast<std::int64_t>(std::filesystem::file_size(dir.file())));
}

// A wall clock that is set back while windows are written: hours never fall, and nothing is lost.
TEST(LedgerCompact, AClockThatIsSetBackIsFollowed) {
  const TempDir dir;
  {
    auto writer = serving(dir.file(), without_fsync());
    auto batches = traffic(24, 600);
    for (std::size_t i = 0; i < batches.size(); ++i) {
      if (i >= 10) batches[i].now.wall_ns -= 2'000 * kSecond;
      ASSERT_TRUE(writer->settle(batches[i]));
    }
  }
  const auto before = hours(dir.file());
  for (const std::int64_t hour : {1, 2, 3}) {
    ASSERT_TRUE(compact_ledger(dir.file(), wall_at(hour * kHourSeconds), anchor_at(0)));
    expect_sound(dir.file());
  }
  EXPECT_NE(before.find("requests"), std::string::npos);
}

RC_GTEST_PROP(LedgerCompact, KeepsEveryHourlySum, ()) {
  const TempDir dir;
  const int runs = *rc::gen::inRange(1, 3);
  for (int r = 0; r < runs; ++r) {
    serve_traffic(dir.file(), *rc::gen::inRange(0, 25), *rc::gen::inRange(30, 2000),
                  *rc::gen::arbitrary<bool>(), 1000 * r);
  }
  serving(dir.file(), without_fsync());  // makes good what is left
  const auto hourly = hours(dir.file());
  for (int n = *rc::gen::inRange(1, 4); n > 0; --n) {
    const auto done =
        compact_ledger(dir.file(), wall_at(*rc::gen::inRange<std::int64_t>(0, 50'000)),
                       anchor_at(0), without_fsync());
    RC_ASSERT(done.has_value());
    const auto verdict = open_ledger(dir.file(), without_fsync()).value()->verify().value();
    RC_ASSERT(verdict.faults == std::vector<std::string>{});
    RC_ASSERT(hours(dir.file()) == hourly);
  }
}

void kill_compaction_everywhere(fakes::Kill kill) {
  std::string before;
  const auto at = kill_everywhere(
      kill,
      [&](const std::string& path) {
        serve_traffic(path, 20, 600);
        before = hours(path);
      },
      [](const std::string& path, int pipe) {
        if (!compact_ledger(path, wall_at(2 * kHourSeconds), anchor_at(0), on_kill_vfs())) {
          ::_exit(2);
        }
        if (::write(pipe, "d", 1) != 1) ::_exit(3);
      },
      [&](const std::string& path, const Death& death, std::int64_t where) {
        const auto left = raw_number(path, "SELECT count(*) FROM settlements");
        const bool done = left == 2 * 8 + 2 * 2;
        EXPECT_TRUE(done || left == 2 * 20) << where << ": " << left;
        EXPECT_TRUE(done || death.said.empty()) << where;
        expect_sound(path);
        EXPECT_EQ(hours(path), before) << where;
      });
  EXPECT_GT(at, 30);
}

TEST(LedgerCompact, KilledBeforeAnyWrite) { kill_compaction_everywhere(fakes::Kill::before); }
TEST(LedgerCompact, KilledInTheMiddleOfAnyWrite) { kill_compaction_everywhere(fakes::Kill::torn); }

}  // namespace
}  // namespace joulebook
