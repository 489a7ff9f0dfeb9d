#pragma once
// What a model's name says about it. Pure; thread-safe.
#include <optional>
#include <string>
#include <string_view>

namespace joulebook::physics {

// "qwen/Qwen3-8B-FP8" -> "qwen3-8b": no owner, no word for tuning, storage or date.
[[nodiscard]] std::string normal_model_name(std::string_view name);

// Bits of a weight that a name states, scales included: "-FP8" 8, "-AWQ" 4.16, "-MXFP4" 4.25.
// Nothing where it says nothing.
[[nodiscard]] std::optional<double> bits_in_name(std::string_view name);

// Billions of parameters that a name states: "Qwen3-30B-A3B" 30 and 3; "Mixtral-8x7B" about 41 and
// 13, since experts share what isn't theirs; "gemma-2b" 2 and 2. Nothing where it says nothing.
struct StatedSize {
  double total_b = 0;
  double active_b = 0;
};
[[nodiscard]] std::optional<StatedSize> size_in_name(std::string_view name);

}  // namespace joulebook::physics
