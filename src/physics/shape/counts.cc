#include "physics/shape/counts.h"

#include <algorithm>

#include "physics/shape/mixer_counts.h"

namespace joulebook::physics {
namespace {

std::int64_t dense_ffn(const ModelShape& shape, const LayerGroup& group) {
  return group.ffn_matrices * shape.hidden * group.ffn;
}

std::int64_t shared_ffn(const ModelShape& shape, const LayerGroup& group) {
  return group.experts.matrices * shape.hidden * group.experts.shared_width;
}

// Into the experts' own width and back, where they have one.
std::int64_t expert_projection(const ModelShape& shape, const LayerGroup& group) {
  return 2 * shape.hidden * group.experts.input_width;
}

std::int64_t router(const ModelShape& shape, const LayerGroup& group) {
  return shape.hidden * group.experts.routed;
}

void add_layers(const ModelShape& shape, const std::vector<LayerGroup>& groups, Parameters& sum) {
  for (const auto& g : groups) {
    const MixerCounts mixer = count_mixer(shape.hidden, g);
    sum.mixer += g.count * mixer.products;
    sum.feed_forward +=
        g.count * (dense_ffn(shape, g) + shared_ffn(shape, g) + expert_projection(shape, g));
    sum.experts += g.count * g.experts.routed * expert_parameters(shape, g);
    sum.router += g.count * router(shape, g);
    const std::int64_t biases = g.ffn_bias ? (g.ffn_matrices - 1) * g.ffn + shape.hidden : 0;
    sum.other += g.count * (mixer.other + g.norms * shape.hidden + biases);
  }
}

std::int64_t embedding_width(const ModelShape& shape) {
  return shape.embedding_width != 0 ? shape.embedding_width : shape.hidden;
}

}  // namespace

std::int64_t expert_parameters(const ModelShape& shape, const LayerGroup& group) {
  const auto& e = group.experts;
  return e.matrices * (e.input_width != 0 ? e.input_width : shape.hidden) * e.width;
}

std::int64_t always_parameters(const ModelShape& shape, const LayerGroup& group) {
  return count_mixer(shape.hidden, group).products + dense_ffn(shape, group) +
         shared_ffn(shape, group) + expert_projection(shape, group) + router(shape, group);
}

Parameters count_parameters(const ModelShape& shape) {
  Parameters sum;
  const std::int64_t width = embedding_width(shape);
  sum.embedding = shape.vocabulary * width;
  sum.head = shape.tied || !shape.has_head ? 0 : shape.vocabulary * width;
  add_layers(shape, shape.layers, sum);
  add_layers(shape, shape.encoder, sum);
  if (width != shape.hidden) sum.mixer += 2 * width * shape.hidden;
  sum.other += shape.positions * shape.hidden + shape.hidden;
  if (!shape.encoder.empty()) sum.other += shape.hidden;
  for (const auto& tower : shape.towers) sum.towers += tower.parameters;
  return sum;
}

std::int64_t total_parameters(const ModelShape& shape) { return count_parameters(shape).total(); }

std::int64_t active_parameters(const ModelShape& shape) {
  std::int64_t idle = 0;
  for (const auto& g : shape.layers) {
    const auto resting = std::max<std::int64_t>(0, g.experts.routed - g.experts.chosen);
    idle += g.count * resting * expert_parameters(shape, g);
  }
  return total_parameters(shape) - idle;
}

std::int64_t matmul_parameters(const ModelShape& shape) {
  std::int64_t sum = shape.has_head ? shape.vocabulary * embedding_width(shape) : 0;
  for (const auto& g : shape.layers) {
    const auto chosen = std::min(g.experts.chosen, g.experts.routed);
    sum += g.count * (always_parameters(shape, g) + chosen * expert_parameters(shape, g));
  }
  if (embedding_width(shape) != shape.hidden) sum += 2 * embedding_width(shape) * shape.hidden;
  return sum;
}

}  // namespace joulebook::physics
