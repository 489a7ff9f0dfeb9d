#pragma once
// Files of random weights of published shapes that are no language models: an encoder, the eyes of a
// picture reader, a recogniser of speech, a speaker, a drawer. Pure; thread-safe.
//
// Names and extents of tensors are those that the programs which read them ask for: llama.cpp as of
// llama-cpp-python 0.3.36 (src/models/bert.cpp, src/models/pockettts.cpp, tools/mtmd/clip.cpp),
// whisper.cpp 1.8.5 and stable-diffusion.cpp. Extents come from each model's published configuration.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "physics/synth/weight_file.h"

namespace joulebook::synth {

struct MadeUpOptions {
  std::string weights;  // type of matrices; empty: the shape's usual one
  std::string words;    // an encoder's: each word in this text becomes one token
};

struct MadeUpShape {
  std::string_view name;     // "all-MiniLM-L6-v2"
  std::string_view what;     // what it is, and of which size
  std::string_view weights;  // the usual type of its matrices
  WeightFile (*make)(std::uint32_t type, const MadeUpOptions& options);
};

[[nodiscard]] std::span<const MadeUpShape> made_up_shapes();
// Null where there is none of this name (in any case).
[[nodiscard]] const MadeUpShape* find_made_up(std::string_view name);

// Errors: usage "synth.weights" with the types that can be.
[[nodiscard]] Result<WeightFile> make_up(const MadeUpShape& shape, const MadeUpOptions& options);

// The makers, each beside its constants.
[[nodiscard]] WeightFile make_minilm(std::uint32_t type, const MadeUpOptions& options);
[[nodiscard]] WeightFile make_smolvlm_text(std::uint32_t type, const MadeUpOptions& options);
[[nodiscard]] WeightFile make_smolvlm_eyes(std::uint32_t type, const MadeUpOptions& options);
[[nodiscard]] WeightFile make_pocket_speaker(std::uint32_t type, const MadeUpOptions& options);
[[nodiscard]] WeightFile make_pocket_voice(std::uint32_t type, const MadeUpOptions& options);
[[nodiscard]] WeightFile make_whisper_tiny(std::uint32_t type, const MadeUpOptions& options);
[[nodiscard]] WeightFile make_stable_diffusion(std::uint32_t type, const MadeUpOptions& options);

// "<unk>", "<s>", "</s>" and pieces by which a text is about 3 characters a token (ASCII, two letters
// anywhere, three common ones), filled up with spare ones. To be scored alike, so that the fewest
// are taken. REQUIRES: count >= 3750.
[[nodiscard]] std::vector<std::string> text_pieces(std::int64_t count);

// The tokenizer of such pieces: `tokens` are text_pieces() and what was put behind them, of which the
// last `controls` are no text.
struct PieceTokenizer {
  std::vector<std::string> tokens;
  std::ptrdiff_t controls = 0;
  bool begins_text = false;   // <s> is put in front of a text
  bool space_prefix = false;  // a text begins as if behind a space
};
void add_tokenizer(const PieceTokenizer& tokenizer, GgufMetadata& out);

// A GGUF file of these.
[[nodiscard]] WeightFile gguf_weights(const GgufMetadata& metadata,
                                      std::vector<SynthTensor> tensors);

}  // namespace joulebook::synth
