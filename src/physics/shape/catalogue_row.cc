#include "physics/shape/catalogue_row.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/text.h"
#include "physics/shape/layer_groups.h"

namespace joulebook::physics {
namespace {

Attention attention_of(const CsvTable::Row& row) {
  Attention a;
  a.heads = row.integer("n_heads");
  a.kv_heads = row.integer("n_kv_heads", a.heads);
  a.head_dim = row.integer("head_dim");
  a.gated = row.flag("gated_attention");
  a.bias = row.flag("qkv_bias");
  return a;
}

Latent latent_of(const CsvTable::Row& row) {
  return {row.integer("n_heads"),          row.integer("q_lora_rank"),
          row.integer("kv_lora_rank"),     row.integer("qk_rope_head_dim"),
          row.integer("qk_nope_head_dim"), row.integer("v_head_dim")};
}

Result<Recurrent> recurrent_of(const CsvTable::Row& row) {
  Recurrent r;
  const auto kind = row.text("recurrent");
  const RecurrentKind kinds[] = {RecurrentKind::mamba1, RecurrentKind::mamba2,
                                 RecurrentKind::delta,  RecurrentKind::linear,
                                 RecurrentKind::rwkv,   RecurrentKind::short_conv};
  const auto* at = std::ranges::find_if(kinds, [&](auto k) { return to_string(k) == kind; });
  if (at == std::end(kinds)) {
    return fail(ErrorKind::input, "shape.catalogue", fmt::format("no such layer: {}", kind),
                "write mamba1, mamba2, delta, linear, rwkv or short_conv");
  }
  r.kind = *at;
  r.inner = row.integer("recurrent_inner");
  r.state = row.integer("recurrent_state");
  r.heads = row.integer("recurrent_heads");
  r.groups = row.integer("recurrent_groups", 1);
  r.conv = row.integer("recurrent_conv");
  r.dt_rank = row.integer("recurrent_dt_rank");
  return r;
}

Experts experts_of(const CsvTable::Row& row) {
  Experts e;
  e.routed = row.integer("n_routed_experts");
  e.chosen = row.integer("top_k");
  e.width = row.integer("moe_ffn_dim");
  e.matrices = row.integer("ffn_matrices", 3);
  e.shared_width = row.integer("shared_ffn_dim", row.integer("n_shared_experts") * e.width);
  return e;
}

// What follows the mixer in one layer: dense in the first layers and between the steps.
bool has_experts(const CsvTable::Row& row, std::int64_t layer) {
  const auto step = std::max<std::int64_t>(1, row.integer("moe_layer_step", 1));
  return row.integer("n_routed_experts") > 0 && layer >= row.integer("n_dense_layers") &&
         layer % step == step - 1;
}

void add_feed_forward(LayerGroup& group, const CsvTable::Row& row, std::int64_t layer) {
  group.ffn_matrices = row.integer("ffn_matrices", 3);
  if (has_experts(row, layer)) {
    group.experts = experts_of(row);
  } else {
    group.ffn = row.integer("ffn_dim");
  }
}

// Mixers by kind in the order: recurrent, latent or attention (windowed first), cross; then layers
// of feed-forward alone. Order doesn't matter to any count, but which layers have experts does.
struct Mix {
  std::int64_t layers, attention, recurrent, ffn_only, cross, windowed;
};

Mix mix_of(const CsvTable::Row& row) {
  Mix m{};
  m.layers = row.integer("layers");
  m.recurrent = row.integer("recurrent_layers");
  m.ffn_only = row.integer("ffn_layers");
  m.cross = row.integer("cross_layers");
  m.attention =
      row.integer("attention_layers", m.layers - m.recurrent - m.ffn_only - m.cross);
  const double share = row.number("sliding_layer_fraction").value_or(0);
  m.windowed = std::llround(share * static_cast<double>(m.attention));
  return m;
}

// The mixers of all layers, spread evenly, so that a step of experts meets each kind alike.
LayerGroup mixer_at(const CsvTable::Row& row, const Mix& m, std::int64_t attention_seen,
                    const Recurrent* recurrent) {
  LayerGroup g;
  if (recurrent != nullptr) {
    g.mixer = Mixer::recurrent;
    g.recurrent = *recurrent;
  } else if (row.integer("kv_lora_rank") > 0) {
    g.mixer = Mixer::latent;
    g.latent = latent_of(row);
  } else {
    g.attention = attention_of(row);
    if (attention_seen < m.windowed) g.attention.window = row.integer("sliding_window");
  }
  return g;
}

Status add_layers(const CsvTable::Row& row, ModelShape& shape) {
  const Mix m = mix_of(row);
  if (m.layers < 1 || m.layers > 4096 ||
      m.attention + m.recurrent + m.ffn_only + m.cross != m.layers || m.attention < 0) {
    return fail(ErrorKind::input, "shape.catalogue",
                fmt::format("{} layers are not the sum of their kinds", m.layers),
                "attention, recurrent, ffn and cross layers add up to layers");
  }
  Recurrent recurrent;
  if (m.recurrent > 0) {
    auto read = recurrent_of(row);
    if (!read) return fail(read.error());
    recurrent = *read;
  }
  std::int64_t attention = 0;
  for (std::int64_t i = 0; i < m.attention + m.recurrent; ++i) {
    // The i-th mixer is attention where its share of the layers so far asks for one more.
    const bool attends = (i + 1) * m.attention / (m.attention + m.recurrent) > attention;
    LayerGroup layer = mixer_at(row, m, attention, attends ? nullptr : &recurrent);
    attention += attends ? 1 : 0;
    layer.norms = m.ffn_only > 0 ? 1 : 2;
    if (m.ffn_only == 0) add_feed_forward(layer, row, i);
    if (row.integer("encoder_layers") > 0) {
      layer.cross = attention_of(row);
      layer.norms = 3;
    }
    append_layer(shape.layers, layer);
  }
  for (std::int64_t i = 0; i < m.ffn_only + m.cross; ++i) {
    LayerGroup layer;
    layer.mixer = Mixer::none;
    layer.norms = i < m.ffn_only ? 1 : 2;
    if (i >= m.ffn_only) layer.cross = attention_of(row);
    add_feed_forward(layer, row, row.integer("n_dense_layers"));
    append_layer(shape.layers, layer);
  }
  return {};
}

void add_encoder(const CsvTable::Row& row, ModelShape& shape) {
  LayerGroup layer;
  layer.count = row.integer("encoder_layers");
  if (layer.count == 0) return;
  layer.attention = attention_of(row);
  layer.ffn = row.integer("ffn_dim");
  layer.ffn_matrices = row.integer("ffn_matrices", 3);
  shape.encoder.push_back(layer);
  shape.kind = ModelKind::encoder_decoder;
}

void add_tower(const CsvTable::Row& row, ModelShape& shape) {
  if (row.text("tower").empty()) return;
  Tower tower;
  tower.name = row.text("tower");
  tower.parameters = std::llround(row.number("tower_params_b").value_or(0) * 1e9);
  tower.tokens = row.integer("tower_tokens");
  shape.towers.push_back(std::move(tower));
}

void add_precision(const CsvTable::Row& row, ModelShape& shape) {
  if (const auto bits = row.number("native_bits")) {
    shape.precision.mixer = shape.precision.feed_forward = shape.precision.experts = *bits;
  }
  if (const auto bits = row.number("native_expert_bits")) shape.precision.experts = *bits;
}

}  // namespace

Result<CatalogueModel> read_catalogue_row(const CsvTable::Row& row) {
  CatalogueModel model;
  auto& shape = model.shape;
  shape.name = row.text("model");
  shape.source = row.text("source");
  shape.hidden = row.integer("hidden");
  shape.vocabulary = row.integer("vocab");
  shape.positions = row.integer("positions");
  shape.tied = row.flag("tied_embeddings");
  shape.trained_context = row.integer("context");
  if (row.text("attention") == "encoder") shape.kind = ModelKind::encoder;
  const auto named = [&](Error error) {
    error.message = fmt::format("{} (line {}): {}", shape.name, row.line(), error.message);
    return fail(std::move(error));
  };
  if (auto done = add_layers(row, shape); !done) return named(done.error());
  add_encoder(row, shape);
  add_tower(row, shape);
  add_precision(row, shape);
  if (auto sound = validate(shape); !sound) return named(sound.error());
  for (const auto alias : split(row.text("aliases"), ';')) {
    if (!trim(alias).empty()) model.aliases.push_back(normal_model_name(trim(alias)));
  }
  // "DeepSeek-V3/R1/V3.1" is three names, all of them among its aliases.
  if (shape.name.find('/') == std::string::npos) {
    model.aliases.push_back(normal_model_name(shape.name));
  }
  model.architecture = row.text("architecture");
  model.note = row.text("note");
  return model;
}

}  // namespace joulebook::physics
