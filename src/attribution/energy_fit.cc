#include "attribution/energy_fit.h"

#include <algorithm>
#include <cmath>

namespace joulebook::attribution {
namespace {

constexpr double kFade = 1.0 / 2000;   // of what is known, a window
constexpr double kMostNoise = 20;  // of the noise that was expected
constexpr double kMostSpread = 40;       // of a price, relative
constexpr double kLeastFactor = 0.05;  // of the common scale
// Of what a limit may have taken off at the softest knee, the part that it did: knees of data sheets
// and of the serving model's fit are sharp, some are not.
constexpr double kBent = 0.2, kBentSpread = 0.4;
// What of a window's work was really its neighbour's, for nobody sees where in a step a window's edge falls, the
// neighbour lacks: over sums of windows less is misplaced of more. One by one they draw prompts' prices down.
constexpr int kTogether = 3;
constexpr double kTiles = 0.1;         // of a window: neighbours begin a window apart, so nearly
constexpr std::size_t kMostSeen = 64;  // windows whose neighbours may still come
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

void PriceFit::count(const Seen& a, const Seen& b, double part) {
  const double w = part * std::sqrt(a.weight * b.weight);
  for (std::size_t i = 0; i < a.u.size(); ++i) {
    for (std::size_t k = 0; k < b.u.size(); ++k) normal_[i][k] += w * a.u[i] * b.u[k];
    moment_[i] += w * a.u[i] * b.y;
  }
  square_ += w * a.y * b.y;
}

void PriceFit::fade() {
  const double keep = 1 - kFade;
  for (Row& row : normal_) {
    for (double& x : row) x *= keep;
  }
  for (Row* row : {&moment_, &share_}) {
    for (double& x : *row) x *= keep;
  }
  for (double* x : {&square_, &weight_, &count_, &ratio_}) *x *= keep;
}

// Sums of kTogether windows in a row, each sum with a kTogether-th of the weight, are as many pairs of windows:
// added so, windows may come in any order.
void PriceFit::beside(const Seen& seen) {
  if (seen.end <= seen.begin) return;
  const double length = static_cast<double>(seen.end - seen.begin);
  for (const Seen& other : seen_) {
    const double apart = std::abs(static_cast<double>(other.begin - seen.begin)) / length;
    const double steps = std::round(apart);
    if (steps < 1 || steps >= kTogether || std::abs(apart - steps) > kTiles) continue;
    const double part = 1 - steps / kTogether;
    Seen aligned = other;
    aligned.u.resize(seen.u.size(), 0);
    count(seen, aligned, part);
    count(aligned, seen, part);
  }
  seen_.push_back(seen);
  if (seen_.size() > kMostSeen) seen_.pop_front();
}

void PriceFit::add(std::span<const Parts> priced, double total, double error, double bent, const WindowSpan& span) {
  double sum = 0;
  for (const Parts& parts : priced) {
    for (const double j : parts) sum += j;
  }
  const double y = total / sum;
  if (!(sum > 0) || !(total > 0) || !std::isfinite(y) || !std::isfinite(error)) return;
  grow(1 + kParts * priced.size());
  Row u(moment_.size(), 0);
  u[0] = std::isfinite(bent) ? -std::clamp(bent, 0.0, 1.0) * y : 0;
  for (std::size_t g = 0; g < priced.size(); ++g) {
    for (std::size_t i = 0; i < kParts; ++i) u[1 + g * kParts + i] = priced[g][i] / sum;
  }
  // The error is relative to the total: in units of y it grows with y, so weights carry 1 / y^2 of
  // the mean, not of this window, or low readings would pull.
  const double w = 1 / (model_error_ * model_error_ + error * error);
  fade();
  const Seen seen{span.begin, span.end, std::move(u), y, w};
  count(seen, seen, 1);
  beside(seen);
  for (std::size_t i = 0; i < seen.u.size(); ++i) share_[i] += w * seen.u[i];
  weight_ += w;
  count_ += 1;
  ratio_ += w * y;
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

// The factors at that noise, in units of the scale; what is not positive definite has none. `a`: their covariance.
PriceFit::Row PriceFit::at_noise(double noise, const System& prior, System& a) const {
  const std::size_t n = prior.size(), seen = std::min(moment_.size(), n);
  const double scale = this->scale();
  Row mean(n, 1);
  mean[0] = kBent;
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
  if (!invert(a)) return {};
  Row x = times(a, sums);
  bound(known, sums, x);
  return x;
}

// Prices from which windows have drawn the factors so far away are of another engine: it is less sure than they said.
PriceFit::System PriceFit::doubted(const System& prior, const Row& x) {
  constexpr double kSuspicion = 8;  // an eighth of what their spread allows is seldom: windows tell few factors well
  double far = 0;
  for (std::size_t i = 1; i < x.size(); ++i) {
    for (std::size_t k = 1; k < x.size(); ++k) far += (x[i] - 1) * prior[i][k] * (x[k] - 1);
  }
  const double by = std::max(1.0, kSuspicion * far / static_cast<double>(x.size() - 1));
  System out = prior;
  for (std::size_t i = 1; i < x.size(); ++i) {
    for (std::size_t k = 1; k < x.size(); ++k) out[i][k] /= by;
  }
  return out;
}

// Where windows leave less than what was expected the engine's costs are as linear as that, and windows say more of
// the factors; how well these are known is not taken to be better for it.
std::vector<Factors> PriceFit::solve(std::span<const PriorPrices> before) const {
  constexpr int kRounds = 3;
  std::vector<Factors> out(before.size());
  const System prior = this->prior(before);
  const double scale = this->scale();
  Row x;
  System a;
  double noise = 1, least = 0;
  for (const PriorPrices& engine : before) least = std::max(least, engine.least_noise);
  for (int round = 0; round < kRounds && (round == 0 || weight_ > 0); ++round) {
    x = at_noise(noise, prior, a);
    if (x.empty()) return out;
    Row whole(moment_.size(), scale);
    for (std::size_t i = 0; i < std::min(whole.size(), x.size()); ++i) whole[i] = x[i] * unit(i);
    if (weight_ > 0) {
      noise = std::clamp(std::sqrt(residual(whole) / std::max(count_ - 3, 1.0)) / scale, least, kMostNoise);
    }
  }
  if (weight_ > 0) (void)at_noise(std::max(noise, 1.0), doubted(prior, x), a);
  for (std::size_t g = 0; g < out.size(); ++g) {
    const std::size_t at = 1 + g * kParts;
    out[g].windows = count_;
    out[g].noise = std::max(noise, 1.0) * model_error_;
    for (std::size_t i = 0; i < kParts; ++i) {
      out[g].value[i] = std::max(x[at + i], kLeastFactor) * scale;
      for (std::size_t c = 0; c < kParts; ++c)
        out[g].covariance[i][c] = a[at + i][at + c] * scale * scale;
    }
  }
  return out;
}

}  // namespace joulebook::attribution
