#include "study/schedule.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <map>
#include <set>

namespace joulebook {
namespace {

RC_GTEST_PROP(Schedule, EveryPromptRunsOnceOnEveryArmAndArmsStandTogether, (std::uint64_t seed)) {
  const auto arms = *rc::gen::inRange<std::size_t>(1, 5);
  const auto prompts = *rc::gen::inRange<std::size_t>(1, 50);
  const auto round = *rc::gen::inRange(0, 10);
  const auto order = round_order(arms, prompts, seed, round);
  RC_ASSERT(order.size() == arms * prompts);
  std::set<std::pair<std::size_t, std::size_t>> seen;
  for (std::size_t i = 0; i < order.size(); ++i) {
    RC_ASSERT(order[i].prompt == order[i - i % arms].prompt);
    RC_ASSERT(order[i].round == round);
    seen.emplace(order[i].arm, order[i].prompt);
  }
  RC_ASSERT(seen.size() == order.size());
}

RC_GTEST_PROP(Schedule, DependsOnSeedAndRoundAlone, (std::uint64_t seed)) {
  RC_ASSERT(round_order(2, 40, seed, 3) == round_order(2, 40, seed, 3));
  auto other = round_order(2, 40, seed, 4);
  for (auto& slot : other) slot.round = 3;
  RC_ASSERT(round_order(2, 40, seed, 3) != other);
  RC_ASSERT(round_order(2, 40, seed, 3) != round_order(2, 40, seed + 1, 3));
}

TEST(Schedule, EveryOrderOfThreePromptsComesUpAboutEquallyOften) {
  std::map<std::array<std::size_t, 3>, int> seen;
  constexpr int kRuns = 6000;
  for (int i = 0; i < kRuns; ++i) {
    const auto order = round_order(1, 3, static_cast<std::uint64_t>(i), 0);
    ++seen[{order[0].prompt, order[1].prompt, order[2].prompt}];
  }
  EXPECT_EQ(seen.size(), 6U);
  for (const auto& [order, count] : seen) EXPECT_NEAR(count, kRuns / 6, 150);  // five sigma
}

TEST(Schedule, ArmsOfOnePromptShareTheirSamplingSeed) {
  EXPECT_EQ(trial_seed(1, {0, 5, 2}), trial_seed(1, {1, 5, 2}));
  EXPECT_NE(trial_seed(1, {0, 5, 2}), trial_seed(1, {0, 5, 3}));
  EXPECT_NE(trial_seed(1, {0, 5, 2}), trial_seed(1, {0, 6, 2}));
  EXPECT_NE(trial_seed(1, {0, 5, 2}), trial_seed(2, {0, 5, 2}));
}

}  // namespace
}  // namespace joulebook
