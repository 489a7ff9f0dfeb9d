#include "meter/clock_join.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

namespace joulebook {
namespace {

constexpr std::int64_t kMs = 1'000'000;

TEST(ClockJoin, KnowsNothingBeforeTheFirstAnswer) {
  EXPECT_FALSE(ClockJoin().at({5}));
}

TEST(ClockJoin, OneAnswerPinsTheOffsetToHalfTheRoundTrip) {
  ClockJoin join;
  join.answer({1000 * kMs}, {400 * kMs}, {1010 * kMs});
  const auto offset = join.at({1010 * kMs});
  ASSERT_TRUE(offset);
  EXPECT_EQ(offset->best, Nanos(605 * kMs - 5'000));  // the clocks may have parted on the answer's way
  EXPECT_NEAR(static_cast<double>(offset->bound.count()), 5.005e6, 2);
}

// The question takes no time, its answer 50 ms, and the other clock runs fast: when the answer is there,
// the offset is already below what it was when the clock was read.
TEST(ClockJoin, TheClocksPartWhileAnAnswerIsOnItsWay) {
  const double rate = 1 + ClockJoin::kDrift;
  ClockJoin join;
  join.answer({0}, {0}, {50 * kMs});
  const auto offset = join.at({50 * kMs});
  ASSERT_TRUE(offset);
  const auto truth = static_cast<std::int64_t>(-50e6 * (rate - 1));
  EXPECT_LE(std::abs(offset->best.count() - truth), offset->bound.count());
}

TEST(ClockJoin, ABoundGrowsWithTime) {
  ClockJoin join;
  join.answer({0}, {0}, {2 * kMs});
  const auto later = join.at({2 * kMs + 1'000'000'000});
  ASSERT_TRUE(later);
  EXPECT_NEAR(static_cast<double>(later->bound.count()), 1e6 + 1.001e6, 10);
}

TEST(ClockJoin, AStepOfTheOtherClockMakesWhatWasKnownVoid) {
  ClockJoin join;
  join.answer({0}, {0}, {1 * kMs});
  join.answer({1000 * kMs}, {6000 * kMs}, {1001 * kMs});
  EXPECT_EQ(join.broken(), 1U);
  EXPECT_NEAR(static_cast<double>(join.at({1001 * kMs})->best.count()), -5000e6 + 0.5e6 - 500, 10);
}

// The other clock drifts as it is allowed to, answers take as long as they like, either way: the true
// offset is always inside, and the best answer's round trip bounds the width.
RC_GTEST_PROP(ClockJoin, HoldsTheTrueOffset, ()) {
  const double rate = 1 + ClockJoin::kDrift * 0.99 * (*rc::gen::inRange(-1000, 1001)) / 1000.0;
  const std::int64_t start = *rc::gen::inRange<std::int64_t>(-1'000'000'000, 1'000'000'000) * 1000;
  const auto theirs_at = [&](std::int64_t ours) {
    return start + static_cast<std::int64_t>(std::llround(static_cast<double>(ours) * rate));
  };
  ClockJoin join;
  std::int64_t now = 0;
  std::int64_t shortest = std::numeric_limits<std::int64_t>::max();
  const int count = *rc::gen::inRange(1, 40);
  for (int i = 0; i < count; ++i) {
    now += *rc::gen::inRange<std::int64_t>(1, 2000) * kMs;
    const std::int64_t there = *rc::gen::inRange<std::int64_t>(0, 50'000) * 1000;
    const std::int64_t back = *rc::gen::inRange<std::int64_t>(0, 50'000) * 1000;
    join.answer({now}, {theirs_at(now + there)}, {now + there + back});
    now += there + back;
    shortest = std::min(shortest, there + back);
  }
  RC_ASSERT(join.broken() == 0U);
  const auto offset = join.at({now});
  RC_ASSERT(offset.has_value());
  const std::int64_t truth = now - theirs_at(now);
  RC_ASSERT(std::abs(offset->best.count() - truth) <= offset->bound.count() + 2);
  RC_ASSERT(offset->bound.count() <=
            shortest / 2 + static_cast<std::int64_t>(ClockJoin::kDrift * static_cast<double>(now)) + 2);
}

}  // namespace
}  // namespace joulebook
