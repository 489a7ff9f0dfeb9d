#include "study/resample.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <cmath>
#include <vector>

namespace joulebook {
namespace {

Ragged ragged(const std::vector<std::vector<double>>& prompts) {
  Ragged out;
  for (const auto& trials : prompts) out.add_prompt(trials);
  return out;
}

TEST(Resample, TotalsAverageRepeatsWithinAPrompt) {
  const Ragged r = ragged({{1, 3}, {10}, {4, 4, 4}});
  EXPECT_DOUBLE_EQ(r.total(), 2 + 10 + 4);
}

TEST(Resample, TheseByHand) {
  // Two prompts, two repeats each; log of one sum S = 2 + 10 = 12.
  const Ragged r = ragged({{1, 3}, {9, 11}});
  const std::array sides = {Side{{{&r, 1}}}};
  const auto v = variance_these(sides);
  ASSERT_TRUE(v);
  // s2 = 2 in both, v = 2 / 2 / 144 each; df = (2v)^2 / (2 v^2 / 3) - 2 = 4.
  EXPECT_NEAR(v->value, 2.0 / 144, 1e-15);
  EXPECT_NEAR(v->df, 4, 1e-12);
}

TEST(Resample, RepeatsThatAgreeLeaveNoDoubt) {
  const Ragged r = ragged({{2, 2}, {9, 9}});
  const std::array sides = {Side{{{&r, 1}}}};
  EXPECT_EQ(variance_these(sides)->value, 0);
  EXPECT_TRUE(std::isinf(variance_these(sides)->df));
}

TEST(Resample, OneRoundSaysNothingOfRepeats) {
  const Ragged r = ragged({{2}, {9}, {4}});
  const std::array sides = {Side{{{&r, 1}}}};
  EXPECT_FALSE(variance_these(sides));
  EXPECT_TRUE(variance_alike(sides));
}

TEST(Resample, APromptRunOnceTakesTheRelativeScatterOfTheOthers) {
  const Ragged all = ragged({{9, 11}, {18, 22}, {36, 44}});
  const Ragged once = ragged({{9, 11}, {18, 22}, {40}});
  const std::array full = {Side{{{&all, 1}}}};
  const std::array part = {Side{{{&once, 1}}}};
  // s2 / size^2 = 0.02 everywhere; a mean of one has twice the variance of a mean of two.
  const double s = 70.0 * 70.0;
  EXPECT_NEAR(variance_these(full)->value, (1 + 4 + 16) / s, 1e-12);
  EXPECT_NEAR(variance_these(part)->value, (1 + 4 + 32) / s, 1e-12);
}

TEST(Resample, AlikeOfASumIsTheScatterBetweenPrompts) {
  // Small scatter: the jackknife of log S tends to s2 / n / mean^2.
  std::vector<std::vector<double>> prompts;
  for (int i = 0; i < 40; ++i) prompts.push_back({1000.0 + (i % 2 == 0 ? 1 : -1)});
  const Ragged r = ragged(prompts);
  const std::array sides = {Side{{{&r, 1}}}};
  const auto v = variance_alike(sides);
  EXPECT_NEAR(v->value, 40.0 / 39 / 40 / 1e6, 1e-11);
  EXPECT_NEAR(v->df, 39, 1e-6);
}

TEST(Resample, OnePromptThatCarriesTheSumLeavesFewDegreesOfFreedom) {
  std::vector<std::vector<double>> prompts(39, {10.0});
  prompts.push_back({4000.0});
  for (std::size_t i = 0; i < 39; ++i) prompts[i][0] += static_cast<double>(i % 3);
  const Ragged r = ragged(prompts);
  const std::array sides = {Side{{{&r, 1}}}};
  EXPECT_LT(variance_alike(sides)->df, 3);
}

TEST(Resample, AlikeNeedsThreePromptsAndASumThatOutlivesEach) {
  const Ragged two = ragged({{2, 3}, {9, 8}});
  const std::array few = {Side{{{&two, 1}}}};
  EXPECT_FALSE(variance_alike(few));
  const Ragged lone = ragged({{0}, {0}, {5}});
  const std::array one = {Side{{{&lone, 1}}}};
  EXPECT_FALSE(variance_alike(one));
}

RC_GTEST_PROP(Resample, UnitsDoNotMatter, ()) {
  const auto value = rc::gen::map(rc::gen::inRange(1, 1000), [](int x) { return x / 10.0; });
  const auto prompts = *rc::gen::container<std::vector<std::vector<double>>>(
      5, rc::gen::container<std::vector<double>>(3, value));
  auto scaled = prompts;
  for (auto& trials : scaled) {
    for (auto& x : trials) x *= 1e3;
  }
  const Ragged a = ragged(prompts);
  const Ragged b = ragged(scaled);
  const std::array sides_a = {Side{{{&a, 1}}}};
  const std::array sides_b = {Side{{{&b, 1}}}};
  RC_ASSERT(std::abs(variance_these(sides_a)->value - variance_these(sides_b)->value) < 1e-12);
  RC_ASSERT(std::abs(variance_alike(sides_a)->value - variance_alike(sides_b)->value) < 1e-12);
}

RC_GTEST_PROP(Resample, ARatioOfAMeasureToItselfIsExact, ()) {
  const auto value = rc::gen::map(rc::gen::inRange(1, 1000), [](int x) { return x / 10.0; });
  const auto prompts = *rc::gen::container<std::vector<std::vector<double>>>(
      4, rc::gen::container<std::vector<double>>(2, value));
  const Ragged r = ragged(prompts);
  const std::array sides = {Side{{{&r, 1}, {&r, -1}}}};
  RC_ASSERT(variance_these(sides)->value < 1e-25);
  RC_ASSERT(variance_alike(sides)->value < 1e-25);
}

}  // namespace
}  // namespace joulebook
