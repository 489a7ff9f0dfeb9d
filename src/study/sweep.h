#pragma once
// A grid of settings over the arms of a study: `--sweep threads=1,2,batch=128,512`.
//
// Keys: threads, batch, context, gpu_layers, max_tokens, temperature, and quant, which stands for
// "{quant}" in the arm's model ("smol-{quant}.gguf"). Each arm that is a model is replaced by one
// at every point, in the order of the axes, the last running fastest; programs stay as they are.
// Pure; thread-safe.
#include <span>
#include <string>
#include <vector>

#include "study/records.h"

namespace joulebook {

struct SweepAxis {
  std::string key;
  std::vector<std::string> values;  // as written, none twice
};

// Arms that a swept study may have.
inline constexpr std::size_t kMostSweptArms = 64;

// Each text is "KEY=VALUE,VALUE" or several of them, parted by commas.
// Errors, kind usage: "sweep.syntax" (no key, an empty value, a value twice), "sweep.key" (an
// unknown key, with the nearest, or one twice), "sweep.value" (no number in range).
[[nodiscard]] Result<std::vector<SweepAxis>> parse_sweep(std::span<const std::string> texts);

// Errors, kind usage: "sweep.size" (with the count), "sweep.no_model" (all arms are programs),
// "sweep.quant" (quant is swept and an arm's model has no {quant}).
[[nodiscard]] Result<std::vector<ArmSpec>> swept(const std::vector<ArmSpec>& arms,
                                                 std::span<const SweepAxis> axes);

}  // namespace joulebook
