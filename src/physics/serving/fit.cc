#include "physics/serving/fit.h"

#include <cmath>
#include <map>

#include "physics/serving/least_squares.h"

namespace joulebook::serving {
namespace {

// Half its square is the pseudo-Huber loss of r at scale s, in units of that scale.
double robust(double r, double s) {
  const double u = r / s;
  return std::copysign(std::sqrt(2 * (std::sqrt(1 + u * u) - 1)), r);
}

std::map<std::string, double> count_folds(std::span<const Example> examples) {
  std::map<std::string, double> count;
  for (const Example& e : examples) ++count[e.fold];
  return count;
}

std::vector<double> weigh(std::span<const Example> examples) {
  std::map<std::string, double> count;
  for (const Example& e : examples) ++count[e.row.source + e.fold];
  std::vector<double> weights;
  for (const Example& e : examples) {
    // Images and the first engine, whose inputs are known least, count for half.
    const bool vague = is_visual(e.row.work.task) || e.row.work.engine == Engine::v1;
    constexpr double kTypicalRows = 20;
    weights.push_back(std::pow(count[e.row.source + e.fold] / kTypicalRows, -0.25) * (vague ? 0.5 : 1));
  }
  return weights;
}

}  // namespace

Result<FitOutcome> fit(std::span<const Example> examples, const FitOptions& options,
                       std::vector<double> start) {
  if (start.empty()) start.assign(kParameters, 0);
  const auto weights = weigh(examples);
  constexpr double kStatedTime = 0.5, kStepTime = 0.7;  // against energy
  const auto residuals = [&](std::span<const double> x, std::span<double> out) {
    const Parameters p = from_free(x);
    std::size_t at = 0;
    for (std::size_t i = 0; i < examples.size(); ++i) {
      const Example& e = examples[i];
      const Prediction r = predict(e.row.work, p);
      const double stated = e.row.median ? r.tpot_median_s : r.tpot_mean_s;
      out[at++] = weights[i] * robust(std::log(r.j_per_token / e.j_per_token), options.robust);
      out[at++] = kStatedTime * weights[i] * robust(std::log(stated / e.tpot_s), options.robust);
      out[at++] = kStepTime * weights[i] * robust(std::log(r.step_s / e.step_s), options.robust);
    }
    for (const double free : x) out[at++] = options.prior * free;
  };
  constexpr double kTolerance = 1e-5;
  auto found = minimise(residuals, std::move(start), 3 * examples.size() + kParameters,
                        options.most_iterations, kTolerance);
  if (!found) return fail(found.error());
  FitOutcome outcome;
  outcome.parameters = from_free(found->x);
  outcome.free = std::move(found->x);
  outcome.cost = found->cost;
  outcome.iterations = found->iterations;
  return outcome;
}

Result<std::vector<LeftOut>> leave_architectures_out(
    std::span<const Example> examples, std::span<const Example> synthesised, const FitOptions& options,
    const std::vector<double>& start, const std::function<void(std::size_t, std::size_t)>& progress) {
  std::vector<LeftOut> left_out(examples.size());
  const auto folds = count_folds(examples);
  std::size_t done = 0;
  for (const auto& [fold, rows] : folds) {
    std::vector<Example> others;
    for (const Example& e : examples) {
      if (e.fold != fold) others.push_back(e);
    }
    auto without = fit(others, options, start);
    if (!without) return fail(without.error());
    for (std::size_t i = 0; i < examples.size(); ++i) {
      if (examples[i].fold != fold) continue;
      left_out[i].prediction = predict(examples[i].row.work, without->parameters);
      left_out[i].synthesised = predict(synthesised[i].row.work, without->parameters);
    }
    if (progress) progress(++done, folds.size());
  }
  return left_out;
}

std::vector<double> fold_weights(std::span<const Example> examples) {
  const auto count = count_folds(examples);
  std::vector<double> weights;
  for (const Example& e : examples) weights.push_back(1 / count.at(e.fold));
  return weights;
}

Spread calibrate_left_out(std::span<const Example> examples, std::span<const Example> synthesised,
                          std::span<const LeftOut> left_out) {
  const auto weights = fold_weights(examples);
  std::vector<Residual> residuals;
  for (std::size_t i = 0; i < examples.size(); ++i) {
    const double measured = examples[i].j_per_token;
    residuals.push_back({&examples[i].row.work,
                         std::log(measured / left_out[i].prediction.j_per_token), weights[i]});
    constexpr double kLessThanKnown = 0.25;  // guessed shapes inform mostly their own feature
    residuals.push_back({&synthesised[i].row.work,
                         std::log(measured / left_out[i].synthesised.j_per_token),
                         kLessThanKnown * weights[i]});
  }
  return calibrate(residuals);
}

}  // namespace joulebook::serving
