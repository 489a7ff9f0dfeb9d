#include "study/resample.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace joulebook {
namespace {

constexpr std::size_t kMinPrompts = 3;

// What Satterthwaite's formula adds up over strata.
struct Pool {
  double variance = 0;
  double squares = 0;   // of v^2 / (nu + 2)
  double largest = 0;   // nu of the richest stratum: a floor for df
  double singles = 0;   // squared size of prompts run once
  double relative = 0;  // sum of s2 / size^2 x nu over repeated prompts
  double freedom = 0;   // sum of nu
};

double square(double x) { return x * x; }

double sample_variance(std::span<const double> xs) {
  const double n = static_cast<double>(xs.size());
  const double mean = std::accumulate(xs.begin(), xs.end(), 0.0) / n;
  double sum = 0;
  for (const double x : xs) sum += square(x - mean);
  return sum / (n - 1);
}

void add_stratum(Pool& pool, std::span<const double> influence, double size) {
  const double n = static_cast<double>(influence.size());
  if (influence.size() < 2) {
    pool.singles += square(size);
    return;
  }
  const double s2 = sample_variance(influence);
  const double nu = n - 1;
  const double v = s2 / n;
  pool.variance += v;
  pool.squares += v * v / (nu + 2);
  pool.largest = std::max(pool.largest, nu);
  pool.freedom += nu;
  if (size > 0) pool.relative += nu * s2 / square(size);
}

void add_arm(Pool& pool, const Ragged& shape, std::span<const double> influence,
             std::span<const double> size) {
  for (std::size_t p = 0; p < size.size(); ++p) {
    const std::size_t from = shape.first[p];
    add_stratum(pool, influence.subspan(from, shape.first[p + 1] - from), size[p]);
  }
}

void add_side(Pool& pool, const Side& side) {
  const Ragged& shape = *side.terms.front().measure;
  std::vector<double> influence(shape.values.size(), 0.0);
  std::vector<double> size(shape.prompts(), 0.0);
  for (const auto& [measure, power] : side.terms) {
    const double k = power / measure->total();
    for (std::size_t i = 0; i < influence.size(); ++i) influence[i] += k * measure->values[i];
    for (std::size_t p = 0; p < size.size(); ++p) {
      size[p] = std::max(size[p], std::abs(k) * measure->mean_of(p));
    }
  }
  add_arm(pool, shape, influence, size);
}

// The pool's variance, prompts run once included, and its degrees of freedom.
std::optional<Variance> finish(Pool pool) {
  if (pool.freedom <= 0) return std::nullopt;
  if (pool.singles > 0) {
    const double v = pool.relative / pool.freedom * pool.singles;
    pool.variance += v;
    pool.squares += v * v / (pool.freedom + 2);
  }
  if (pool.variance <= 0) return Variance{0, std::numeric_limits<double>::infinity()};
  const double df = square(pool.variance) / pool.squares - 2;
  return Variance{pool.variance, std::max({df, pool.largest, 1.0})};
}

// Variance of a mean's jackknife: pseudo-values with their own degrees of freedom.
Variance jackknife(std::span<const double> thetas) {
  const double n = static_cast<double>(thetas.size());
  const double mean = std::accumulate(thetas.begin(), thetas.end(), 0.0) / n;
  double second = 0;
  double fourth = 0;
  for (const double theta : thetas) {
    second += square(theta - mean);
    fourth += square(square(theta - mean));
  }
  if (fourth <= 0) return {0, std::numeric_limits<double>::infinity()};
  const double df = 3 * square(second) / fourth - 2;
  return {(n - 1) / n * second, std::clamp(df, 1.0, n - 1)};
}

// theta with prompt `leave` left out; not finite where a total vanishes.
double theta_without(std::span<const Side> sides, std::size_t leave,
                     std::span<const double> totals) {
  double theta = 0;
  std::size_t k = 0;
  for (const auto& side : sides) {
    for (const auto& term : side.terms) {
      const double rest = totals[k++] - term.measure->mean_of(leave);
      if (!(rest > 0)) return std::numeric_limits<double>::quiet_NaN();
      theta += term.power * std::log(rest);
    }
  }
  return theta;
}

}  // namespace

void Ragged::add_prompt(std::span<const double> trials) {
  values.insert(values.end(), trials.begin(), trials.end());
  first.push_back(values.size());
}

double Ragged::mean_of(std::size_t prompt) const {
  const auto xs = of(prompt);
  return std::accumulate(xs.begin(), xs.end(), 0.0) / static_cast<double>(xs.size());
}

double Ragged::total() const {
  double sum = 0;
  for (std::size_t p = 0; p < prompts(); ++p) sum += mean_of(p);
  return sum;
}

std::optional<Variance> variance_these(std::span<const Side> sides) {
  Pool pool;
  for (const auto& side : sides) add_side(pool, side);
  return finish(pool);
}

std::optional<Variance> variance_of_sum(std::span<const Ragged> arms) {
  Pool pool;
  for (const auto& arm : arms) {
    std::vector<double> size;
    for (std::size_t p = 0; p < arm.prompts(); ++p) size.push_back(std::abs(arm.mean_of(p)));
    add_arm(pool, arm, arm.values, size);
  }
  return finish(pool);
}

std::optional<Variance> variance_alike(std::span<const Side> sides) {
  const std::size_t n = sides.front().terms.front().measure->prompts();
  if (n < kMinPrompts) return std::nullopt;
  std::vector<double> totals;
  for (const auto& side : sides) {
    for (const auto& term : side.terms) totals.push_back(term.measure->total());
  }
  std::vector<double> thetas;
  for (std::size_t p = 0; p < n; ++p) thetas.push_back(theta_without(sides, p, totals));
  if (!std::all_of(thetas.begin(), thetas.end(), [](double t) { return std::isfinite(t); })) {
    return std::nullopt;
  }
  return jackknife(thetas);
}

}  // namespace joulebook
