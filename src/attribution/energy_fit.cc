#include "attribution/energy_fit.h"

#include <algorithm>
#include <cmath>

namespace joulebook::attribution {
namespace {

constexpr double kFade = 1.0 / 2000;   // of what is known, a window
constexpr double kMostSpread = 40;       // of a price, relative
constexpr double kLeastFactor = 0.05;  // of the common scale
// Of what a limit may have taken off at the softest knee, the part that it did: knees of data sheets
// and of the serving model's fit are sharp, some are not.
constexpr double kBent = 0.2, kBentSpread = 0.4;

}  // namespace

double variance(const Square& covariance, const Parts& gradient) {
  double sum = 0;
  for (std::size_t i = 0; i < kParts; ++i) {
    for (std::size_t k = 0; k < kParts; ++k) sum += gradient[i] * covariance[i][k] * gradient[k];
  }
  return std::max(sum, 0.0);
}

// In place; false where it is not positive definite.
bool PriceFit::invert(System& a) {
  System out{};
  for (std::size_t i = 0; i < kUnknowns; ++i) out[i][i] = 1;
  for (std::size_t c = 0; c < kUnknowns; ++c) {
    const double pivot = a[c][c];
    if (!(pivot > 0) || !std::isfinite(pivot)) return false;
    for (std::size_t k = 0; k < kUnknowns; ++k) {
      a[c][k] /= pivot;
      out[c][k] /= pivot;
    }
    for (std::size_t r = 0; r < kUnknowns; ++r) {
      if (r == c) continue;
      const double f = a[r][c];
      for (std::size_t k = 0; k < kUnknowns; ++k) {
        a[r][k] -= f * a[c][k];
        out[r][k] -= f * out[c][k];
      }
    }
  }
  a = out;
  return true;
}

void PriceFit::add(const Parts& priced, double total, double error, double bent) {
  double sum = 0;
  for (const double j : priced) sum += j;
  const double y = total / sum;
  if (!(sum > 0) || !(total > 0) || !std::isfinite(y) || !std::isfinite(error)) return;
  const double keep = 1 - kFade;
  Row u{};
  for (std::size_t i = 0; i < kParts; ++i) u[i] = priced[i] / sum;
  u[kParts] = std::isfinite(bent) ? -std::clamp(bent, 0.0, 1.0) * y : 0;
  // The error is relative to the total: in units of y it grows with y, so weights carry 1 / y^2 of
  // the mean, not of this window, or low readings would pull.
  const double w = 1 / (model_error_ * model_error_ + error * error);
  for (std::size_t i = 0; i < kUnknowns; ++i) {
    for (std::size_t k = 0; k < kUnknowns; ++k) normal_[i][k] = normal_[i][k] * keep + w * u[i] * u[k];
    moment_[i] = moment_[i] * keep + w * u[i] * y;
    share_[i] = share_[i] * keep + w * u[i];
  }
  square_ = square_ * keep + w * y * y;
  weight_ = weight_ * keep + w;
  count_ = count_ * keep + 1;
  ratio_ = ratio_ * keep + w * y;
}

// Sum of weighted squares that x, in the units of the sums, leaves.
double PriceFit::residual(const Row& x) const {
  double left = square_;
  for (std::size_t i = 0; i < kUnknowns; ++i) {
    left -= 2 * x[i] * moment_[i];
    for (std::size_t c = 0; c < kUnknowns; ++c) left += x[i] * x[c] * normal_[i][c];
  }
  return std::max(left, 0.0);
}

Factors PriceFit::solve(const Parts& spread, double doubt) const {
  Factors out;
  out.windows = count_;
  const double scale = weight_ > 0 ? ratio_ / weight_ : 1;
  // Factors are unknown in units of the scale, the bend in none.
  Row unit, prior, before;
  for (std::size_t i = 0; i < kUnknowns; ++i) {
    unit[i] = i < kParts ? scale : 1;
    before[i] = i < kParts ? 1 : kBent;
    const double part = weight_ > 0 ? share_[i] / weight_ : 1;
    const double sd = i < kParts ? std::max(spread[i], std::min(doubt / std::max(part, 1e-6), kMostSpread))
                                 : kBentSpread;
    prior[i] = 1 / (sd * sd);
  }
  System a{};
  Row x = before, sums{};
  double noise = 1;
  for (int round = 0; round < 3; ++round) {
    // Weights already hold 1 / error^2 at the noise that was expected.
    const double k = weight_ > 0 ? std::min(1.0, most_windows_ / count_) / (noise * noise) : 0;
    for (std::size_t i = 0; i < kUnknowns; ++i) {
      const double by = k * unit[i] / (scale * scale);
      for (std::size_t c = 0; c < kUnknowns; ++c)
        a[i][c] = by * unit[c] * normal_[i][c] + (i == c ? prior[i] : 0);
      sums[i] = by * moment_[i] + prior[i] * before[i];
    }
    if (!invert(a)) return out;
    for (std::size_t i = 0; i < kUnknowns; ++i) {
      x[i] = 0;
      for (std::size_t c = 0; c < kUnknowns; ++c) x[i] += a[i][c] * sums[c];
    }
    if (weight_ <= 0) break;
    Row whole = x;
    for (std::size_t i = 0; i < kUnknowns; ++i) whole[i] *= unit[i];
    noise = std::clamp(std::sqrt(residual(whole) / std::max(count_ - 3, 1.0)) / scale, 1.0, 20.0);
  }
  out.noise = noise * model_error_;
  for (std::size_t i = 0; i < kParts; ++i) {
    out.value[i] = std::max(x[i], kLeastFactor) * scale;
    for (std::size_t c = 0; c < kParts; ++c) out.covariance[i][c] = a[i][c] * scale * scale;
  }
  return out;
}

}  // namespace joulebook::attribution
