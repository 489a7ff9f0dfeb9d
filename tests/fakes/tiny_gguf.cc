#include "fakes/tiny_gguf.h"

#include <array>
#include <cstdio>
#include <fstream>
#include <random>
#include <string_view>
#include <vector>

namespace joulebook {
namespace {

constexpr std::uint32_t kUint32 = 4, kInt32 = 5, kFloat32 = 6, kString = 8, kArray = 9;
constexpr std::uint32_t kF32Tensor = 0;
constexpr std::size_t kAlignment = 32;
constexpr std::uint32_t kHeadWidth = 16;

template <class T>
void put(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void put_text(std::string& out, std::string_view text) {
  put<std::uint64_t>(out, text.size());
  out += text;
}

// The metadata section, counting its entries.
class Metadata {
 public:
  void number(std::string_view key, std::uint32_t value) {
    begin(key, kUint32);
    put(bytes_, value);
  }
  void real(std::string_view key, float value) {
    begin(key, kFloat32);
    put(bytes_, value);
  }
  void text(std::string_view key, std::string_view value) {
    begin(key, kString);
    put_text(bytes_, value);
  }
  void texts(std::string_view key, const std::vector<std::string>& values) {
    begin_array(key, kString, values.size());
    for (const auto& value : values) put_text(bytes_, value);
  }
  template <class T>
  void array(std::string_view key, std::uint32_t type, const std::vector<T>& values) {
    begin_array(key, type, values.size());
    for (const T value : values) put(bytes_, value);
  }

  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }

 private:
  void begin(std::string_view key, std::uint32_t type) {
    ++count_;
    put_text(bytes_, key);
    put(bytes_, type);
  }
  void begin_array(std::string_view key, std::uint32_t type, std::size_t n) {
    begin(key, kArray);
    put(bytes_, type);
    put<std::uint64_t>(bytes_, n);
  }

  std::string bytes_;
  std::uint64_t count_ = 0;
};

// The tensor list and the data section, with weights uniform around 0 or all one.
class Weights {
 public:
  explicit Weights(std::uint32_t seed) : random_(seed) {}

  void norm(const std::string& name, std::uint32_t n) {
    entry(name, {n});
    for (std::uint32_t i = 0; i < n; ++i) put(data_, 1.0F);
    pad();
  }
  void matrix(const std::string& name, std::uint32_t in, std::uint32_t out) {
    entry(name, {in, out});
    for (std::uint64_t i = 0; i < std::uint64_t{in} * out; ++i) put(data_, weight());
    pad();
  }

  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] const std::string& list() const { return list_; }
  [[nodiscard]] const std::string& data() const { return data_; }

 private:
  float weight() {  // by hand: the standard's distributions differ between libraries
    return static_cast<float>(random_() % 20001) / 10000.0F - 1.0F;
  }
  void entry(const std::string& name, const std::vector<std::uint64_t>& shape) {
    ++count_;
    put_text(list_, name);
    put(list_, static_cast<std::uint32_t>(shape.size()));
    for (const auto n : shape) put(list_, n);
    put(list_, kF32Tensor);
    put<std::uint64_t>(list_, data_.size());
  }
  void pad() { data_.resize((data_.size() + kAlignment - 1) / kAlignment * kAlignment); }

  std::mt19937 random_;
  std::string list_;
  std::string data_;
  std::uint64_t count_ = 0;
};

void describe(const TinyModel& model, Metadata& out) {
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

void vocabulary(Metadata& out) {
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
  out.array("tokenizer.ggml.scores", kFloat32, std::vector<float>(tokens.size(), 0.0F));
  out.array("tokenizer.ggml.token_type", kInt32, types);
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
  Metadata metadata;
  describe(model, metadata);
  vocabulary(metadata);
  if (!model.chat_template.empty()) {
    metadata.text("tokenizer.chat_template",
                  model.chat_template == "chatml" ? kChatml : model.chat_template);
  }
  Weights weights(model.seed);
  weigh(model, weights);
  std::string out = "GGUF";
  put<std::uint32_t>(out, 3);
  put(out, weights.count());
  put(out, metadata.count());
  out += metadata.bytes();
  out += weights.list();
  out.resize((out.size() + kAlignment - 1) / kAlignment * kAlignment);
  return out + weights.data();
}

std::string write_tiny_gguf(const std::string& path, const TinyModel& model) {
  std::ofstream(path, std::ios::binary) << tiny_gguf(model);
  return path;
}

}  // namespace joulebook
