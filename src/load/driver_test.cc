#include "load/driver.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

#include "fakes/fake_transport.h"

namespace joulebook::load {
namespace {

using fakes::FakeAnswer;
using fakes::FakeTransport;
using std::chrono::milliseconds;

struct Driven {
  Result<Flow> flow = fail(ErrorKind::input, "test", "");
  std::vector<RequestRecord> records;
  std::vector<int> windows;
};

Driven drive(const LoadPlan& plan, FakeTransport& transport) {
  Driven out;
  Workload work;
  work.trace = &plan.trace;
  DriverHooks hooks;
  hooks.body = [](const WorkItem&) { return std::string("{}"); };
  hooks.record = [&](const RequestRecord& record, int window) {
    out.records.push_back(record);
    out.windows.push_back(window);
  };
  hooks.address = "fake";
  Driver driver(plan, work, transport, hooks);
  out.flow = driver.run();
  return out;
}

FakeAnswer answer(int first_ms, int gap_ms, int tokens) {
  FakeAnswer out;
  out.first = milliseconds(first_ms);
  out.gap = milliseconds(gap_ms);
  out.tokens = tokens;
  return out;
}

double ms(const Histogram& h, double q) { return *h.quantile(q) * 1e-6; }

TEST(Driver, ClosedLoopKeepsItsConcurrencyAndCountsExactly) {
  FakeTransport server([](auto, auto) { return answer(20, 10, 9); });
  LoadPlan plan;
  plan.concurrency = 4;
  plan.requests = 100;
  plan.warmup_requests = 4;
  const Driven run = drive(plan, server);
  ASSERT_TRUE(run.flow.has_value()) << run.flow.error().message;
  const Flow& flow = *run.flow;
  EXPECT_EQ(server.posted(), 104U);
  EXPECT_EQ(server.most_in_flight(), 4);
  EXPECT_EQ(flow.warmup, 4);
  EXPECT_EQ(flow.span.due, 100);
  EXPECT_EQ(flow.span.ended_well, 100);
  EXPECT_EQ(flow.span.output_tokens, 900);
  EXPECT_EQ(flow.span.outstanding, 0);
  EXPECT_EQ(flow.verdict.steadiness, Steadiness::steady) << flow.verdict.why;
  EXPECT_NEAR(flow.span.in_flight_s / flow.span.seconds(), 4, 0.01);
  EXPECT_NEAR(flow.span.residence_s / flow.span.seconds(), 4, 0.2);  // Little's law
  EXPECT_NEAR(flow.span.answering_s / flow.span.seconds(), 4 * 0.8, 0.05);
  EXPECT_NEAR(ms(flow.span.latencies.ttft, 0.5), 20, 0.2);
  EXPECT_NEAR(ms(flow.span.latencies.tpot, 0.5), 10, 0.1);
  EXPECT_NEAR(ms(flow.span.latencies.itl, 0.5), 10, 0.1);
  EXPECT_NEAR(ms(flow.span.latencies.e2e, 0.5), 100, 1);
  EXPECT_EQ(run.records.size(), 104U);
}

// A server that stalls for 10 s: an open loop charges it with every request that was due meanwhile.
TEST(Driver, AStallIsChargedFromWhenRequestsWereDue) {
  FakeTransport server([](auto, auto) { return answer(10, 0, 1); });
  const SteadyTime begin = server.now() + milliseconds(5000);
  const SteadyTime end = begin + milliseconds(10000);
  server.stall(begin, end);
  LoadPlan plan;
  plan.concurrency = 50;  // far fewer than fall due in the stall
  plan.rate = 100;
  plan.arrivals = Arrivals::constant;
  plan.requests = 3000;
  const Driven run = drive(plan, server);
  ASSERT_TRUE(run.flow.has_value()) << run.flow.error().message;
  int charged = 0;
  double lag = 0;
  for (const auto& record : run.records) {
    const bool due_in_stall = record.scheduled >= begin && record.scheduled < end;
    if (!due_in_stall) continue;
    ++charged;
    EXPECT_GE(record.end, end);
    EXPECT_GE(record.e2e(), end - record.scheduled);
    lag = std::max(lag, Seconds(record.lag()).count());
  }
  EXPECT_EQ(charged, 1000);
  EXPECT_GT(lag, 9);  // and says how late it sent them
  // A third of 30 s of requests waited up to 10 s: 1 in 6 at least 5 s, and then for the 500 that
  // were due before it, 50 at a time, 10 ms each.
  EXPECT_NEAR(ms(run.flow->span.latencies.e2e, 1 - 1.0 / 6), 5110, 60);
}

// The same by hand: the latency of each is its own wait for the end of the stall.
RC_GTEST_PROP(Driver, LatenciesCountFromTheSchedule, ()) {
  const int stall_at = *rc::gen::inRange(0, 3000);
  const int stall_for = *rc::gen::inRange(0, 3000);
  const int cap = *rc::gen::inRange(1, 200);
  FakeTransport server([](auto, auto) { return answer(5, 0, 1); });
  server.stall(server.now() + milliseconds(stall_at),
               server.now() + milliseconds(stall_at + stall_for));
  LoadPlan plan;
  plan.concurrency = cap;
  plan.rate = 200;
  plan.arrivals = *rc::gen::element(Arrivals::poisson, Arrivals::gamma, Arrivals::constant);
  plan.burstiness = 0.5;
  plan.requests = 500;
  plan.seed = *rc::gen::arbitrary<std::uint64_t>();
  const SteadyTime start = server.now();
  const Driven run = drive(plan, server);
  RC_ASSERT(run.flow.has_value());
  ArrivalTimes times(plan.arrivals, plan.rate, plan.burstiness, 0, plan.seed);
  std::vector<SteadyTime> due(run.records.size());
  for (auto& t : due) t = start + nanos(times.next());
  RC_ASSERT(run.flow->span.due == 500);
  for (const auto& record : run.records) {
    RC_ASSERT(record.scheduled == due[record.index]);
    RC_ASSERT(record.sent >= record.scheduled);
    RC_ASSERT(record.e2e() >= milliseconds(5));
    RC_ASSERT(record.end >= record.sent + milliseconds(5));
  }
}

TEST(Driver, UntilSteadyStopsOnceThreeWindowsAgree) {
  // The first 10 s are slow: their windows must not be among those that count.
  FakeTransport server([begin = SteadyTime{}](auto, SteadyTime sent) mutable {
    if (begin.ns == 0) begin = sent;
    return sent - begin < milliseconds(10000) ? answer(300, 10, 5) : answer(50, 10, 6);
  });
  LoadPlan plan;
  plan.concurrency = 8;
  plan.window_s = 4;
  const Driven run = drive(plan, server);
  ASSERT_TRUE(run.flow.has_value()) << run.flow.error().message;
  EXPECT_EQ(run.flow->verdict.steadiness, Steadiness::steady) << run.flow->verdict.why;
  EXPECT_EQ(run.flow->last_window - run.flow->first_window, 3U);
  EXPECT_GE(run.flow->first_window, 2U);
  EXPECT_NEAR(ms(run.flow->span.latencies.e2e, 0.5), 100, 1);
  EXPECT_NEAR(run.flow->span.seconds(), 12, 0.01);
  EXPECT_EQ(run.flow->span.outstanding, 0);
  EXPECT_NEAR(run.flow->span.in_flight_s / 12, 8, 0.01);  // the load was kept up
}

TEST(Driver, NeverSteadyIsSaid) {
  FakeTransport server([](std::uint64_t n, auto) {
    return answer(20 + static_cast<int>(n), 1, 2);  // slower and slower
  });
  LoadPlan plan;
  plan.concurrency = 2;
  plan.window_s = 1;
  plan.max_windows = 5;
  plan.least_per_window = 2;
  const Driven run = drive(plan, server);
  ASSERT_TRUE(run.flow.has_value()) << run.flow.error().message;
  EXPECT_EQ(run.flow->verdict.steadiness, Steadiness::unsteady);
}

// By the clock alone a Poisson stream of 20 a second differs by more than 10 % between thirds of 24
// s.
TEST(Driver, AnOpenLoopThatKeepsUpIsSteady) {
  int steady = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    FakeTransport server([](auto, auto) { return answer(30, 10, 10); });
    LoadPlan plan;
    plan.concurrency = 1000;
    plan.rate = 20;
    plan.duration_s = 24;
    plan.warmup_s = 1;
    plan.seed = seed;
    const Driven run = drive(plan, server);
    ASSERT_TRUE(run.flow.has_value()) << run.flow.error().message;
    steady += run.flow->verdict.steadiness == Steadiness::steady ? 1 : 0;
  }
  EXPECT_GE(steady, 38);
}

TEST(Driver, AnOverloadedOpenLoopIsNotSteady) {
  // One at a time, 20 ms each, and 60 a second fall due: the wait grows without end.
  FakeTransport server([](auto, auto) { return answer(20, 0, 1); });
  LoadPlan plan;
  plan.concurrency = 1;
  plan.rate = 60;
  plan.duration_s = 30;
  plan.drain_s = 5;
  const Driven run = drive(plan, server);
  ASSERT_TRUE(run.flow.has_value()) << run.flow.error().message;
  EXPECT_EQ(run.flow->verdict.steadiness, Steadiness::unsteady);
}

TEST(Driver, FixedDurationMeasuresWhatIsDueInItAndKeepsTheLoadUp) {
  FakeTransport server([](auto, auto) { return answer(100, 100, 10); });  // 1 s each
  LoadPlan plan;
  plan.concurrency = 10;
  plan.duration_s = 12;
  plan.warmup_s = 3;
  const Driven run = drive(plan, server);
  ASSERT_TRUE(run.flow.has_value()) << run.flow.error().message;
  EXPECT_NEAR(run.flow->span.seconds(), 12, 1e-6);
  EXPECT_EQ(run.flow->span.due, 120);
  EXPECT_EQ(run.flow->span.ended_well, 120);
  EXPECT_EQ(run.flow->unfinished, 0);
  EXPECT_NEAR(run.flow->span.in_flight_s / 12, 10, 0.01);
  const auto unmeasured = std::count(run.windows.begin(), run.windows.end(), -1);
  EXPECT_GE(unmeasured, 30 + 10);  // warm-up, and what kept the load up
}

TEST(Driver, ATraceIsSentAtItsTimes) {
  FakeTransport server([](auto, auto) { return answer(1, 1, 2); });
  LoadPlan plan;
  plan.concurrency = 100;
  for (int i = 0; i < 50; ++i) plan.trace.push_back({i * 0.137, 10, 20});
  const SteadyTime start = server.now();
  const Driven run = drive(plan, server);
  ASSERT_TRUE(run.flow.has_value()) << run.flow.error().message;
  ASSERT_EQ(server.posted(), 50U);
  for (std::size_t i = 0; i < 50; ++i) {
    EXPECT_EQ(server.sent()[i], start + nanos(static_cast<double>(i) * 0.137));
  }
  EXPECT_EQ(run.flow->verdict.steadiness, Steadiness::unjudged);
  EXPECT_EQ(run.flow->span.due, 50);
}

TEST(Driver, FailuresAreCountedApart) {
  FakeTransport server([](std::uint64_t n, auto) {
    FakeAnswer out = answer(10, 1, 5);
    if (n % 5 == 1) out.status = 500;
    if (n % 5 == 2) out.failure = "transfer closed";
    return out;
  });
  LoadPlan plan;
  plan.concurrency = 3;
  plan.requests = 100;
  const Driven run = drive(plan, server);
  ASSERT_TRUE(run.flow.has_value()) << run.flow.error().message;
  EXPECT_EQ(run.flow->span.errors.at("endpoint.failed"), 20);
  EXPECT_EQ(run.flow->span.errors.at("endpoint.cut"), 20);
  EXPECT_EQ(run.flow->span.ended_well, 60);
  EXPECT_EQ(run.flow->span.latencies.e2e.count(), 60U);
}

TEST(Driver, NoAnswerAtAllIsAnError) {
  FakeTransport server([](auto, auto) {
    FakeAnswer out;
    out.status = 401;
    return out;
  });
  LoadPlan plan;
  const Driven run = drive(plan, server);
  ASSERT_FALSE(run.flow.has_value());
  EXPECT_EQ(run.flow.error().code, "load.no_answer");
  EXPECT_LT(server.posted(), 50U);
}

TEST(Driver, WholeRepliesHaveNoFirstToken) {
  FakeTransport server([](auto, auto) {
    FakeAnswer out = answer(50, 0, 8);
    out.streamed = false;
    return out;
  });
  LoadPlan plan;
  plan.requests = 20;
  const Driven run = drive(plan, server);
  ASSERT_TRUE(run.flow.has_value()) << run.flow.error().message;
  EXPECT_EQ(run.flow->span.latencies.ttft.count(), 0U);
  EXPECT_EQ(run.flow->span.output_tokens, 160);
  EXPECT_NEAR(static_cast<double>(run.flow->span.pieces) * run.flow->tokens_per_piece, 160, 1e-9);
}

// Goodput by hand: a third of the requests is too slow to begin, and a third between tokens.
TEST(Driver, GoodputCountsWhatKeptEveryBound) {
  FakeTransport server([](std::uint64_t n, auto) {
    return n % 3 == 0 ? answer(10, 5, 4) : n % 3 == 1 ? answer(100, 5, 4) : answer(10, 50, 4);
  });
  LoadPlan plan;
  plan.requests = 90;
  plan.slo.ttft = 0.05;
  plan.slo.tpot = 0.02;
  const Driven run = drive(plan, server);
  ASSERT_TRUE(run.flow.has_value()) << run.flow.error().message;
  EXPECT_EQ(run.flow->span.kept_slo, 30);
}

RC_GTEST_PROP(RequestRecord, AWiderObjectiveNeverLosesAGoodRequest, ()) {
  RequestRecord record;
  record.first = SteadyTime{*rc::gen::inRange<std::int64_t>(1, 1000)};
  record.last = *record.first + Nanos(*rc::gen::inRange(0, 1000));
  record.end = *record.last + Nanos(*rc::gen::inRange(0, 1000));
  record.pieces = *rc::gen::inRange(1, 5);
  record.counts.output = *rc::gen::inRange(1, 9);
  Slo slo;
  slo.ttft = *rc::gen::inRange(1, 1000) * 1e-9;
  slo.tpot = *rc::gen::inRange(1, 1000) * 1e-9;
  slo.e2e = *rc::gen::inRange(1, 3000) * 1e-9;
  Slo wider = slo;
  wider.ttft = *slo.ttft * 2;
  wider.e2e.reset();
  if (record.good(slo)) RC_ASSERT(record.good(wider));
  record.error = "endpoint.cut";
  RC_ASSERT(!record.good(wider));
}

// A million requests: the driver's own memory holds windows and slots, not requests.
TEST(Driver, WindowsStayFewWhateverIsSent) {
  FakeTransport server([](auto, auto) { return answer(1, 0, 1); });
  LoadPlan plan;
  plan.concurrency = 64;
  plan.requests = 100000;
  Workload work;
  work.input = Lengths::fixed(1);
  DriverHooks hooks;
  hooks.body = [](const WorkItem&) { return std::string(); };
  Driver driver(plan, work, server, hooks);
  const auto flow = driver.run();
  ASSERT_TRUE(flow.has_value());
  EXPECT_LE(flow->windows.size(), 8U);
  EXPECT_EQ(flow->span.ended_well, 100000);
}

}  // namespace
}  // namespace joulebook::load
