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
constexpr double kAlike = 0.7;  // correlation of two engines' factors, before windows tell them apart

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
  const std::size_t n = a.size();
  System out(n, Row(n, 0));
  for (std::size_t i = 0; i < n; ++i) out[i][i] = 1;
  for (std::size_t c = 0; c < n; ++c) {
    const double pivot = a[c][c];
    if (!(pivot > 0) || !std::isfinite(pivot)) return false;
    for (std::size_t k = 0; k < n; ++k) {
      a[c][k] /= pivot;
      out[c][k] /= pivot;
    }
    for (std::size_t r = 0; r < n; ++r) {
      if (r == c) continue;
      const double f = a[r][c];
      for (std::size_t k = 0; k < n; ++k) {
        a[r][k] -= f * a[c][k];
        out[r][k] -= f * out[c][k];
      }
    }
  }
  a = std::move(out);
  return true;
}

PriceFit::Row PriceFit::times(const System& a, const Row& b) {
  Row out(a.size(), 0);
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t k = 0; k < b.size(); ++k) out[i] += a[i][k] * b[k];
  }
  return out;
}

// x minimises x^T A x - 2 b^T x; so it shall with no factor below the least. No work gives energy back: a
// factor left below and raised afterwards would leave what it stood against with the others.
void PriceFit::bound(const System& known, const Row& sums, Row& x) {
  const std::size_t n = x.size();
  std::vector<bool> held(n, false);
  for (std::size_t round = 0; round < n; ++round) {
    std::size_t worst = 0;
    for (std::size_t i = 1; i < n; ++i) {
      if (!held[i] && x[i] < kLeastFactor && (worst == 0 || x[i] < x[worst])) worst = i;
    }
    if (worst == 0) return;
    held[worst] = true;
    System a = known;
    Row b = sums;
    for (std::size_t i = 0; i < n; ++i) {
      if (!held[i]) continue;
      for (std::size_t k = 0; k < n; ++k) {
        if (!held[k]) b[k] -= known[k][i] * kLeastFactor;
        a[i][k] = a[k][i] = i == k ? 1 : 0;
      }
      b[i] = kLeastFactor;
    }
    if (!invert(a)) return;
    x = times(a, b);
  }
}

void PriceFit::grow(std::size_t unknowns) {
  if (unknowns <= moment_.size()) return;
  normal_.resize(unknowns);
  for (Row& row : normal_) row.resize(unknowns, 0);
  moment_.resize(unknowns, 0);
  share_.resize(unknowns, 0);
}

void PriceFit::add(std::span<const Parts> priced, double total, double error, double bent) {
  double sum = 0;
  for (const Parts& parts : priced) {
    for (const double j : parts) sum += j;
  }
  const double y = total / sum;
  if (!(sum > 0) || !(total > 0) || !std::isfinite(y) || !std::isfinite(error)) return;
  const double keep = 1 - kFade;
  grow(1 + kParts * priced.size());
  const std::size_t n = moment_.size();
  Row u(n, 0);
  u[0] = std::isfinite(bent) ? -std::clamp(bent, 0.0, 1.0) * y : 0;
  for (std::size_t g = 0; g < priced.size(); ++g) {
    for (std::size_t i = 0; i < kParts; ++i) u[1 + g * kParts + i] = priced[g][i] / sum;
  }
  // The error is relative to the total: in units of y it grows with y, so weights carry 1 / y^2 of
  // the mean, not of this window, or low readings would pull.
  const double w = 1 / (model_error_ * model_error_ + error * error);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k < n; ++k) normal_[i][k] = normal_[i][k] * keep + w * u[i] * u[k];
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
  for (std::size_t i = 0; i < moment_.size(); ++i) {
    left -= 2 * x[i] * moment_[i];
    for (std::size_t c = 0; c < moment_.size(); ++c) left += x[i] * x[c] * normal_[i][c];
  }
  return std::max(left, 0.0);
}

// Inverse of the factors' covariance, in units of the scale: each part's factors of n engines have
// correlation kAlike (the inverse of a matrix with equal correlations is of that form again).
PriceFit::System PriceFit::prior(std::span<const PriorPrices> before) const {
  const std::size_t engines = before.size();
  System out(1 + kParts * engines, Row(1 + kParts * engines, 0));
  out[0][0] = 1 / (kBentSpread * kBentSpread);
  const double n = static_cast<double>(engines);
  const double all = (1 - kAlike) * (1 + (n - 1) * kAlike);
  const double own = engines > 1 ? (1 + (n - 2) * kAlike) / all : 1;
  const double cross = engines > 1 ? -kAlike / all : 0;
  const auto spread = [&](std::size_t engine, std::size_t part) {
    const std::size_t at = 1 + engine * kParts + part;
    const double share = weight_ > 0 && at < share_.size() ? share_[at] / weight_ : 1;
    return std::max(before[engine].spread[part],
                    std::min(before[engine].doubt / std::max(share, 1e-6), kMostSpread));
  };
  for (std::size_t part = 0; part < kParts; ++part) {
    for (std::size_t i = 0; i < engines; ++i) {
      for (std::size_t k = 0; k < engines; ++k) {
        out[1 + i * kParts + part][1 + k * kParts + part] =
            (i == k ? own : cross) / (spread(i, part) * spread(k, part));
      }
    }
  }
  return out;
}

std::vector<Factors> PriceFit::solve(std::span<const PriorPrices> before) const {
  std::vector<Factors> out(before.size());
  const System prior = this->prior(before);
  const std::size_t n = prior.size(), seen = std::min(moment_.size(), n);
  const double scale = weight_ > 0 ? ratio_ / weight_ : 1;
  // Factors are unknown in units of the scale, the bend in none.
  const auto unit = [scale](std::size_t i) { return i == 0 ? 1 : scale; };
  Row x(n, 1);
  x[0] = kBent;
  const Row mean = x;
  System a;
  double noise = 1;
  for (int round = 0; round < 3; ++round) {
    // Weights already hold 1 / error^2 at the noise that was expected.
    const double k = weight_ > 0 ? std::min(1.0, most_windows_ / count_) / (noise * noise) : 0;
    a = prior;
    Row sums = times(prior, mean);
    for (std::size_t i = 0; i < seen; ++i) {
      const double by = k * unit(i) / (scale * scale);
      for (std::size_t c = 0; c < seen; ++c) a[i][c] += by * unit(c) * normal_[i][c];
      sums[i] += by * moment_[i];
    }
    const System known = a;
    if (!invert(a)) return out;
    x = times(a, sums);
    bound(known, sums, x);
    if (weight_ <= 0) break;
    Row whole(moment_.size(), scale);
    for (std::size_t i = 0; i < seen; ++i) whole[i] = x[i] * unit(i);
    noise = std::clamp(std::sqrt(residual(whole) / std::max(count_ - 3, 1.0)) / scale, 1.0, 20.0);
  }
  for (std::size_t g = 0; g < out.size(); ++g) {
    const std::size_t at = 1 + g * kParts;
    out[g].windows = count_;
    out[g].noise = noise * model_error_;
    for (std::size_t i = 0; i < kParts; ++i) {
      out[g].value[i] = std::max(x[at + i], kLeastFactor) * scale;
      for (std::size_t c = 0; c < kParts; ++c)
        out[g].covariance[i][c] = a[at + i][at + c] * scale * scale;
    }
  }
  return out;
}

}  // namespace joulebook::attribution
