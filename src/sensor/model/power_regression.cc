#include "sensor/model/power_regression.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <tuple>

#include "core/quantile.h"
#include "sensor/model/covariance.h"
#include "sensor/model/linear_algebra.h"

namespace joulebook {
namespace {

double watts_of(PowerTarget target, const CatalogueRow& row) {
  if (target == PowerTarget::idle) return row.idle_w;
  return target == PowerTarget::full ? row.full_w : row.full_w - row.idle_w;
}

// The smallest |z| that holds at least `level` of the weight.
template <class Residuals>
double holding(const Residuals& residuals, double level) {
  std::vector<std::pair<double, double>> weighted;
  for (const auto& r : residuals) weighted.emplace_back(r.z, r.weight);
  return weighted_quantile(std::move(weighted), level);
}

}  // namespace

std::string_view to_string(Nearness nearness) {
  switch (nearness) {
    case Nearness::same_cpu:
      return "same CPU";
    case Nearness::same_generation:
      return "same generation";
    case Nearness::distant:
      return "other generations";
  }
  return "";
}

double LogPower::watts() const { return std::exp(mean); }

const PowerRegression& PowerRegression::of(PowerTarget target) {
  static const PowerRegression idle(PowerTarget::idle, cpu_catalogue());
  if (target == PowerTarget::idle) return idle;
  static const PowerRegression full(PowerTarget::full, cpu_catalogue());
  if (target == PowerTarget::full) return full;
  static const PowerRegression active(PowerTarget::active, cpu_catalogue());
  return active;
}

PowerRegression::PowerRegression(PowerTarget target, std::span<const CatalogueRow> rows)
    : target_(target) {
  gather(rows);
  factor();
  for (const Nearness nearness : {Nearness::same_cpu, Nearness::same_generation, Nearness::distant})
    calibrate(nearness);
}

void PowerRegression::gather(std::span<const CatalogueRow> rows) {
  std::map<std::tuple<std::string, int, int, double>, std::size_t> index;
  for (const CatalogueRow& row : rows) {
    const ServerShape& s = row.shape;
    const auto [at, fresh] =
        index.try_emplace({s.cpu.key, s.chips, s.threads, s.memory_gb}, points_.size());
    if (fresh) points_.push_back({.shape = s});
    points_[at->second].rows.push_back(&row);
    rows_of_[s.cpu.key] += 1;
  }
  for (Point& point : points_) {
    for (const CatalogueRow* row : point.rows) point.log_watts += std::log(watts_of(target_, *row));
    point.log_watts /= static_cast<double>(point.rows.size());
    offset_ += point.log_watts / static_cast<double>(points_.size());
  }
  for (Point& point : points_) point.log_watts -= offset_;
}

void PowerRegression::factor() {
  const std::size_t n = points_.size();
  const CovarianceTerms& terms = covariance_terms(target_);
  std::vector<double> matrix(n * n);
  std::vector<double> y(n);
  for (std::size_t i = 0; i < n; ++i) {
    y[i] = points_[i].log_watts;
    for (std::size_t j = 0; j <= i; ++j)
      matrix[i * n + j] = matrix[j * n + i] = covariance(terms, points_[i].shape, points_[j].shape);
    matrix[i * n + i] += terms.noise;
  }
  inverse_ = inverse(matrix, n);
  alpha_ = multiply(inverse_, y);
}

// What the points of `block` would be predicted to be from all others (Dubrule 1983).
std::vector<LogPower> PowerRegression::leave_out(const std::vector<std::size_t>& block) const {
  const std::size_t n = points_.size();
  const std::size_t m = block.size();
  std::vector<double> part(m * m);
  std::vector<double> alpha(m);
  for (std::size_t i = 0; i < m; ++i) {
    alpha[i] = alpha_[block[i]];
    for (std::size_t j = 0; j < m; ++j) part[i * m + j] = inverse_[block[i] * n + block[j]];
  }
  const std::vector<double> variance = inverse(part, m);
  const std::vector<double> residual = multiply(variance, alpha);
  std::vector<LogPower> predicted(m);
  for (std::size_t i = 0; i < m; ++i) {
    predicted[i].mean = points_[block[i]].log_watts + offset_ - residual[i];
    predicted[i].sd = std::sqrt(variance[i * m + i]);
  }
  return predicted;
}

std::vector<std::vector<std::size_t>> PowerRegression::blocks(Nearness nearness) const {
  std::map<std::string, std::vector<std::size_t>> by;
  std::map<std::string, std::size_t> configurations;
  for (const Point& point : points_) ++configurations[point.shape.cpu.key];
  for (std::size_t i = 0; i < points_.size(); ++i) {
    const CpuName& cpu = points_[i].shape.cpu;
    if (nearness == Nearness::same_generation) by[cpu.key].push_back(i);
    if (nearness == Nearness::distant && !cpu.generation.empty()) by[cpu.generation].push_back(i);
    if (nearness == Nearness::same_cpu && configurations[cpu.key] > 1)
      by[std::to_string(i)].push_back(i);
  }
  std::vector<std::vector<std::size_t>> result;
  for (auto& [key, block] : by) result.push_back(std::move(block));
  return result;
}

void PowerRegression::calibrate(Nearness nearness) {
  for (const auto& block : blocks(nearness)) {
    const std::vector<LogPower> predicted = leave_out(block);
    for (std::size_t i = 0; i < block.size(); ++i)
      note_left_out(points_[block[i]], predicted[i], nearness);
  }
}

void PowerRegression::note_left_out(const Point& point, const LogPower& predicted,
                                    Nearness nearness) {
  LogPower power = predicted;
  power.nearness = nearness_of(point.shape, true);
  for (const CatalogueRow* row : point.rows) {
    const double actual = watts_of(target_, *row);
    const double weight = 1 / rows_of_.at(point.shape.cpu.key);
    const double z = std::abs(std::log(actual) - power.mean) / power.sd;
    residuals_[static_cast<int>(nearness)].push_back({z, weight});
    if (nearness == Nearness::same_generation) left_out_.push_back({row, weight, power, actual});
  }
}

std::vector<double> PowerRegression::covariances(const ServerShape& shape) const {
  const CovarianceTerms& terms = covariance_terms(target_);
  std::vector<double> k(points_.size());
  std::ranges::transform(points_, k.begin(),
                         [&](const Point& p) { return covariance(terms, shape, p.shape); });
  return k;
}

Nearness PowerRegression::nearness_of(const ServerShape& shape, bool left_out) const {
  const CpuName& cpu = shape.cpu;
  Nearness best = Nearness::distant;
  for (const Point& point : points_) {
    if (point.shape.cpu.key == cpu.key) {
      if (!cpu.key.empty() && !left_out) return Nearness::same_cpu;
    } else if (!cpu.generation.empty() && point.shape.cpu.generation == cpu.generation) {
      best = Nearness::same_generation;
    }
  }
  return best;
}

LogPower PowerRegression::predict(const ServerShape& shape) const {
  if (shape.cpu.year > 0) return predict_dated(shape);
  ServerShape dated = shape;
  double within = 0;
  double square = 0;
  LogPower mixture;
  for (const double shift : {-4.0, 0.0, 4.0}) {
    dated.cpu.year = guessed_year(shape) + shift;
    const LogPower power = predict_dated(dated);
    mixture.mean += power.mean / 3;
    mixture.nearness = power.nearness;
    square += power.mean * power.mean / 3;
    within += power.sd * power.sd / 3;
  }
  mixture.sd = std::sqrt(within + std::max(0.0, square - mixture.mean * mixture.mean));
  return mixture;
}

LogPower PowerRegression::predict_dated(const ServerShape& shape) const {
  const CovarianceTerms& terms = covariance_terms(target_);
  const std::vector<double> k = covariances(shape);
  const std::vector<double> weights = multiply(inverse_, k);
  const double mean = std::inner_product(k.begin(), k.end(), alpha_.begin(), offset_);
  const double explained = std::inner_product(k.begin(), k.end(), weights.begin(), 0.0);
  const double variance = covariance(terms, shape, shape) + terms.noise - explained;
  return {mean, std::sqrt(std::max(variance, terms.noise)), nearness_of(shape, false)};
}

double PowerRegression::quantile(Nearness nearness, double level) const {
  return holding(residuals_[static_cast<int>(nearness)], level);
}

Interval PowerRegression::interval(const LogPower& power, double level) const {
  const double half = quantile(power.nearness, level) * power.sd;
  return {std::exp(power.mean - half), std::exp(power.mean + half)};
}

std::vector<std::string> PowerRegression::relatives(const ServerShape& shape,
                                                    std::size_t count) const {
  const std::vector<double> weights = multiply(inverse_, covariances(shape));
  std::map<std::string, std::pair<double, std::string>> by_cpu;
  for (std::size_t i = 0; i < points_.size(); ++i) {
    auto& [weight, name] = by_cpu[points_[i].shape.cpu.key];
    weight += weights[i];
    name = points_[i].rows.front()->name;
  }
  std::vector<std::pair<double, std::string>> ranked;
  for (auto& [key, entry] : by_cpu) ranked.push_back({std::abs(entry.first), entry.second});
  std::ranges::sort(ranked, std::greater<>());
  std::vector<std::string> names;
  for (std::size_t i = 0; i < std::min(count, ranked.size()); ++i)
    names.push_back(ranked[i].second);
  return names;
}

}  // namespace joulebook
