// all-MiniLM-L6-v2 (sentence-transformers): BERT's layers, 6 of width 384, mean pooling. Extents from
// its config.json; names from llama.cpp's src/models/bert.cpp.
#include <fmt/format.h>

#include <set>

#include "physics/synth/made_up.h"
#include "physics/synth/part_list.h"

namespace joulebook::synth {
namespace {

constexpr std::int64_t kHidden = 384, kLayers = 6, kHeads = 12, kInner = 1536;
constexpr std::int64_t kVocabulary = 30522, kContext = 512, kTypes = 2;
// BERT's own ids, which llama.cpp takes where a file says nothing else.
constexpr std::size_t kUnknown = 100, kFirst = 101, kLast = 102, kMask = 103, kFree = 104;
constexpr std::string_view kBegins = "\xe2\x96\x81";  // before a piece that begins a word

bool is_letter(char c) { return c >= 'a' && c <= 'z'; }

std::set<std::string> words_of(std::string_view text) {
  std::set<std::string> words;
  std::string word;
  const auto end_word = [&] {
    if (!word.empty()) words.insert(std::string(kBegins) + word);
    word.clear();
  };
  for (const char c : text) {
    const char small = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    is_letter(small) ? word.push_back(small) : end_word();
  }
  end_word();
  return words;
}

// Pieces that any English text falls into: each printable ASCII character and each two letters,
// both within a word and at its beginning; then the words that were asked for, then three letters
// at a beginning, as many as there is room for.
std::vector<std::string> vocabulary(std::string_view text) {
  std::vector<std::string> tokens(kFree);
  for (std::size_t i = 0; i < kFree; ++i) tokens[i] = fmt::format("[unused{}]", i);
  tokens[0] = "[PAD]";
  tokens[kUnknown] = "[UNK]";
  tokens[kFirst] = "[CLS]";
  tokens[kLast] = "[SEP]";
  tokens[kMask] = "[MASK]";
  std::set<std::string> taken;
  const auto add = [&](std::string token) {
    if (std::ssize(tokens) < kVocabulary && taken.insert(token).second)
      tokens.push_back(std::move(token));
  };
  for (char c = '!'; c <= '~'; ++c) {
    if (c >= 'A' && c <= 'Z') continue;  // texts are made lower case
    add(std::string(1, c));
    add(std::string(kBegins) + c);
  }
  for (int i = 0; i < 26 * 26; ++i) {
    const std::string pair = {static_cast<char>('a' + i / 26), static_cast<char>('a' + i % 26)};
    add(pair);
    add(std::string(kBegins) + pair);
  }
  for (const auto& word : words_of(text)) add(word);
  for (int i = 0; std::ssize(tokens) < kVocabulary && i < 26 * 26 * 26; ++i) {
    add(fmt::format("{}{}{}{}", kBegins, static_cast<char>('a' + i / 676),
                    static_cast<char>('a' + i / 26 % 26), static_cast<char>('a' + i % 26)));
  }
  for (int i = 0; std::ssize(tokens) < kVocabulary; ++i) add(fmt::format("[spare{}]", i));
  return tokens;
}

GgufMetadata describe(std::string_view words) {
  constexpr std::int32_t kNormal = 1, kControl = 3;
  constexpr std::uint32_t kMeanPooling = 1;  // LLAMA_POOLING_TYPE_MEAN
  GgufMetadata out;
  out.text("general.architecture", "bert");
  out.text("general.name", "all-MiniLM-L6-v2 with random weights");
  out.number("general.quantization_version", 2);
  out.number("bert.block_count", kLayers).number("bert.context_length", kContext);
  out.number("bert.embedding_length", kHidden).number("bert.feed_forward_length", kInner);
  out.number("bert.attention.head_count", kHeads);
  out.real("bert.attention.layer_norm_epsilon", 1e-12F).flag("bert.attention.causal", false);
  out.number("bert.pooling_type", kMeanPooling);
  const auto tokens = vocabulary(words);
  std::vector<std::int32_t> types(tokens.size(), kNormal);
  for (const std::size_t i : {std::size_t{0}, kUnknown, kFirst, kLast, kMask}) types[i] = kControl;
  out.text("tokenizer.ggml.model", "bert").text("tokenizer.ggml.pre", "default");
  out.number("tokenizer.ggml.token_type_count", kTypes);
  out.texts("tokenizer.ggml.tokens", tokens).integers("tokenizer.ggml.token_type", types);
  out.number("tokenizer.ggml.unknown_token_id", kUnknown);
  out.number("tokenizer.ggml.bos_token_id", kFirst);
  out.number("tokenizer.ggml.seperator_token_id", kLast);  // so spelt
  out.number("tokenizer.ggml.padding_token_id", 0);
  out.number("tokenizer.ggml.mask_token_id", kMask);
  return out;
}

}  // namespace

WeightFile make_minilm(std::uint32_t type, const MadeUpOptions& options) {
  PartList parts(type);
  parts.matrix("token_embd.weight", kHidden, kVocabulary).deviation = 1;
  parts.table("token_types.weight", kHidden, kTypes);
  parts.table("position_embd.weight", kHidden, kContext);
  parts.norm("token_embd_norm", kHidden);
  for (std::int64_t i = 0; i < kLayers; ++i) {
    const std::string at = fmt::format("blk.{}.", i);
    for (const char* name : {"attn_q", "attn_k", "attn_v", "attn_output"}) {
      parts.linear(at + name, kHidden, kHidden);
    }
    parts.norm(at + "attn_output_norm", kHidden);
    parts.linear(at + "ffn_up", kHidden, kInner);
    parts.linear(at + "ffn_down", kInner, kHidden);
    parts.norm(at + "layer_output_norm", kHidden);
  }
  return gguf_weights(describe(options.words), parts.take());
}

}  // namespace joulebook::synth
