#include "attribution/energy_fit.h"

#include <algorithm>
#include <cmath>

namespace joulebook::attribution {
namespace {

constexpr double kFade = 1.0 / 2000;   // of what is known, a window
constexpr double kLeastFactor = 0.05;  // of the common scale

// In place; false where it is not positive definite.
bool invert(Square& a) {
  Square out{};
  for (std::size_t i = 0; i < kParts; ++i) out[i][i] = 1;
  for (std::size_t c = 0; c < kParts; ++c) {
    const double pivot = a[c][c];
    if (!(pivot > 0) || !std::isfinite(pivot)) return false;
    for (std::size_t k = 0; k < kParts; ++k) {
      a[c][k] /= pivot;
      out[c][k] /= pivot;
    }
    for (std::size_t r = 0; r < kParts; ++r) {
      if (r == c) continue;
      const double f = a[r][c];
      for (std::size_t k = 0; k < kParts; ++k) {
        a[r][k] -= f * a[c][k];
        out[r][k] -= f * out[c][k];
      }
    }
  }
  a = out;
  return true;
}

}  // namespace

double variance(const Square& covariance, const Parts& gradient) {
  double sum = 0;
  for (std::size_t i = 0; i < kParts; ++i) {
    for (std::size_t k = 0; k < kParts; ++k) sum += gradient[i] * covariance[i][k] * gradient[k];
  }
  return std::max(sum, 0.0);
}

void PriceFit::add(const Parts& priced, double total, double error, double told) {
  double sum = 0;
  for (const double j : priced) sum += j;
  const double y = total / sum;
  if (!(sum > 0) || !(total > 0) || !std::isfinite(y) || !std::isfinite(error)) return;
  const double keep = 1 - kFade;
  // The error is relative to the total: in units of y it grows with y, so weights carry 1 / y^2 of
  // the mean, not of this window, or low readings would pull.
  const double w = told * told / (model_error_ * model_error_ + error * error);
  for (std::size_t i = 0; i < kParts; ++i) {
    const double u = priced[i] / sum;
    for (std::size_t k = 0; k < kParts; ++k) {
      normal_[i][k] = normal_[i][k] * keep + w * u * priced[k] / sum;
    }
    moment_[i] = moment_[i] * keep + w * u * y;
  }
  square_ = square_ * keep + w * y * y;
  weight_ = weight_ * keep + w;
  count_ = count_ * keep + 1;
  ratio_ = ratio_ * keep + w * y;
}

Factors PriceFit::solve(const Parts& spread) const {
  Factors out;
  out.windows = count_;
  const double scale = weight_ > 0 ? ratio_ / weight_ : 1;
  Square a{};
  Parts b{};
  const auto fill = [&](double noise) {
    // In units of the scale; weights already hold 1 / error^2 at the noise that was expected.
    const double k = weight_ > 0 ? std::min(1.0, most_windows_ / count_) / (noise * noise) : 0;
    for (std::size_t i = 0; i < kParts; ++i) {
      const double prior = 1 / (spread[i] * spread[i]);
      for (std::size_t c = 0; c < kParts; ++c) a[i][c] = k * normal_[i][c] + (i == c ? prior : 0);
      b[i] = k * moment_[i] / scale + prior;
    }
  };
  Parts x{1, 1, 1, 1, 1, 1};
  double noise = 1;
  for (int round = 0; round < 3; ++round) {
    fill(noise);
    if (!invert(a)) return out;
    for (std::size_t i = 0; i < kParts; ++i) {
      x[i] = 0;
      for (std::size_t c = 0; c < kParts; ++c) x[i] += a[i][c] * b[c];
    }
    if (weight_ <= 0) break;
    double residual = square_ / (scale * scale);
    for (std::size_t i = 0; i < kParts; ++i) {
      residual -= 2 * x[i] * moment_[i] / scale;
      for (std::size_t c = 0; c < kParts; ++c) residual += x[i] * x[c] * normal_[i][c];
    }
    noise = std::clamp(std::sqrt(std::max(residual, 0.0) / std::max(count_ - 3, 1.0)), 1.0, 20.0);
  }
  out.noise = noise * model_error_;
  for (std::size_t i = 0; i < kParts; ++i) {
    out.value[i] = std::max(x[i], kLeastFactor) * scale;
    for (std::size_t c = 0; c < kParts; ++c) out.covariance[i][c] = a[i][c] * scale * scale;
  }
  return out;
}

}  // namespace joulebook::attribution
