// The tensors of each architecture, by the names and extents that llama.cpp asks for
// (load_arch_tensors in src/models/*.cpp of 0.3.36).
#include <fmt/format.h>

#include <cmath>

#include "gguf/random_blocks.h"
#include "physics/synth/synth_model.h"

namespace joulebook::synth {
namespace {

using physics::Experts;
using physics::LayerGroup;
using physics::Mixer;
using physics::ModelShape;

constexpr std::uint32_t kF32 = 0;
constexpr std::uint64_t kSpecialTokens = 3;
// What layers add is small beside the embedding, as it is in a trained model's first layers: else
// the mean over the tokens that attention sees would drown what tells them apart, and all would
// choose the same experts.
constexpr double kAdded = 0.25;

class Tensors {
 public:
  Tensors(const ModelShape& shape, Architecture architecture, std::uint32_t type)
      : shape_(shape), architecture_(architecture), type_(type) {}

  std::vector<SynthTensor> list() {
    matrix("token_embd", {shape_.hidden, shape_.vocabulary});
    out_.back().deviation = 1;
    if (shape_.tied) out_.back().zero_rows = kSpecialTokens;
    ones("output_norm", shape_.hidden);
    if (!shape_.tied) {
      matrix("output", {shape_.hidden, shape_.vocabulary});
      out_.back().zero_rows = kSpecialTokens;
    }
    std::int64_t layer = 0;
    for (const auto& group : shape_.layers) {
      for (std::int64_t i = 0; i < group.count; ++i) {
        block_ = fmt::format("blk.{}.", layer++);
        ones("attn_norm", shape_.hidden);
        group.mixer == Mixer::latent ? latent(group) : attention(group);
        ones("ffn_norm", shape_.hidden);
        group.experts.routed != 0 ? experts(group.experts) : dense(group.ffn);
        if (is_gemma23()) {
          ones("post_attention_norm", shape_.hidden);
          ones("post_ffw_norm", shape_.hidden);
        }
      }
    }
    return std::move(out_);
  }

 private:
  [[nodiscard]] bool is_gemma23() const {
    return architecture_ == Architecture::gemma2 || architecture_ == Architecture::gemma3;
  }
  [[nodiscard]] bool has_head_norms() const {
    return architecture_ == Architecture::qwen3 || architecture_ == Architecture::qwen3moe ||
           architecture_ == Architecture::gemma3;
  }

  SynthTensor& add(std::string_view name, std::string_view what, std::uint32_t type,
                   const std::vector<std::int64_t>& extents) {
    SynthTensor tensor;
    tensor.spec.name = fmt::format("{}{}.{}", block_, name, what);
    tensor.spec.type = type;
    tensor.spec.shape.assign(extents.begin(), extents.end());
    tensor.deviation = 1 / std::sqrt(static_cast<double>(extents[0]));
    return out_.emplace_back(std::move(tensor));
  }
  void matrix(std::string_view name, const std::vector<std::int64_t>& extents) {
    add(name, "weight", block_type_for_row(type_, static_cast<std::uint64_t>(extents[0])), extents);
  }
  // Back into the stream that layers add to.
  void adding(std::string_view name, const std::vector<std::int64_t>& extents) {
    matrix(name, extents);
    out_.back().deviation *= kAdded;
  }
  void constant(std::string_view name, std::string_view suffix, std::int64_t n, float value) {
    auto& tensor = add(name, suffix, kF32, {n});
    tensor.fill = SynthTensor::Fill::constant;
    tensor.value = value;
  }
  void ones(std::string_view name, std::int64_t n) { constant(name, "weight", n, 1); }
  void bias(std::string_view name, std::int64_t n) { constant(name, "bias", n, 0); }

  void attention(const LayerGroup& group) {
    const auto& a = group.attention;
    const std::int64_t q = a.heads * a.head_dim;
    const std::int64_t kv = a.kv_heads * a.head_dim;
    matrix("attn_q", {shape_.hidden, q});
    matrix("attn_k", {shape_.hidden, kv});
    matrix("attn_v", {shape_.hidden, kv});
    if (a.bias) {
      bias("attn_q", q);
      bias("attn_k", kv);
      bias("attn_v", kv);
    }
    adding("attn_output", {q, shape_.hidden});
    if (has_head_norms()) {
      ones("attn_q_norm", a.head_dim);
      ones("attn_k_norm", a.head_dim);
    }
  }

  void latent(const LayerGroup& group) {
    const auto& a = group.latent;
    const std::int64_t q = a.heads * (a.nope + a.rope);
    if (a.q_lora != 0) {
      ones("attn_q_a_norm", a.q_lora);
      matrix("attn_q_a", {shape_.hidden, a.q_lora});
      matrix("attn_q_b", {a.q_lora, q});
    } else {
      matrix("attn_q", {shape_.hidden, q});
    }
    ones("attn_kv_a_norm", a.kv_lora);
    matrix("attn_kv_a_mqa", {shape_.hidden, a.kv_lora + a.rope});
    matrix("attn_k_b", {a.nope, a.kv_lora, a.heads});
    matrix("attn_v_b", {a.kv_lora, a.value, a.heads});
    adding("attn_output", {a.heads * a.value, shape_.hidden});
  }

  void dense(std::int64_t width) {
    matrix("ffn_gate", {shape_.hidden, width});
    matrix("ffn_up", {shape_.hidden, width});
    adding("ffn_down", {width, shape_.hidden});
  }

  void experts(const Experts& e) {
    add("ffn_gate_inp", "weight", kF32, {shape_.hidden, e.routed});
    matrix("ffn_gate_exps", {shape_.hidden, e.width, e.routed});
    matrix("ffn_up_exps", {shape_.hidden, e.width, e.routed});
    adding("ffn_down_exps", {e.width, shape_.hidden, e.routed});
    if (e.shared_width == 0) return;
    if (architecture_ == Architecture::qwen2moe) {
      add("ffn_gate_inp_shexp", "weight", kF32, {shape_.hidden});
    }
    matrix("ffn_gate_shexp", {shape_.hidden, e.shared_width});
    matrix("ffn_up_shexp", {shape_.hidden, e.shared_width});
    adding("ffn_down_shexp", {e.shared_width, shape_.hidden});
  }

  const ModelShape& shape_;
  Architecture architecture_;
  std::uint32_t type_;
  std::string block_;
  std::vector<SynthTensor> out_;
};

}  // namespace

std::vector<SynthTensor> synth_tensors(const ModelShape& shape, Architecture architecture,
                                       std::uint32_t type) {
  return Tensors(shape, architecture, type).list();
}

}  // namespace joulebook::synth
