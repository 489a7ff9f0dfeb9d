#include "study/bought.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>

#include "study/student.h"
#include "study/trials_test.h"

namespace joulebook {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr std::array<std::size_t, 2> kPrompts = {0, 1};

// Arm b spends 10 J a prompt more and gets both right, arm a neither.
StudyResult gained() {
  StudyResult study = test::by_hand(
      {{{{9, 10}, {11, 10}}, {{19, 10}, {21, 10}}}, {{{19, 10}, {21, 10}}, {{29, 10}, {31, 10}}}});
  for (auto& t : study.trials) t.correct = t.arm == 1;
  return study;
}

Bought bought_by(const StudyResult& study, bool same_code = false) {
  const auto arms = group_trials(study.spec, study.trials);
  return bought({arms.data(), "a"}, {&arms[1], "b"}, study.spec, kPrompts, {same_code, 0.05});
}

TEST(Bought, CertainAnswersLeaveTheScatterOfTheEnergy) {
  const Bought b = bought_by(gained());
  EXPECT_DOUBLE_EQ(b.extra_correct, 2);
  EXPECT_DOUBLE_EQ(*b.j_per_extra_correct.value, 10);
  EXPECT_EQ(b.j_per_extra_correct.per, "extra correct answer");
  // v = 2 / 2 in four strata of nu = 1: df = 16 / (4 / 3) - 2 = 10; over 2 answers.
  const double half = student_quantile(0.975, 10) * 2 / 2;
  EXPECT_NEAR(b.j_per_extra_correct.own.lo, 10 - half, 1e-9);
  EXPECT_NEAR(b.j_per_extra_correct.own.hi, 10 + half, 1e-9);
}

TEST(Bought, OneRoundLeavesThePriceOpen) {
  StudyResult study = gained();
  std::erase_if(study.trials, [](const TrialRecord& t) { return t.round > 0; });
  const Bought b = bought_by(study);
  EXPECT_EQ(b.j_per_extra_correct.own.lo, 0);
  EXPECT_EQ(b.j_per_extra_correct.own.hi, kInf);
}

TEST(Bought, OnlyPromptsCheckedInBothArmsCount) {
  StudyResult study = gained();
  for (auto& t : study.trials) {
    if (t.prompt == 1 && t.arm == 0) t.correct.reset();
  }
  EXPECT_DOUBLE_EQ(bought_by(study).extra_correct, 1);
  for (auto& t : study.trials) t.correct.reset();
  EXPECT_EQ(bought_by(study).j_per_extra_correct.reason->code, "correct.unchecked");
}

TEST(Bought, SharedErrorGoesAlong) {
  StudyResult study = gained();
  for (auto& t : study.trials) t.energy.shared = {{"gain", 0.8, 1.25}};
  const Quantity q = bought_by(study).j_per_extra_correct;
  ASSERT_EQ(q.shared.size(), 1U);
  EXPECT_NEAR(q.shared[0].hi, 1.25, 1e-12);
}

TEST(Bought, AnArmWithoutAMeterHasGainsWithoutAPrice) {
  StudyResult study = gained();
  for (auto& t : study.trials) {
    if (t.arm == 0) t.energy = Quantity::absent("J", {"endpoint.remote", "elsewhere", ""});
  }
  const Bought b = bought_by(study);
  EXPECT_DOUBLE_EQ(b.extra_correct, 2);
  EXPECT_EQ(b.j_per_extra_correct.reason->code, "endpoint.remote");
}

}  // namespace
}  // namespace joulebook
