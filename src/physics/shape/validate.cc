#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "physics/shape/counts.h"

namespace joulebook::physics {
namespace {

constexpr std::int64_t kMaxWidth = 1 << 20;        // of anything with a width
constexpr std::int64_t kMaxLayers = 1 << 13;       // all groups together
constexpr std::int64_t kMaxExperts = 1 << 14;
constexpr std::int64_t kMaxRows = 1 << 24;         // vocabulary, positions
constexpr std::int64_t kMaxAllHeads = 1 << 24;     // heads x their width
constexpr double kMaxParameters = 1e15;
constexpr double kMaxTokens = 1 << 30;

// Collects the first thing that can't be.
class Check {
 public:
  void refuse(std::string message, std::string cure) {
    if (error_.code.empty()) {
      error_ = {ErrorKind::input, "shape.contradiction", std::move(message), std::move(cure)};
    }
  }
  void within(std::string_view what, std::int64_t n, std::int64_t least, std::int64_t most) {
    if (n >= least && n <= most) return;
    refuse(fmt::format("{} is {}", what, n),
           fmt::format("give {} between {} and {}", what, least, most));
  }
  void width(std::string_view what, std::int64_t n) { within(what, n, 1, kMaxWidth); }
  void optional_width(std::string_view what, std::int64_t n) { within(what, n, 0, kMaxWidth); }
  void heads(std::int64_t n, std::int64_t width) {
    if (!failed()) within("width of all heads", n * width, 0, kMaxAllHeads);
  }
  void bits(std::string_view what, double n) {
    if (n > 0 && n <= 64) return;
    refuse(fmt::format("{} are {} bits each", what, n), "give above 0 and at most 64 bits");
  }
  [[nodiscard]] bool failed() const { return !error_.code.empty(); }
  [[nodiscard]] Status done() const {
    if (failed()) return fail(error_);
    return {};
  }

 private:
  Error error_;
};

void check_attention(Check& check, const Attention& a) {
  check.width("heads", a.heads);
  check.width("KV heads", a.kv_heads);
  check.width("head width", a.head_dim);
  check.optional_width("head width of values", a.value_dim);
  check.within("sliding window", a.window, 0, std::int64_t{1} << 40);
  check.heads(a.heads, a.head_dim);
  check.heads(a.heads, a.value_dim);
  if (check.failed() || a.heads % a.kv_heads == 0) return;
  check.refuse(fmt::format("{} heads cannot share {} KV heads", a.heads, a.kv_heads),
               "KV heads divide heads: see num_attention_heads and num_key_value_heads");
}

void check_latent(Check& check, const Latent& a) {
  check.width("heads", a.heads);
  check.optional_width("q_lora_rank", a.q_lora);
  check.width("kv_lora_rank", a.kv_lora);
  check.optional_width("qk_rope_head_dim", a.rope);
  check.optional_width("qk_nope_head_dim", a.nope);
  check.width("v_head_dim", a.value);
  check.heads(a.heads, a.rope + a.nope);
  check.heads(a.heads, a.value);
  if (a.rope + a.nope == 0) check.refuse("keys have no width", "give qk_nope_head_dim");
}

void check_recurrent(Check& check, const Recurrent& r) {
  check.width("width of the recurrent layer", r.inner);
  const bool has_state = r.kind != RecurrentKind::short_conv && r.kind != RecurrentKind::rwkv;
  check.within("state", r.state, has_state ? 1 : 0, kMaxWidth);
  const bool has_heads = r.kind == RecurrentKind::mamba2 || r.kind == RecurrentKind::delta;
  check.within("heads of the recurrent layer", r.heads, has_heads ? 1 : 0, kMaxWidth);
  check.within("groups of the recurrent layer", r.groups, 0, kMaxWidth);
  check.within("taps of the convolution", r.conv, 0, 1024);
  check.optional_width("dt rank", r.dt_rank);
  check.heads(r.groups, r.state);
  if (has_heads && !check.failed() && r.inner % r.heads != 0) {
    check.refuse(fmt::format("a width of {} cannot be shared by {} heads", r.inner, r.heads),
                 "heads divide the width of a recurrent layer");
  }
}

void check_experts(Check& check, const Experts& e) {
  check.within("experts", e.routed, 0, kMaxExperts);
  check.optional_width("width of the shared experts", e.shared_width);
  if (e.routed == 0) return;
  check.width("width of an expert", e.width);
  check.optional_width("input width of the experts", e.input_width);
  check.within("matrices of an expert", e.matrices, 2, 3);
  if (e.chosen >= 1 && e.chosen <= e.routed) return;
  check.refuse(fmt::format("a token cannot choose {} of {} experts", e.chosen, e.routed),
               fmt::format("give between 1 and {}: see num_experts_per_tok", e.routed));
}

void check_group(Check& check, const LayerGroup& g) {
  check.within("layers of a group", g.count, 1, kMaxLayers);
  if (g.mixer == Mixer::attention) check_attention(check, g.attention);
  if (g.mixer == Mixer::latent) check_latent(check, g.latent);
  if (g.mixer == Mixer::recurrent) check_recurrent(check, g.recurrent);
  if (g.cross.heads != 0) check_attention(check, g.cross);
  check.within("width of the feed-forward", g.ffn, 0, kMaxWidth);
  check.within("matrices of the feed-forward", g.ffn_matrices, 1, 3);
  check.within("norms of a layer", g.norms, 0, 16);
  check_experts(check, g.experts);
  if (g.mixer == Mixer::none && g.ffn == 0 && g.experts.routed == 0) {
    check.refuse("a layer has neither a mixer nor a feed-forward", "give it one of both");
  }
}

void check_precision(Check& check, const Precision& p) {
  check.bits("embeddings", p.embedding);
  check.bits("mixers", p.mixer);
  check.bits("feed-forwards", p.feed_forward);
  check.bits("experts", p.experts);
  check.bits("numbers of the head", p.head);
  check.bits("other weights", p.other);
  check.bits("towers", p.tower);
  check.bits("cached numbers", p.kv);
  check.bits("numbers of state", p.state);
}

void check_stack(Check& check, const std::vector<LayerGroup>& groups, std::string_view what) {
  std::int64_t layers = 0;
  for (const auto& g : groups) {
    check_group(check, g);
    layers += check.failed() ? 0 : g.count;
  }
  if (!check.failed() && !groups.empty()) check.within(what, layers, 1, kMaxLayers);
}

// In floating point first: the exact count must not overflow.
double rough_parameters(const ModelShape& shape) {
  double sum = static_cast<double>(shape.vocabulary) * static_cast<double>(shape.hidden);
  for (const auto* stack : {&shape.layers, &shape.encoder}) {
    for (const auto& g : *stack) {
      LayerGroup one = g;
      one.experts.routed = 0;
      const double layer = static_cast<double>(always_parameters(shape, one)) +
                           static_cast<double>(g.experts.routed) *
                               static_cast<double>(expert_parameters(shape, g));
      sum += static_cast<double>(g.count) * layer;
    }
  }
  return sum;
}

}  // namespace

Status validate(const ModelShape& shape) {
  Check check;
  check.width("hidden width", shape.hidden);
  check.within("vocabulary", shape.vocabulary, 0, kMaxRows);
  check.within("positions", shape.positions, 0, kMaxRows);
  check.optional_width("embedding width", shape.embedding_width);
  if (shape.layers.empty()) check.refuse("the model has no layers", "give at least one");
  if (shape.kind == ModelKind::encoder_decoder && shape.encoder.empty()) {
    check.refuse("an encoder-decoder without encoder layers", "give num_layers of the encoder");
  }
  check_stack(check, shape.layers, "layers");
  check_stack(check, shape.encoder, "layers of the encoder");
  check_precision(check, shape.precision);
  if (!(shape.sparsity.zeros >= 0 && shape.sparsity.zeros < 1)) {
    check.refuse(fmt::format("a share of zeros of {}", shape.sparsity.zeros),
                 "give a sparsity from 0 to below 1");
  }
  for (const auto& tower : shape.towers) {
    check.within("parameters of a tower", tower.parameters, 0, std::int64_t{1} << 40);
  }
  if (!check.failed() && rough_parameters(shape) > kMaxParameters) {
    check.refuse(fmt::format("{:.3g} parameters", rough_parameters(shape)),
                 "check widths, layers and experts: no model has 10^15");
  }
  return check.done();
}

Status validate_length(std::string_view what, double tokens) {
  if (std::isfinite(tokens) && tokens >= 0 && tokens <= kMaxTokens) return {};
  return fail(ErrorKind::input, "shape.length", fmt::format("{} is {} tokens", what, tokens),
              fmt::format("give {} from 0 to {:.0f} tokens", what, kMaxTokens));
}

std::int64_t ModelShape::layer_count() const {
  std::int64_t sum = 0;
  for (const auto& g : layers) sum += g.count;
  return sum;
}

Precision Precision::uniform(double bits) {
  Precision p;
  p.embedding = p.mixer = p.feed_forward = p.experts = p.head = p.tower = bits;
  return p;
}

std::string_view to_string(Mixer mixer) {
  switch (mixer) {
    case Mixer::none:
      return "none";
    case Mixer::attention:
      return "attention";
    case Mixer::latent:
      return "latent attention";
    case Mixer::recurrent:
      return "recurrent";
  }
  return "none";
}

std::string_view to_string(RecurrentKind kind) {
  switch (kind) {
    case RecurrentKind::mamba1:
      return "mamba1";
    case RecurrentKind::mamba2:
      return "mamba2";
    case RecurrentKind::delta:
      return "delta";
    case RecurrentKind::linear:
      return "linear";
    case RecurrentKind::rwkv:
      return "rwkv";
    case RecurrentKind::short_conv:
      return "short_conv";
  }
  return "mamba2";
}

std::string_view to_string(ModelKind kind) {
  switch (kind) {
    case ModelKind::decoder:
      return "decoder";
    case ModelKind::encoder:
      return "encoder";
    case ModelKind::encoder_decoder:
      return "encoder-decoder";
  }
  return "decoder";
}

}  // namespace joulebook::physics
