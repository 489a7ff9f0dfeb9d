// Layers of hybrids, of state-space models and of encoder-decoders.
#include <fmt/format.h>

#include <algorithm>

#include "physics/shape/config_layers.h"
#include "physics/shape/layer_groups.h"

namespace joulebook::physics {
namespace {

// "auto" is a sixteenth of the hidden width.
std::int64_t rank_of(const ConfigLayers& c, std::string_view key) {
  if (c.config.at(key).is_number()) return c.config.need({key});
  return (c.hidden + 15) / 16;
}

Recurrent mamba1(const ConfigLayers& c) {
  ConfigReader& r = c.config;
  Recurrent m;
  m.kind = RecurrentKind::mamba1;
  const auto expand = r.number({"expand", "mamba_expand"}).value_or(2);
  const bool jamba = c.traits.family == ConfigFamily::jamba;  // its intermediate_size is a feed-forward
  m.inner = jamba ? expand * c.hidden
                  : r.number({"intermediate_size", "d_inner"}).value_or(expand * c.hidden);
  m.state = r.number({"state_size", "mamba_d_state"}).value_or(16);
  m.conv = r.number({"conv_kernel", "mamba_d_conv"}).value_or(4);
  m.dt_rank = rank_of(c, jamba ? "mamba_dt_rank" : "time_step_rank");
  return m;
}

Recurrent mamba2(const ConfigLayers& c) {
  ConfigReader& r = c.config;
  Recurrent m;
  m.kind = RecurrentKind::mamba2;
  m.heads = r.need({"mamba_num_heads", "num_heads"});
  m.inner = m.heads * r.need({"mamba_head_dim", "head_dim"});
  m.state = r.need({"ssm_state_size", "state_size"});
  m.groups = r.need({"n_groups"});
  m.conv = r.number({"conv_kernel"}).value_or(4);
  return m;
}

Recurrent delta(const ConfigLayers& c) {
  ConfigReader& r = c.config;
  Recurrent m;
  m.kind = RecurrentKind::delta;
  m.heads = r.need({"linear_num_value_heads"});
  m.inner = m.heads * r.need({"linear_value_head_dim"});
  m.groups = r.need({"linear_num_key_heads"});
  m.state = r.need({"linear_key_head_dim"});
  m.conv = r.number({"linear_conv_kernel_dim"}).value_or(4);
  return m;
}

Recurrent rwkv(const ConfigLayers& c) {
  Recurrent m;
  m.kind = RecurrentKind::rwkv;
  m.inner = c.config.number({"attention_hidden_size"}).value_or(c.hidden);
  return m;
}

Recurrent short_conv(const ConfigLayers& c) {
  Recurrent m;
  m.kind = RecurrentKind::short_conv;
  m.inner = c.config.number({"conv_dim"}).value_or(c.hidden);
  m.conv = c.config.number({"conv_L_cache"}).value_or(3);
  return m;
}

void set(LayerGroup& g, const Recurrent& mixer) {
  g.mixer = Mixer::recurrent;
  g.recurrent = mixer;
}

bool attends(const ConfigLayers& c, std::int64_t layer) {
  const Json& type = c.config.of_layer("layer_types", layer);
  if (type.is_string()) return type.as_string() == "full_attention";
  if (c.traits.family == ConfigFamily::jamba) {
    const auto period = std::max<std::int64_t>(1, c.config.number({"attn_layer_period"}).value_or(8));
    return layer % period == c.config.number({"attn_layer_offset"}).value_or(4);
  }
  if (c.traits.family == ConfigFamily::lfm2) {
    const auto& full = c.config.at("full_attn_idxs").items();
    return std::ranges::any_of(full, [&](const Json& i) { return i.as_int(-1) == layer; });
  }
  const auto every =
      std::max<std::int64_t>(1, c.config.number({"full_attention_interval"}).value_or(4));
  return (layer + 1) % every == 0;
}

// LFM2 states a width of which two thirds are used, rounded up.
std::int64_t adjusted(const ConfigLayers& c, std::int64_t width) {
  if (!c.config.flag({"block_auto_adjust_ff_dim"})) return width;
  const auto multiple =
      std::max<std::int64_t>(1, c.config.number({"block_multiple_of"}).value_or(256));
  return (2 * width / 3 + multiple - 1) / multiple * multiple;
}

LayerGroup mixed_layer(const ConfigLayers& c, std::int64_t layer) {
  LayerGroup g;
  g.norms = c.traits.norms;
  if (attends(c, layer)) {
    g.attention = config_attention(c, layer);
    g.attention.gated = c.traits.family == ConfigFamily::qwen3_next;
  } else if (c.traits.family == ConfigFamily::jamba) {
    set(g, mamba1(c));
  } else if (c.traits.family == ConfigFamily::lfm2) {
    set(g, short_conv(c));
  } else {
    set(g, delta(c));
  }
  if (c.traits.family == ConfigFamily::lfm2) {
    g.ffn = adjusted(c, c.config.need({"block_ff_dim", "intermediate_size"}));
  } else {
    config_feed_forward(c, layer, g);
  }
  return g;
}

// Nemotron-H: a letter a layer, each a mixer or a feed-forward alone.
LayerGroup lettered_layer(const ConfigLayers& c, char letter) {
  LayerGroup g;
  g.norms = c.traits.norms;
  g.mixer = Mixer::none;
  g.ffn_matrices = 2;
  switch (letter) {
    case 'M':
      set(g, mamba2(c));
      break;
    case '*':
      g.mixer = Mixer::attention;
      g.attention = config_attention(c, 0);
      break;
    case '-':
      g.ffn = c.config.need({"intermediate_size"});
      break;
    case 'E':
      config_feed_forward(c, 0, g);
      break;
    default:
      c.config.refuse("shape.architecture",
                      fmt::format("hybrid_override_pattern has a layer '{}'", letter),
                      "known are M (Mamba 2), * (attention), - (feed-forward) and E (experts)");
  }
  return g;
}

void lettered_layers(const ConfigLayers& c, ModelShape& shape) {
  const auto pattern = c.config.text({"hybrid_override_pattern"});
  if (static_cast<std::int64_t>(pattern.size()) != c.layers) {
    c.config.refuse("shape.contradiction",
                    fmt::format("hybrid_override_pattern names {} of {} layers", pattern.size(), c.layers),
                    "give a letter for each layer of num_hidden_layers");
  }
  for (std::size_t i = 0; i < pattern.size() && !c.config.failed(); ++i) {
    append_layer(shape.layers, lettered_layer(c, pattern[i]));
  }
}

}  // namespace

void config_recurrent_layers(const ConfigLayers& c, ModelShape& shape) {
  if (c.traits.family == ConfigFamily::nemotron_h) return lettered_layers(c, shape);
  for (std::int64_t i = 0; i < c.layers && !c.config.failed(); ++i) {
    LayerGroup g;
    g.norms = c.traits.norms;
    switch (c.traits.family) {
      case ConfigFamily::mamba:
        set(g, c.traits.type == "mamba2" ? mamba2(c) : mamba1(c));
        break;
      case ConfigFamily::rwkv:
        set(g, rwkv(c));
        g.ffn_matrices = 2;
        g.ffn = c.config.number({"intermediate_size"}).value_or(4 * c.hidden);
        break;
      default:
        g = mixed_layer(c, i);
    }
    append_layer(shape.layers, g);
  }
}

void config_t5_layers(const ConfigLayers& c, ModelShape& shape) {
  const auto projection = c.config.text({"feed_forward_proj"});
  LayerGroup layer;
  layer.count = c.layers;
  layer.attention = config_attention(c, 0);
  layer.ffn = c.config.need({"d_ff"});
  layer.ffn_matrices =
      c.config.flag({"is_gated_act"}, projection.starts_with("gated")) ? 3 : 2;
  shape.encoder.push_back(layer);
  layer.count = c.config.number({"num_decoder_layers"}).value_or(c.layers);
  layer.norms = 3;
  layer.cross = layer.attention;
  shape.layers.push_back(layer);
  shape.kind = ModelKind::encoder_decoder;
}

}  // namespace joulebook::physics
