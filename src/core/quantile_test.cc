#include "core/quantile.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

namespace joulebook {
namespace {

std::vector<double> numbers(const std::vector<int>& whole) { return {whole.begin(), whole.end()}; }

TEST(Quantile, ByHand) {
  EXPECT_EQ(quantile({3, 1, 2}, 0.5), 2);
  EXPECT_EQ(quantile({4, 1, 2, 3}, 0.5), 2.5);
  EXPECT_DOUBLE_EQ(quantile({0, 10}, 0.1), 1);
  EXPECT_EQ(quantile({7}, 0.9), 7);
  EXPECT_EQ(weighted_quantile({{2, 1}, {1, 1}, {3, 8}}, 0.2), 2);
  EXPECT_EQ(weighted_quantile({{2, 1}, {1, 1}, {3, 8}}, 0.5), 3);
  EXPECT_EQ(weighted_quantile({}, 0.5), 0);
}

RC_GTEST_PROP(Quantile, LiesBetweenNeighboursAndGrowsWithItsShare, (std::vector<int> whole)) {
  RC_PRE(!whole.empty());
  const std::vector<double> values = numbers(whole);
  const double a = *rc::gen::inRange(0, 101) * 0.01, b = *rc::gen::inRange(0, 101) * 0.01;
  RC_ASSERT(quantile(values, std::min(a, b)) <= quantile(values, std::max(a, b)));
  RC_ASSERT(quantile(values, 0) == std::ranges::min(values));
  RC_ASSERT(quantile(values, 1) == std::ranges::max(values));
  const double q = quantile(values, a);
  const auto below = std::ranges::count_if(values, [&](double x) { return x <= q; });
  RC_ASSERT(static_cast<double>(below) >= a * static_cast<double>(values.size() - 1));
}

RC_GTEST_PROP(Quantile, WeightsAreRepeats, (std::vector<int> whole)) {
  RC_PRE(!whole.empty());
  std::vector<std::pair<double, double>> weighted, repeated;
  for (const double x : numbers(whole)) {
    const int times = *rc::gen::inRange(1, 5);
    weighted.emplace_back(x, times);
    for (int i = 0; i < times; ++i) repeated.emplace_back(x, 1);
  }
  // Of a quarter every sum is exact.
  const double share = *rc::gen::inRange(0, 5) * 0.25;
  RC_ASSERT(weighted_quantile(weighted, share) == weighted_quantile(repeated, share));
}

}  // namespace
}  // namespace joulebook
