#include "study/sizing/ladder.h"

#include <gtest/gtest.h>

#include <cmath>

#include "study/sizing/sizing_test_study.h"

namespace joulebook {
namespace {

// Three efforts of one model: 10, 20 and 60 J; 50 %, 80 % and 80 % right.
StudyResult three_steps(std::uint64_t seed, int rounds, double scatter = 0.1) {
  test::PlantedWorld w;
  w.arms = {{"low", {0.5}, {10}}, {"medium", {0.8}, {20}}, {"high", {0.8}, {60}}};
  w.prompts = 20;
  w.rounds = rounds;
  w.scatter = scatter;
  w.exact = true;
  StudyResult study = test::planted(w, seed);
  for (auto& arm : study.spec.arms) {
    arm.effort = arm.name;
    arm.model = "http://localhost:1/v1";
  }
  for (std::size_t a = 0; a < 3; ++a) study.arms[a].spec = study.spec.arms[a];
  return study;
}

TEST(Ladder, EachStepAgainstTheOneBefore) {
  const auto steps = ladder_of(three_steps(1, 2, 0));
  ASSERT_EQ(steps.size(), 2u);
  EXPECT_DOUBLE_EQ(*steps[0].more_joules.value, 10);
  EXPECT_NEAR(*steps[0].gain, 0.3, 1e-12);
  EXPECT_NEAR(steps[0].extra_correct, 6, 1e-12);
  EXPECT_NEAR(*steps[0].j_per_extra_correct.value, 200.0 / 6, 1e-9);
  ASSERT_TRUE(steps[0].gain_interval);
  EXPECT_GT(steps[0].gain_interval->lo, 0);
  EXPECT_LT(steps[0].gain_interval->lo, 0.3);
  EXPECT_DOUBLE_EQ(*steps[1].more_joules.value, 40);
  EXPECT_DOUBLE_EQ(*steps[1].gain, 0);
  EXPECT_FALSE(steps[1].gain_interval);
  EXPECT_EQ(steps[1].j_per_extra_correct.reason->code, "bought.nothing");
}

TEST(Ladder, TheJoulesOfAStepHoldTheTruth) {
  int held = 0;
  constexpr int kRuns = 400;
  for (int run = 0; run < kRuns; ++run) {
    const auto steps = ladder_of(three_steps(100 + static_cast<std::uint64_t>(run), 3));
    held += steps[0].more_joules.interval().contains(10) ? 1 : 0;
  }
  EXPECT_NEAR(static_cast<double>(held) / kRuns, 0.95, 0.04);
}

TEST(Ladder, OneRoundSaysNothingOfAnother) {
  const auto steps = ladder_of(three_steps(1, 1));
  EXPECT_TRUE(std::isinf(steps[0].more_joules.interval().hi));
}

TEST(Ladder, OtherArmsAreNoSteps) {
  StudyResult study = three_steps(1, 2);
  study.spec.arms[1].effort.reset();
  EXPECT_TRUE(ladder_of(study).empty());
  study = three_steps(1, 2);
  study.spec.arms[2].model = "http://localhost:2/v1";
  EXPECT_EQ(ladder_of(study).size(), 1u);
  for (auto& arm : study.spec.arms) {
    arm.effort.reset();
    arm.think_budget = arm.name == "low" ? 10 : 100;
  }
  EXPECT_EQ(ladder_of(study).size(), 1u);
}

}  // namespace
}  // namespace joulebook
