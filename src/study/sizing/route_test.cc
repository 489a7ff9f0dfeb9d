#include "study/sizing/route.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/toml.h"
#include "study/sizing/sizing_test_study.h"

namespace joulebook {
namespace {

using testing::HasSubstr;

// The best arm of each kind is far from the others: every half chooses alike.
StudyResult clear_cut(std::size_t prompts = 10) {
  test::PlantedWorld w;
  w.arms = {{"large", {1, 1, 0.5}, {100, 100, 100}}, {"small", {1, 0, 0}, {10, 12, 14}}};
  w.prompts = prompts;
  w.scatter = 0;
  w.exact = true;
  return test::planted(w, 5);
}

RouteOptions require(const char* text) {
  RouteOptions o;
  o.sizing.requirement = *parse_requirement(text);
  return o;
}

TEST(Route, SendsEachKindToItsCheapestSufficientArm) {
  const StudyResult study = clear_cut();
  const auto r = route_study(study, require("correct>=0.8"));
  ASSERT_TRUE(r.has_value()) << r.error().message;
  ASSERT_EQ(r->rules.size(), 3u);
  EXPECT_EQ(r->rules[0].pick, (Pick{1, true, true}));
  EXPECT_EQ(r->rules[1].pick, (Pick{0, true, true}));
  EXPECT_EQ(r->rules[2].pick, (Pick{0, false, true}));  // nobody is enough: the best
  EXPECT_DOUBLE_EQ(r->rules[0].stable, 1);
  EXPECT_EQ(r->otherwise.arm, 0u);
  EXPECT_EQ(r->largest, 0u);
  EXPECT_FALSE(r->largest_by_size);
  // 10 prompts of each kind, a thousand times: 10 kJ x 10 + 2 x 100 kJ x 10.
  EXPECT_DOUBLE_EQ(r->count, 30'000);
  EXPECT_NEAR(*r->route.joules.value, 2.1e6, 1);
  EXPECT_NEAR(*r->always_largest.joules.value, 3e6, 1);
  EXPECT_NEAR(*r->to_largest.value, 0.7, 1e-9);
  EXPECT_NEAR(r->optimism_joules, 0, 1e-9);
  EXPECT_NEAR(r->route.grade->value, 2.5 / 3, 1e-9);
  EXPECT_THAT(r->sentence, HasSubstr("In 1 of 3 kinds no arm meets correct >= 80 %"));
}

TEST(Route, ADayOfOnesOwnWeighsTheKinds) {
  const StudyResult study = clear_cut();
  RouteOptions o = require("correct>=0.8");
  o.day = *parse_day("k0=900,k1=100");
  const auto r = route_study(study, o);
  ASSERT_EQ(r->rules.size(), 2u);
  EXPECT_NEAR(*r->route.joules.value, 900 * 10 + 100 * 100, 1e-6);
  EXPECT_NEAR(*r->to_largest.value, 0.19, 1e-9);
  EXPECT_NEAR(r->route.grade->value, 1, 1e-12);
  EXPECT_EQ(r->route.joules.per, "day");
}

TEST(Route, WhatBothSendToOneArmCancels) {
  test::PlantedWorld w;
  w.arms = {{"large", {1, 1}, {100, 100}}, {"small", {0, 0}, {10, 10}}};
  w.scatter = 1;
  const StudyResult study = test::planted(w, 6);
  const auto r = route_study(study, require("correct>=0.8"));
  // Always the large one, either way: exactly 1, however the joules scatter.
  EXPECT_DOUBLE_EQ(*r->to_largest.value, 1);
  EXPECT_NEAR(r->to_largest.interval().lo, 1, 1e-9);
  EXPECT_NEAR(r->to_largest.interval().hi, 1, 1e-9);
  EXPECT_GT(r->route.joules.interval().hi / *r->route.joules.value, 1.1);
}

TEST(Route, TheLargestIsTheOneWithMostParametersOrTheOneNamed) {
  StudyResult study = clear_cut();
  study.arms[0].engine.parameters = 100;
  study.arms[1].engine.parameters = 900;
  const auto by_size = route_study(study, require("correct>=0.8"));
  EXPECT_EQ(by_size->largest, 1u);
  EXPECT_TRUE(by_size->largest_by_size);
  RouteOptions o = require("correct>=0.8");
  o.largest = "large";
  EXPECT_EQ(route_study(study, o)->largest, 0u);
  o.largest = "lage";
  const auto wrong = route_study(study, o);
  EXPECT_EQ(wrong.error().code, "route.arm");
  EXPECT_THAT(wrong.error().cure, HasSubstr("did you mean 'large'"));
}

TEST(Route, AKindWithOnePromptIsSaid) {
  StudyResult study = clear_cut();
  study.spec.prompts[0].kind = "lonely";
  const auto r = route_study(study, require("correct>=0.8"));
  EXPECT_EQ(r->rules.size(), 4u);
  EXPECT_THAT(r->notes, testing::Contains(HasSubstr("'lonely' has one prompt")));
  EXPECT_TRUE(std::isfinite(r->to_largest.interval().hi));
  const StudyResult one = clear_cut(1);
  const auto alone = route_study(one, require("correct>=0.8"));
  ASSERT_TRUE(alone.has_value());
  EXPECT_NEAR(*alone->always_largest.joules.value, 3e5, 1e-6);
}

TEST(Route, TheRuleIsToml) {
  StudyResult study = clear_cut();
  study.spec.prompts[0].kind = "a \"quoted\" \\ kind\n\x7f";
  const auto r = route_study(study, require("correct>=0.8"));
  const std::string text = rule_toml(*r, study);
  const auto toml = parse_toml(text, "rule.toml");
  ASSERT_TRUE(toml.has_value()) << toml.error().message << "\n" << text;
  EXPECT_EQ(toml->root["otherwise"]["arm"].as_string(), "large");
  EXPECT_EQ(toml->root["rule"].at(0)["kind"].as_string(), "a \"quoted\" \\ kind\n\x7f");
  EXPECT_EQ(toml->root["rule"].at(1)["arm"].as_string(), "small");
  EXPECT_EQ(toml->root["rule"].at(1)["model"].as_string(), "small.gguf");
  EXPECT_FALSE(toml->root["rule"].at(3)["sufficient"].as_bool(true));
}

TEST(Route, RefusesADayThatDoesNotFit) {
  const StudyResult study = clear_cut();
  RouteOptions o = require("correct>=0.8");
  o.day = Day{{"k0", 5}, {"kk1", 5}};
  const auto r = route_study(study, o);
  EXPECT_EQ(r.error().code, "route.kind");
  EXPECT_THAT(r.error().cure, HasSubstr("did you mean 'k1'"));
  o.day = Day{{"k0", 0}};
  EXPECT_EQ(route_study(study, o).error().code, "route.empty_day");
}

Field field_with(const test::PlantedWorld& world, const char* require, const std::vector<std::size_t>& asked, StudyResult& study) {
  study = test::planted_in_part(world, 7, asked);
  return field_of(study, *parse_requirement(require), {}, true);
}

TEST(PickSurely, FewAnswersDoNotWinAgainstMany) {
  const test::PlantedWorld w = {.arms = {{"few", {1}, {1}}, {"many", {0.9}, {2}}, {"dear", {0.9}, {5}}},
                                .prompts = 100,
                                .exact = true};
  StudyResult study;
  for (const std::size_t n : {1, 2, 3, 5}) {
    const Field field = field_with(w, "correct>=0.8", {n, 100, 100}, study);
    EXPECT_EQ(pick(field, field.prompts, 0), (Pick{0, true, true})) << n;
    EXPECT_EQ(pick_surely(field, field.prompts, 0.95), (Pick{1, true, true})) << n;
    EXPECT_EQ(pick_surely(field, field.prompts, 0), (Pick{0, true, true})) << n;
  }
  // Nobody is as sure: the one whose low end is highest, the cheaper of equals.
  const Field beside = field_with(w, "correct>=0.9", {3, 100, 100}, study);
  EXPECT_EQ(pick_surely(beside, beside.prompts, 0.95), (Pick{1, false, true}));
  // Twenty right ones in a row are sure enough of 0.8 and cheaper.
  const Field more = field_with(w, "correct>=0.8", {20, 100, 100}, study);
  EXPECT_EQ(pick_surely(more, more.prompts, 0.95), (Pick{0, true, true}));
}

TEST(PickSurely, ALoneAnswerSaysNothingOfAMean) {
  const test::PlantedWorld w = {.arms = {{"lone", {1}, {1}}, {"alike", {1}, {2}}}, .prompts = 10, .exact = true};
  StudyResult study = test::planted(w, 7);
  std::erase_if(study.trials, [](const TrialRecord& t) { return t.arm == 0 && t.prompt > 0; });
  for (auto& p : study.spec.prompts) p.checker.kind = Checker::Kind::cer;
  for (auto& t : study.trials) t.score = 0.0;
  analyse(study);
  const Field field = field_of(study, *parse_requirement("cer<=0.1"), {}, true);
  EXPECT_EQ(pick(field, field.prompts, 0).arm, 0u);
  EXPECT_EQ(pick_surely(field, field.prompts, 0.95), (Pick{1, false, true}));
}

TEST(Day, TakesKindsAndCounts) {
  const Day day = *parse_day("code=300, chat = 7e2,a=b=1");
  EXPECT_EQ(day, (Day{{"code", 300}, {"chat", 700}, {"a=b", 1}}));
  for (const char* text : {"", "code", "code=", "=3", "code=-1", "code=nan", "code=1e16",
                           "code=1,code=2", "code=1,,chat=2"}) {
    const auto bad = parse_day(text);
    ASSERT_FALSE(bad.has_value()) << text;
    EXPECT_EQ(bad.error().code, "route.day");
  }
}

TEST(Day, TakesACsv) {
  const auto day = parse_day_csv("kind,count\r\n\"code, hard\",300\r\n\nchat,0\n", "day.csv");
  ASSERT_TRUE(day.has_value()) << day.error().message;
  EXPECT_EQ(*day, (Day{{"code, hard", 300}, {"chat", 0}}));
  const auto bad = parse_day_csv("kind,count\ncode,many\n", "day.csv");
  EXPECT_THAT(bad.error().message, HasSubstr("day.csv:2:"));
  EXPECT_THAT(parse_day_csv("code,1,2\n", "d").error().message, HasSubstr("3 columns"));
}

}  // namespace
}  // namespace joulebook
