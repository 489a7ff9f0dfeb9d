#include "study/rng.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <vector>

namespace joulebook {
namespace {

TEST(Rng, SplitmixGivesTheReferenceWords) {
  std::uint64_t state = 0;
  EXPECT_EQ(splitmix64(state), 0xe220a8397b1dcdafU);
  EXPECT_EQ(splitmix64(state), 0x6e789e6aa1b965f4U);
  EXPECT_EQ(splitmix64(state), 0x06c45d188009454fU);
}

TEST(Rng, XoshiroGivesTheReferenceWords) {
  Rng rng(Rng::State{1, 2, 3, 4});
  for (const std::uint64_t word :
       {11520UL, 0UL, 1509978240UL, 1215971899390074240UL, 1216172134540287360UL,
        607988272756665600UL, 16172922978634559625UL, 8476171486693032832UL}) {
    EXPECT_EQ(rng.next(), word);
  }
}

TEST(Rng, StreamsOfOneSeedDiffer) {
  Rng a(7, 0);
  Rng b(7, 1);
  Rng again(7, 0);
  const auto first = a.next();
  EXPECT_NE(first, b.next());
  EXPECT_EQ(first, again.next());
}

RC_GTEST_PROP(Rng, BelowStaysBelow, (std::uint64_t seed)) {
  const auto bound = *rc::gen::suchThat<std::uint64_t>([](auto b) { return b > 0; });
  Rng rng(seed);
  for (int i = 0; i < 20; ++i) RC_ASSERT(rng.below(bound) < bound);
}

TEST(Rng, BelowIsUnbiasedWhereAPlainRemainderIsNot) {
  // Of 3/4 of the range a remainder would hit the lower third twice as often.
  const std::uint64_t bound = 3ULL << 62;
  Rng rng(5);
  int low = 0;
  for (int i = 0; i < 30000; ++i) low += rng.below(bound) < bound / 3 ? 1 : 0;
  EXPECT_NEAR(low, 10000, 350);
}

RC_GTEST_PROP(Rng, ShufflePermutes, (std::uint64_t seed, std::vector<int> items)) {
  auto shuffled = items;
  Rng(seed).shuffle(std::span(shuffled));
  std::sort(items.begin(), items.end());
  std::sort(shuffled.begin(), shuffled.end());
  RC_ASSERT(items == shuffled);
}

TEST(Rng, EveryOrderIsEquallyLikely) {
  Rng rng(11);
  std::map<std::vector<int>, int> seen;
  for (int i = 0; i < 24000; ++i) {
    std::vector<int> items = {0, 1, 2, 3};
    rng.shuffle(std::span(items));
    ++seen[items];
  }
  EXPECT_EQ(seen.size(), 24U);
  for (const auto& [order, times] : seen) EXPECT_NEAR(times, 1000, 160);
}

struct Moments {
  double mean = 0;
  double variance = 0;
};

template <class Draw>
Moments moments(Draw draw) {
  constexpr int kDraws = 40000;
  double sum = 0;
  double squares = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double x = draw();
    sum += x;
    squares += x * x;
  }
  const double mean = sum / kDraws;
  return {mean, squares / kDraws - mean * mean};
}

TEST(Rng, DrawsHaveTheirMoments) {
  Rng rng(3);
  const Moments uniform = moments([&] { return rng.uniform(); });
  EXPECT_NEAR(uniform.mean, 0.5, 0.01);
  EXPECT_NEAR(uniform.variance, 1.0 / 12, 0.003);
  const Moments normal = moments([&] { return rng.normal(); });
  EXPECT_NEAR(normal.mean, 0, 0.02);
  EXPECT_NEAR(normal.variance, 1, 0.04);
  const Moments lognormal = moments([&] { return rng.unit_lognormal(0.5); });
  EXPECT_NEAR(lognormal.mean, 1, 0.02);
  EXPECT_NEAR(lognormal.variance, std::exp(0.25) - 1, 0.03);
  for (const double shape : {0.5, 1.0, 4.0}) {
    const Moments gamma = moments([&] { return rng.gamma(shape); });
    EXPECT_NEAR(gamma.mean, shape, 0.05);
    EXPECT_NEAR(gamma.variance, shape, 0.06 * shape + 0.05);
  }
}

}  // namespace
}  // namespace joulebook
