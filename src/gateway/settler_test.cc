#include "gateway/request_view.h"
#include "gateway/settler_fixture.h"

namespace joulebook::gateway {
namespace {

// Whoever has a request's id may ask for it at once, before anything was made of its facts.
TEST_F(SettlerTest, ARequestIsKnownAsSoonAsItIsOpened) {
  start(gpu(40, 45));
  at(40);
  open(1, 40, 100);
  ASSERT_TRUE(settler_->find("r1"));
  EXPECT_EQ(settler_->find("r1")->status, RequestStatus::pending);
  EXPECT_EQ(settler_->find("r1")->end.id, "r1");
  EXPECT_FALSE(settler_->find("r2"));
}

// Tokens that were taken for an answer and were thinking after all: counts and joules move to that phase,
// and both phases together are what the sender counted.
TEST_F(SettlerTest, WhatWasThinkingAfterAllIsCountedAndPaidAsThinking) {
  start(gpu(40, 45));
  at(40);
  open(1, 40, 100);
  at(45);
  for (int i = 1; i <= 40; ++i) {
    attribution::Tokens tokens;
    tokens.reasoning = i == 30;
    tokens.thought_before = i == 30 ? 29 : 0;
    settler_->remark({1, time(41 + 0.1 * i), tokens});
  }
  attribution::Usage usage;
  usage.prompt = 100;
  usage.output = 42;  // two that the wire did not show
  settler_->remark({1, time(45), usage});
  settler_->remark({1, time(45), attribution::Ended{}});
  at(120);
  const auto found = settler_->find("r1");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->end.tokens.reasoning, 30);
  EXPECT_EQ(found->end.tokens.answer, 12);
  double reason = 0;
  double answer = 0;
  for (const auto& phase : found->end.phases) {
    if (phase.phase == "reason") reason = phase.energy.value.value_or(0);
    if (phase.phase == "answer") answer = phase.energy.value.value_or(0);
  }
  EXPECT_GT(answer, 0);
  EXPECT_NEAR(reason / answer, 3, 0.6);
}

// Its upstream broke off: nobody knows what it would have come to, but what it took until then is its own.
TEST_F(SettlerTest, ARequestWhoseUpstreamBrokeOffIsVoidAndKeepsItsJoules) {
  start(gpu(40, 43));
  at(40);
  open(1, 40, 100);
  at(43);
  settler_->broken(1, {"upstream.gone", "it broke off", "see its log"});
  decode(1, 40.5, 43, 25, 100, attribution::Outcome::failed);
  at(100);
  const auto found = settler_->find("r1");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->status, RequestStatus::void_);
  ASSERT_TRUE(found->end.void_reason);
  EXPECT_EQ(found->end.void_reason->code, "upstream.gone");
  EXPECT_NEAR(found->end.fair.known_lo.value_or(0), 900, 15);
  EXPECT_NEAR(static_cast<double>(writer_.accounts()["request:r1"]), 900e6, 15e6);
}

// A clock that is set while a request runs, by an hour either way or a leap second: the times that were told of
// it stay, each as the clock said when it was, and its joules and windows know nothing of it.
TEST_F(SettlerTest, AClockThatIsSetMovesNothingThatWas) {
  for (const auto step : {Nanos(std::chrono::hours(1)), Nanos(std::chrono::hours(-1)), Nanos(std::chrono::seconds(-1))}) {
    clock_ = FakeClock();
    writer_ = FakeWriter();
    start(gpu(40, 45));
    std::vector<std::int64_t> rows;
    settler_->on_row = [&](const RequestRow& row) { rows = {row.arrived_wall_ns, row.first_token_wall_ns.value_or(0), row.ended_wall_ns}; };
    at(40);
    const std::int64_t before = clock_.anchor().wall_ns - clock_.now().ns;
    open(1, 40, 100);
    at(42);
    clock_.step_wall(step);
    at(45);
    decode(1, 40.5, 45, 50, 100);
    at(120);
    const auto found = settler_->find("r1");
    ASSERT_TRUE(found && found->end.fair.present());
    EXPECT_NEAR(*found->end.fair.value, 1500, 15);
    const Json json = shown(*found, settler_->wall());
    EXPECT_EQ(json["times"]["arrived"].as_string(), iso8601(time(40).ns + before)) << json.dump(2);
    EXPECT_EQ(json["times"]["ended"].as_string(), iso8601(time(45).ns + before + step.count()));
    ASSERT_EQ(rows.size(), 3U);
    EXPECT_EQ(rows[0], time(40).ns + before);
    EXPECT_LT(rows[1], time(42).ns + before);
    EXPECT_EQ(rows[2], time(45).ns + before + step.count());
    auto accounts = writer_.accounts();
    EXPECT_EQ(accounts["request:r1"] + accounts["idle.resident"] + accounts["unattributed"] + accounts["other"],
              accounts["(meter)"]);
  }
}

TEST_F(SettlerTest, LockstepDecodersShareEvenly) {
  start(gpu(40, 50));
  at(40);
  for (const attribution::RequestId id : {1, 2, 3, 4}) open(id, 40, 50);
  at(50);
  for (const attribution::RequestId id : {1, 2, 3, 4}) decode(id, 40.2, 50, 100, 50);
  at(120);
  double sum = 0;
  for (const char* id : {"r1", "r2", "r3", "r4"}) {
    const auto found = settler_->find(id);
    ASSERT_TRUE(found && found->end.fair.present()) << id;
    EXPECT_NEAR(*found->end.fair.value, 750, 10);
    sum += *found->end.fair.value;
  }
  EXPECT_NEAR(sum, 3000, 30);
}

// The windows of a long answer are all settled when it is over; what came in each stays its own.
TEST_F(SettlerTest, EachWindowShowsTheTokensThatCameInIt) {
  start(gpu(40, 50));
  at(40);
  for (const attribution::RequestId id : {1, 2}) open(id, 40, 50);
  at(50);
  for (const attribution::RequestId id : {1, 2}) decode(id, 40, 50, 100, 50);
  at(120);
  LiveState state;
  books_.fill(state);
  double tokens = 0;
  int busy = 0;
  for (std::size_t i = 0; i < state.points.size(); ++i) {
    const LivePoint& p = state.points[i];
    tokens += p.tokens_per_s;  // of a second each
    if (p.watts < 399) continue;
    ++busy;
    EXPECT_NEAR(p.tokens_per_s, 20, 2) << i;
    EXPECT_NEAR(p.joules_per_token, 15, 2) << i;
  }
  EXPECT_GE(busy, 8);
  EXPECT_NEAR(tokens, 200, 20);
}

TEST_F(SettlerTest, ACancelledRequestKeepsItsJoules) {
  start(gpu(40, 43));
  at(40);
  open(1, 40, 100);
  at(43);
  decode(1, 40.5, 43, 25, 100, attribution::Outcome::cancelled);
  at(100);
  const auto found = settler_->find("r1");
  EXPECT_EQ(found->status, RequestStatus::final_);
  EXPECT_EQ(found->end.outcome, "cancelled");
  EXPECT_NEAR(*found->end.fair.value, 900, 15);
}

TEST_F(SettlerTest, AWindowWithoutAReadingMakesItsRequestsVoid) {
  auto twice = gpu(40, 45);
  twice.joules = [once = twice.joules](SteadyTime t) {
    return once(t) + 300 * (std::clamp(static_cast<double>(t.ns) * 1e-9, 70.0, 71.0) - 70);
  };
  start(std::move(twice));
  meter_->lose(time(42.2), time(42.4), {"sensor.reset", "the counter began anew", "measure again"});
  at(40);
  open(1, 40, 100);
  at(45);
  decode(1, 40.5, 45, 50, 100);
  at(70);
  open(2, 70, 10);
  decode(2, 70.1, 71, 5, 10);
  at(140);
  const auto lost = settler_->find("r1");
  ASSERT_TRUE(lost);
  EXPECT_EQ(lost->status, RequestStatus::void_);
  EXPECT_EQ(lost->end.void_reason->code, "sensor.reset");
  EXPECT_FALSE(lost->end.fair.present());
  EXPECT_GT(lost->end.fair.known_lo.value_or(0), 1000);
  EXPECT_EQ(settler_->find("r2")->status, RequestStatus::final_);
}

TEST_F(SettlerTest, WithoutAMeterThereIsAnAbsence) {
  start(gpu(40, 45), false);
  at(40);
  open(1, 40, 100);
  decode(1, 40.5, 41, 5, 100);
  at(42);
  const auto found = settler_->find("r1");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->status, RequestStatus::void_);
  EXPECT_EQ(found->end.fair.reason->code, "sensor.none");
  EXPECT_EQ(found->end.tokens.answer, 5);
  ASSERT_EQ(writer_.batches.size(), 1U);
  EXPECT_EQ(writer_.batches[0].ended.size(), 1U);
  EXPECT_TRUE(writer_.batches[0].windows.empty());
}

TEST_F(SettlerTest, AFullDiskLosesRowsAndCountsThem) {
  start(gpu(40, 45));
  writer_.failure = Error{ErrorKind::resource, "file.full", "the disk is full", "free some space"};
  at(40);
  open(1, 40, 100);
  at(45);
  decode(1, 40.5, 45, 50, 100);
  at(60);
  EXPECT_EQ(settler_->counts().lost_rows, 0U);
  EXPECT_EQ(settler_->counts().ledger_fault, "the disk is full");
  writer_.failure.reset();
  at(100);
  EXPECT_EQ(settler_->counts().lost_rows, 0U);  // it was only late
  EXPECT_NEAR(static_cast<double>(writer_.accounts()["request:r1"]), 1500e6, 15e6);
  writer_.failure = Error{ErrorKind::resource, "file.full", "the disk is full", "free some space"};
  at(200);
  settler_->pump(true);
  EXPECT_GT(settler_->counts().lost_rows, 0U);
  EXPECT_EQ(settler_->find("r1")->status, RequestStatus::final_);
}

// Its beginning is lost for good: what it took is nobody's in the ledger, and the rest is written.
TEST_F(SettlerTest, AfterALossTheLedgerHearsNoMoreOfWhatItDoesNotKnow) {
  start(gpu(40, 45));
  at(40);
  open(1, 40, 100);
  writer_.failure = Error{ErrorKind::input, "ledger.unbalanced", "refused", "see"};
  at(42);
  writer_.failure.reset();
  at(45);
  decode(1, 40.5, 45, 50, 100);
  at(120);
  EXPECT_GT(settler_->counts().lost_rows, 1U);
  auto accounts = writer_.accounts();
  EXPECT_EQ(accounts.count("request:r1"), 0U);
  EXPECT_GT(accounts["unattributed"], 1'000'000'000);
  for (const auto& batch : writer_.batches) EXPECT_TRUE(batch.ended.empty());
  EXPECT_EQ(settler_->find("r1")->status, RequestStatus::final_);
}

// While it is open, settled but not written, and written: always with what is known by then.
TEST_F(SettlerTest, ARequestIsFoundAtEachStep) {
  start(gpu(40, 45));
  at(40);
  open(1, 40, 100);
  at(41);
  EXPECT_EQ(settler_->find("r1")->end.fair.reason->code, "request.pending");
  writer_.failure = Error{ErrorKind::resource, "ledger.full", "the disk is full", "make room"};
  at(45);
  decode(1, 40.5, 45, 50, 100);
  at(60);
  const auto unwritten = settler_->find("r1");
  ASSERT_TRUE(unwritten);
  EXPECT_EQ(unwritten->status, RequestStatus::final_);
  EXPECT_NEAR(unwritten->end.fair.value.value(), 1500, 150);
  writer_.failure.reset();
  at(70);
  ASSERT_FALSE(writer_.batches.empty());
  const auto written = settler_->find("r1");
  ASSERT_TRUE(written);
  EXPECT_EQ(written->end.fair, unwritten->end.fair);
  EXPECT_EQ(written->end.tokens.answer, 50);
  EXPECT_EQ(written->end.phases.size(), unwritten->end.phases.size());
}

// What one read brought is one fact; kinds and choices stay apart.
TEST_F(SettlerTest, TokensThatCameTogetherAreAllCounted) {
  start(gpu(40, 45));
  at(40);
  open(1, 40, 100);
  at(45);
  for (int i = 1; i <= 10; ++i) {
    const SteadyTime when = time(41 + 0.3 * i);
    for (int n = 0; n < 3; ++n) settler_->remark({1, when, attribution::Tokens{.reasoning = i <= 4}});
    settler_->remark({1, when, attribution::Tokens{.choice = 1}});
  }
  settler_->remark({1, time(45), attribution::Ended{}});
  at(120);
  const auto found = settler_->find("r1");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->end.tokens.reasoning, 12);
  EXPECT_EQ(found->end.tokens.answer, 18 + 10);
  EXPECT_EQ(found->end.first_token, time(41.3));
  EXPECT_EQ(found->end.last_token, time(44));
}

TEST_F(SettlerTest, TheLastPumpLeavesNothingOpen) {
  start(gpu(40, 50));
  at(40);
  open(1, 40, 100);
  at(45);
  for (int i = 1; i <= 20; ++i) settler_->remark({1, time(40.5 + i * 0.2), attribution::Tokens{}});
  settler_->pump(true);
  const auto accounts = writer_.accounts();
  EXPECT_GT(accounts.at("request:r1"), 1'300'000'000);
  EXPECT_NEAR(static_cast<double>(accounts.at("(meter)")), 44e6 * 100 + 5 * 300e6, 60e6);
}

TEST_F(SettlerTest, TheProvisionalFigureIsAGuessOrAnAbsence) {
  start(gpu(40, 45));
  EXPECT_FALSE(settler_->provisional(10, 0).present());
  at(40);
  open(1, 40, 100);
  at(45);
  decode(1, 40.5, 45, 50, 100);
  at(50);
  const Quantity q = settler_->provisional(10, 0);
  ASSERT_TRUE(q.present());
  EXPECT_NEAR(*q.value, 300, 60);  // 1,500 J over 50 tokens
  EXPECT_EQ(q.tier, Tier::modelled);
}

}  // namespace
}  // namespace joulebook::gateway
