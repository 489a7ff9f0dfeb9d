#include "study/student.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace joulebook {
namespace {

// Above this a normal stands in for t: they differ by less than 3e-6.
constexpr double kMaxDf = 1e6;

// The continued fraction of I_x(a, b), for x < (a + 1) / (a + b + 2).
double beta_fraction(double a, double b, double x) {
  constexpr double kTiny = 1e-300;
  const auto guarded = [](double v) { return std::abs(v) < kTiny ? kTiny : v; };
  double c = 1;
  double d = 1 / guarded(1 - (a + b) * x / (a + 1));
  double h = d;
  for (int m = 1; m < 5000; ++m) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / guarded(1 + even * d);
    c = guarded(1 + even / c);
    h *= d * c;
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / guarded(1 + odd * d);
    c = guarded(1 + odd / c);
    const double step = d * c;
    h *= step;
    if (std::abs(step - 1) < 1e-16) break;
  }
  return h;
}

// lgamma writes a global sign and is not safe between threads; lgamma_r is.
double log_gamma(double x) {
  int sign = 0;
  return ::lgamma_r(x, &sign);
}

double density(double t, double df) {
  if (df > kMaxDf) return std::exp(-t * t / 2) / std::sqrt(2 * std::numbers::pi);
  const double log_front =
      log_gamma((df + 1) / 2) - log_gamma(df / 2) - std::log(df * std::numbers::pi) / 2;
  return std::exp(log_front - (df + 1) / 2 * std::log1p(t * t / df));
}

}  // namespace

double beta_cdf(double x, double a, double b) {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const double front = std::exp(log_gamma(a + b) - log_gamma(a) - log_gamma(b) + a * std::log(x) +
                                b * std::log1p(-x));
  if (x < (a + 1) / (a + b + 2)) return front * beta_fraction(a, b, x) / a;
  return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

double beta_quantile(double p, double a, double b) {
  double lo = 0;
  double hi = 1;
  while (hi - lo > 1e-13) {
    const double middle = (lo + hi) / 2;
    (beta_cdf(middle, a, b) < p ? lo : hi) = middle;
  }
  return (lo + hi) / 2;
}

double student_cdf(double t, double df) {
  if (df > kMaxDf) return std::erfc(-t / std::numbers::sqrt2) / 2;
  const double tail = beta_cdf(df / (df + t * t), df / 2, 0.5) / 2;
  return t > 0 ? 1 - tail : tail;
}

double student_quantile(double p, double df) {
  if (p == 0.5) return 0;
  if (p < 0.5) return -student_quantile(1 - p, df);
  double lo = 0;
  double hi = 2;
  while (student_cdf(hi, df) < p) {
    lo = hi;
    hi *= 2;
  }
  double t = (lo + hi) / 2;
  for (int i = 0; i < 100; ++i) {
    const double excess = student_cdf(t, df) - p;
    (excess < 0 ? lo : hi) = t;
    double next = t - excess / density(t, df);
    if (!(next > lo && next < hi)) next = (lo + hi) / 2;
    if (std::abs(next - t) <= 1e-13 * std::max(1.0, t)) return next;
    t = next;
  }
  return t;
}

}  // namespace joulebook
