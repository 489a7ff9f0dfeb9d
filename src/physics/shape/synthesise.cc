// A plausible shape from a size alone.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "physics/shape/catalogue.h"
#include "physics/shape/counts.h"

namespace joulebook::physics {
namespace {

constexpr std::int64_t kHeadDim = 128;
constexpr std::int64_t kVocabulary = 128256;
constexpr std::int64_t kChosen = 8;

std::int64_t whole(double x, std::int64_t multiple) {
  const auto m = static_cast<double>(multiple);
  return std::max<std::int64_t>(multiple, std::llround(x / m) * multiple);
}

// Published dense models from 0.5 to 400 B lie around hidden = 128 x layers^1.0 (32: 4096; 80: 8192,
// 126: 16384), within 30 %: so layers from the size of the body, 13 x layers x hidden^2.
ModelShape frame(double body) {
  ModelShape shape;
  const double layers = std::cbrt(body / (13.0 * 128 * 128));
  shape.vocabulary = kVocabulary;
  shape.hidden = whole(128 * layers, 128);
  LayerGroup group;
  group.count = std::max<std::int64_t>(2, std::llround(layers));
  group.attention.heads = std::max<std::int64_t>(1, shape.hidden / kHeadDim);
  group.attention.head_dim = kHeadDim;
  group.attention.kv_heads = std::min<std::int64_t>(8, group.attention.heads);
  while (group.attention.heads % group.attention.kv_heads != 0) --group.attention.kv_heads;
  shape.layers.push_back(group);
  return shape;
}

// Small models share the embedding with the head, as published ones do.
void settle_head(ModelShape& shape, double total) {
  const auto table = static_cast<double>(shape.vocabulary * shape.hidden);
  shape.tied = 2 * table > 0.25 * total;
  while (static_cast<double>(shape.vocabulary * shape.hidden) > 0.3 * total) {
    shape.vocabulary = shape.vocabulary / 2;
  }
}

// The width that brings the shape from what it has to `total`, where each of it costs `each`.
std::int64_t width_for(double parameters, double total, double each) {
  const double width = (total - parameters) / each;
  return whole(width, width > 512 ? 8 : 1);
}

ModelShape dense(double total) {
  ModelShape shape = frame(total * 0.94);
  settle_head(shape, total);
  auto& group = shape.layers[0];
  const double each = 3.0 * static_cast<double>(shape.hidden * group.count);
  group.ffn = width_for(static_cast<double>(total_parameters(shape)), total, each);
  return shape;
}

// As many experts as leave half of the active parameters to what is always there: 128 of which 8
// are chosen at 10 % active, as published models have.
std::int64_t experts_for(double ratio) {
  const auto least = static_cast<std::uint64_t>(kChosen + 2 * kChosen * (ratio - 1));
  return static_cast<std::int64_t>(std::bit_ceil(std::clamp<std::uint64_t>(least, 16, 4096)));
}

// A dense frame of 0.8 times what is active, made smaller until attention, routers and embeddings
// leave room for the chosen experts; a shared expert takes what is left.
ModelShape experts(double total, double active) {
  ModelShape shape;
  for (double body = 0.8 * active; body > 1e4; body *= 0.8) {
    shape = frame(body);
    settle_head(shape, active);
    auto& group = shape.layers[0];
    group.experts.chosen = kChosen;
    group.experts.routed = experts_for(total / active);
    const double each = 3.0 * static_cast<double>(shape.hidden * group.count);
    const auto idle = static_cast<double>(group.experts.routed - kChosen);
    group.experts.width = width_for(0, total - active, each * idle);
    const auto have = static_cast<double>(active_parameters(shape));
    if (have > active) continue;
    group.experts.shared_width = width_for(have, active, each);
    break;
  }
  return shape;
}

// As Nemotron-Nano v2: of 14 layers 1 attends, half of the rest have a state, half are feed-forward.
ModelShape hybrid(double total) {
  ModelShape shape = frame(total * 0.94);
  settle_head(shape, total);
  LayerGroup attention = shape.layers[0];
  const std::int64_t layers = 2 * attention.count;
  attention.count = std::max<std::int64_t>(1, std::llround(static_cast<double>(layers) / 14));
  attention.norms = 1;
  LayerGroup state;
  state.mixer = Mixer::recurrent;
  state.norms = 1;
  state.count = (layers - attention.count) / 2;
  state.recurrent = {RecurrentKind::mamba2, 2 * shape.hidden, 128, shape.hidden / 32, 8, 4, 0};
  LayerGroup feed;
  feed.mixer = Mixer::none;
  feed.norms = 1;
  feed.ffn_matrices = 2;
  feed.count = layers - attention.count - state.count;
  shape.layers = {attention, state, feed};
  const double each = 2.0 * static_cast<double>(shape.hidden * feed.count);
  shape.layers[2].ffn = width_for(static_cast<double>(total_parameters(shape)), total, each);
  return shape;
}

}  // namespace

Result<ModelShape> synthesise(double total_b, double active_b, SynthesisKind kind) {
  if (!(total_b >= 0.01 && total_b <= 1e5) || !(active_b > 0 && active_b <= total_b)) {
    return fail(ErrorKind::input, "shape.size",
                fmt::format("{} billion parameters, {} of them active", total_b, active_b),
                "give a total from 0.01 to 100000 and an active part above 0 and at most the total");
  }
  const bool split = kind == SynthesisKind::experts && active_b < 0.98 * total_b;
  ModelShape shape = split                            ? experts(total_b * 1e9, active_b * 1e9)
                     : kind == SynthesisKind::hybrid ? hybrid(total_b * 1e9)
                                                      : dense(total_b * 1e9);
  shape.name = fmt::format("a model of {:.4g} B, {:.4g} B active", total_b, active_b);
  shape.source = "guessed from its size: docs/physics-shapes.md";
  shape.synthesised = true;
  if (auto sound = validate(shape); !sound) return fail(sound.error());
  return shape;
}

}  // namespace joulebook::physics
