#pragma once
// The tensors of a file that is being made up, one call each. Plain values; thread-safe as those are.
#include <string>
#include <string_view>
#include <vector>

#include "physics/synth/synth_model.h"

namespace joulebook::synth {

// Extents as GGUF has them: the row first. Deviations are 1 / sqrt(inputs), so that sums stay near 1.
class PartList {
 public:
  // `type`: of matrices, one of random_block_type(); where a row isn't a whole number of its
  // blocks it falls back as llama.cpp's quantiser does.
  explicit PartList(std::uint32_t type) : type_(type) {}

  SynthTensor& matrix(std::string name, std::int64_t inputs, std::int64_t outputs);
  // The same with a bias of zeros: "NAME.weight", "NAME.bias".
  void linear(std::string_view name, std::int64_t inputs, std::int64_t outputs);
  // A table that is looked up or added, in F32.
  SynthTensor& table(std::string name, std::int64_t row, std::int64_t rows, double deviation = 1);
  // A convolution's kernel in F16; `inputs`: numbers that one output sums.
  SynthTensor& kernel(std::string name, std::vector<std::uint64_t> shape, std::int64_t inputs);
  // The same, `window` wide each way, with a bias of zeros: "NAME.weight", "NAME.bias". Gives the bias.
  SynthTensor& convolution(std::string_view name, const std::vector<std::int64_t>& window, std::int64_t inputs,
                           std::int64_t outputs);
  // A vector in F32 of one value.
  SynthTensor& constant(std::string name, std::int64_t n, double value);
  // Layer norm: "NAME.weight" of ones, "NAME.bias" of zeros.
  void norm(std::string_view name, std::int64_t n);

  [[nodiscard]] std::vector<SynthTensor> take() { return std::move(tensors_); }

 private:
  SynthTensor& add(std::string name, std::uint32_t type, std::vector<std::uint64_t> shape);

  std::uint32_t type_;
  std::vector<SynthTensor> tensors_;
};

}  // namespace joulebook::synth
