#include "physics/shape/config_layers.h"

#include <fmt/format.h>

#include <algorithm>

#include "physics/shape/layer_groups.h"

namespace joulebook::physics {
namespace {

bool lists(const Json& array, std::int64_t layer) {
  return std::ranges::any_of(array.items(),
                             [&](const Json& item) { return item.as_int(-1) == layer; });
}

// Whether the layer has a window, where there is one at all.
bool is_windowed(const ConfigLayers& c, std::int64_t layer) {
  const Json& type = c.config.of_layer("layer_types", layer);
  if (type.is_string()) {
    return type.as_string() == "sliding_attention" || type.as_string() == "chunked_attention";
  }
  const Json& local = c.config.of_layer("attention_layers", layer);  // GPT-Neo
  if (local.is_string()) return local.as_string() == "local";
  const auto letters = c.config.text({"sliding_window_pattern"});  // EXAONE 4: "LLLG"
  if (!letters.empty()) return letters[static_cast<std::size_t>(layer) % letters.size()] == 'L';
  const auto most = c.config.number({"max_window_layers"});
  if (most && layer < *most) return false;
  const auto every = c.config.number({"sliding_window_pattern", "_sliding_window_pattern"});
  if (every) return *every > 0 && (layer + 1) % *every != 0;
  switch (c.traits.window) {
    case WindowRule::even:
      return layer % 2 == 0;
    case WindowRule::pattern4:
      return (layer + 1) % 4 != 0;
    case WindowRule::pattern6:
      return (layer + 1) % 6 != 0;
    case WindowRule::all:
      break;
  }
  return true;
}

std::int64_t window_of(const ConfigLayers& c, std::int64_t layer) {
  const bool used = c.config.flag({"use_sliding_window"}, !c.traits.type.starts_with("qwen"));
  const auto window = c.config.number({"sliding_window", "attention_chunk_size", "window_size"});
  return used && window && *window > 0 && is_windowed(c, layer) ? *window : 0;
}

std::int64_t kv_heads(const ConfigLayers& c, std::int64_t heads) {
  const bool falcon = c.traits.type == "falcon" || c.traits.type.starts_with("Refined");
  const bool newer = c.config.flag({"new_decoder_architecture"});
  const bool bigcode = c.traits.type == "gpt_bigcode";
  if (bigcode || (falcon && !newer && !c.config.has({"n_head_kv"}))) {
    return c.config.flag({"multi_query"}, true) ? 1 : heads;
  }
  return c.config
      .number({"num_key_value_heads", "num_kv_heads", "n_head_kv", "attn_config.kv_n_heads"})
      .value_or(heads);
}

std::int64_t head_width(const ConfigLayers& c, std::int64_t heads) {
  const auto given = c.config.number({"head_dim", "attention_head_dim", "kv_channels", "d_kv"});
  if (given && *given > 0) return *given;
  if (heads > 0 && c.hidden % heads != 0) {
    c.config.refuse("shape.contradiction",
                    fmt::format("{} heads cannot share a width of {}", heads, c.hidden),
                    "give head_dim, or heads that divide hidden_size");
  }
  return heads > 0 ? c.hidden / heads : 0;
}

Latent read_latent(const ConfigLayers& c) {
  Latent a;
  a.heads = c.config.need({"num_attention_heads"});
  a.q_lora = c.config.number({"q_lora_rank"}).value_or(0);
  a.kv_lora = c.config.need({"kv_lora_rank"});
  a.rope = c.config.need({"qk_rope_head_dim"});
  a.nope = c.config.need({"qk_nope_head_dim"});
  a.value = c.config.need({"v_head_dim"});
  return a;
}

// Every so many layers, beginning with the last of the first so many: Llama 4, Qwen MoE.
bool step_has(std::optional<std::int64_t> step, std::int64_t layer) {
  return !step || *step <= 1 || (layer + 1) % *step == 0;
}

bool has_experts(const ConfigLayers& c, std::int64_t layer) {
  ConfigReader& r = c.config;
  if (lists(r.at("mlp_only_layers"), layer)) return false;
  if (r.at("moe_layers").is_array()) return lists(r.at("moe_layers"), layer);
  const Json& each = r.of_layer("moe_layer_freq", layer);
  if (each.is_number()) return each.as_int() != 0;
  if (layer < r.number({"first_k_dense_replace", "moe_layer_start_index"}).value_or(0)) return false;
  if (const auto period = r.number({"expert_layer_period"}); period && *period > 0) {
    return layer % *period == r.number({"expert_layer_offset"}).value_or(0);
  }
  if (!r.at("moe_layer_freq").is_array()) {
    const auto every = r.number({"moe_layer_freq", "moe_layer_interval"});
    if (every && *every > 1 && layer % *every != 0) return false;
  }
  return step_has(r.number({"decoder_sparse_step"}), layer) &&
         step_has(r.number({"interleave_moe_layer_step"}), layer);
}

std::int64_t dense_width(const ConfigLayers& c) {
  ConfigReader& r = c.config;
  const auto given = r.number({"intermediate_size_mlp", "intermediate_size", "n_inner", "ffn_dim",
                               "ffn_hidden_size", "d_ff", "ff_intermediate_size", "hidden_dim"});
  if (given) return *given;
  if (c.traits.with(kFourTimes)) return r.number({"expansion_ratio"}).value_or(4) * c.hidden;
  return r.need({"intermediate_size"});
}

Experts read_experts(const ConfigLayers& c, std::int64_t routed) {
  ConfigReader& r = c.config;
  Experts e;
  e.routed = routed;
  const auto chosen = r.number({"num_experts_per_tok", "num_experts_per_token", "moe_k", "moe_topk",
                                "top_k_experts", "ffn_config.moe_top_k"});
  e.chosen = chosen ? *chosen : r.need({"num_experts_per_tok"});
  const auto width =
      r.number({"moe_intermediate_size", "ffn_config.ffn_hidden_size", "intermediate_size"});
  e.width = width ? *width : r.need({"moe_intermediate_size"});
  e.matrices = c.traits.with(kPlain) ? 2 : 3;
  const auto shared = r.number({"n_shared_experts", "num_shared_experts", "moe_num_shared_experts"});
  e.shared_width =
      r.number({"shared_expert_intermediate_size", "moe_shared_expert_intermediate_size"})
          .value_or(shared.value_or(c.traits.type == "llama4_text" ? 1 : 0) * e.width);
  return e;
}

LayerGroup decoder_layer(const ConfigLayers& c, std::int64_t layer) {
  LayerGroup g;
  g.norms = c.traits.norms;
  if (c.config.flag({"new_decoder_architecture"})) g.norms = 4;
  if (lists(c.config.at("cross_attention_layers"), layer)) {  // Llama 3.2 Vision
    g.mixer = Mixer::none;
    g.cross = config_attention(c, layer);
  } else if (c.traits.with(kLatent)) {
    g.mixer = Mixer::latent;
    g.latent = read_latent(c);
  } else {
    g.attention = config_attention(c, layer);
  }
  config_feed_forward(c, layer, g);
  return g;
}

}  // namespace

Attention config_attention(const ConfigLayers& c, std::int64_t layer) {
  ConfigReader& r = c.config;
  Attention a;
  a.heads = r.need({"num_attention_heads", "n_head", "n_heads", "num_heads"});
  a.kv_heads = kv_heads(c, a.heads);
  a.head_dim = head_width(c, a.heads);
  a.window = window_of(c, layer);
  a.bias = r.flag({"attention_bias", "use_qkv_bias", "qkv_bias", "use_bias", "bias", "enable_bias"},
                  c.traits.with(kQkvBias));
  a.output_bias = r.flag({"use_bias", "bias", "enable_bias"}, c.traits.with(kOutputBias));
  a.head_norm = r.flag({"use_qk_norm", "qk_layernorm"}, c.traits.with(kHeadNorm));
  return a;
}

void config_feed_forward(const ConfigLayers& c, std::int64_t layer, LayerGroup& g) {
  const auto routed =
      c.config
          .number({"num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts",
                   "ffn_config.moe_num_experts"})
          .value_or(0);
  g.ffn_matrices = c.traits.with(kPlain) ? 2 : 3;
  if (routed > 1 && has_experts(c, layer)) {
    g.experts = read_experts(c, routed);
    return;
  }
  g.ffn = dense_width(c);
  g.ffn_bias = c.config.flag({"mlp_bias", "use_bias", "enable_bias"}, c.traits.with(kFfnBias));
}

void config_decoder_layers(const ConfigLayers& c, ModelShape& shape) {
  const auto& types = c.config.at("layer_types");
  if (types.is_array() && static_cast<std::int64_t>(types.items().size()) != c.layers) {
    c.config.refuse("shape.contradiction",
                    fmt::format("layer_types names {} of {} layers", types.items().size(), c.layers),
                    "name each layer of num_hidden_layers once");
  }
  for (std::int64_t i = 0; i < c.layers && !c.config.failed(); ++i) {
    append_layer(shape.layers, decoder_layer(c, i));
  }
}

}  // namespace joulebook::physics
