#pragma once
// Writes a made-up model, in pieces of a few MiB whatever its size, and says before whether it
// fits.
#include <functional>
#include <optional>

#include "physics/synth/synth_model.h"

namespace joulebook::synth {

// What a file may take here. Empty: unknown, not judged.
struct Room {
  std::optional<std::uint64_t> disk;    // bytes free where the file goes
  std::optional<std::uint64_t> memory;  // bytes that can be had for running it
};

// Room on this machine for a file at `path`.
[[nodiscard]] Room room_here(const std::string& path);

// Whether it fits. Running takes the weights, a cache of 2048 tokens in 16 bits, and 256 MB of
// work. Errors: resource "synth.disk", "synth.memory"; the cure names the most layers that would,
// or a smaller type.
[[nodiscard]] Status fits(const SynthModel& model, const Room& room);

// Writes beside `path` and renames. `progress` is told the bytes written so far, may be empty;
// false from it stops ("interrupted"). The same model and seed give the same file. Errors: input
// "synth.path" (also where another thing than a file is there); resource "synth.disk"; interrupted
// "synth.stopped". Nothing is left behind. Returns the file's bytes.
[[nodiscard]] Result<std::uint64_t> write_synth(
    const SynthModel& model, std::uint64_t seed, const std::string& path,
    const std::function<bool(std::uint64_t)>& progress = {});

}  // namespace joulebook::synth
