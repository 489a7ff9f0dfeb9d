// What is at rest and what is above it: how the floor is learnt, and what is posted until it is.
#include "gateway/settler_fixture.h"

namespace joulebook::gateway {
namespace {

// A domain that never left its floor gives a request nothing, and stands in its figure's boundary.
TEST_F(SettlerTest, ADomainAtItsFloorStandsInTheBoundary) {
  start(gpu(40, 45), true, {fakes::constant_domain("dram:0", 5)});
  at(40);
  open(1, 40, 100);
  at(45);
  decode(1, 40.5, 45, 50, 100);
  at(120);
  const auto found = settler_->find("r1");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->status, RequestStatus::final_);
  EXPECT_EQ(found->end.fair.boundary, "gpu+dram");
  EXPECT_NEAR(found->end.fair.value.value(), 1500, 150);
  EXPECT_TRUE(std::isfinite(found->end.marginal.value.value()));
}

TEST_F(SettlerTest, ALoneRequestTakesWhatIsAboveTheIdleThatWasLearnt) {
  start(gpu(40, 45));
  at(40);
  open(1, 40, 100);
  at(45);
  decode(1, 40.5, 45, 50, 100);
  EXPECT_EQ(settler_->find("r1")->status, RequestStatus::pending);
  at(120);
  const auto found = settler_->find("r1");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->status, RequestStatus::final_);
  ASSERT_TRUE(found->end.fair.present());
  EXPECT_NEAR(*found->end.fair.value, 1500, 15);
  EXPECT_LE(found->end.fair.interval().lo, 1500);
  EXPECT_GE(found->end.fair.interval().hi, 1500);
  EXPECT_EQ(found->end.fair.tier, Tier::apportioned);
  EXPECT_NEAR(*found->end.marginal.value, *found->end.fair.value, 15);
  EXPECT_EQ(found->end.tokens.answer, 50);
  EXPECT_EQ(found->end.tokens.prompt, 100);
  auto accounts = writer_.accounts();
  EXPECT_NEAR(static_cast<double>(accounts["request:r1"]), 1500e6, 15e6);
  EXPECT_EQ(accounts["request:r1"] + accounts["idle.resident"] + accounts["unattributed"] + accounts["other"],
            accounts["(meter)"]);
  EXPECT_LT(static_cast<double>(accounts["unattributed"]), 15e6);
  EXPECT_EQ(settler_->counts().open + settler_->counts().pending, 0U);
}

// The share that nobody took of a third of a per cent is no figure: it would be an alarm over noise.
TEST_F(SettlerTest, NextToNothingAboveRestHasNoUnattributedShare) {
  auto domain = gpu(40, 45);
  domain.joules = [worked = domain.joules](SteadyTime t) {
    return worked(t) + 0.3 * std::max(0.0, static_cast<double>(t.ns) * 1e-9 - 60);
  };
  start(domain);
  at(40);
  open(1, 40, 100);
  at(45);
  decode(1, 40.5, 45, 50, 100);
  at(62);
  open(2, 62, 100);  // waits, and nothing is done for it
  at(80);
  settler_->pump(true);
  LiveState state;
  books_.fill(state);
  int shares = 0, none = 0;
  for (const auto& point : state.points) {
    const double s = static_cast<double>(point.utc_ms - state.points.front().utc_ms) * 1e-3;
    (std::isfinite(point.unattributed) ? shares : none) += 1;
    if (s > 50) {
      EXPECT_TRUE(std::isnan(point.unattributed)) << s << " s: " << point.unattributed;
    }
  }
  EXPECT_GT(shares, 2);
  EXPECT_GT(none, 20);
}

// 20 s at rest with a model, 20 s without, 5 s of loading at 400 W, and then with a model again.
TEST_F(SettlerTest, LoadingAModelIsAnAccountOfItsOwn) {
  start(gpu(40, 45));
  at(20);
  settler_->engine(EngineIs::absent, time(20));
  at(40);
  settler_->engine(EngineIs::loading, time(40));
  at(45);
  settler_->engine(EngineIs::resident, time(45));
  at(60);
  settler_->pump(true);
  auto accounts = writer_.accounts();
  EXPECT_NEAR(static_cast<double>(accounts["load"]), 1500e6, 1e6);
  EXPECT_NEAR(static_cast<double>(accounts["idle.bare"]), 2500e6, 1e6);
  EXPECT_EQ(accounts["load"] + accounts["idle.bare"] + accounts["idle.resident"], accounts["(meter)"]);
}

// Traffic from the first instant on: nothing is known of the power at rest until it stops for the first
// time, and the windows before that wait for it.
TEST_F(SettlerTest, TrafficBeforeTheFirstSilenceWaitsForIt) {
  start(gpu(1, 9));
  at(1.2);
  open(1, 1.1, 100);
  at(9);
  decode(1, 1.5, 9, 80, 100);
  at(10);
  EXPECT_EQ(settler_->find("r1")->status, RequestStatus::pending);
  at(14);
  const auto found = settler_->find("r1");
  ASSERT_EQ(found->status, RequestStatus::final_);
  EXPECT_NEAR(*found->end.fair.value, 2400, 50);
  EXPECT_TRUE(found->end.fair.interval().contains(2400 - 30)) << "0.1 s of its window were silent";
}

// Traffic that does not stop: after the horizon whoever is busy bears the power at rest, too, and the interval
// says that up to all of what the quietest window drew may have been that.
TEST_F(SettlerTest, WhereNoSilenceComesTheIntervalSpansWhatRestMayHaveTaken) {
  start(gpu(1, 100));
  std::size_t settled = 0;
  for (attribution::RequestId id = 1; id <= 45; ++id) {
    const double from = static_cast<double>(id);
    open(id, from + 0.02, 100);
    at(from + 1);
    decode(id, from + 0.1, from + 1, 9, 100);
  }
  for (attribution::RequestId id = 2; id <= 40; ++id) {
    const auto found = settler_->find("r" + std::to_string(id));
    if (found->status != RequestStatus::final_) continue;
    ++settled;
    EXPECT_NEAR(*found->end.fair.value, 400, 60);
    const Interval within = found->end.fair.interval();
    EXPECT_TRUE(within.contains(300)) << id << ": " << within.lo << " to " << within.hi;
  }
  EXPECT_GT(settled, 10U);
}

}  // namespace
}  // namespace joulebook::gateway
