#pragma once
// Writes a file of made-up weights in pieces of a few MiB, whatever its size: beside its name, and
// renamed at the end.
#include <joulebook/result.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "physics/synth/synth_model.h"

namespace joulebook::synth {

// What lies in the file, in its order. `before`: what stands before each tensor's data, where the
// format describes each tensor at its place (ggml's old one does); empty: GGUF, whose header
// describes all, and each tensor's data are padded to the alignment.
struct WeightFile {
  std::string header;
  std::vector<SynthTensor> tensors;
  std::vector<std::string> before;

  [[nodiscard]] std::uint64_t bytes() const;
  [[nodiscard]] std::uint64_t parameters() const;
};

// The same file and seed give the same bytes. `progress` is told the bytes written so far, may be
// empty; false from it stops. Errors: input "synth.path" (also where another thing than a file is
// there); resource "synth.disk"; interrupted "synth.stopped". Nothing is left behind. Returns the
// file's bytes. REQUIRES: `before` is empty or as long as `tensors`.
[[nodiscard]] Result<std::uint64_t> write_weights(
    const WeightFile& file, std::uint64_t seed, const std::string& path,
    const std::function<bool(std::uint64_t)>& progress = {});

}  // namespace joulebook::synth
