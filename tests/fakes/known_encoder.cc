#include "fakes/known_encoder.h"

#include <algorithm>
#include <cmath>

#include "fakes/f32_tensors.h"

namespace joulebook::fakes {
namespace {

constexpr std::uint32_t kWidth = 64, kHeads = 2, kContext = 64;
constexpr std::string_view kBegins = "\xe2\x96\x81";  // before a piece that begins a word
const std::vector<std::string> kMarks = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};

std::vector<std::string> tokens_of(const WordGroups& groups) {
  std::vector<std::string> out = kMarks;
  for (const auto& group : groups) {
    for (const auto& word : group) out.push_back(std::string(kBegins) + word);
  }
  return out;
}

GgufMetadata describe(const std::vector<std::string>& tokens) {
  constexpr std::int32_t kNormal = 1, kControl = 3;
  constexpr std::uint32_t kMeanPooling = 1;
  GgufMetadata out;
  out.text("general.architecture", "bert").text("general.name", "known");
  out.number("bert.block_count", 1).number("bert.context_length", kContext);
  out.number("bert.embedding_length", kWidth).number("bert.feed_forward_length", kWidth);
  out.number("bert.attention.head_count", kHeads);
  out.real("bert.attention.layer_norm_epsilon", 1e-12F).flag("bert.attention.causal", false);
  out.number("bert.pooling_type", kMeanPooling);
  std::vector<std::int32_t> types(tokens.size(), kNormal);
  std::fill_n(types.begin(), kMarks.size(), kControl);
  out.text("tokenizer.ggml.model", "bert").text("tokenizer.ggml.pre", "default");
  out.number("tokenizer.ggml.token_type_count", 2);
  out.texts("tokenizer.ggml.tokens", tokens).integers("tokenizer.ggml.token_type", types);
  out.number("tokenizer.ggml.padding_token_id", 0).number("tokenizer.ggml.unknown_token_id", 1);
  out.number("tokenizer.ggml.bos_token_id", 2).number("tokenizer.ggml.seperator_token_id", 3);  // so spelt
  out.number("tokenizer.ggml.mask_token_id", 4);
  return out;
}

void zeros(F32Tensors& t, const std::string& name, std::uint32_t row, std::uint32_t rows) {
  t.add(name, row, rows, [](auto, auto) { return 0.0F; });
}

void linear(F32Tensors& t, const std::string& name) {
  zeros(t, name + ".weight", kWidth, kWidth);
  t.constant(name + ".bias", kWidth, 0);
}

void norm(F32Tensors& t, const std::string& name) {
  t.constant(name + ".weight", kWidth, 1);
  t.constant(name + ".bias", kWidth, 0);
}

}  // namespace

std::string known_encoder(const WordGroups& groups) {
  const auto tokens = tokens_of(groups);
  std::vector<std::uint32_t> group_of;
  for (std::uint32_t g = 0; g < groups.size(); ++g) group_of.insert(group_of.end(), groups[g].size(), g);
  F32Tensors t;
  // A one and its opposite: the norms, which take off the mean and divide by the deviation, leave the
  // direction as it is.
  t.add("token_embd.weight", kWidth, static_cast<std::uint32_t>(tokens.size()),
        [&](std::uint32_t column, std::uint32_t row) {
          if (row < kMarks.size()) return 0.0F;
          const std::uint32_t first = 2 * group_of[row - kMarks.size()];
          return column == first ? 1.0F : column == first + 1 ? -1.0F : 0.0F;
        });
  zeros(t, "token_types.weight", kWidth, 2);
  zeros(t, "position_embd.weight", kWidth, kContext);
  norm(t, "token_embd_norm");
  for (const char* name : {"attn_q", "attn_k", "attn_v", "attn_output"}) linear(t, std::string("blk.0.") + name);
  norm(t, "blk.0.attn_output_norm");
  linear(t, "blk.0.ffn_up");
  linear(t, "blk.0.ffn_down");
  norm(t, "blk.0.layer_output_norm");
  return t.file(describe(tokens));
}

std::vector<double> known_vector(const WordGroups& groups, const std::string& text) {
  std::vector<double> out(groups.size(), 0.0);
  std::string word;
  const auto end_word = [&] {
    for (std::size_t g = 0; g < groups.size(); ++g) {
      if (std::ranges::find(groups[g], word) != groups[g].end()) out[g] += 1;
    }
    word.clear();
  };
  for (const char c : text + " ") {
    if (c >= 'a' && c <= 'z') {
      word.push_back(c);
    } else if (c >= 'A' && c <= 'Z') {
      word.push_back(static_cast<char>(c - 'A' + 'a'));
    } else {
      end_word();
    }
  }
  double squares = 0;
  for (const double x : out) squares += x * x;
  if (squares > 0) {
    for (double& x : out) x /= std::sqrt(squares);
  }
  return out;
}

}  // namespace joulebook::fakes
