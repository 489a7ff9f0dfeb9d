#pragma once
// A model file to be made up: its metadata and its tensors, from a shape. Pure; thread-safe.
//
// The vocabulary is one token a character, so that a text of n characters is n tokens: <unk>, <s>,
// </s>, the 256 bytes, then the characters from U+0100 upwards. The first three never win, since
// their rows of the head are zero: a random model doesn't stop by itself.
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "gguf/gguf_writer.h"
#include "physics/shape/model_shape.h"
#include "physics/synth/architecture.h"

namespace joulebook::synth {

struct SynthOptions {
  std::string weights = "q8_0";  // type of all matrices; norms, biases and routers stay F32
  std::int64_t vocabulary = 0;   // rows of embedding and head; 0: the shape's
  std::int64_t context = 0;      // trained context to state; 0: the shape's, else 32768
};

inline constexpr std::int64_t kLeastVocabulary = 512;

struct SynthTensor {
  enum class Fill { random, constant };

  GgufTensorSpec spec;
  Fill fill = Fill::random;
  double deviation = 0;         // of random ones: 1 / sqrt(row), so that sums stay near 1, or less
  float value = 0;              // of constant ones, which are F32
  std::uint64_t zero_rows = 0;  // these many rows of zeros
  std::uint64_t zero_from = 0;  // from this row on
};

struct SynthModel {
  Architecture architecture = Architecture::llama;
  physics::ModelShape shape;  // what was made up; its vocabulary and precision as written
  GgufMetadata metadata;
  std::vector<SynthTensor> tensors;
  std::vector<std::string>
      fallbacks;  // "ffn_down: q5_0": tensors whose rows the type doesn't divide

  [[nodiscard]] std::uint64_t data_bytes() const;  // with padding
};

// Errors: input "synth.architecture", "synth.vocabulary" (below 512 or above 10^6); usage
// "synth.weights" with the types that can be.
[[nodiscard]] Result<SynthModel> synth_model(const physics::ModelShape& shape,
                                             const SynthOptions& options);

// The tensors alone, which is what a file of this shape weighs.
[[nodiscard]] std::vector<SynthTensor> synth_tensors(const physics::ModelShape& shape,
                                                     Architecture architecture, std::uint32_t type);

// A text of `tokens` tokens of such a vocabulary, drawn at random, each a character of its own.
// REQUIRES: vocabulary >= kLeastVocabulary.
[[nodiscard]] std::string random_prompt(std::int64_t vocabulary, std::int64_t tokens,
                                        std::uint64_t seed);

}  // namespace joulebook::synth
