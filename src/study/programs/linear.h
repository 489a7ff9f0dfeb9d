#pragma once
// Classifiers that are a weight for each place and class: logistic regression of several classes
// (softmax) and naive Bayes. Both take seconds at most and follow from the set and the seed alone.
//
// Thread-safe.
#include <cstdint>
#include <vector>

#include "study/programs/examples.h"
#include "study/programs/task_model.h"

namespace joulebook {

struct LinearOptions {
  int passes = 60;       // over all rows, in an order drawn anew for each
  double rate = 0.3;     // first step's length
  double shrink = 1e-4;  // L2 penalty, a row
  std::uint64_t seed = 1;
};

// Softmax regression by stochastic gradients with a step length a weight (AdaGrad: J. Duchi,
// E. Hazan and Y. Singer, JMLR 12, 2011). Weights as ModelPart::weights.
// REQUIRES: rows as the model will see them (scaled).
[[nodiscard]] std::vector<float> train_softmax(const TrainingSet& set,
                                               const LinearOptions& options);

// Multinomial naive Bayes with Laplace's `smoothing` (> 0) over the places that some row has:
// weights are log P(place | class), 0 for places that none has; the constant is log P(class).
// REQUIRES: no value below 0.
[[nodiscard]] std::vector<float> train_bayes(const TrainingSet& set, double smoothing);

// Sums of weight times value, a class each.
[[nodiscard]] std::vector<double> scores(std::span<const float> weights, std::size_t classes,
                                         const SparseRow& row);
// The first of those with the greatest score.
[[nodiscard]] std::uint32_t best_class(std::span<const float> weights, std::size_t classes,
                                       const SparseRow& row);

}  // namespace joulebook
