#include "study/student.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>

namespace joulebook {
namespace {

TEST(Student, QuantilesOfThePrintedTables) {
  EXPECT_NEAR(student_quantile(0.975, 1), 12.706204736174694, 1e-9);  // tan(0.475 pi)
  EXPECT_NEAR(student_quantile(0.975, 2), 4.302652729749464, 1e-10);
  EXPECT_NEAR(student_quantile(0.975, 10), 2.228138851986274, 1e-10);
  EXPECT_NEAR(student_quantile(0.995, 30), 2.749995653567231, 1e-10);
  EXPECT_NEAR(student_quantile(0.975, std::numeric_limits<double>::infinity()), 1.959963984540054,
              1e-9);
}

TEST(Student, ClosedFormWithTwoDegreesOfFreedom) {
  for (const double t : {-3.0, -0.4, 0.0, 0.7, 25.0}) {
    EXPECT_NEAR(student_cdf(t, 2), 0.5 + t / (2 * std::sqrt(2 + t * t)), 1e-13);
  }
}

TEST(Student, MoreFreedomNarrows) {
  double last = std::numeric_limits<double>::infinity();
  for (double df = 1; df < 3e6; df *= 1.7) {
    const double t = student_quantile(0.975, df);
    EXPECT_LT(t, last + 1e-9) << df;
    last = t;
  }
}

RC_GTEST_PROP(Student, QuantileTurnsTheDistributionRound, ()) {
  const double df = 1 + *rc::gen::inRange(0, 2000) / 7.0;
  const double p = *rc::gen::inRange(1, 1000) / 1000.0;
  const double t = student_quantile(p, df);
  RC_ASSERT(std::abs(student_cdf(t, df) - p) < 1e-11);
  RC_ASSERT(std::abs(student_quantile(1 - p, df) + t) < 1e-9 * (1 + std::abs(t)));
}

}  // namespace
}  // namespace joulebook
