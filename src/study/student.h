#pragma once
// Student's t with real degrees of freedom: what turns a variance estimated from few repeats into
// an interval that holds.
//
// Sources: the regularised incomplete beta function by Lentz's continued fraction (Numerical
// Recipes, 3rd ed., 6.4); the quantile by Newton steps within a bracket. Absolute error below 1e-10
// of the quantile for df in [1, 1e6] and p in [1e-6, 1 - 1e-6]; above 1e6 the normal stands in (off
// by less than 3e-6). Pure functions.

namespace joulebook {

// Half the width of the normal's middle 95 %, in standard deviations: student_quantile(0.975, infinity).
inline constexpr double kNormal95 = 1.959963984540054;

// P(T <= t). REQUIRES: df > 0.
[[nodiscard]] double student_cdf(double t, double df);

// The t below which a share p lies. REQUIRES: 0 < p < 1, df >= 1. df may be infinite (normal).
[[nodiscard]] double student_quantile(double p, double df);

// P(X <= x) of the beta distribution with shapes a, b > 0 (the regularised incomplete beta
// function), to 1e-12; and the x below which a share p lies, 0 <= p <= 1, by bisection to 1e-12.
[[nodiscard]] double beta_cdf(double x, double a, double b);
[[nodiscard]] double beta_quantile(double p, double a, double b);

}  // namespace joulebook
