#pragma once
// Least squares for fits: nonlinear by Levenberg and Marquardt (GSL), linear with a ridge.
#include <joulebook/result.h>

#include <functional>
#include <span>
#include <vector>

namespace joulebook::serving {

struct LeastSquares {
  std::vector<double> x;
  double cost = 0;  // half the sum of squares
  int iterations = 0;
};

// Minimises the sum of squares of `residuals(x, out)` (out.size() == count) from `start`, with
// differences for derivatives. Deterministic. Fails: input, "fit.diverged".
[[nodiscard]] Result<LeastSquares> minimise(
    const std::function<void(std::span<const double> x, std::span<double> out)>& residuals,
    std::vector<double> start, std::size_t count, int most_iterations, double tolerance);

// w minimising sum_i weight_i (y_i - w.row_i)^2 + ridge |w without its first|^2.
// REQUIRES: rows of equal length, as many as y and weights; enough of them, or ridge > 0.
[[nodiscard]] std::vector<double> ridge_regression(std::span<const std::vector<double>> rows,
                                                   std::span<const double> y,
                                                   std::span<const double> weights, double ridge);

}  // namespace joulebook::serving
