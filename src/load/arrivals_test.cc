#include "load/arrivals.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <vector>

namespace joulebook::load {
namespace {

struct Gaps {
  double mean = 0;
  double cv = 0;
};

Gaps gaps_of(ArrivalTimes times, int n) {
  double sum = 0;
  double squares = 0;
  double before = times.next();
  for (int i = 0; i < n; ++i) {
    const double t = times.next();
    sum += t - before;
    squares += (t - before) * (t - before);
    before = t;
  }
  const double mean = sum / n;
  return {mean, std::sqrt(squares / n - mean * mean) / mean};
}

constexpr int kMany = 20000;

// The mean of n gaps has a deviation of CV / sqrt(n) of it: five of them.
RC_GTEST_PROP(Arrivals, MeanAndVariationAreThoseAskedFor, ()) {
  const double rate = *rc::gen::inRange(1, 2000) / 10.0;
  const double shape = *rc::gen::element(0.25, 0.5, 1.0, 2.0, 8.0);
  const auto kind = *rc::gen::element(Arrivals::poisson, Arrivals::gamma);
  const double cv = kind == Arrivals::poisson ? 1 : 1 / std::sqrt(shape);
  const auto seed = *rc::gen::arbitrary<std::uint64_t>();
  const Gaps gaps = gaps_of(ArrivalTimes(kind, rate, shape, 0, seed), kMany);
  RC_ASSERT(std::abs(gaps.mean * rate - 1) < 5 * cv / std::sqrt(kMany));
  // The CV of a CV of gamma draws: about sqrt((2 + 6 / shape) / 4n) of it; six, for it is skewed.
  const double k = kind == Arrivals::poisson ? 1 : shape;
  RC_ASSERT(std::abs(gaps.cv / cv - 1) < 6 * std::sqrt((2 + 6 / k) / 4 / kMany) + 0.01);
}

RC_GTEST_PROP(Arrivals, NeverGoBackAndRepeatWithTheirSeed, (std::uint64_t seed)) {
  const auto kind = *rc::gen::element(Arrivals::constant, Arrivals::poisson, Arrivals::gamma);
  ArrivalTimes a(kind, 50, 0.5, 3, seed);
  ArrivalTimes b(kind, 50, 0.5, 3, seed);
  double before = 0;
  for (int i = 0; i < 500; ++i) {
    const double t = a.next();
    RC_ASSERT(t >= before);
    RC_ASSERT(t == b.next());
    before = t;
  }
}

TEST(Arrivals, ConstantIsEvenFromTheFirst) {
  ArrivalTimes times(Arrivals::constant, 10, 1, 0, 1);
  for (int i = 0; i < 100; ++i) EXPECT_NEAR(times.next(), i * 0.1, 1e-9);
}

// rate(t) = rate t / ramp: half the requests that a full rate would have sent by then, a quarter of
// them in the ramp's first half.
TEST(Arrivals, RampClimbsInAStraightLine) {
  ArrivalTimes times(Arrivals::constant, 100, 1, 10, 1);
  int first_half = 0;
  int in_ramp = 0;
  int after = 0;
  for (double t = times.next(); t < 20; t = times.next()) {
    first_half += t < 5 ? 1 : 0;
    in_ramp += t < 10 ? 1 : 0;
    after += t >= 10 ? 1 : 0;
  }
  EXPECT_NEAR(first_half, 125, 1);
  EXPECT_NEAR(in_ramp, 500, 1);
  EXPECT_NEAR(after, 1000, 1);
}

RC_GTEST_PROP(Arrivals, ConcurrencyClimbsFromOne, ()) {
  const int target = *rc::gen::inRange(1, 2000);
  const double ramp = *rc::gen::inRange(1, 100) / 10.0;
  int before = 1;
  for (int i = 0; i <= 20; ++i) {
    const int n = ramped(target, ramp * i / 20, ramp);
    RC_ASSERT(n >= before);
    RC_ASSERT(n <= target);
    before = n;
  }
  RC_ASSERT(ramped(target, 0, ramp) == 1);
  RC_ASSERT(before == target);
}

}  // namespace
}  // namespace joulebook::load
