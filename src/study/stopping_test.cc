#include "study/stopping.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>
#include <vector>

namespace joulebook {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::infinity();

TEST(Stopping, StopsWhenNarrowEnough) {
  StoppingRule rule({2, 10, 0.02, 1000});
  EXPECT_EQ(rule.look(1, kUnknown, 10).verdict, "continue");
  EXPECT_EQ(rule.look(2, 0.05, 20).verdict, "continue");
  EXPECT_FALSE(rule.done());
  EXPECT_EQ(rule.look(3, 0.02, 30).verdict, "narrow enough");
  EXPECT_TRUE(rule.done());
  EXPECT_EQ(rule.looks().size(), 3U);
}

TEST(Stopping, NeverBeforeTheLeastRounds) {
  StoppingRule rule({3, 10, 0.02, 5});
  EXPECT_EQ(rule.look(1, 0.001, 100).verdict, "continue");
  EXPECT_EQ(rule.look(2, 0.001, 200).verdict, "continue");
  EXPECT_EQ(rule.look(3, 0.001, 300).verdict, "narrow enough");
}

TEST(Stopping, OutOfRounds) {
  StoppingRule rule({1, 2, 0.02, 1000});
  EXPECT_EQ(rule.look(1, 1, 1).verdict, "continue");
  EXPECT_EQ(rule.look(2, 1, 2).verdict, "out of rounds");
}

TEST(Stopping, TheLongestRoundSoFarIsExpectedNext) {
  StoppingRule rule({1, 10, 0.02, 100});
  EXPECT_EQ(rule.look(1, 1, 40).verdict, "continue");
  EXPECT_EQ(rule.expected_round_s(), 40);
  EXPECT_EQ(rule.look(2, 1, 60).verdict, "continue");  // 20 s, but the first took 40
  EXPECT_EQ(rule.look(3, 1, 75).verdict, "out of time");
}

TEST(Stopping, AResumedStudyCountsTheRoundsItHas) {
  StoppingRule rule({2, 10, 0.02, 100});
  EXPECT_EQ(rule.look(4, 0.5, 80).verdict, "continue");
  EXPECT_EQ(rule.expected_round_s(), 20);
  EXPECT_EQ(rule.look(5, 0.5, 100).verdict, "out of time");
}

RC_GTEST_PROP(Stopping, AlwaysEndsAndNeverEarly, (std::vector<std::uint8_t> widths)) {
  const int least = *rc::gen::inRange(1, 5);
  const int most = least + *rc::gen::inRange(0, 6);
  StoppingRule rule({least, most, 0.3, 50});
  int round = 0;
  while (!rule.done()) {
    ++round;
    const auto i = static_cast<std::size_t>(round - 1);
    const double width = i < widths.size() ? widths[i] / 255.0 : 1;
    rule.look(round, width, 3.0 * round);
  }
  RC_ASSERT(round >= least);
  RC_ASSERT(round <= most);
}

}  // namespace
}  // namespace joulebook
