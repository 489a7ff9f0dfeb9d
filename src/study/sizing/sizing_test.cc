#include "study/sizing/sizing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "study/sizing/sizing_test_study.h"

namespace joulebook {
namespace {

using testing::HasSubstr;
using testing::Not;

// Two kinds of 20 prompts, two rounds, exactly the planted shares.
test::PlantedWorld world() {
  test::PlantedWorld w;
  w.arms = {{"large", {1, 0.9}, {100, 100}},
            {"middle", {1, 0.6}, {40, 40}},
            {"small", {0.9, 0.1}, {10, 12}}};
  w.prompts = 20;
  w.rounds = 2;
  w.scatter = 0.05;
  w.exact = true;
  return w;
}

SizingOptions require(const char* text) {
  SizingOptions o;
  o.requirement = *parse_requirement(text);
  return o;
}

std::string named(const Fit& fit, const StudyResult& study) {
  return fit.cheapest ? study.spec.arms[fit.arms[*fit.cheapest].arm].name : "none";
}

TEST(Sizing, NamesTheCheapestOverallAndByKind) {
  const StudyResult study = test::planted(world(), 1);
  const auto s = size_arms(study, require("correct>=0.8"));
  ASSERT_TRUE(s.has_value()) << s.error().message;
  EXPECT_EQ(named(s->all, study), "middle");  // 0.8 exactly
  ASSERT_EQ(s->kinds.size(), 2u);
  EXPECT_EQ(named(s->kinds[0], study), "small");
  EXPECT_EQ(named(s->kinds[1], study), "large");
  const ArmFit& middle = s->all.arms[*s->all.cheapest];
  EXPECT_DOUBLE_EQ(*middle.quality.value, 0.8);
  EXPECT_EQ(middle.quality.prompts, 40u);
  EXPECT_NEAR(*middle.joules.these.value, 40, 2);
  EXPECT_TRUE(middle.joules.these.interval().contains(40));
  // Beside the limit it is a toss, so the sure one is the large arm.
  EXPECT_LT(*middle.quality.confidence, 0.6);
  ASSERT_TRUE(s->all.sure);
  EXPECT_EQ(study.spec.arms[s->all.arms[*s->all.sure].arm].name, "large");
  EXPECT_THAT(s->all.sentence, HasSubstr("middle is the cheapest that meets correct >= 80 %"));
  EXPECT_THAT(s->all.sentence, HasSubstr("With 95 % confidence it is large"));
  EXPECT_TRUE(s->notes.empty());
}

TEST(Sizing, TheRatioIsToTheArmNamed) {
  const StudyResult study = test::planted(world(), 1);
  const auto s = size_arms(study, require("correct>=0.8"));
  for (const ArmFit& arm : s->all.arms) {
    if (study.spec.arms[arm.arm].name == "middle") {
      EXPECT_DOUBLE_EQ(*arm.ratio.value, 1);
      continue;
    }
    EXPECT_TRUE(arm.told_apart);
    const double planted = study.spec.arms[arm.arm].name == "large" ? 2.5 : 0.275;
    EXPECT_NEAR(*arm.ratio.value, planted, 0.06 * planted);
  }
}

TEST(Sizing, SaysHowFarTheBestIsWhereNoneMeetsIt) {
  const StudyResult study = test::planted(world(), 1);
  const auto s = size_arms(study, require("correct>=98%"));
  EXPECT_FALSE(s->all.cheapest);
  EXPECT_EQ(study.spec.arms[s->all.arms[*s->all.best].arm].name, "large");
  EXPECT_THAT(s->all.sentence, HasSubstr("No arm meets correct >= 98 %. The best is large, 3 % "));
}

TEST(Sizing, SaysWhenTwoArmsCantBeToldApart) {
  test::PlantedWorld w = world();
  w.arms = {{"one", {0.9}, {10}}, {"two", {0.9}, {10}}, {"three", {0.95}, {30}}};
  const StudyResult study = test::planted(w, 2);
  const auto s = size_arms(study, require("correct>=0.8"));
  const std::string other = named(s->all, study) == "one" ? "two" : "one";
  EXPECT_THAT(s->all.sentence, HasSubstr("In joules it can't be told from " + other + "."));
  EXPECT_TRUE(s->kinds.empty());  // one kind: nothing to add
}

TEST(Sizing, OneRoundTellsArmsApartByOtherPrompts) {
  test::PlantedWorld w = world();
  w.rounds = 1;
  const StudyResult study = test::planted(w, 3);
  const auto s = size_arms(study, require("correct>=0.8"));
  for (const ArmFit& arm : s->all.arms) {
    EXPECT_EQ(arm.told_apart, *arm.ratio.value != 1);
  }
}

TEST(Sizing, AConfidenceMayBeAskedFor) {
  const StudyResult study = test::planted(world(), 1);
  SizingOptions o = require("correct>=0.8");
  o.sure = 0.9;
  const auto s = size_arms(study, o);
  EXPECT_EQ(named(s->all, study), "large");
  // 18 of 20 right: surely no 80 % with 90 % confidence.
  o.sure = 0.97;
  o.requirement.limit = 0.93;
  const auto none = size_arms(study, o);
  EXPECT_EQ(named(none->all, study), "none");
  EXPECT_THAT(none->all.sentence, HasSubstr("with 97 % confidence. The best is large"));
}

TEST(Sizing, ArmsWithoutMeaningOrJoulesAreNotChosen) {
  StudyResult study = test::planted(world(), 1);
  for (auto& t : study.trials) {
    if (t.arm == 1) t.energy = Quantity::absent("J", {"engine.remote", "it runs elsewhere", ""});
  }
  SizingOptions o = require("correct>=0.5");
  o.cost_only = {"small"};
  const auto s = size_arms(study, o);
  ASSERT_TRUE(s.has_value());
  EXPECT_EQ(named(s->all, study), "large");
  ASSERT_EQ(s->notes.size(), 2u);
  EXPECT_THAT(s->notes[0], HasSubstr("middle is not among the arms chosen from: it runs elsewhere"));
  EXPECT_THAT(s->notes[1], HasSubstr("small"));
}

TEST(Sizing, PromptsThatNotEveryArmAnsweredAreLeftOutAndSaid) {
  StudyResult study = test::planted(world(), 1);
  for (auto& t : study.trials) {
    if (t.arm == 2 && t.prompt < 3) t.energy = Quantity::absent("J", {"sensor.reset", "gap", ""});
  }
  const auto s = size_arms(study, require("correct>=0.8"));
  EXPECT_EQ(s->all.prompts, 37u);
  EXPECT_THAT(s->notes[0], HasSubstr("3 of 40 prompts are left out"));
}

TEST(Sizing, RefusesWhatCantBeSized) {
  StudyResult study = test::planted(world(), 1);
  const auto other = size_arms(study, require("wer<=0.2"));
  ASSERT_FALSE(other.has_value());
  EXPECT_EQ(other.error().code, "sizing.ungraded");
  EXPECT_THAT(other.error().cure, HasSubstr("correct fits every checker"));
  for (auto& t : study.trials) t.energy = Quantity::absent("J", {"sensor.none", "no sensor", ""});
  const auto none = size_arms(study, require("correct>=0.8"));
  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(none.error().code, "sizing.no_arm");
  EXPECT_THAT(none.error().message, HasSubstr("no sensor"));
  study.trials.clear();
  EXPECT_EQ(size_arms(study, require("correct>=0.8")).error().code, "sizing.no_arm");
}

TEST(Sizing, AKindWithoutAGradeSaysSo) {
  StudyResult study = test::planted(world(), 1);
  for (std::size_t p = 20; p < 40; ++p) study.spec.prompts[p].checker.kind = Checker::Kind::none;
  const auto s = size_arms(study, require("correct>=0.8"));
  EXPECT_FALSE(s->kinds[1].cheapest || s->kinds[1].best);
  EXPECT_THAT(s->kinds[1].sentence, HasSubstr("No answer here was checked"));
  EXPECT_EQ(s->all.arms.front().quality.prompts, 20u);
}

// Named with 95 % confidence, an arm truly meets the limit about as often: shares from a flat prior.
TEST(Sizing, TheConfidenceOfTheArmNamedIsKept) {
  Rng rng(4);
  double said = 0;
  int so = 0;
  int times = 0;
  for (int run = 0; run < 600; ++run) {
    test::PlantedWorld w;
    for (int a = 0; a < 3; ++a) {
      w.arms.push_back({std::string(1, static_cast<char>('a' + a)), {rng.uniform()}, {10.0 * (a + 1)}});
    }
    w.prompts = 25;
    const StudyResult study = test::planted(w, 500 + static_cast<std::uint64_t>(run));
    const auto s = size_arms(study, require("correct>=0.7"));
    if (!s->all.cheapest) continue;
    const ArmFit& arm = s->all.arms[*s->all.cheapest];
    said += *arm.quality.confidence;
    so += w.arms[arm.arm].share[0] >= 0.7 ? 1 : 0;
    ++times;
  }
  ASSERT_GT(times, 300);
  const double p = said / times;
  EXPECT_NEAR(static_cast<double>(so) / times, p, 4 * std::sqrt(p * (1 - p) / times));
}

}  // namespace
}  // namespace joulebook
