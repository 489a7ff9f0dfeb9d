#include "study/comparison.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>

#include "study/student.h"
#include "study/trials_test.h"

namespace joulebook {
namespace {

using test::by_hand;
using test::Shot;

constexpr double kInf = std::numeric_limits<double>::infinity();

// Two arms, three prompts, two rounds.
StudyResult small() {
  return by_hand({{{{10, 100}, {14, 120}}, {{20, 210}, {22, 190}}, {{5, 40}, {5, 42}}},
                  {{{30, 250}, {34, 270}}, {{44, 400}, {40, 420}}, {{9, 80}, {11, 90}}}});
}

TEST(Analyse, FiguresByHand) {
  StudyResult study = small();
  analyse(study);
  const ArmResult& a = study.arms[0];
  EXPECT_EQ(a.trials, 6);
  EXPECT_DOUBLE_EQ(*a.j_per_response.these.value, (12.0 + 21 + 5) / 3);
  EXPECT_DOUBLE_EQ(*a.j_per_output_token.these.value, 38.0 / (110 + 200 + 41));
  EXPECT_DOUBLE_EQ(*a.j_per_total_token.these.value, 38.0 / (351 + 60));
  EXPECT_DOUBLE_EQ(*a.active_per_response.these.value, 19.0 / 3);
  EXPECT_DOUBLE_EQ(a.output_tokens, 351.0 / 3);
  EXPECT_DOUBLE_EQ(a.seconds, 2);
  EXPECT_DOUBLE_EQ(a.tokens_per_second, 117);
  EXPECT_DOUBLE_EQ(*a.mean_power.value, 38.0 / 6);
  EXPECT_EQ(a.mean_power.unit, "W");
  EXPECT_EQ(a.j_per_response.these.per, "response");
  EXPECT_DOUBLE_EQ(*a.phase_energy.at(Phase::prefill).value, 38.0 / 4);
  EXPECT_DOUBLE_EQ(*a.phase_energy.at(Phase::answer).value, 38.0 * 3 / 4);
  ASSERT_EQ(study.comparisons.size(), 1U);
  const Split& split = study.comparisons[0].split;
  EXPECT_DOUBLE_EQ(*split.energy.these.value, (32.0 + 42 + 10) / 38);
  EXPECT_DOUBLE_EQ(*split.longer.these.value, (260.0 + 410 + 85) / 351);
  EXPECT_EQ(study.comparisons[0].prompts, 3U);
  EXPECT_EQ(study.comparisons[0].kinds.size(), 2U);
}

TEST(Analyse, WhatCantBeToldFromRestIsAnAbsence) {
  StudyResult study = small();
  for (auto& t : study.trials) t.active.value = -*t.active.value;
  analyse(study);
  EXPECT_EQ(study.arms[0].active_per_response.these.reason.value().code, "active.none");
  EXPECT_TRUE(study.arms[0].j_per_response.these.present());
}

TEST(Analyse, AnIntervalThatSaysNothingHasNoEnd) {
  EXPECT_EQ(spread_factor(Variance{100, 1}, 0.05), kInf);
  EXPECT_LT(spread_factor(Variance{0.01, 5}, 0.05), 2);
}

TEST(Analyse, IntervalsStraddleTheirValueAndAlikeIsThere) {
  StudyResult study = small();
  analyse(study);
  const Split& split = study.comparisons[0].split;
  for (const Estimate* e : {&split.energy, &split.longer, &split.dearer}) {
    EXPECT_LT(e->these.own.lo, *e->these.value);
    EXPECT_GT(e->these.own.hi, *e->these.value);
    ASSERT_TRUE(e->alike);
    EXPECT_TRUE(e->alike->contains(*e->these.value));
    EXPECT_EQ(e->these.level, 0.95);
  }
  // Two prompts a kind are too few to speak of prompts like them.
  EXPECT_FALSE(study.comparisons[0].kinds[0].split.energy.alike);
}

TEST(Analyse, EnergyIntervalByHand) {
  StudyResult study = by_hand({{{{9, 10}, {11, 10}}, {{19, 10}, {21, 10}}, {{29, 10}, {31, 10}}},
                               {{{10, 10}, {10, 10}}, {{20, 10}, {20, 10}}, {{30, 10}, {30, 10}}}});
  study.spec.stopping = {2, 2, 0.02, 100};  // no looks: the plain 95 %
  analyse(study);
  // v = 2 / 2 / 60^2 in three strata, nu = 1: df = 9 v^2 / (3 v^2 / 3) - 2 = 7.
  const double sd = std::sqrt(3.0) / 60;
  const Quantity& q = study.comparisons[0].split.energy.these;
  EXPECT_NEAR(q.own.hi, std::exp(student_quantile(0.975, 7) * sd), 1e-12);
  EXPECT_NEAR(q.own.lo, std::exp(-student_quantile(0.975, 7) * sd), 1e-12);
  // Tokens never differed: exact.
  EXPECT_EQ(study.comparisons[0].split.longer.these.own, (Interval{1, 1}));
}

TEST(Analyse, OnlyPromptsCompleteInBothCount) {
  StudyResult study = small();
  for (auto& t : study.trials) {
    if (t.arm == 1 && t.prompt == 1) {
      t.error = Error{ErrorKind::engine, "engine.failed", "no", ""};
      t.energy = Quantity::absent("J", {"sensor.reset", "it started anew", ""});
    }
  }
  analyse(study);
  EXPECT_EQ(study.comparisons[0].prompts, 2U);
  EXPECT_DOUBLE_EQ(*study.comparisons[0].split.energy.these.value, (32.0 + 10) / (12 + 5));
  EXPECT_DOUBLE_EQ(*study.arms[0].j_per_response.these.value, 17.0 / 2);
  EXPECT_EQ(study.arms[1].failed, 2);
}

// Arm 1 fails on the second of three prompts: that answer is wrong, and its joules were spent.
TEST(Analyse, AFailedAnswerIsAWrongOneThatTookItsJoules) {
  StudyResult study = small();
  for (auto& prompt : study.spec.prompts) prompt.checker = {Checker::Kind::exact, "x"};
  double whole = 0;
  for (auto& t : study.trials) {
    t.correct = true;
    if (t.arm != 1) continue;
    whole += *t.energy.value;
    if (t.prompt != 1) continue;
    t.error = Error{ErrorKind::engine, "command.exit", "no", ""};
    t.correct.reset();  // as older records have it
    t.answer_tokens = t.reasoning_tokens = {};
  }
  analyse(study);
  const ArmResult& arm = study.arms[1];
  EXPECT_EQ(study.comparisons[0].prompts, 3U);
  EXPECT_EQ(arm.failed, 2);
  EXPECT_EQ(arm.checkable, 3);
  EXPECT_DOUBLE_EQ(arm.correct, 2);
  EXPECT_DOUBLE_EQ(study.arms[0].correct, 3);
  EXPECT_DOUBLE_EQ(*arm.j_per_response.these.value, whole / 2 / 3);
  EXPECT_DOUBLE_EQ(*arm.j_per_correct.these.value, whole / 2 / 2);
}

TEST(Analyse, AnArmThatNeverAnsweredHasNoFigures) {
  StudyResult study = small();
  for (auto& t : study.trials) {
    if (t.arm == 1) t.error = Error{ErrorKind::engine, "command.exit", "no", ""};
  }
  analyse(study);
  EXPECT_EQ(study.arms[1].j_per_response.these.reason.value().code, "study.incomplete");
  EXPECT_TRUE(study.arms[0].j_per_response.these.present());
  EXPECT_EQ(study.comparisons[0].prompts, 0U);
}

TEST(Analyse, OneRoundHasNoIntervalForThesePrompts) {
  StudyResult study =
      by_hand({{{{10, 100}}, {{20, 200}}, {{5, 40}}}, {{{30, 250}}, {{40, 400}}, {{9, 80}}}});
  analyse(study);
  const Estimate& e = study.comparisons[0].split.energy;
  EXPECT_EQ(e.these.own.lo, 0);
  EXPECT_EQ(e.these.own.hi, kInf);
  EXPECT_TRUE(e.alike);
  EXPECT_EQ(widest_half_width(study.spec, study.trials), kInf);
  EXPECT_NE(study.sentence.find("run once"), std::string::npos) << study.sentence;
}

TEST(Analyse, AnArmWithoutAMeterStillHasTokens) {
  StudyResult study = small();
  for (auto& t : study.trials) {
    if (t.arm == 1) t.energy = Quantity::absent("J", {"endpoint.remote", "it runs elsewhere", ""});
  }
  analyse(study);
  const Split& split = study.comparisons[0].split;
  EXPECT_FALSE(split.energy.these.present());
  EXPECT_EQ(split.energy.these.reason->code, "endpoint.remote");
  EXPECT_FALSE(split.dearer.these.present());
  EXPECT_TRUE(split.longer.these.present());
  EXPECT_EQ(study.arms[1].j_per_response.these.reason->code, "endpoint.remote");
  EXPECT_TRUE(study.arms[0].j_per_response.these.present());
  EXPECT_TRUE(std::isfinite(widest_half_width(study.spec, study.trials)));
}

TEST(Analyse, AMissingReadingIsLeftOutNotTakenForZero) {
  StudyResult study = small();
  study.trials[0].energy = Quantity::absent("J", {"sensor.gap", "a gap", ""});
  analyse(study);
  EXPECT_EQ(study.arms[0].trials, 5);
  EXPECT_DOUBLE_EQ(*study.arms[0].j_per_response.these.value, (14.0 + 21 + 5) / 3);
  ASSERT_EQ(study.warnings.size(), 1U);
  EXPECT_NE(study.warnings[0].find("no energy reading"), std::string::npos);
  analyse(study);
  EXPECT_EQ(study.warnings.size(), 1U);
}

TEST(Analyse, CorrectAnswersAndTheirPrice) {
  StudyResult study = small();
  for (auto& t : study.trials) t.correct = t.arm == 1 ? t.prompt != 2 : t.prompt == 0;
  analyse(study);
  EXPECT_EQ(study.arms[0].checkable, 3);
  EXPECT_DOUBLE_EQ(study.arms[0].correct, 1);
  EXPECT_DOUBLE_EQ(*study.arms[0].j_per_correct.these.value, 38);
  EXPECT_DOUBLE_EQ(*study.arms[1].j_per_correct.these.value, 42);
  const Comparison& c = study.comparisons[0];
  EXPECT_DOUBLE_EQ(c.extra_correct, 1);
  EXPECT_DOUBLE_EQ(*c.j_per_extra_correct.value, 84 - 38);
  EXPECT_TRUE(c.j_per_extra_correct.own.contains(46));
  EXPECT_EQ(c.kinds[1].j_per_extra_correct.reason->code, "bought.nothing");
}

TEST(Analyse, NoneCorrectIsAnAbsenceWithTheEnergySpent) {
  StudyResult study = small();
  for (auto& t : study.trials) t.correct = false;
  analyse(study);
  const Quantity& q = study.arms[0].j_per_correct.these;
  EXPECT_FALSE(q.present());
  EXPECT_EQ(q.reason->code, "correct.none");
  EXPECT_DOUBLE_EQ(*q.known_lo, 38);
  EXPECT_EQ(study.comparisons[0].j_per_extra_correct.reason->code, "bought.nothing");
}

TEST(Analyse, MoreCorrectForLessEnergyIsFree) {
  StudyResult study = small();
  for (auto& t : study.trials) {
    t.correct = t.arm == 1;
    if (t.arm == 1) t.energy = scaled(t.energy, 0.1);
  }
  analyse(study);
  EXPECT_EQ(study.comparisons[0].j_per_extra_correct.reason->code, "bought.free");
}

TEST(Analyse, AGainThatAnyRepeatMayTakeBackHasNoUpperPrice) {
  StudyResult study = small();
  for (auto& t : study.trials) t.correct = t.arm == 1 && t.round == 0;
  analyse(study);
  EXPECT_DOUBLE_EQ(study.comparisons[0].extra_correct, 1.5);
  EXPECT_TRUE(study.comparisons[0].j_per_extra_correct.present());
  EXPECT_EQ(study.comparisons[0].j_per_extra_correct.own.hi, kInf);
}

TEST(Analyse, AnswersCutAboveTheLimitCensorTheRatios) {
  StudyResult study = small();
  study.trials.back().finish = Finish::length;
  study.censored_limit = 0.2;
  analyse(study);
  EXPECT_EQ(study.arms[1].censored, 1);
  EXPECT_FALSE(study.comparisons[0].censored);
  study.censored_limit = 0.05;
  analyse(study);
  EXPECT_TRUE(study.comparisons[0].censored);
  EXPECT_NE(study.sentence.find("Censored"), std::string::npos);
}

TEST(Analyse, AnEmptyStudyIsAllReasons) {
  StudyResult study = small();
  study.trials.clear();
  analyse(study);
  EXPECT_EQ(study.arms[0].j_per_response.these.reason->code, "study.incomplete");
  EXPECT_EQ(study.comparisons[0].split.energy.these.reason->code, "study.incomplete");
  EXPECT_EQ(study.drift.reason->code, "baseline.missing");
  EXPECT_FALSE(study.sentence.empty());
}

TEST(Analyse, DriftCancelsACommonGain) {
  Quantity before = Quantity::exact(10, "W");
  before.shared = {{"gain", 0.9, 1.1}};
  Quantity after = before;
  after.value = 10.5;
  after.own = {10.4, 10.6};
  const Quantity drift = relative_change(before, after);
  EXPECT_NEAR(*drift.value, 0.05, 1e-12);
  EXPECT_NEAR(drift.own.lo, 0.04, 1e-12);
  EXPECT_TRUE(drift.shared.empty());
}

TEST(Analyse, TheMetersOwnErrorCountsWhereItExceedsTheScatter) {
  StudyResult study = by_hand({{{{10, 10}, {10, 10}}, {{20, 10}, {20, 10}}, {{30, 10}, {30, 10}}}});
  for (auto& t : study.trials) t.energy.own = {*t.energy.value * 0.9, *t.energy.value * 1.1};
  analyse(study);
  // Half of (0.1 E / 1.96)^2 a prompt, over 60^2.
  const double sd = std::sqrt((100.0 + 400 + 900) / 2) / 60 * 0.1 / 1.959963984540054;
  const double factor = std::exp(student_quantile(1 - 0.035 / 2, kInf) * sd);
  EXPECT_NEAR(study.arms[0].j_per_response.these.own.hi, 20 * factor, 1e-9);
}

RC_GTEST_PROP(Analyse, LongerTimesDearerIsTheEnergyRatio, ()) {
  const auto one = rc::gen::map(rc::gen::pair(rc::gen::inRange(1, 9000), rc::gen::inRange(1, 500)),
                                [](const auto& p) { return Shot{p.first / 7.0, p.second}; });
  const auto arm = rc::gen::container<std::vector<std::vector<Shot>>>(
      4, rc::gen::container<std::vector<Shot>>(3, one));
  StudyResult study = by_hand({*arm, *arm});
  analyse(study);
  const Comparison& c = study.comparisons[0];
  const auto product = [](const Split& s) {
    return std::abs(*s.longer.these.value * *s.dearer.these.value / *s.energy.these.value - 1);
  };
  RC_ASSERT(product(c.split) < 1e-12);
  for (const auto& kind : c.kinds) RC_ASSERT(product(kind.split) < 1e-12);
  const double from_arms =
      *study.arms[1].j_per_response.these.value / *study.arms[0].j_per_response.these.value;
  RC_ASSERT(std::abs(from_arms / *c.split.energy.these.value - 1) < 1e-12);
}

}  // namespace
}  // namespace joulebook
