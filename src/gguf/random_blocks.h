#pragma once
// Random weights, made directly as the blocks of a tensor type: nothing is quantised. Every byte
// pattern of these types is a number, so all but the scales is noise; the scales are set so that
// weights have a mean of 0 and the deviation asked for. What an
// engine does with a weight does not depend on its value, so such a model costs what a trained one
// of its shape does.
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace joulebook {

// The type by its name in any case ("q4_K", "f16"), where random blocks of it can be made.
[[nodiscard]] std::optional<std::uint32_t> random_block_type(std::string_view name);
// Those names, lower case.
[[nodiscard]] std::vector<std::string> random_block_names();

// Type for rows of `row` weights where the wanted one's block does not divide it: what llama.cpp's
// quantiser falls back to (tensor_type_fallback of llama-quant.cpp, 0.3.36): the 32-block type next
// to the k-quant, else F16.
[[nodiscard]] std::uint32_t block_type_for_row(std::uint32_t wanted, std::uint64_t row);

// Not thread-safe. The same seed and the same calls give the same bytes.
class RandomBlocks {
 public:
  explicit RandomBlocks(std::uint64_t seed) : state_(seed) {}

  // REQUIRES: `type` is one random_block_type() gives; out.size() is a whole number of its blocks;
  // 1e-6 <= deviation <= 100.
  void fill(std::uint32_t type, double deviation, std::span<char> out);

 private:
  std::uint64_t next();
  void noise(std::span<char> out);
  template <class T>
  void fill_numbers(std::span<const T> table, std::span<char> out);

  std::uint64_t state_;
};

// The nearest IEEE 754 half.
[[nodiscard]] std::uint16_t to_half(float value);

}  // namespace joulebook
