#include "physics/serving/interval.h"

#include <algorithm>
#include <cmath>

#include "physics/serving/least_squares.h"

namespace joulebook::serving {
namespace {

constexpr std::string_view kNames[] = {"all",     "v1",        "v2",    "B200",
                                       "visual",  "experts",   "hybrid", "below 16 bit",
                                       "many devices", "ln batch", "synthesised shape",
                                       "long prompts", "visual on B200"};
static_assert(std::size(kNames) == kFeatures);

std::vector<double> features(const Workload& w) {
  const auto flag = [](bool on) { return on ? 1.0 : 0.0; };
  constexpr double kTypicalBatch = 100;
  return {1,
          flag(w.engine == Engine::v1),
          flag(w.engine == Engine::v2),
          flag(w.device.kind == Kind::b200),
          flag(is_visual(w.task)),
          flag(w.shape.family == Family::experts),
          flag(w.shape.family == Family::hybrid),
          flag(w.weights != Weights::bits16),
          flag(w.data_parallel > 1 || w.pipeline > 1 || w.devices >= 8),
          0.3 * std::log(w.batch / kTypicalBatch),
          flag(w.shape.synthesised),
          flag(w.task == Task::fim || w.task == Task::video_chat || w.input > 4 * w.output),
          flag(is_visual(w.task) && w.device.kind == Kind::b200)};
}

double scale(const Spread& spread, const Workload& w) {
  const auto f = features(w);
  double sum = 0;
  for (std::size_t i = 0; i < kFeatures; ++i) sum += spread.weights[i] * f[i];
  // Coefficients borrowed from another kind of device: no residual says how far off they are.
  constexpr double kBorrowed = 2;
  return std::exp(sum) * (w.device.fitted ? 1 : kBorrowed);
}

}  // namespace

std::span<const std::string_view> feature_names() { return kNames; }

Factors factors(const Spread& spread, const Workload& work) {
  if (work.device.cpu) return cpu_factors(work);
  const double s = scale(spread, work);
  return {std::exp(std::min(spread.low * s, -0.01)), std::exp(std::max(spread.high * s, 0.01))};
}

Spread calibrate(std::span<const Residual> residuals) {
  constexpr double kFloor = 0.02;  // a residual of 0 says little about the next
  constexpr double kRidge = 2;     // about two architectures' worth of doubt in each feature
  std::vector<std::vector<double>> rows;
  std::vector<double> y, weights;
  for (const Residual& r : residuals) {
    rows.push_back(features(*r.work));
    y.push_back(std::log(std::abs(r.log_error) + kFloor));
    weights.push_back(r.weight);
  }
  const auto w = ridge_regression(rows, y, weights, kRidge);
  Spread spread;
  std::ranges::copy(w, spread.weights.begin());
  std::vector<std::pair<double, double>> scaled;
  for (const Residual& r : residuals) {
    Workload fitted = *r.work;
    fitted.device.fitted = true;
    scaled.emplace_back(r.log_error / scale(spread, fitted), r.weight);
  }
  spread.low = weighted_quantile(scaled, (1 - spread.level) / 2);
  spread.high = weighted_quantile(scaled, (1 + spread.level) / 2);
  return spread;
}

}  // namespace joulebook::serving
