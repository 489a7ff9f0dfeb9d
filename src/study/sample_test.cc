// What a sample asks as the clock goes: quick arms all prompts, the others as many as fit.
#include "study/sample.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>

namespace joulebook {
namespace {

// Answers take as long as their arm's `cost` says.
struct Played {
  std::vector<Slot> slots;
  SteadyTime end;
};

Played play(SamplePlan& plan, int round, SteadyTime now, const std::vector<Nanos>& cost) {
  Played out;
  plan.begin(round, now);
  while (const auto slot = plan.next(now)) {
    out.slots.push_back(*slot);
    now = now + cost[slot->arm];
  }
  out.end = now;
  return out;
}

std::map<std::size_t, std::vector<std::size_t>> by_arm(const Played& played) {
  std::map<std::size_t, std::vector<std::size_t>> out;
  for (const Slot& slot : played.slots) out[slot.arm].push_back(slot.prompt);
  return out;
}

TEST(SamplePlan, AQuickArmAnswersAllWhileASlowOneAnswersWhatFits) {
  using std::chrono::milliseconds;
  SamplePlan plan({.arms = 2, .prompts = 100, .thorough = {true, false}, .until = {10'000'000'000}});
  const auto first = play(plan, 0, {}, {milliseconds(1), milliseconds(500)});
  auto asked = by_arm(first);
  EXPECT_EQ(asked[0].size(), 100U);
  EXPECT_EQ(asked[1].size(), 20U);  // from 0.1 s to 10 s
  EXPECT_EQ(plan.asked(), 100U);
  // However late it is, it has the time that is set aside for it.
  SamplePlan late({.arms = 2, .prompts = 100, .thorough = {true, false}, .least_alone = milliseconds(50)});
  asked = by_arm(play(late, 0, {9'000'000'000}, {milliseconds(1), milliseconds(500)}));
  EXPECT_EQ(asked[0].size(), 50U);
  EXPECT_EQ(asked[1].size(), 1U);
  // A slow thorough arm takes half of the time, and what is left at the end.
  SamplePlan slow({.arms = 2, .prompts = 10, .thorough = {true, false}, .until = {10'000'000'000}});
  asked = by_arm(play(slow, 0, {}, {milliseconds(1000), milliseconds(100)}));
  EXPECT_EQ(asked[0].size(), 9U);
  EXPECT_EQ(asked[1].size(), 10U);
}

TEST(SamplePlan, WithoutThoroughArmsAllAreAskedTheSame) {
  SamplePlan plan({.arms = 3, .prompts = 50, .until = {1'000'000'000}});
  const auto asked = by_arm(play(plan, 0, {}, {Nanos(30'000'000), Nanos(10'000'000), Nanos(10'000'000)}));
  EXPECT_EQ(asked.at(0).size(), 20U);
  EXPECT_EQ(asked.at(0), asked.at(1));
  EXPECT_EQ(asked.at(0), asked.at(2));
}

TEST(SamplePlan, AnArmThatIsDroppedIsAskedNoMore) {
  SamplePlan plan({.arms = 3, .prompts = 4, .thorough = {true, true, false}, .until = {1'000'000'000}});
  plan.begin(0, {});
  EXPECT_EQ(plan.next({})->arm, 0U);
  plan.drop(0);
  std::set<std::size_t> arms;
  while (const auto slot = plan.next({})) arms.insert(slot->arm);
  EXPECT_EQ(arms, (std::set<std::size_t>{1, 2}));
}

RC_GTEST_PROP(SamplePlan, EveryArmIsAskedAndTimeIsKept, ()) {
  const auto arms = *rc::gen::inRange<std::size_t>(1, 6);
  const auto prompts = *rc::gen::inRange<std::size_t>(1, 40);
  const int rounds = *rc::gen::inRange(1, 4);
  std::vector<Nanos> cost;
  std::vector<bool> thorough;
  Nanos one_each{0};
  for (std::size_t a = 0; a < arms; ++a) {
    cost.emplace_back(*rc::gen::inRange(1, 1000) * 1'000'000LL);
    thorough.push_back(*rc::gen::arbitrary<bool>());
    one_each += cost.back();
  }
  const SteadyTime until{*rc::gen::inRange(0, 20'000) * 1'000'000LL};
  SamplePlan plan({arms, prompts, 7, thorough, rounds, {}, until});
  const Played first = play(plan, 0, {}, cost);
  auto asked = by_arm(first);
  RC_ASSERT(asked.size() == arms);
  std::optional<std::vector<std::size_t>> side_by_side;
  std::size_t most = 0;
  for (const auto& [arm, list] : asked) {
    most = std::max(most, list.size());
    for (std::size_t i = 0; i < list.size(); ++i) RC_ASSERT(list[i] == i);
    if (thorough[arm]) continue;
    if (!side_by_side) side_by_side = list;
    RC_ASSERT(list == *side_by_side);
  }
  RC_ASSERT(plan.asked() == most);
  // An answer of each arm may be under way when its time is over; a last prompt of the others, too.
  RC_ASSERT(first.end - SteadyTime{} <= (until - SteadyTime{}) / rounds + one_each * 2);
  SteadyTime now = first.end;
  for (int round = 1; round < rounds; ++round) {
    const Played again = play(plan, round, now, cost);
    RC_ASSERT(by_arm(again) == asked);
    for (const Slot& slot : again.slots) RC_ASSERT(slot.round == round);
    now = again.end;
  }
}

}  // namespace
}  // namespace joulebook
