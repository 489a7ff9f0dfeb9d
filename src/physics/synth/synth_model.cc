#include "physics/synth/synth_model.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"
#include "core/utf8.h"
#include "gguf/gguf_types.h"
#include "gguf/random_blocks.h"

namespace joulebook::synth {
namespace {

using physics::ModelShape;

constexpr std::int64_t kMostVocabulary = 1'000'000;
constexpr std::int64_t kUsualContext = 32768;
constexpr std::int64_t kSpecial = 3, kBytes = 256;
constexpr std::uint32_t kSigmoid = 2;  // LLAMA_EXPERT_GATING_FUNC_TYPE_SIGMOID
constexpr float kEpsilon = 1e-6F;

std::uint32_t u32(std::int64_t n) { return static_cast<std::uint32_t>(n); }

// Code points that stand for themselves in a text: no surrogates, no non-characters, and not the
// mark that the tokeniser puts for a space.
char32_t character(std::int64_t index) {
  static const std::vector<char32_t> all = [] {
    std::vector<char32_t> points;
    for (char32_t c = 0x100; c < 0x110000 && std::ssize(points) < kMostVocabulary; ++c) {
      const bool surrogate = c >= 0xD800 && c < 0xE000;
      const bool none = (c & 0xFFFE) == 0xFFFE || (c >= 0xFDD0 && c < 0xFDF0);
      if (!surrogate && !none && c != 0x2581) points.push_back(c);
    }
    return points;
  }();
  return all[static_cast<std::size_t>(index)];
}

void describe_vocabulary(std::int64_t size, GgufMetadata& out) {
  constexpr std::int32_t kNormal = 1, kUnknown = 2, kControl = 3, kByte = 6;
  std::vector<std::string> tokens = {"<unk>", "<s>", "</s>"};
  std::vector<std::int32_t> types = {kUnknown, kControl, kControl};
  for (int b = 0; b < kBytes; ++b) tokens.push_back(fmt::format("<0x{:02X}>", b));
  types.resize(tokens.size(), kByte);
  for (std::int64_t i = 0; std::ssize(tokens) < size; ++i) {
    append_utf8(tokens.emplace_back(), character(i));
  }
  types.resize(tokens.size(), kNormal);
  out.text("tokenizer.ggml.model", "llama").text("tokenizer.ggml.pre", "default");
  out.texts("tokenizer.ggml.tokens", tokens);
  out.reals("tokenizer.ggml.scores", std::vector<float>(tokens.size(), 0.0F));
  out.integers("tokenizer.ggml.token_type", types);
  out.number("tokenizer.ggml.bos_token_id", 1).number("tokenizer.ggml.eos_token_id", 2);
  out.number("tokenizer.ggml.unknown_token_id", 0);
  out.flag("tokenizer.ggml.add_bos_token", false).flag("tokenizer.ggml.add_space_prefix", false);
}

void describe_attention(const ModelShape& shape, const std::string& a, GgufMetadata& out) {
  const auto& at = shape.layers[0].attention;
  out.number(a + "attention.head_count", u32(at.heads));
  out.number(a + "attention.head_count_kv", u32(at.kv_heads));
  out.number(a + "attention.key_length", u32(at.head_dim));
  out.number(a + "attention.value_length", u32(at.head_dim));
  out.number(a + "rope.dimension_count", u32(at.head_dim));
  std::vector<bool> windowed;
  std::int64_t window = 0;
  for (const auto& group : shape.layers) {
    windowed.resize(windowed.size() + static_cast<std::size_t>(group.count),
                    group.attention.window != 0);
    window = std::max(window, group.attention.window);
  }
  if (window == 0) return;
  out.number(a + "attention.sliding_window", u32(window));
  out.flags(a + "attention.sliding_window_pattern", windowed);
}

// The cache holds the latent vector and the rope numbers once for all heads, as one key.
void describe_latent(const ModelShape& shape, const std::string& a, GgufMetadata& out) {
  const auto& at = shape.layers[0].latent;
  out.number(a + "attention.head_count", u32(at.heads));
  out.number(a + "attention.head_count_kv", 1);
  out.number(a + "attention.key_length", u32(at.kv_lora + at.rope));
  out.number(a + "attention.value_length", u32(at.kv_lora));
  out.number(a + "attention.key_length_mla", u32(at.nope + at.rope));
  out.number(a + "attention.value_length_mla", u32(at.value));
  out.number(a + "attention.q_lora_rank", u32(at.q_lora));
  out.number(a + "attention.kv_lora_rank", u32(at.kv_lora));
  out.number(a + "rope.dimension_count", u32(at.rope));
}

// The first group that has experts, else the last.
const physics::LayerGroup& expert_group(const ModelShape& shape) {
  const auto at =
      std::ranges::find_if(shape.layers, [](const auto& g) { return g.experts.routed != 0; });
  return at == shape.layers.end() ? shape.layers.back() : *at;
}

void describe_experts(const SynthModel& model, const std::string& a, GgufMetadata& out) {
  const auto& e = expert_group(model.shape).experts;
  const bool latent = model.architecture == Architecture::deepseek2;
  if (latent) {
    std::int64_t dense = 0;
    for (const auto& g : model.shape.layers) dense += g.experts.routed == 0 ? g.count : 0;
    out.number(a + "leading_dense_block_count", u32(dense));
    out.number(a + "expert_shared_count", e.width > 0 ? u32(e.shared_width / e.width) : 0);
  }
  if (latent || e.routed != 0) out.number(a + "expert_feed_forward_length", u32(e.width));
  if (e.routed == 0) return;
  out.number(a + "expert_count", u32(e.routed));
  out.number(a + "expert_used_count", u32(e.chosen));
  if (model.architecture == Architecture::qwen2moe) {
    out.number(a + "expert_shared_feed_forward_length", u32(e.shared_width));
  }
  if (latent) {
    out.number(a + "expert_gating_func", kSigmoid).flag(a + "expert_weights_norm", true);
    out.real(a + "expert_weights_scale", 1.0F);
  }
}

void describe(const SynthModel& model, GgufMetadata& out) {
  const ModelShape& shape = model.shape;
  const std::string a = std::string(to_string(model.architecture)) + ".";
  std::int64_t width = 0;
  for (const auto& g : shape.layers) width = std::max(width, g.ffn);
  if (width == 0) width = expert_group(shape).experts.width;
  out.text("general.architecture", to_string(model.architecture));
  out.text("general.name",
           fmt::format("{} with random weights, {} layers", shape.name, shape.layer_count()));
  out.number("general.quantization_version", 2);
  out.number(a + "block_count", u32(shape.layer_count()));
  out.number(a + "context_length", u32(shape.trained_context));
  out.number(a + "embedding_length", u32(shape.hidden));
  out.number(a + "feed_forward_length", u32(width));
  out.number(a + "vocab_size", u32(shape.vocabulary));
  out.real(a + "attention.layer_norm_rms_epsilon", kEpsilon);
  const bool latent = model.architecture == Architecture::deepseek2;
  latent ? describe_latent(shape, a, out) : describe_attention(shape, a, out);
  describe_experts(model, a, out);
}

// Of a type that the wanted one fell back to: once for each kind of tensor.
std::vector<std::string> fallbacks(const std::vector<SynthTensor>& tensors, std::uint32_t wanted) {
  std::vector<std::string> out;
  for (const auto& tensor : tensors) {
    const std::uint32_t type = tensor.spec.type;
    if (type == wanted || type == 0) continue;
    std::string_view name = tensor.spec.name;
    if (name.starts_with("blk.")) name.remove_prefix(name.find('.', 4) + 1);
    name.remove_suffix(std::string_view(".weight").size());
    auto text = fmt::format("{}: {}", name, lower(gguf_type(type)->name));
    if (std::ranges::find(out, text) == out.end()) out.push_back(std::move(text));
  }
  return out;
}

}  // namespace

std::uint64_t SynthModel::data_bytes() const {
  std::uint64_t sum = 0;
  for (const auto& tensor : tensors) sum += gguf_padded(tensor.spec.bytes());
  return sum;
}

Result<SynthModel> synth_model(const ModelShape& shape, const SynthOptions& options) {
  const auto type = random_block_type(options.weights);
  if (!type) {
    return fail(ErrorKind::usage, "synth.weights",
                fmt::format("random weights of type {} can't be made", options.weights),
                fmt::format("choose one of {}", join(random_block_names(), ", ")));
  }
  SynthModel model;
  model.shape = shape;
  if (options.vocabulary != 0) model.shape.vocabulary = options.vocabulary;
  if (model.shape.vocabulary < kLeastVocabulary || model.shape.vocabulary > kMostVocabulary) {
    return fail(ErrorKind::input, "synth.vocabulary",
                fmt::format("a vocabulary of {} tokens", model.shape.vocabulary),
                fmt::format("choose {} to {}", kLeastVocabulary, kMostVocabulary));
  }
  if (auto sound = physics::validate_length("context", static_cast<double>(options.context));
      !sound) {
    return fail(sound.error());
  }
  if (options.context != 0) model.shape.trained_context = options.context;
  if (model.shape.trained_context <= 0) model.shape.trained_context = kUsualContext;
  const auto architecture = architecture_of(model.shape);
  if (!architecture) return fail(architecture.error());
  model.architecture = *architecture;
  model.tensors = synth_tensors(model.shape, *architecture, *type);
  model.fallbacks = fallbacks(model.tensors, *type);
  describe(model, model.metadata);
  describe_vocabulary(model.shape.vocabulary, model.metadata);
  return model;
}

std::string random_prompt(std::int64_t vocabulary, std::int64_t tokens, std::uint64_t seed) {
  const auto characters = static_cast<std::uint64_t>(vocabulary - kSpecial - kBytes);
  std::string text;
  std::uint64_t state = seed;
  for (std::int64_t i = 0; i < tokens; ++i) {
    // A full-period generator (Knuth's MMIX); its upper bits.
    state = state * 6364136223846793005U + 1442695040888963407U;
    append_utf8(text, character(static_cast<std::int64_t>((state >> 33) % characters)));
  }
  return text;
}

}  // namespace joulebook::synth
