// The language model of SmolVLM-256M: SmolLM2-135M (30 layers of 576) with the marks that stand around
// a picture's parts. Extents from SmolVLM-256M-Instruct's config.json. Its row for the end of a text
// is zero: it writes as many tokens as it is allowed.
#include <fmt/format.h>

#include "physics/synth/made_up.h"
#include "physics/synth/part_list.h"

namespace joulebook::synth {
namespace {

constexpr std::int64_t kHidden = 576, kLayers = 30, kHeads = 9, kKeyHeads = 3, kInner = 1536;
constexpr std::int64_t kHead = kHidden / kHeads, kVocabulary = 49280, kContext = 8192;
constexpr std::int64_t kSpecial = 3;  // <unk>, <s>, </s>
constexpr double kAdded = 0.25;       // what layers add, as in synth_tensors.cc

std::vector<std::string> vocabulary() {
  const std::vector<std::string> marks = {"\n", "\n\n", "<fake_token_around_image>", "<global-img>"};
  auto out = text_pieces(kVocabulary - std::ssize(marks));
  out.insert(out.end(), marks.begin(), marks.end());
  return out;
}

GgufMetadata describe() {
  const PieceTokenizer tokenizer{.tokens = vocabulary(), .controls = 2, .begins_text = true};
  GgufMetadata out;
  out.text("general.architecture", "llama");
  out.text("general.name", "SmolVLM-256M's language model with random weights");
  out.number("general.quantization_version", 2);
  const std::string a = "llama.";
  out.number(a + "block_count", kLayers).number(a + "context_length", kContext);
  out.number(a + "embedding_length", kHidden).number(a + "feed_forward_length", kInner);
  out.number(a + "attention.head_count", kHeads).number(a + "attention.head_count_kv", kKeyHeads);
  out.number(a + "rope.dimension_count", kHead).real(a + "rope.freq_base", 100000);
  out.real(a + "attention.layer_norm_rms_epsilon", 1e-5F);
  out.number(a + "vocab_size", static_cast<std::uint32_t>(tokenizer.tokens.size()));
  add_tokenizer(tokenizer, out);
  return out;
}

}  // namespace

WeightFile make_smolvlm_text(std::uint32_t type, const MadeUpOptions&) {
  PartList parts(type);
  auto& words = parts.matrix("token_embd.weight", kHidden, kVocabulary);  // the head as well
  words.deviation = 1;
  words.zero_rows = kSpecial;
  parts.constant("output_norm.weight", kHidden, 1);
  for (std::int64_t i = 0; i < kLayers; ++i) {
    const std::string at = fmt::format("blk.{}.", i);
    parts.constant(at + "attn_norm.weight", kHidden, 1);
    parts.matrix(at + "attn_q.weight", kHidden, kHidden);
    parts.matrix(at + "attn_k.weight", kHidden, kKeyHeads * kHead);
    parts.matrix(at + "attn_v.weight", kHidden, kKeyHeads * kHead);
    parts.matrix(at + "attn_output.weight", kHidden, kHidden).deviation *= kAdded;
    parts.constant(at + "ffn_norm.weight", kHidden, 1);
    parts.matrix(at + "ffn_gate.weight", kHidden, kInner);
    parts.matrix(at + "ffn_up.weight", kHidden, kInner);
    parts.matrix(at + "ffn_down.weight", kInner, kHidden).deviation *= kAdded;
  }
  return gguf_weights(describe(), parts.take());
}

}  // namespace joulebook::synth
