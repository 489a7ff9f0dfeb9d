#include "study/sizing/quality.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <cmath>

#include "study/rng.h"
#include "study/student.h"

namespace joulebook {
namespace {

constexpr Requirement kShare{Measured::correct, 0.8};

std::vector<double> ones(std::size_t right, std::size_t of) {
  std::vector<double> v(of, 0.0);
  std::fill_n(v.begin(), right, 1.0);
  return v;
}

// P(X >= a) of a binomial of n = a + b - 1 throws at x, for whole a, b.
double binomial_tail(double x, int a, int b) {
  const int n = a + b - 1;
  double sum = 0;
  for (int k = a; k <= n; ++k) {
    sum += std::exp(std::lgamma(n + 1.0) - std::lgamma(k + 1.0) - std::lgamma(n - k + 1.0) +
                    k * std::log(x) + (n - k) * std::log1p(-x));
  }
  return sum;
}

RC_GTEST_PROP(Beta, IsTheBinomialTailForWholeShapes, ()) {
  const int a = *rc::gen::inRange(1, 40);
  const int b = *rc::gen::inRange(1, 40);
  const double x = *rc::gen::inRange(1, 1000) / 1000.0;
  RC_ASSERT(std::abs(beta_cdf(x, a, b) - binomial_tail(x, a, b)) < 1e-11);
}

RC_GTEST_PROP(Beta, TheQuantileIsTheInverse, ()) {
  const double a = *rc::gen::inRange(1, 400) / 2.0;
  const double b = *rc::gen::inRange(1, 400) / 2.0;
  const double p = *rc::gen::inRange(1, 100) / 100.0;
  RC_ASSERT(std::abs(beta_cdf(beta_quantile(p, a, b), a, b) - p) < 1e-6);
}

TEST(Quality, AShareHasJeffreysInterval) {
  const Quality q = quality_of(kShare, ones(8, 10));
  EXPECT_DOUBLE_EQ(*q.value, 0.8);
  EXPECT_TRUE(q.meets(kShare));
  EXPECT_NEAR(beta_cdf(q.interval->lo, 8.5, 2.5), 0.025, 1e-9);
  EXPECT_NEAR(beta_cdf(q.interval->hi, 8.5, 2.5), 0.975, 1e-9);
  EXPECT_NEAR(*q.confidence, 1 - beta_cdf(0.8, 8.5, 2.5), 1e-12);
  EXPECT_LT(*q.confidence, 0.6);  // an arm at the very limit is a toss
}

TEST(Quality, TheEndsOfAShareAreReached) {
  const Quality all = quality_of(kShare, ones(20, 20));
  EXPECT_EQ(all.interval->hi, 1);
  EXPECT_GT(*all.confidence, 0.99);
  EXPECT_LT(*all.confidence, 1);  // twenty right answers prove nothing for certain
  const Quality none = quality_of(kShare, ones(0, 20));
  EXPECT_EQ(none.interval->lo, 0);
  EXPECT_LT(*none.confidence, 1e-6);
  const Quality nothing = quality_of(kShare, {});
  EXPECT_FALSE(nothing.value || nothing.confidence || nothing.interval);
  EXPECT_FALSE(nothing.meets(kShare));
}

TEST(Quality, EqualGradesSayNothingOfOthers) {
  const std::array same = {0.9, 0.9, 0.9};
  const Quality q = quality_of({Measured::f1, 0.8}, same);
  EXPECT_TRUE(q.meets({Measured::f1, 0.8}));
  EXPECT_FALSE(q.confidence || q.interval);
  const std::array one = {0.9};
  EXPECT_FALSE(quality_of({Measured::f1, 0.8}, one).confidence);
}

TEST(Quality, LessIsBetterTurnsTheConfidenceRound) {
  const std::array rates = {0.1, 0.2, 0.15, 0.12};
  const Quality low = quality_of({Measured::wer, 0.3}, rates);
  EXPECT_GT(*low.confidence, 0.99);
  EXPECT_LT(*quality_of({Measured::wer, 0.05}, rates).confidence, 0.05);
}

// Of all the times that 75 % is said, it is so 75 times in a hundred: truths drawn from the prior.
TEST(Quality, ConfidenceInAShareIsCalibrated) {
  Rng rng(8);
  std::array<double, 10> said{};
  std::array<double, 10> so{};
  std::array<double, 10> times{};
  int held = 0;
  constexpr int kRuns = 10'000;
  for (int i = 0; i < kRuns; ++i) {
    const double x = rng.gamma(0.5);
    const double truth = x / (x + rng.gamma(0.5));
    const std::size_t n = 5 + rng.below(60);
    std::vector<double> values(n);
    for (double& v : values) v = rng.uniform() < truth ? 1 : 0;
    const Requirement r{Measured::correct, 0.05 + 0.9 * rng.uniform()};
    const Quality q = quality_of(r, values);
    const auto bin = std::min<std::size_t>(9, static_cast<std::size_t>(*q.confidence * 10));
    said[bin] += *q.confidence;
    so[bin] += truth >= r.limit ? 1 : 0;
    times[bin] += 1;
    held += q.interval->contains(truth) ? 1 : 0;
  }
  for (std::size_t b = 0; b < 10; ++b) {
    ASSERT_GT(times[b], 80);
    const double p = said[b] / times[b];
    EXPECT_NEAR(so[b] / times[b], p, 4 * std::sqrt(p * (1 - p) / times[b]) + 1e-3) << "bin " << b;
  }
  EXPECT_NEAR(static_cast<double>(held) / kRuns, 0.95, 0.012);
}

// Of an arm that is exactly at the limit, 95 % must not be said more than about one time in twenty.
TEST(Quality, ConfidenceInAMeanIsSeldomHighAtTheLimit) {
  Rng rng(9);
  constexpr int kRuns = 10'000;
  int high = 0;
  int held = 0;
  for (int i = 0; i < kRuns; ++i) {
    std::vector<double> values(12);
    for (double& v : values) v = 0.6 + 0.1 * rng.normal();
    const Quality q = quality_of({Measured::f1, 0.6}, values);
    high += *q.confidence >= 0.95 ? 1 : 0;
    held += q.interval->contains(0.6) ? 1 : 0;
  }
  EXPECT_NEAR(static_cast<double>(high) / kRuns, 0.05, 0.007);
  EXPECT_NEAR(static_cast<double>(held) / kRuns, 0.95, 0.007);
}

// Repeats that disagree within a prompt: a share, which scatters less than a yes or no. What is
// said with much confidence holds at least so often.
TEST(Quality, RepeatsLeaveItOnTheSafeSide) {
  Rng rng(10);
  double said = 0;
  double so = 0;
  int times = 0;
  for (int i = 0; i < 5'000; ++i) {
    const double truth = rng.uniform();
    std::vector<double> values(20, 0.0);
    for (double& v : values) {
      for (int r = 0; r < 3; ++r) v += (rng.uniform() < truth ? 1 : 0) / 3.0;
    }
    const Requirement limit{Measured::correct, 0.2 + 0.6 * rng.uniform()};
    const Quality q = quality_of(limit, values);
    if (*q.confidence < 0.8 || *q.confidence > 0.999) continue;
    said += *q.confidence;
    so += truth >= limit.limit ? 1 : 0;
    ++times;
  }
  ASSERT_GT(times, 300);
  EXPECT_GE(so / times, said / times);
}

}  // namespace
}  // namespace joulebook
