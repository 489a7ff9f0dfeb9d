#include "study/split.h"

#include <gtest/gtest.h>

#include <cmath>

#include "study/comparison.h"
#include "study/trials_test.h"

namespace joulebook {
namespace {

using test::by_hand;

constexpr double kLow = 0.8;
constexpr double kHigh = 1.2;

StudyResult with_parts(std::vector<SharedPart> parts) {
  StudyResult study = by_hand({{{{10, 100}, {12, 104}}, {{20, 200}, {21, 203}}},
                               {{{30, 250}, {31, 249}}, {{40, 400}, {42, 390}}}});
  for (auto& t : study.trials) t.energy.shared = parts;
  return study;
}

TEST(Split, AGainCancels) {
  StudyResult study = with_parts({{"gain", kLow, kHigh}});
  analyse(study);
  EXPECT_TRUE(study.comparisons[0].split.energy.these.shared.empty());
  EXPECT_EQ(study.arms[0].j_per_response.these.shared.size(), 1U);
}

TEST(Split, InstructionMixOfDifferentModelsStaysInTheRatio) {
  StudyResult study = with_parts({{"instruction_mix", kLow, kHigh}});
  study.spec.arms[1].model = "other.gguf";
  analyse(study);
  const auto& split = study.comparisons[0].split;
  for (const Quantity* q : {&split.energy.these, &split.dearer.these}) {
    ASSERT_EQ(q->shared.size(), 2U);
    EXPECT_EQ(q->shared[0].id, "instruction_mix:b");
    EXPECT_EQ(q->shared[1].id, "instruction_mix:a");
  }
  EXPECT_TRUE(split.longer.these.shared.empty());
}

TEST(Split, InstructionMixOfOneModelCancelsWherePhasesAgree) {
  StudyResult study = with_parts({{"instruction_mix", kLow, kHigh}});
  analyse(study);
  for (const auto& part : study.comparisons[0].split.energy.these.shared) {
    EXPECT_NEAR(part.lo, 1, 1e-12);
    EXPECT_NEAR(part.hi, 1, 1e-12);
  }
  // Each arm by itself keeps the whole of it, under its own name.
  ASSERT_EQ(study.arms[1].j_per_response.these.shared.size(), 1U);
  EXPECT_EQ(study.arms[1].j_per_response.these.shared[0].id, "instruction_mix:b");
  EXPECT_DOUBLE_EQ(study.arms[1].j_per_response.these.shared[0].hi, kHigh);
}

TEST(Split, InstructionMixOfOneModelStaysAsFarAsPhasesDiffer) {
  StudyResult study = with_parts({{"instruction_mix", kLow, kHigh}});
  for (auto& t : study.trials) {
    if (t.arm != 1) continue;
    t.phases[0].energy = scaled(t.energy, 0.05);
    t.phases[1].energy = scaled(t.energy, 0.95);
  }
  analyse(study);
  const auto& shared = study.comparisons[0].split.energy.these.shared;
  ASSERT_EQ(shared.size(), 2U);
  EXPECT_EQ(shared[0].id, "instruction_mix:prefill");
  EXPECT_NEAR(shared[0].hi, (1 + 0.05 * 0.2) / (1 + 0.25 * 0.2), 1e-12);
  EXPECT_EQ(shared[1].id, "instruction_mix:decode");
  EXPECT_NEAR(shared[1].hi, (1 + 0.95 * 0.2) / (1 + 0.75 * 0.2), 1e-12);
}

TEST(Split, AlikeIsWidenedByWhatIsShared) {
  StudyResult study =
      by_hand({{{{10, 100}, {12, 104}}, {{20, 200}, {21, 203}}, {{7, 70}, {8, 73}}},
               {{{30, 250}, {31, 249}}, {{40, 400}, {42, 390}}, {{9, 90}, {9, 91}}}});
  analyse(study);
  const Interval bare = *study.comparisons[0].split.energy.alike;
  study.spec.arms[1].model = "other.gguf";
  for (auto& t : study.trials) t.energy.shared = {{"instruction_mix", kLow, kHigh}};
  analyse(study);
  const Interval wide = *study.comparisons[0].split.energy.alike;
  EXPECT_LT(wide.lo, bare.lo);
  EXPECT_GT(wide.hi, bare.hi);
}

TEST(Split, OtherThreadsAreOtherCode) {
  ArmResult a;
  ArmResult b;
  a.spec.model = b.spec.model = "m.gguf";
  EXPECT_TRUE(same_code(a, b));
  b.spec.mode = Mode::reason;
  EXPECT_TRUE(same_code(a, b));
  b.spec.engine.threads = 4;
  EXPECT_FALSE(same_code(a, b));
}

TEST(Split, WithoutMeteredPhasesTheMixStaysWhole) {
  TrialRecord t = test::shot(0, 0, 0, {10, 100});
  t.energy.shared = {{"instruction_mix", kLow, kHigh}};
  t.phases[0].energy = Quantity::absent("J", {"window.short", "too short", ""});
  EXPECT_EQ(with_mix_by_phase(t).shared, t.energy.shared);
}

}  // namespace
}  // namespace joulebook
