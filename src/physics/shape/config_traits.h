#pragma once
// What an architecture of Hugging Face's transformers is, beyond what its config.json says. For the
// config_*.cc files.
#include <optional>
#include <string_view>
#include <vector>

namespace joulebook::physics {

// How layers are read.
enum class ConfigFamily { decoder, bert, t5, mamba, jamba, nemotron_h, qwen3_next, lfm2, rwkv };

// Which layers see a window only, where the file lists no layer_types.
enum class WindowRule { all, even, pattern4, pattern6 };

// What a layer has, where the file doesn't say.
enum ConfigHas : unsigned {
  kQkvBias = 1,
  kOutputBias = 2,
  kFfnBias = 4,
  kHeadNorm = 8,      // of queries and keys, over the width of a head
  kTied = 16,         // transformers' default of tie_word_embeddings
  kPositions = 32,    // learned
  kPlain = 64,        // two matrices in the feed-forward, not three
  kFourTimes = 128,   // a feed-forward of 4 x hidden where its width is not given
  kLatent = 256,      // multi-head latent attention
  kWidthIsExperts = 512,  // intermediate_size is the width of an expert
};
constexpr unsigned kBiases = kQkvBias | kOutputBias | kFfnBias;

struct ConfigTraits {
  std::string_view type;  // model_type
  ConfigFamily family = ConfigFamily::decoder;
  int norms = 2;          // vectors of hidden width in a layer: a norm with a bias has two
  unsigned has = 0;       // ConfigHas
  WindowRule window = WindowRule::all;

  [[nodiscard]] bool with(unsigned which) const { return (has & which) != 0; }
};

// By model_type; nothing where it is not known.
[[nodiscard]] std::optional<ConfigTraits> config_traits(std::string_view model_type);
[[nodiscard]] std::vector<std::string_view> known_model_types();

}  // namespace joulebook::physics
