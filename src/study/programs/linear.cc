#include "study/programs/linear.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "study/rng.h"

namespace joulebook {
namespace {

// Scores become probabilities.
void softmax(std::vector<double>& scores) {
  const double most = std::ranges::max(scores);
  double sum = 0;
  for (double& score : scores) sum += score = std::exp(score - most);
  for (double& score : scores) score /= sum;
}

}  // namespace

std::vector<double> scores(std::span<const float> weights, std::size_t classes,
                           const SparseRow& row) {
  const std::size_t stride = weights.size() / classes;
  std::vector<double> out(classes);
  for (std::size_t c = 0; c < classes; ++c) {
    const auto mine = weights.subspan(c * stride, stride);
    double sum = mine[stride - 1];
    for (const auto& [at, value] : row) sum += static_cast<double>(mine[at]) * value;
    out[c] = sum;
  }
  return out;
}

std::uint32_t best_class(std::span<const float> weights, std::size_t classes,
                         const SparseRow& row) {
  const auto all = scores(weights, classes, row);
  return static_cast<std::uint32_t>(std::ranges::max_element(all) - all.begin());
}

std::vector<float> train_softmax(const TrainingSet& set, const LinearOptions& options) {
  const std::size_t classes = set.labels.size();
  const std::size_t stride = set.space->width() + 1;
  std::vector<float> weights(classes * stride);
  std::vector<float> seen(classes * stride, 1e-6F);  // sums of squared gradients
  std::vector<std::size_t> order(set.rows.size());
  std::iota(order.begin(), order.end(), 0);
  Rng rng(options.seed);
  for (int pass = 0; pass < options.passes; ++pass) {
    rng.shuffle(std::span(order));
    for (const std::size_t index : order) {
      const SparseRow& row = set.rows[index];
      auto chance = scores(weights, classes, row);
      softmax(chance);
      for (std::size_t c = 0; c < classes; ++c) {
        const double error = chance[c] - (set.classes[index] == c ? 1.0 : 0.0);
        const auto step = [&](std::size_t at, double value) {
          float& weight = weights[c * stride + at];
          float& square = seen[c * stride + at];
          const double gradient = error * value + options.shrink * static_cast<double>(weight);
          square += static_cast<float>(gradient * gradient);
          weight -= static_cast<float>(options.rate * gradient / std::sqrt(double{square}));
        };
        for (const auto& [at, value] : row) step(at, value);
        step(stride - 1, 1.0);
      }
    }
  }
  return weights;
}

std::vector<float> train_bayes(const TrainingSet& set, double smoothing) {
  const std::size_t classes = set.labels.size();
  const std::size_t width = set.space->width();
  std::vector<double> counts(classes * width);
  std::vector<double> members(classes);
  std::vector<bool> seen(width);
  for (std::size_t i = 0; i < set.rows.size(); ++i) {
    members[set.classes[i]] += 1;
    for (const auto& [at, value] : set.rows[i]) {
      counts[set.classes[i] * width + at] += value;
      seen[at] = true;
    }
  }
  const auto places = static_cast<double>(std::ranges::count(seen, true));
  std::vector<float> weights;
  weights.reserve(classes * (width + 1));
  for (std::size_t c = 0; c < classes; ++c) {
    const auto mine = std::span(counts).subspan(c * width, width);
    const double sum = std::accumulate(mine.begin(), mine.end(), smoothing * places);
    for (std::size_t at = 0; at < width; ++at) {
      const double log_share = std::log((mine[at] + smoothing) / sum);
      weights.push_back(seen[at] ? static_cast<float>(log_share) : 0.0F);
    }
    weights.push_back(
        static_cast<float>(std::log(members[c] / static_cast<double>(set.rows.size()))));
  }
  return weights;
}

}  // namespace joulebook
