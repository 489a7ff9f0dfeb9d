#include "physics/serving/baselines.h"

#include <cmath>
#include <map>

#include "physics/serving/least_squares.h"

namespace joulebook::serving {
namespace {

std::vector<double> explain(const Workload& w) {
  const auto flag = [](bool on) { return on ? 1.0 : 0.0; };
  std::vector<double> row{1, std::log(w.shape.total_params()), std::log(w.shape.active_params()),
                          std::log(w.batch), std::log(w.devices), std::log(w.output)};
  for (const Engine e : {Engine::v1, Engine::v2}) row.push_back(flag(w.engine == e));
  for (const Kind k : {Kind::b200, Kind::a100, Kind::a40, Kind::v100}) {
    row.push_back(flag(w.device.kind == k));
  }
  row.push_back(flag(w.weights != Weights::bits16));
  for (const Task t : {Task::fim, Task::image_chat, Task::video_chat, Task::llava}) {
    row.push_back(flag(w.task == t));
  }
  return row;
}

}  // namespace

double ecologits_j_per_token(const Workload& w) {
  constexpr double kAlpha = 1.1665273170451914e-06, kBeta = -0.011205921025579175;
  constexpr double kGamma = 4.052928146734005e-05, kJoulesPerWh = 3600;
  const double active_b = w.shape.active_params() / 1e9;
  return (kAlpha * std::exp(kBeta * w.batch) * active_b + kGamma) * kJoulesPerWh * w.devices;
}

double ecologits_s_per_token(const Workload& w) {
  return 6.785e-4 * w.shape.active_params() / 1e9 + 3.119e-4 * w.batch + 0.01947;
}

std::vector<double> regression_left_out(std::span<const Example> examples) {
  std::vector<std::vector<double>> all;
  std::map<std::string, std::vector<double>> by_fold;
  for (const Example& e : examples) {
    all.push_back(explain(e.row.work));
    by_fold[e.fold];
  }
  for (auto& [fold, w] : by_fold) {
    std::vector<std::vector<double>> rows;
    std::vector<double> y, weights;
    for (std::size_t i = 0; i < examples.size(); ++i) {
      if (examples[i].fold == fold) continue;
      rows.push_back(all[i]);
      y.push_back(std::log(examples[i].j_per_token));
      weights.push_back(1);
    }
    w = ridge_regression(rows, y, weights, 1e-6);
  }
  std::vector<double> predicted;
  for (std::size_t i = 0; i < examples.size(); ++i) {
    const auto& w = by_fold.at(examples[i].fold);
    double sum = 0;
    for (std::size_t k = 0; k < w.size(); ++k) sum += w[k] * all[i][k];
    predicted.push_back(std::exp(sum));
  }
  return predicted;
}

}  // namespace joulebook::serving
