#include "study/sentence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "fakes/sample_study.h"
#include "study/comparison.h"
#include "study/trials_test.h"

namespace joulebook {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr double kInf = std::numeric_limits<double>::infinity();

Quantity ratio_of(double value, double lo, double hi) {
  Quantity q = Quantity::exact(value, "1");
  q.own = {lo, hi};
  return q;
}

// A study of one model in two modes with the ratios given and 28 checkable prompts.
StudyResult told(Quantity energy, Quantity longer, Quantity dearer) {
  StudyResult study;
  study.arms.resize(2);
  study.arms[0].spec.name = "direct";
  study.arms[1].spec.name = "step by step";
  study.arms[1].spec.mode = Mode::reason;
  for (auto& arm : study.arms) {
    arm.trials = 80;
    arm.checkable = 28;
  }
  Comparison c;
  c.b = 1;
  c.prompts = 40;
  c.split = {{energy, Interval{1.9, 3.0}}, {longer, {}}, {dearer, {}}};
  c.extra_correct = 3;
  c.j_per_extra_correct = Quantity::exact(41, "J");
  study.comparisons = {c};
  return study;
}

StudyResult thinking() {
  return told(ratio_of(2.4, 2.2, 2.6), ratio_of(2.5, 2.4, 2.6), ratio_of(0.96, 0.9, 1.02));
}

TEST(Claim, OnlyBeyondDoubt) {
  EXPECT_EQ(claim(ratio_of(2, 1.9, 2.1)), Claim::more);
  EXPECT_EQ(claim(ratio_of(0.5, 0.4, 0.6)), Claim::less);
  EXPECT_EQ(claim(ratio_of(1.05, 0.99, 1.1)), Claim::same);
  // The interval leaves 1 out, but not by enough for one of three claims.
  EXPECT_EQ(claim(ratio_of(1.05, 1.005, 1.1)), Claim::same);
  EXPECT_EQ(claim(ratio_of(2, 0, kInf)), Claim::unknown);
  EXPECT_EQ(claim(Quantity::absent("1", {"x", "", ""})), Claim::unknown);
  EXPECT_EQ(claim(ratio_of(1, 1, 1)), Claim::same);
}

TEST(Sentence, WhatWasFound) {
  EXPECT_EQ(study_sentence(thinking()),
            "Thinking first cost 2.40 times the energy of answering at once (2.20 to 2.60): its "
            "answers were 2.50 times as long (2.40 to 2.60) and each output token cost 0.960 times "
            "as much (0.900 to 1.02: no difference beyond doubt). It got 3 more of 28 checkable "
            "answers right, at 41.0 J each. For other prompts like these: 1.90 to 3.00 times the "
            "energy.");
}

TEST(Sentence, ModelsGoByTheirNames) {
  StudyResult study = thinking();
  study.arms[1].spec.model = "other.gguf";
  EXPECT_THAT(study_sentence(study),
              HasSubstr("Step by step cost 2.40 times the energy of direct"));
}

TEST(Sentence, WhereThinkingBoughtNothing) {
  StudyResult study = thinking();
  study.comparisons[0].extra_correct = 0;
  EXPECT_THAT(study_sentence(study), HasSubstr("no more and no fewer of 28 checkable answers "
                                               "right: the extra energy bought none."));
  study.comparisons[0].extra_correct = -2.5;
  EXPECT_THAT(study_sentence(study), HasSubstr("It got 2.5 fewer of 28"));
  study.arms[1].checkable = 0;
  EXPECT_THAT(study_sentence(study), HasSubstr("None of the answers could be checked."));
}

TEST(Sentence, AGainThatIsNotBeyondDoubtSaysSo) {
  StudyResult study = thinking();
  study.comparisons[0].j_per_extra_correct.own.hi = kInf;
  EXPECT_THAT(study_sentence(study), HasSubstr("(that it gains any is not beyond doubt)"));
}

TEST(Sentence, WithoutASensorItComparesCpuTime) {
  StudyResult study = thinking();
  EXPECT_THAT(study_sentence(study), Not(HasSubstr("CPU time")));
  study.comparisons[0].split.energy.these.tier = Tier::modelled;
  EXPECT_THAT(
      study_sentence(study),
      HasSubstr("joules are CPU time times modelled watts, so the ratio compares CPU time"));
}

TEST(Sentence, ASharedDoubtIsNotLessenedByRepeats) {
  StudyResult study = thinking();
  auto& energy = study.comparisons[0].split.energy.these;
  energy = ratio_of(1.1, 1.08, 1.12);
  energy.shared = {{"instruction_mix:b", 0.8, 1.2}};
  EXPECT_THAT(study_sentence(study), HasSubstr("which repeats do not lessen"));
}

TEST(Sentence, NoisyTrialsAskForMoreRounds) {
  StudyResult study = thinking();
  study.comparisons[0].split.energy.these = ratio_of(2.4, 1.5, 3.8);
  EXPECT_THAT(study_sentence(study), HasSubstr("more rounds would narrow this"));
}

TEST(Sentence, OneRound) {
  StudyResult study = told(ratio_of(2.4, 0, kInf), ratio_of(2.5, 0, kInf), ratio_of(1, 0, kInf));
  EXPECT_THAT(study_sentence(study), HasSubstr("cost 2.40 times the energy of answering at once:"));
  EXPECT_THAT(study_sentence(study), HasSubstr("Each prompt was run once"));
}

TEST(Sentence, CutAnswersAreCensored) {
  StudyResult study = thinking();
  study.comparisons[0].censored = true;
  study.arms[1].censored = 20;
  EXPECT_THAT(study_sentence(study),
              HasSubstr("Censored: the token limit cut 25 % of the answers of step by step and 0 % "
                        "of direct"));
}

TEST(Sentence, WithoutEnergyTheReasonStandsInItsPlace) {
  StudyResult study = thinking();
  study.comparisons[0].split.energy.these =
      Quantity::absent("1", {"endpoint.remote", "it runs on another machine", ""});
  study.comparisons[0].split.dearer = study.comparisons[0].split.energy;
  const std::string sentence = study_sentence(study);
  EXPECT_THAT(sentence, HasSubstr("it runs on another machine (endpoint.remote). Its answers were "
                                  "2.50 times as long"));
  EXPECT_THAT(sentence, Not(HasSubstr("each output token")));
}

TEST(Sentence, OneArmAndThree) {
  StudyResult one = test::by_hand({{{{10, 100}, {12, 104}}, {{20, 200}, {21, 203}}}});
  analyse(one);
  EXPECT_THAT(one.sentence, HasSubstr("A took 15.8 J ("));
  EXPECT_THAT(one.sentence, HasSubstr("a response of 152 output tokens."));
  StudyResult three =
      test::by_hand({{{{10, 100}, {12, 104}}}, {{{20, 200}, {21, 203}}}, {{{30, 300}, {33, 290}}}});
  analyse(three);
  EXPECT_THAT(three.sentence, HasSubstr("B cost 1.86 times the energy of a"));
  EXPECT_THAT(three.sentence, HasSubstr("C cost 2.86 times the energy of a"));
}

TEST(Sentence, TheSampleStudyReads) {
  StudyResult study = fakes::sample_study();
  analyse(study);
  RecordProperty("sentence", study.sentence);
  EXPECT_THAT(study.sentence, HasSubstr("times the energy"));
  EXPECT_THAT(study.sentence, HasSubstr("CPU time"));
  EXPECT_THAT(study.sentence, HasSubstr("Censored"));
}

}  // namespace
}  // namespace joulebook
