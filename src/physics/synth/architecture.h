#pragma once
// Which of the embedded engine's architectures runs a shape, and the shapes of its slices. Pure;
// thread-safe.
#include <span>

#include "physics/shape/model_shape.h"

namespace joulebook::synth {

// Names as llama.cpp 0.3.36 has them ("general.architecture").
enum class Architecture {
  llama,
  qwen2,
  qwen3,
  qwen2moe,
  qwen3moe,
  gemma,
  gemma2,
  gemma3,
  deepseek2
};
[[nodiscard]] std::string_view to_string(Architecture architecture);

// By the shape's layers; where several would run it (norms of queries and keys cost little and the
// catalogue doesn't list them), by its name. Error: input "synth.architecture", saying what the
// shape has that none of them does.
[[nodiscard]] Result<Architecture> architecture_of(const physics::ModelShape& shape);

// The shape with counts[i] layers of its i-th group; groups of none are left out.
// REQUIRES: as many counts as groups, none negative, at least one positive.
[[nodiscard]] physics::ModelShape slice_of(const physics::ModelShape& shape,
                                           std::span<const std::int64_t> counts);
// Its first n layers, in the order of its groups. REQUIRES: 1 <= n <= layer_count().
[[nodiscard]] physics::ModelShape first_layers(const physics::ModelShape& shape, std::int64_t n);

}  // namespace joulebook::synth
