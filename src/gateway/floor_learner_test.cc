#include "gateway/floor_learner.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace joulebook::gateway {
namespace {

WindowEnergy window(double seconds, double watts, std::optional<double> idle = std::nullopt) {
  WindowEnergy out;
  out.window = {"w", {0}, {static_cast<std::int64_t>(seconds * 1e9)}};
  DomainEnergy domain;
  domain.domain = "gpu:0";
  domain.top_level = true;
  domain.settled = to_microjoules(Joules(watts * seconds));
  out.domains.push_back(domain);
  if (idle) out.idle["gpu:0"] = Quantity::exact(*idle * seconds, "J");
  return out;
}

TEST(FloorLearner, KnowsNothingAtFirst) {
  const FloorLearner learner;
  EXPECT_TRUE(learner.floors().watts.empty());
  EXPECT_EQ(learner.within("gpu:0").lo, 0);
  EXPECT_TRUE(std::isinf(learner.within("gpu:0").hi));
}

TEST(FloorLearner, WhatWasLearntGoesBeforeWhatWasKnown) {
  FloorLearner learner;
  learner.known(window(2, 300, 50.0));
  EXPECT_DOUBLE_EQ(learner.floors().watts.at("gpu:0"), 50);
  EXPECT_FALSE(learner.learnt("gpu:0"));
  learner.silent(window(1, 70));
  EXPECT_DOUBLE_EQ(learner.floors().watts.at("gpu:0"), 50);
  learner.silent(window(1, 70));
  EXPECT_TRUE(learner.learnt("gpu:0"));
  EXPECT_DOUBLE_EQ(learner.floors().watts.at("gpu:0"), 70);
  EXPECT_EQ(learner.floors().account, "idle.resident");
}

// Rest draws no more than the window that drew least, whatever was done in it.
TEST(FloorLearner, UntilItIsLearntTheLeastThatWasSeenBoundsIt) {
  FloorLearner learner;
  learner.seen(window(1, 300));
  learner.seen(window(1, 180));
  learner.seen(window(0.1, 20));  // too short to say
  EXPECT_FALSE(learner.floor_known("gpu:0"));
  EXPECT_EQ(learner.within("gpu:0").lo, 0);
  EXPECT_DOUBLE_EQ(learner.within("gpu:0").hi, 180);
  learner.silent(window(1, 70));
  learner.silent(window(1, 70));
  EXPECT_TRUE(learner.floor_known("gpu:0"));
  EXPECT_DOUBLE_EQ(learner.within("gpu:0").hi, 70);
}

// Bursts of something else in less than three quarters of the silence do not lift the floor.
RC_GTEST_PROP(FloorLearner, BurstsDoNotLiftTheFloor, ()) {
  FloorLearner learner;
  const int windows = *rc::gen::inRange(8, 200);
  for (int i = 0; i < windows; ++i) {
    learner.silent(window(1, i % 3 == 0 ? 70 : 70 + *rc::gen::inRange(1, 200)));
  }
  RC_ASSERT(learner.floors().watts.at("gpu:0") == 70);
  const Interval within = learner.within("gpu:0");
  RC_ASSERT(within.lo <= 70 && 70 <= within.hi);
}

TEST(FloorLearner, OtherProgramsAreNoRest) {
  FloorLearner learner;
  for (int i = 0; i < 5; ++i) {
    auto busy = window(1, 90);
    busy.cpu = {4, 3, 0, 0};
    learner.silent(busy);  // a GPU does not mind
    busy.domains[0].domain = "package:0";
    learner.silent(busy);
  }
  EXPECT_TRUE(learner.learnt("gpu:0"));
  EXPECT_FALSE(learner.learnt("package:0"));
}

TEST(FloorLearner, AModelledMachineRestsAsItsModelSays) {
  FloorLearner learner;
  auto modelled = window(1, 90, 50.0);
  modelled.domains[0].energy.tier = Tier::modelled;
  for (int i = 0; i < 5; ++i) {
    learner.known(modelled);
    learner.silent(modelled);
  }
  EXPECT_DOUBLE_EQ(learner.floors().watts.at("gpu:0"), 50);
}

TEST(FloorLearner, ForgetsWhatIsLongPast) {
  FloorLearner learner;
  for (std::size_t i = 0; i < FloorLearner::kKept; ++i) learner.silent(window(1, 40));
  for (std::size_t i = 0; i < FloorLearner::kKept; ++i) learner.silent(window(1, 90));
  EXPECT_DOUBLE_EQ(learner.floors().watts.at("gpu:0"), 90);
}

}  // namespace
}  // namespace joulebook::gateway
