#include "physics/shape/gguf_layers.h"

#include <fmt/format.h>

#include <algorithm>

namespace joulebook::physics {
namespace {

// Widths as the tensor states them; 0 where there is none. The first is that of the input.
std::int64_t extent(const LayerTensors& tensors, std::string_view name, std::size_t dimension) {
  const auto at = tensors.find(name);
  if (at == tensors.end() || at->second->shape.size() <= dimension) return 0;
  return static_cast<std::int64_t>(std::min<std::uint64_t>(at->second->shape[dimension], 1U << 30));
}

bool has(const LayerTensors& tensors, std::string_view name) { return tensors.contains(name); }

std::int64_t hidden_of(const GgufFile& file) {
  return file.integer_of("embedding_length").value_or(0);
}

// Which layers have the window: as metadata say, else as the architecture is known to.
bool is_windowed(const GgufFile& file, std::size_t layer) {
  constexpr std::string_view kPattern = "attention.sliding_window_pattern";
  if (const auto every = file.integer_of(kPattern)) {
    return *every > 0 && (static_cast<std::int64_t>(layer) + 1) % *every != 0;
  }
  if (const auto flag = number_at(file, kPattern, layer)) return *flag != 0;
  const auto arch = file.architecture();
  if (arch == "gemma2" || arch == "gpt-oss") return layer % 2 == 0;
  if (arch == "gemma3") return (layer + 1) % 6 != 0;
  if (arch == "llama4" || arch == "cohere2" || arch == "exaone4" || arch == "olmo3") {
    return (layer + 1) % 4 != 0;
  }
  return true;
}

Result<Attention> read_attention(const GgufFile& file, std::size_t layer,
                                 const LayerTensors& tensors) {
  Attention a;
  a.heads = number_at(file, "attention.head_count", layer).value_or(0);
  if (a.heads <= 0) {
    return fail(ErrorKind::input, "shape.architecture",
                fmt::format("{}.attention.head_count is missing", file.architecture()),
                "convert the model again with a current llama.cpp");
  }
  a.kv_heads = number_at(file, "attention.head_count_kv", layer).value_or(a.heads);
  a.head_dim = file.integer_of("attention.key_length").value_or(hidden_of(file) / a.heads);
  a.value_dim = file.integer_of("attention.value_length").value_or(0);
  if (a.value_dim == a.head_dim) a.value_dim = 0;
  const auto window = file.integer_of("attention.sliding_window").value_or(0);
  if (window > 0 && is_windowed(file, layer)) a.window = window;
  a.gated = extent(tensors, "attn_q.weight", 1) == 2 * a.heads * a.head_dim;
  a.bias = has(tensors, "attn_q.bias") || has(tensors, "attn_qkv.bias");
  a.output_bias = has(tensors, "attn_output.bias");
  a.head_norm = extent(tensors, "attn_q_norm.weight", 0) == a.head_dim;
  a.shares_cache = has(tensors, "attn_q.weight") && !has(tensors, "attn_k.weight");
  return a;
}

Latent read_latent(const GgufFile& file) {
  Latent a;
  a.heads = file.integer_of("attention.head_count").value_or(0);
  a.q_lora = file.integer_of("attention.q_lora_rank").value_or(0);
  a.kv_lora = file.integer_of("attention.kv_lora_rank").value_or(0);
  a.rope = file.integer_of("rope.dimension_count").value_or(0);
  const auto key = [&](const char* latent, const char* plain) {
    return file.integer_of(latent).value_or(file.integer_of(plain).value_or(0));
  };
  a.nope = key("attention.key_length_mla", "attention.key_length") - a.rope;
  a.value = key("attention.value_length_mla", "attention.value_length");
  return a;
}

Recurrent read_recurrent(const GgufFile& file, const LayerTensors& tensors) {
  Recurrent r;
  r.inner = file.integer_of("ssm.inner_size").value_or(0);
  r.state = file.integer_of("ssm.state_size").value_or(0);
  r.groups = file.integer_of("ssm.group_count").value_or(1);
  r.conv = file.integer_of("ssm.conv_kernel").value_or(0);
  const auto rank = file.integer_of("ssm.time_step_rank").value_or(0);
  if (has(tensors, "shortconv.in_proj.weight")) {
    r.kind = RecurrentKind::short_conv;
    r.inner = extent(tensors, "shortconv.out_proj.weight", 0);
    r.conv = file.integer_of("shortconv.l_cache").value_or(3);
  } else if (has(tensors, "ssm_x.weight")) {
    r.kind = RecurrentKind::mamba1;
    r.dt_rank = rank;
  } else {
    r.kind = has(tensors, "ssm_ba.weight") ? RecurrentKind::delta : RecurrentKind::mamba2;
    r.heads = rank;
  }
  return r;
}

Status read_mixer(const GgufFile& file, std::size_t layer, const LayerTensors& tensors,
                  LayerGroup& group) {
  if (has(tensors, "attn_kv_a_mqa.weight")) {
    group.mixer = Mixer::latent;
    group.latent = read_latent(file);
  } else if (has(tensors, "ssm_in.weight") || has(tensors, "ssm_out.weight") ||
             has(tensors, "shortconv.in_proj.weight")) {
    group.mixer = Mixer::recurrent;
    group.recurrent = read_recurrent(file, tensors);
  } else if (has(tensors, "attn_q.weight") || has(tensors, "attn_qkv.weight")) {
    auto read = read_attention(file, layer, tensors);
    if (!read) return fail(read.error());
    group.attention = *read;
  } else {
    group.mixer = Mixer::none;
  }
  return {};
}

void read_feed_forward(const GgufFile& file, const LayerTensors& tensors, LayerGroup& group) {
  group.ffn = extent(tensors, "ffn_down.weight", 0);
  const bool gate_inside = extent(tensors, "ffn_up.weight", 1) == 2 * group.ffn && group.ffn > 0;
  group.ffn_matrices = has(tensors, "ffn_gate.weight") || gate_inside ? 3 : 2;
  group.ffn_bias = has(tensors, "ffn_down.bias");
  auto& e = group.experts;
  e.routed = extent(tensors, "ffn_down_exps.weight", 2);
  if (e.routed == 0) return;
  e.width = extent(tensors, "ffn_down_exps.weight", 0);
  e.matrices = has(tensors, "ffn_gate_exps.weight") || has(tensors, "ffn_gate_up_exps.weight") ||
                       extent(tensors, "ffn_up_exps.weight", 1) == 2 * e.width
                   ? 3
                   : 2;
  e.chosen = file.integer_of("expert_used_count").value_or(0);
  e.shared_width = extent(tensors, "ffn_down_shexp.weight", 0);
  if (group.ffn == 0) group.ffn_matrices = 3;
}

std::int64_t count_norms(const GgufFile& file, const LayerTensors& tensors) {
  return std::ranges::count_if(tensors, [&](const auto& entry) {
    const auto& [name, tensor] = entry;
    return name.ends_with("norm.weight") && tensor->shape.size() == 1 &&
           static_cast<std::int64_t>(tensor->shape[0]) == hidden_of(file);
  });
}

}  // namespace

std::optional<std::int64_t> number_at(const GgufFile& file, std::string_view key,
                                      std::size_t layer) {
  const auto at = file.metadata.find(fmt::format("{}.{}", file.architecture(), key));
  if (at == file.metadata.end()) return std::nullopt;
  if (const auto* array = std::get_if<GgufArray>(&at->second)) {
    if (layer >= array->numbers.size()) return std::nullopt;
    return array->numbers[layer];
  }
  const auto* n = std::get_if<std::int64_t>(&at->second);
  return n == nullptr ? std::nullopt : std::optional(*n);
}

Result<LayerGroup> read_gguf_layer(const GgufFile& file, std::size_t layer,
                                   const LayerTensors& tensors) {
  LayerGroup group;
  group.count = 1;
  if (auto done = read_mixer(file, layer, tensors, group); !done) return fail(done.error());
  read_feed_forward(file, tensors, group);
  group.norms = count_norms(file, tensors);
  if (group.mixer != Mixer::none || group.ffn != 0 || group.experts.routed != 0) return group;
  return fail(ErrorKind::input, "shape.architecture",
              fmt::format("layer {} of architecture '{}' has no tensor that is known: neither "
                          "attn_q, attn_qkv, attn_kv_a_mqa, ssm_in, shortconv.in_proj nor ffn_down",
                          layer, file.architecture()),
              "give the model's config.json or its name instead");
}

}  // namespace joulebook::physics
