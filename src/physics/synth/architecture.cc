#include "physics/synth/architecture.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"

namespace joulebook::synth {
namespace {

using physics::LayerGroup;
using physics::Mixer;
using physics::ModelKind;
using physics::ModelShape;

// llama.cpp reads these depths as DeepSeek-V2-Lite, whose queries are projected in one step.
constexpr std::int64_t kLiteLayers[] = {26, 27};

tl::unexpected<Error> refuse(const ModelShape& shape, const std::string& what) {
  return fail(
      ErrorKind::input, "synth.architecture",
      fmt::format("{} can't be written for the embedded engine: it has {}", shape.name, what),
      "choose a shape of the families Llama, Mistral, Mixtral, Qwen1.5 to Qwen3 (MoE, too), "
      "Gemma 1 to 3, DeepSeek-V2 or -V3, or one that is laid out like them");
}

// What no architecture here has; empty where there is nothing.
std::string strange(const LayerGroup& g) {
  const auto& a = g.attention;
  if (g.mixer == Mixer::recurrent) return "recurrent layers";
  if (g.mixer == Mixer::none) return "layers without attention";
  if (g.cross.heads != 0) return "cross attention";
  if (g.ffn != 0 && g.ffn_matrices != 3) return "a feed-forward without a gate";
  if (g.ffn != 0 && g.experts.routed != 0) return "experts beside a dense feed-forward";
  if (g.experts.routed != 0 && g.experts.matrices != 3) return "experts without a gate";
  if (g.experts.input_width != 0) return "experts of a width of their own";
  if (g.ffn == 0 && g.experts.routed == 0) return "layers without a feed-forward";
  if (g.ffn_bias || a.output_bias) return "biases behind its projections";
  if (a.gated || a.shares_cache) return "gated attention or a shared cache";
  if (g.mixer == Mixer::attention && a.value_width() != a.head_dim)
    return "values unlike keys in width";
  return {};
}

std::string strange(const ModelShape& shape) {
  if (shape.kind != ModelKind::decoder || !shape.has_head) return "an encoder";
  if (shape.positions != 0) return "learned positions";
  if (shape.embedding_width != 0 && shape.embedding_width != shape.hidden) {
    return "an embedding of another width";
  }
  for (const auto& group : shape.layers) {
    if (auto what = strange(group); !what.empty()) return what;
  }
  return {};
}

template <class Predicate>
bool all(const ModelShape& shape, Predicate predicate) {
  return std::ranges::all_of(shape.layers, predicate);
}

template <class Predicate>
bool any(const ModelShape& shape, Predicate predicate) {
  return std::ranges::any_of(shape.layers, predicate);
}

bool has_experts(const LayerGroup& g) { return g.experts.routed != 0; }
bool has_window(const LayerGroup& g) { return g.attention.window != 0; }

Result<Architecture> latent_architecture(const ModelShape& shape) {
  if (!all(shape, [](const auto& g) { return g.mixer == Mixer::latent; })) {
    return refuse(shape, "latent and plain attention");
  }
  bool seen = false;
  for (const auto& g : shape.layers) {
    if (seen && !has_experts(g)) return refuse(shape, "dense layers behind those with experts");
    seen = seen || has_experts(g);
    const auto& e = g.experts;
    if (seen && (e.shared_width == 0 || e.shared_width % e.width != 0)) {
      return refuse(shape, "no shared experts of the width of the routed ones");
    }
  }
  const bool lite = std::ranges::find(kLiteLayers, shape.layer_count()) != std::end(kLiteLayers);
  if (lite && shape.layers[0].latent.q_lora != 0) {
    return fail(ErrorKind::input, "synth.architecture",
                fmt::format("the engine takes {} layers for DeepSeek-V2-Lite, whose queries are "
                            "projected in one step",
                            shape.layer_count()),
                "ask for 25 or 28 layers");
  }
  return Architecture::deepseek2;
}

Result<Architecture> windowed_architecture(const ModelShape& shape, std::string_view name) {
  if (name.find("gemma") == name.npos) {
    return refuse(shape, "sliding windows, which the engine has for Gemma among these families");
  }
  const bool third = name.find("gemma-3") != name.npos || name.find("gemma3") != name.npos;
  return third ? Architecture::gemma3 : Architecture::gemma2;
}

Result<Architecture> expert_architecture(const ModelShape& shape, bool head_norms) {
  if (!all(shape, has_experts)) return refuse(shape, "dense layers between those with experts");
  const auto& g = shape.layers[0];
  if (shape.layers.size() != 1) return refuse(shape, "experts that differ between layers");
  if (g.experts.shared_width != 0) {
    if (g.attention.heads * g.attention.head_dim != shape.hidden) {
      return refuse(shape, "shared experts and attention of another width than its layers");
    }
    return Architecture::qwen2moe;
  }
  return head_norms ? Architecture::qwen3moe : Architecture::llama;
}

}  // namespace

std::string_view to_string(Architecture architecture) {
  switch (architecture) {
    case Architecture::llama:
      return "llama";
    case Architecture::qwen2:
      return "qwen2";
    case Architecture::qwen3:
      return "qwen3";
    case Architecture::qwen2moe:
      return "qwen2moe";
    case Architecture::qwen3moe:
      return "qwen3moe";
    case Architecture::gemma:
      return "gemma";
    case Architecture::gemma2:
      return "gemma2";
    case Architecture::gemma3:
      return "gemma3";
    case Architecture::deepseek2:
      return "deepseek2";
  }
  return "llama";
}

Result<Architecture> architecture_of(const ModelShape& shape) {
  if (auto sound = physics::validate(shape); !sound) return fail(sound.error());
  if (const auto what = strange(shape); !what.empty()) return refuse(shape, what);
  const std::string name = lower(shape.name);
  if (any(shape, [](const auto& g) { return g.mixer == Mixer::latent; })) {
    return latent_architecture(shape);
  }
  if (any(shape, has_window)) return windowed_architecture(shape, name);
  const bool bias = any(shape, [](const auto& g) { return g.attention.bias; });
  const bool head_norms = name.find("qwen3") != name.npos ||
                          all(shape, [](const auto& g) { return g.attention.head_norm; });
  if (any(shape, has_experts)) return expert_architecture(shape, head_norms && !bias);
  if (name.find("gemma") != name.npos && shape.tied) return Architecture::gemma;
  const auto& a = shape.layers[0].attention;
  if (bias && a.heads * a.head_dim == shape.hidden) return Architecture::qwen2;
  return head_norms && !bias ? Architecture::qwen3 : Architecture::llama;
}

ModelShape slice_of(const ModelShape& shape, std::span<const std::int64_t> counts) {
  ModelShape slice = shape;
  for (std::size_t i = 0; i < counts.size(); ++i) slice.layers[i].count = counts[i];
  std::erase_if(slice.layers, [](const auto& g) { return g.count == 0; });
  return slice;
}

ModelShape first_layers(const ModelShape& shape, std::int64_t n) {
  std::vector<std::int64_t> counts;
  for (const auto& group : shape.layers) {
    counts.push_back(std::min(n, group.count));
    n -= counts.back();
  }
  return slice_of(shape, counts);
}

}  // namespace joulebook::synth
