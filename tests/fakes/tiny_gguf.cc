#include "fakes/tiny_gguf.h"

#include <array>
#include <cstdio>
#include <fstream>
#include <random>
#include <string_view>
#include <vector>

#include "fakes/f32_tensors.h"

namespace joulebook {
namespace {

constexpr std::uint32_t kHeadWidth = 16;

// Weights uniform around 0, or all one.
class Weights {
 public:
  explicit Weights(std::uint32_t seed) : random_(seed) {}

  void norm(const std::string& name, std::uint32_t n) { tensors_.constant(name, n, 1); }
  void matrix(const std::string& name, std::uint32_t in, std::uint32_t out) {
    tensors_.add(name, in, out, [this](auto, auto) { return weight(); });
  }

  [[nodiscard]] std::string file(const GgufMetadata& metadata) const { return tensors_.file(metadata); }

 private:
  float weight() {  // by hand: the standard's distributions differ between libraries
    return static_cast<float>(random_() % 20001) / 10000.0F - 1.0F;
  }

  std::mt19937 random_;
  fakes::F32Tensors tensors_;
};

void describe(const TinyModel& model, GgufMetadata& out) {
  const std::string a = model.architecture + ".";
  out.text("general.architecture", model.architecture);
  out.text("general.name", "tiny");
  out.number(a + "block_count", model.layers);
  out.number(a + "context_length", model.context);
  out.number(a + "embedding_length", model.width);
  out.number(a + "feed_forward_length", model.feed_forward);
  out.number(a + "attention.head_count", model.width / kHeadWidth);
  out.number(a + "attention.head_count_kv", 1);
  out.number(a + "rope.dimension_count", kHeadWidth);
  out.real(a + "attention.layer_norm_rms_epsilon", 1e-5F);
}

void vocabulary(GgufMetadata& out) {
  constexpr std::int32_t kUnknown = 2, kControl = 3, kUser = 4, kByte = 6;
  std::vector<std::string> tokens = {"<unk>", "<s>", "</s>"};
  std::vector<std::int32_t> types = {kUnknown, kControl, kControl};
  for (int b = 0; b < 256; ++b) {
    std::array<char, 8> name{};
    std::snprintf(name.data(), name.size(), "<0x%02X>", b);
    tokens.emplace_back(name.data());
    types.push_back(kByte);
  }
  for (const auto* marker : {"<|im_start|>", "<|im_end|>"}) {
    tokens.emplace_back(marker);
    types.push_back(kControl);
  }
  for (const auto* marker : {"<think>", "</think>"}) {
    tokens.emplace_back(marker);
    types.push_back(kUser);
  }
  out.text("tokenizer.ggml.model", "llama");
  out.text("tokenizer.ggml.pre", "default");
  out.texts("tokenizer.ggml.tokens", tokens);
  out.reals("tokenizer.ggml.scores", std::vector<float>(tokens.size(), 0.0F));
  out.integers("tokenizer.ggml.token_type", types);
  out.number("tokenizer.ggml.bos_token_id", 1);
  out.number("tokenizer.ggml.eos_token_id", static_cast<std::uint32_t>(kTinyVocabulary - 3));
  out.number("tokenizer.ggml.unknown_token_id", 0);
}

constexpr std::string_view kChatml =
    "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] "
    "+ '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}"
    "{{ '<|im_start|>assistant\n' }}{% endif %}";

void weigh(const TinyModel& model, Weights& out) {
  const std::uint32_t w = model.width;
  out.matrix("token_embd.weight", w, kTinyVocabulary);
  for (std::uint32_t i = 0; i < model.layers; ++i) {
    const std::string block = "blk." + std::to_string(i) + ".";
    out.norm(block + "attn_norm.weight", w);
    out.matrix(block + "attn_q.weight", w, w);
    out.matrix(block + "attn_k.weight", w, kHeadWidth);
    out.matrix(block + "attn_v.weight", w, kHeadWidth);
    out.matrix(block + "attn_output.weight", w, w);
    out.norm(block + "ffn_norm.weight", w);
    out.matrix(block + "ffn_gate.weight", w, model.feed_forward);
    out.matrix(block + "ffn_up.weight", w, model.feed_forward);
    out.matrix(block + "ffn_down.weight", model.feed_forward, w);
  }
  out.norm("output_norm.weight", w);
  out.matrix("output.weight", w, kTinyVocabulary);
}

}  // namespace

std::string tiny_gguf(const TinyModel& model) {
  GgufMetadata metadata;
  describe(model, metadata);
  vocabulary(metadata);
  if (!model.chat_template.empty()) {
    metadata.text("tokenizer.chat_template",
                  model.chat_template == "chatml" ? kChatml : model.chat_template);
  }
  Weights weights(model.seed);
  weigh(model, weights);
  return weights.file(metadata);
}

std::string write_tiny_gguf(const std::string& path, const TinyModel& model) {
  std::ofstream(path, std::ios::binary) << tiny_gguf(model);
  return path;
}

}  // namespace joulebook
