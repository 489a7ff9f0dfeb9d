#include "physics/serving/shapes.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"
#include "physics/shape/catalogue.h"
#include "physics/shape/counts.h"
#include "physics/shape/mixer_counts.h"

namespace joulebook::serving {
namespace {

using physics::LayerGroup;
using physics::Mixer;
using physics::ModelShape;
using physics::RecurrentKind;

double number(std::int64_t n) { return static_cast<double>(n); }

// A scan over the state has kernels of its own; RWKV's and a short convolution are one each.
bool scans(const LayerGroup& g) {
  return g.mixer == Mixer::recurrent && g.recurrent.kind != RecurrentKind::rwkv &&
         g.recurrent.kind != RecurrentKind::short_conv;
}

struct Window {
  double bytes = 0, tokens = 0;  // bytes of a token in layers that have one; bytes x its length
};

void add_layers(const ModelShape& shape, const LayerGroup& g, Shape& s, Window& window) {
  const double n = number(g.count);
  const auto products = physics::count_mixer(shape.hidden, g).products;
  s.attention_params += n * number(products);
  s.ffn_params += n * number(physics::always_parameters(shape, g) - products);
  s.attention_layers += g.mixer == Mixer::attention || g.mixer == Mixer::latent ? n : 0;
  s.state_layers += scans(g) ? n : 0;
  const bool rwkv = g.mixer == Mixer::recurrent && g.recurrent.kind == RecurrentKind::rwkv;
  s.rwkv_layers += rwkv ? n : 0;
  s.cross_layers += g.cross.heads > 0 && g.mixer != Mixer::none ? n : 0;
  s.state_flops += n * physics::state_flops(shape.hidden, g);
  constexpr double kBytes = 2;
  const double bytes = kBytes * n * number(physics::cache_numbers(g));
  s.kv_bytes += bytes;
  s.kv_held += physics::keeps_cache(g) ? bytes : 0;
  if (g.mixer == Mixer::attention && g.attention.window > 0) {
    window.bytes += bytes;
    window.tokens += bytes * number(g.attention.window);
  }
}

// Experts of all layers that have them; where layers differ, their means.
void add_experts(const ModelShape& shape, Shape& s) {
  double all = 0;
  for (const LayerGroup& g : shape.layers) {
    if (g.experts.routed == 0) continue;
    const double n = number(g.count);
    s.expert_layers += n;
    s.experts += n * number(g.experts.routed);
    s.chosen += n * number(g.experts.chosen);
    all += n * number(g.experts.routed) * number(physics::expert_parameters(shape, g));
  }
  if (s.expert_layers <= 0) return;
  s.experts /= s.expert_layers;
  s.chosen /= s.expert_layers;
  s.expert_params = all / (s.expert_layers * s.experts);
}

// What reads a prompt in the decoder's place.
double encoder_products(const ModelShape& shape) {
  double sum = 0;
  for (const LayerGroup& g : shape.encoder) {
    sum += number(g.count * physics::always_parameters(shape, g));
  }
  for (const LayerGroup& g : shape.layers) {
    const auto& c = g.cross;
    sum += number(g.count * shape.hidden * c.kv_heads * (c.head_dim + c.value_width()));
  }
  return sum;
}

StoredBytes stored_bytes(const ModelShape& shape, const Shape& s) {
  const auto& p = shape.precision;
  constexpr double kByte = 8;
  const double kept = shape.sparsity.compressed ? 1 - shape.sparsity.zeros : 1;
  StoredBytes b;
  const double dense = s.attention_params + s.ffn_params;
  const double bits = s.attention_params * p.mixer + s.ffn_params * p.feed_forward;
  b.dense = kept * (dense > 0 ? bits / dense : p.mixer) / kByte;
  b.expert = kept * p.experts / kByte;
  b.embedding = p.embedding / kByte;
  b.head = (shape.tied ? p.embedding : p.head) / kByte;
  b.kv = p.kv / kByte;
  return b;
}

double image_tokens(const ModelShape& shape) {
  for (const auto& tower : shape.towers) {
    if (tower.name == "vision" && tower.tokens > 0) return number(tower.tokens);
  }
  return 0;
}

}  // namespace

double Shape::active_params() const {
  return attention_params + ffn_params + head_params + expert_layers * chosen * expert_params;
}

double Shape::total_params() const {
  return attention_params + ffn_params + head_params + embedding_params + other_params +
         expert_layers * experts * expert_params;
}

Shape serving_shape(const ModelShape& shape) {
  Shape s;
  s.name = shape.name;
  s.synthesised = shape.synthesised;
  s.generates = shape.kind != physics::ModelKind::encoder && shape.has_head;
  s.layers = number(shape.layer_count());
  s.hidden = number(shape.hidden);
  s.vocabulary = number(shape.vocabulary);
  s.kv_held = 0;
  Window window;
  for (const LayerGroup& g : shape.layers) add_layers(shape, g, s, window);
  s.window_share = s.kv_bytes > 0 ? window.bytes / s.kv_bytes : 0;
  s.window = window.bytes > 0 ? window.tokens / window.bytes : 0;
  s.kv_held = s.kv_bytes > 0 ? s.kv_held / s.kv_bytes : 1;
  add_experts(shape, s);
  s.family = s.state_layers > 0    ? Family::hybrid
             : s.expert_layers > 0 ? Family::experts
                                   : Family::dense;
  const std::int64_t width = shape.embedding_width != 0 ? shape.embedding_width : shape.hidden;
  if (width != shape.hidden) s.attention_params += 2 * number(width * shape.hidden);
  s.head_params = shape.has_head ? number(shape.vocabulary * width) : 0;
  const auto counted = physics::count_parameters(shape);
  s.embedding_params = number(counted.embedding + counted.head) - s.head_params;
  s.other_params = number(counted.total()) - s.total_params();
  s.tower_params = number(counted.towers);
  s.encoder_params = encoder_products(shape);
  const auto per_context = [&](physics::LatentForm form) {
    return physics::attention_flops(shape, 1, form) - s.state_flops;
  };
  s.attention_flops = per_context(physics::LatentForm::absorbed);
  s.prompt_attention_flops = per_context(physics::LatentForm::expanded);
  constexpr double kReadAndWritten = 2, kBits = 16;
  s.state_bytes = kReadAndWritten * physics::state_bytes(shape) * kBits / shape.precision.state;
  s.image_tokens = image_tokens(shape);
  s.stored = stored_bytes(shape, s);
  return s;
}

std::optional<Shape> find_shape(std::string_view name) {
  const auto* model = physics::find_model(name);
  if (model == nullptr) return std::nullopt;
  return serving_shape(model->shape);
}

std::vector<Shape> all_shapes() {
  std::vector<Shape> shapes;
  for (const auto& model : physics::model_catalogue()) {
    Shape shape = serving_shape(model.shape);
    if (shape.generates) shapes.push_back(std::move(shape));
  }
  return shapes;
}

Result<Shape> synthesise_shape(double total_b, double active_b, std::string_view arch) {
  const std::string kind = lower(arch);
  const auto says = [&](std::string_view word) { return kind.find(word) != std::string::npos; };
  const bool experts = says("moe") || active_b < 0.7 * total_b;
  // Publishers round: 8.03 billion active of 8 is all of them.
  const double active = active_b <= total_b * 1.01 ? std::min(active_b, total_b) : active_b;
  auto shape = physics::synthesise(total_b, experts ? active : total_b,
                                   experts                            ? physics::SynthesisKind::experts
                                   : says("mamba") || says("hybrid") ? physics::SynthesisKind::hybrid
                                                                      : physics::SynthesisKind::dense);
  if (!shape) return fail(shape.error());
  return serving_shape(*shape);
}

}  // namespace joulebook::serving
