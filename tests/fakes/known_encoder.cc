#include "fakes/known_encoder.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "gguf/gguf_writer.h"

namespace joulebook::fakes {
namespace {

constexpr std::uint32_t kWidth = 64, kHeads = 2, kContext = 64, kF32 = 0;
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

class Tensors {
 public:
  using Value = std::function<float(std::uint32_t column, std::uint32_t row)>;

  void add(const std::string& name, std::uint32_t row, std::uint32_t rows, const Value& value) {
    std::vector<std::uint64_t> shape = {row};
    if (rows > 1) shape.push_back(rows);
    specs_.push_back({name, kF32, std::move(shape)});
    for (std::uint32_t r = 0; r < rows; ++r) {
      for (std::uint32_t c = 0; c < row; ++c) {
        const float x = value(c, r);
        data_.append(reinterpret_cast<const char*>(&x), sizeof x);
      }
    }
    data_.resize(gguf_padded(data_.size()));
  }
  void zeros(const std::string& name, std::uint32_t row, std::uint32_t rows = 1) {
    add(name, row, rows, [](auto, auto) { return 0.0F; });
  }
  void linear(const std::string& name) {
    zeros(name + ".weight", kWidth, kWidth);
    zeros(name + ".bias", kWidth);
  }
  void norm(const std::string& name) {
    add(name + ".weight", kWidth, 1, [](auto, auto) { return 1.0F; });
    zeros(name + ".bias", kWidth);
  }
  [[nodiscard]] std::string file(const GgufMetadata& metadata) const { return gguf_header(metadata, specs_) + data_; }

 private:
  std::vector<GgufTensorSpec> specs_;
  std::string data_;
};

}  // namespace

std::string known_encoder(const WordGroups& groups) {
  const auto tokens = tokens_of(groups);
  std::vector<std::uint32_t> group_of;
  for (std::uint32_t g = 0; g < groups.size(); ++g) group_of.insert(group_of.end(), groups[g].size(), g);
  Tensors t;
  // A one and its opposite: the norms, which take off the mean and divide by the deviation, leave the
  // direction as it is.
  t.add("token_embd.weight", kWidth, static_cast<std::uint32_t>(tokens.size()),
        [&](std::uint32_t column, std::uint32_t row) {
          if (row < kMarks.size()) return 0.0F;
          const std::uint32_t first = 2 * group_of[row - kMarks.size()];
          return column == first ? 1.0F : column == first + 1 ? -1.0F : 0.0F;
        });
  t.zeros("token_types.weight", kWidth, 2);
  t.zeros("position_embd.weight", kWidth, kContext);
  t.norm("token_embd_norm");
  for (const char* name : {"attn_q", "attn_k", "attn_v", "attn_output"}) t.linear(std::string("blk.0.") + name);
  t.norm("blk.0.attn_output_norm");
  t.linear("blk.0.ffn_up");
  t.linear("blk.0.ffn_down");
  t.norm("blk.0.layer_output_norm");
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
