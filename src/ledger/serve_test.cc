// Metered requests and their windows: what is written reads back, sums to the meter, or is refused
// whole.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "ledger/serve_fixture.h"

namespace joulebook {
namespace {

Settlement window_of(std::int64_t second, std::vector<std::pair<int, std::int64_t>> requests,
                     std::int64_t idle = 500'000, std::string domain = "package:0") {
  Settlement s{std::move(domain), {second * kSecond}, {(second + 1) * kSecond}, {idle + 7}, {}};
  s.postings = {{"idle.resident", {idle}}, {"unattributed", {7}}};
  for (const auto& [i, uj] : requests) {
    s.postings.push_back({"request:" + fmt_id(i), {uj}});
    s.meter.count += uj;
  }
  return s;
}

ServeBatch batch_at(std::int64_t second) {
  ServeBatch batch;
  batch.now = anchor_at(second * kSecond);
  return batch;
}

std::string refused(ServeWriter& writer, const ServeBatch& batch) {
  const auto status = writer.settle(batch);
  return status ? "written" : status.error().code;
}

// Written an hour's step of the clock later: its times are those that the clock said then.
TEST(ServeLedger, AClockThatIsSetMovesNothingThatWas) {
  for (const std::int64_t step : {3600 * kSecond, -3600 * kSecond}) {
    const TempDir dir;
    auto writer = serving(dir.file());
    ServeBatch batch = batch_at(1);
    batch.begun = {request_begin(0, 100), request_begin(1, 200)};
    batch.windows = {window_of(0, {{0, 5}})};
    ASSERT_TRUE(writer->settle(batch));
    batch = batch_at(10);
    batch.now.wall_ns += step;
    batch.windows = {window_of(8, {{0, 5}})};
    batch.ended = {request_end(0, 9 * kSecond, 1e-5)};
    ASSERT_TRUE(writer->settle(batch));
    batch = batch_at(20);
    batch.now.wall_ns += step;
    batch.windows = {window_of(18, {{1, 5}})};
    batch.ended = {request_end(1, 19 * kSecond, 5e-6)};
    ASSERT_TRUE(writer->settle(batch));
    auto reader = open_serve_reader(dir.file()).value();
    const auto first = reader->request(fmt_id(0)).value();
    EXPECT_EQ(first.arrived_utc, iso8601(anchor_at(100).wall_ns));
    EXPECT_EQ(first.ended_utc, iso8601(anchor_at(9 * kSecond).wall_ns));
    EXPECT_EQ(reader->request(fmt_id(1)).value().ended_utc, iso8601(anchor_at(19 * kSecond).wall_ns + step));
    std::vector<std::string> begins;
    ASSERT_TRUE(reader->each_window(writer->run(), {}, [&](const StoredWindow& w) { begins.push_back(w.begin_utc); }));
    EXPECT_EQ(begins, (std::vector<std::string>{iso8601(anchor_at(0).wall_ns), iso8601(anchor_at(8 * kSecond).wall_ns),
                                                iso8601(anchor_at(18 * kSecond).wall_ns + step)}));
  }
}

TEST(ServeLedger, WhatIsWrittenReadsBack) {
  const TempDir dir;
  auto writer = serving(dir.file());
  ServeBatch batch = batch_at(1);
  batch.begun = {request_begin(0, 100), request_begin(1, 200)};
  batch.windows = {window_of(0, {{0, 1'250'000}, {1, 3}})};
  ASSERT_TRUE(writer->settle(batch));
  batch = batch_at(2);
  batch.windows = {window_of(1, {{0, 250'000}})};
  batch.ended = {request_end(0, kSecond + 5000, 1.5)};
  ASSERT_TRUE(writer->settle(batch));
  EXPECT_EQ(writer->open_requests(), 1u);

  auto reader = open_serve_reader(dir.file()).value();
  const auto done = reader->request(fmt_id(0)).value();
  EXPECT_EQ(done.status, RequestStatus::final_);
  EXPECT_EQ(done.run, writer->run());
  EXPECT_EQ(done.posted.count, 1'500'000);
  EXPECT_EQ(done.begin.tenant, "red");
  EXPECT_EQ(done.begin.trace_id, "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(done.end.tokens, (RequestTokens{100, 20, std::nullopt, 7, 0}));
  EXPECT_EQ(done.end.rule, "shape:Qwen3-0.6B");
  EXPECT_EQ(done.end.unattributed, 0.004);
  EXPECT_EQ(done.end.first_token, SteadyTime{kSecond + 4500});
  EXPECT_EQ(iso8601(done.arrived_wall_ns), done.arrived_utc);
  EXPECT_EQ(done.ended_utc, iso8601(anchor_at(kSecond + 5000).wall_ns));
  ASSERT_EQ(done.end.phases.size(), 2u);
  EXPECT_EQ(done.end.phases[0].phase, "prefill");
  EXPECT_EQ(done.end.phases[0].tokens, 80);
  EXPECT_EQ(*done.end.phases[1].energy.value, 1.125);
  EXPECT_EQ(done.end.marginal.tier, Tier::modelled);

  const auto pending = reader->request(fmt_id(1)).value();
  EXPECT_EQ(pending.status, RequestStatus::pending);
  EXPECT_EQ(pending.posted.count, 3);
  EXPECT_EQ(pending.end.fair.reason->code, "serve.pending");
  EXPECT_EQ(reader->request("nothing").error().code, "ledger.no_such_request");
  EXPECT_EQ(reader->request("req-").error().code, "ledger.ambiguous");
  EXPECT_EQ(reader->answer("0af7651916cd43dd8448eb211c80319c").value().size(), 1u);
  EXPECT_TRUE(open_ledger(dir.file()).value()->verify().value().faults.empty());
}

TEST(ServeLedger, TheExampleOfTheDocumentsSeesEveryJoule) {
  const TempDir dir;
  auto writer = serving(dir.file());
  ServeBatch batch = batch_at(1);
  batch.begun = {request_begin(0, 100), request_begin(1, 200)};
  batch.windows = {window_of(0, {{0, 1'250'000}, {1, 3}}), window_of(0, {{1, 40}}, 2, "dram:0")};
  ASSERT_TRUE(writer->settle(batch));
  EXPECT_EQ(raw_number(dir.file(), "SELECT sum(amount_uj) FROM postings"),
            500'000 + 7 + 1'250'003 + 2 + 7 + 40);
  EXPECT_EQ(raw_number(dir.file(), "SELECT sum(amount_uj) FROM postings WHERE account = 'request:" +
                                       fmt_id(1) + "'"),
            43);
  EXPECT_EQ(raw_number(dir.file(), "SELECT count(*) FROM requests WHERE status = 'pending'"), 2);
}

// Two requests in one hour, 3 J and 1 J of fair share: of its 8 J of idle 6 and 2 fall to them.
TEST(ServeLedger, ServedSharesTheIdleOfTheHourOnceItIsOver) {
  const TempDir dir;
  auto writer = serving(dir.file());
  ServeBatch batch = batch_at(1);
  batch.begun = {request_begin(0, 100), request_begin(1, 200)};
  batch.windows = {window_of(0, {{0, 3'000'000}}, 5'000'000), window_of(1, {{1, 1'000'000}}, 3'000'000)};
  batch.ended = {request_end(0, kSecond, 3), request_end(1, 2 * kSecond, 1)};
  ASSERT_TRUE(writer->settle(batch));
  auto reader = open_serve_reader(dir.file()).value();
  const auto early = *reader->request(fmt_id(0)).value().end.served;
  EXPECT_EQ(early.reason->code, "served.hour_open");
  EXPECT_EQ(early.known_lo, 3.0);
  ServeBatch next = batch_at(4000);
  next.windows = {window_of(4000, {}, 9'000'000)};
  ASSERT_TRUE(writer->settle(next));
  const auto first = *reader->request(fmt_id(0)).value().end.served;
  const auto second = *reader->request(fmt_id(1)).value().end.served;
  EXPECT_DOUBLE_EQ(first.value.value_or(0), 9);
  EXPECT_DOUBLE_EQ(second.value.value_or(0), 3);
  EXPECT_EQ(first.tier, Tier::apportioned);
}

// A million windows would make a sum over them slow: what list shows is that of the hourly tables.
TEST(ServeLedger, ListShowsAGatewayThatServes) {
  const TempDir dir;
  auto writer = serving(dir.file());
  for (const auto& batch : traffic(12, 600)) ASSERT_TRUE(writer->settle(batch));
  const auto runs = open_ledger(dir.file()).value()->list(5).value();
  ASSERT_EQ(runs.size(), 1u);
  EXPECT_EQ(runs[0].kind, "serve");
  EXPECT_EQ(runs[0].duration_s, 7200);
  const auto metered = raw_number(dir.file(), "SELECT sum(meter_uj) FROM settlements");
  EXPECT_DOUBLE_EQ(quantity_from_json(runs[0].total)->known_lo.value_or(0),
                   static_cast<double>(metered) * 1e-6);
}

TEST(ServeLedger, WhatIsWrongIsRefusedWholeAndTheWriterGoesOn) {
  const TempDir dir;
  auto writer = serving(dir.file());
  ServeBatch good = batch_at(1);
  good.begun = {request_begin(0, 100)};
  good.windows = {window_of(0, {{0, 10}})};
  ServeBatch lost = good;
  lost.windows[0].meter.count += 1;
  EXPECT_EQ(refused(*writer, lost), "ledger.unbalanced");
  ServeBatch unknown = good;
  unknown.windows[0].postings.push_back({"request:nobody", {0}});
  EXPECT_EQ(refused(*writer, unknown), "ledger.no_such_request");
  ServeBatch nested = good;
  nested.windows.push_back(window_of(0, {}, 5, "core:0"));
  nested.windows[0].overlaps = {"core:0"};
  EXPECT_EQ(refused(*writer, nested), "ledger.nested");
  ServeBatch twice = good;
  twice.begun.push_back(request_begin(0, 100));
  EXPECT_EQ(refused(*writer, twice), "ledger.duplicate");
  ServeBatch stranger = good;
  stranger.ended = {request_end(9, 5000, 1)};
  EXPECT_EQ(refused(*writer, stranger), "ledger.no_such_request");
  EXPECT_EQ(writer->open_requests(), 0u);
  EXPECT_EQ(raw_number(dir.file(), "SELECT count(*) FROM settlements"), 0);

  good.ended = {request_end(0, 5000, 1e-5)};
  EXPECT_EQ(refused(*writer, good), "written");
  EXPECT_EQ(refused(*writer, good), "ledger.overlap");
  good.windows.clear();
  EXPECT_EQ(refused(*writer, good), "ledger.duplicate");
  ServeBatch late = batch_at(2);
  late.windows = {window_of(1, {{0, 10}})};
  EXPECT_EQ(refused(*writer, late), "ledger.no_such_request");
  EXPECT_TRUE(open_ledger(dir.file()).value()->verify().value().faults.empty());
}

TEST(ServeLedger, AStopEndsWhatIsOpenAndTheRun) {
  const TempDir dir;
  auto writer = serving(dir.file());
  ServeBatch batch = batch_at(1);
  batch.begun = {request_begin(0, 100)};
  batch.windows = {window_of(0, {{0, 10}})};
  ASSERT_TRUE(writer->settle(batch));
  ASSERT_TRUE(writer->end(anchor_at(2 * kSecond), result_json(), true));
  const auto stopped = open_serve_reader(dir.file()).value()->request(fmt_id(0)).value();
  EXPECT_EQ(stopped.status, RequestStatus::void_);
  EXPECT_EQ(stopped.end.void_reason->code, "serve.stopped");
  EXPECT_EQ(stopped.end.fair.known_lo, 1e-5);
  EXPECT_TRUE(open_ledger(dir.file()).value()->list(1).value()[0].complete);
  batch = batch_at(4);
  batch.windows = {window_of(3, {})};
  EXPECT_EQ(refused(*writer, batch), "ledger.ended");
}

TEST(ServeLedger, AKilledGatewayIsMadeGoodByTheNext) {
  const TempDir dir;
  auto writer = serving(dir.file());
  const std::string killed_run = writer->run();
  ServeBatch batch = batch_at(1);
  batch.begun = {request_begin(0, 100), request_begin(1, 200)};
  batch.windows = {window_of(0, {{0, 1'000'000}, {1, 5}})};
  ASSERT_TRUE(writer->settle(batch));
  {
    auto beside = serving(dir.file());  // a second gateway leaves the first one's requests alone
    const auto alive = open_serve_reader(dir.file()).value()->request(fmt_id(0)).value();
    EXPECT_EQ(alive.status, RequestStatus::pending);
  }
  writer.reset();  // as a kill: no end was written
  auto reader = open_serve_reader(dir.file()).value();
  EXPECT_EQ(reader->request(fmt_id(0)).value().status, RequestStatus::void_);  // said at once
  EXPECT_EQ(raw_number(dir.file(), "SELECT count(*) FROM requests_ended"), 0);
  auto next = serving(dir.file());
  EXPECT_EQ(raw_number(dir.file(), "SELECT count(*) FROM requests_ended"), 2);
  const auto lost = reader->request(fmt_id(0)).value();
  EXPECT_EQ(lost.status, RequestStatus::void_);
  EXPECT_EQ(lost.end.void_reason->code, "serve.killed");
  EXPECT_EQ(lost.posted.count, 1'000'000);
  EXPECT_EQ(lost.end.fair.known_lo, 1.0);
  const auto runs = open_ledger(dir.file()).value()->list(9).value();
  ASSERT_EQ(runs.size(), 3u);
  EXPECT_EQ(runs[2].id, killed_run);
  EXPECT_FALSE(runs[2].complete);
  EXPECT_TRUE(open_ledger(dir.file()).value()->verify().value().faults.empty());
}

// Any traffic: requests begin and end in any batch, windows of two domains are handed in in any
// grouping; all that is read sums to what was metered.
RC_GTEST_PROP(ServeLedger, ConservesThroughBatchesInAnyGrouping, ()) {
  const TempDir dir;
  auto writer = serving(dir.file(), without_fsync());
  std::map<int, std::int64_t> open;
  std::map<int, std::int64_t> ended;
  std::map<std::string, std::int64_t> tenants;
  std::int64_t metered = 0;
  int next = 0;
  std::int64_t second = 0;
  const int batches = *rc::gen::inRange(1, 8);
  for (int b = 0; b < batches; ++b) {
    ServeBatch batch = batch_at(second);
    for (int n = *rc::gen::inRange(0, 4); n > 0; --n) {
      batch.begun.push_back(request_begin(next, second * kSecond));
      open[next++] = 0;
    }
    for (int n = *rc::gen::inRange(0, 4); n > 0; --n) {
      for (const char* domain : {"package:0", "dram:0"}) {
        std::vector<std::pair<int, std::int64_t>> requests;
        for (auto& [i, posted] : open) {
          if (!*rc::gen::arbitrary<bool>()) continue;
          const std::int64_t uj = *rc::gen::inRange<std::int64_t>(0, 5'000'000'000);
          requests.emplace_back(i, uj);
          posted += uj;
          tenants[i % 3 == 0 ? "red" : "blue"] += uj;
        }
        batch.windows.push_back(
            window_of(second, requests, *rc::gen::inRange<std::int64_t>(0, 1'000'000), domain));
        metered += batch.windows.back().meter.count;
      }
      second += *rc::gen::inRange<std::int64_t>(1, 3000);
    }
    for (auto it = open.begin(); it != open.end();) {
      if (*rc::gen::arbitrary<bool>()) {
        batch.ended.push_back(request_end(it->first, second * kSecond + 1,
                                          static_cast<double>(it->second) * 1e-6));
        ended.insert(*it);
        it = open.erase(it);
      } else {
        ++it;
      }
    }
    RC_ASSERT(writer->settle(batch).has_value());
  }
  const auto verdict = open_ledger(dir.file()).value()->verify().value();
  RC_ASSERT(verdict.faults.empty());
  RC_ASSERT(verdict.metered.count == metered);
  auto reader = open_serve_reader(dir.file()).value();
  for (const auto& posted : {open, ended}) {
    for (const auto& [i, uj] : posted) {
      RC_ASSERT(reader->request(fmt_id(i)).value().posted.count == uj);
    }
  }
  std::int64_t accounts = 0;
  const auto by_account = reader->totals(TotalBy::account).value();
  for (const auto& total : by_account) accounts += total.amount.count;
  RC_ASSERT(accounts == metered);
  std::int64_t hours = 0;
  const auto by_hour = reader->hourly(TotalBy::domain).value();
  for (const auto& hour : by_hour) hours += hour.amount.count;
  RC_ASSERT(hours == metered);
  const auto by_tenant = reader->totals(TotalBy::tenant).value();
  for (const auto& total : by_tenant) {
    RC_ASSERT(total.amount.count == tenants[total.key]);
  }
}

// What is kept of a quantity holds what was given: an interval no narrower, a value to a microjoule.
RC_GTEST_PROP(ServeLedger, FiguresAreKeptWithTheirEndsOutwards, ()) {
  std::mt19937_64 random(*rc::gen::arbitrary<std::uint64_t>());
  const auto factor = [&](double lo, double hi) {
    return std::uniform_real_distribution<double>(lo, hi)(random);
  };
  const double value = std::pow(10, factor(-7, 7));
  Quantity q = joules(value);
  q.own = {value * factor(0, 1), value * factor(1, 3)};
  q.shared = {{"gain", factor(0.5, 1), factor(1, 2)}, {"idle", factor(1, 2), factor(0.2, 1)}};
  q.level = factor(0, 1) < 0.5 ? 1 : 0.95;
  if (factor(0, 1) < 0.1) q.own.hi = INFINITY;
  const TempDir dir;
  auto writer = serving(dir.file(), without_fsync());
  ServeBatch batch = batch_at(1);
  batch.begun = {request_begin(0, 100)};
  batch.ended = {request_end(0, 5000, value)};
  batch.ended[0].fair = q;
  RC_ASSERT(writer->settle(batch).has_value());
  const Quantity kept = open_serve_reader(dir.file()).value()->request(fmt_id(0)).value().end.fair;
  RC_ASSERT(std::abs(*kept.value - value) <= 0.5e-6 * (1 + 1e-9) + 1e-15 * value);
  RC_ASSERT(kept.own.lo <= q.own.lo && kept.own.hi >= q.own.hi);
  RC_ASSERT(kept.own.lo <= *kept.value && *kept.value <= kept.own.hi);
  RC_ASSERT(kept.own.lo >= std::min(q.own.lo, *kept.value) * (1 - 2e-7) - 1e-30);
  for (std::size_t i = 0; i < 2; ++i) {
    RC_ASSERT(kept.shared[i].id == q.shared[i].id);
    RC_ASSERT((i == 0 ? kept.shared[i].lo <= q.shared[i].lo : kept.shared[i].lo >= q.shared[i].lo));
    RC_ASSERT((i == 0 ? kept.shared[i].hi >= q.shared[i].hi : kept.shared[i].hi <= q.shared[i].hi));
  }
  RC_ASSERT(kept.level == q.level && kept.method == q.method && kept.tier == q.tier);
}

}  // namespace
}  // namespace joulebook
