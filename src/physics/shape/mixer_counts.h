#pragma once
// What one layer's mixer comes to, whatever its kind. For counts.h.
#include "physics/shape/model_shape.h"

namespace joulebook::physics {

struct MixerCounts {
  std::int64_t products = 0;  // parameters in matrix products of each token
  std::int64_t other = 0;     // biases, inner norms, convolutions, decay
};
[[nodiscard]] MixerCounts count_mixer(std::int64_t hidden, const LayerGroup& group);

// Numbers read a cached token by one query; 0 for recurrent layers.
[[nodiscard]] std::int64_t cache_numbers(const LayerGroup& group);
// Whether the layer keeps them itself.
[[nodiscard]] bool keeps_cache(const LayerGroup& group);
// Numbers of state a sequence: the recurrent state, and the convolution's last inputs.
[[nodiscard]] std::int64_t state_numbers(std::int64_t hidden, const LayerGroup& group);
// FLOPs of one query for each token it attends to.
[[nodiscard]] double flops_per_attended(const Attention& attention);
// FLOPs of a token on the state.
[[nodiscard]] double state_flops(std::int64_t hidden, const LayerGroup& group);
// The tokens that a query at `context` attends to.
[[nodiscard]] double attended(const LayerGroup& group, double context);

}  // namespace joulebook::physics
