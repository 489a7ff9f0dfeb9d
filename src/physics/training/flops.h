#pragma once
// FLOPs of training and of what is done around it. Pure functions; thread-safe. A multiply-add
// is 2. docs/physics-training.md derives them.
#include <optional>
#include <string>

#include "physics/shape/model_shape.h"

namespace joulebook::training {

// A model as far as training's cost depends on it.
struct TrainedModel {
  std::string name;
  double parameters = 0;  // all
  double active = 0;      // in matrix products of one token: the N of 6 N D, chosen experts only
  double attention = 0;   // forward FLOPs of attention a token, at `sequence`
  double adapter_per_rank = 0;  // parameters of a LoRA of rank 1 on mixers and dense feed-forwards
  double sequence = 0;          // tokens; 0: no shape is known and attention is left out
};

// Attention is causal (each token sees those before it in its sequence), so its mean is over half.
// REQUIRES: a shape that validate() accepts; 1 <= sequence <= 2^30.
[[nodiscard]] TrainedModel trained_model(const physics::ModelShape& shape, double sequence);
// By its parameters alone. Error: input "training.params": not positive, above 10^16, or more
// active than all.
[[nodiscard]] Result<TrainedModel> trained_model(double parameters, double active);

enum class Recomputation {
  none,
  full
};  // of activations in the backward pass: full is one forward more

// Of one token. forward: 2 N + attention. train: forward and twice as much backward, 6 N. adapt
// (LoRA): the frozen weights get no gradient of their own, so 4 N + 6 N_adapter, but attention's
// both.
[[nodiscard]] double forward_flops(const TrainedModel& model);
[[nodiscard]] double train_flops(const TrainedModel& model, Recomputation recomputation);
[[nodiscard]] double adapt_flops(const TrainedModel& model, double rank,
                                 Recomputation recomputation);

}  // namespace joulebook::training
