#include "load/histogram.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>

namespace joulebook::load {
namespace {

// R's type 7 on the values themselves.
double exact_quantile(std::vector<std::int64_t> values, double q) {
  std::sort(values.begin(), values.end());
  const double rank = q * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(rank);
  const auto low = static_cast<double>(values[below]);
  if (below + 1 == values.size()) return low;
  return low + (rank - static_cast<double>(below)) * (static_cast<double>(values[below + 1]) - low);
}

std::vector<std::int64_t> values_of_all_sizes() {
  const auto size = rc::gen::map(
      rc::gen::pair(rc::gen::inRange(0, 50), rc::gen::inRange(1, 1000)),
      [](std::pair<int, int> p) { return (std::int64_t{1} << p.first) * p.second / 500; });
  return *rc::gen::nonEmpty(rc::gen::container<std::vector<std::int64_t>>(size));
}

RC_GTEST_PROP(Histogram, QuantilesAreWithinTheStatedError, ()) {
  const auto values = values_of_all_sizes();
  Histogram h;
  for (const auto v : values) h.add(v);
  const double q = *rc::gen::inRange(0, 1001) / 1000.0;
  const double exact = exact_quantile(values, q);
  RC_ASSERT(std::abs(*h.quantile(q) - exact) <= exact * Histogram::kRelativeError + 1e-6);
}

RC_GTEST_PROP(Histogram, MergedIsAsIfPutInTogether, ()) {
  const auto a = values_of_all_sizes();
  const auto b = values_of_all_sizes();
  Histogram together;
  Histogram first;
  Histogram second;
  for (const auto v : a) together.add(v), first.add(v);
  for (const auto v : b) together.add(v), second.add(v);
  first.merge(second);
  RC_ASSERT(first.count() == a.size() + b.size());
  for (const double q : {0.0, 0.3, 0.5, 0.99, 1.0}) {
    RC_ASSERT(*first.quantile(q) == *together.quantile(q));
  }
  RC_ASSERT(*first.most() == *together.most());
  RC_ASSERT(*first.least() == *together.least());
}

TEST(Histogram, SmallValuesAndEndsAreExact) {
  Histogram h;
  EXPECT_FALSE(h.quantile(0.5).has_value());
  for (std::int64_t v = 0; v < 64; ++v) h.add(v);
  EXPECT_EQ(*h.quantile(0), 0);
  EXPECT_EQ(*h.quantile(1), 63);
  EXPECT_EQ(*h.quantile(0.5), 31.5);
  EXPECT_EQ(*h.mean(), 31.5);
}

TEST(Histogram, TheGreatestValueFits) {
  Histogram h;
  h.add(std::numeric_limits<std::int64_t>::max());
  h.add(-5);
  EXPECT_EQ(*h.least(), 0);
  EXPECT_EQ(*h.most(), std::numeric_limits<std::int64_t>::max());
  EXPECT_NEAR(*h.quantile(1) / 9.223372036854775807e18, 1, Histogram::kRelativeError);
}

}  // namespace
}  // namespace joulebook::load
