#pragma once
// Measures a made-up shape through the embedded engine: slices, and what they say about the whole.
#include <joulebook/quantity.h>

#include <atomic>
#include <functional>
#include <optional>

#include "core/file_tree.h"
#include "engine/expert_count.h"
#include "physics/synth/slices.h"

namespace joulebook::synth {

struct MeasureOptions {
  std::int64_t prompt = 128;  // tokens a sequence, at least 1
  std::int64_t output = 32;   // at least 2
  int sequences = 1;          // side by side, 1..64
  int rounds = 5;   // after one that warms up; the slices take turns where all fit at once
  int threads = 0;  // 0: one a physical core
  std::uint64_t seed = 1;
  std::string folder;             // where the slices' files go; removed at the end
  bool whole = false;             // measure the whole model as well
  std::int64_t slice_layers = 0;  // SliceLimits::layers
};

// What the meter says about [begin, end).
using EnergyOf = std::function<Quantity(SteadyTime, SteadyTime)>;

// One slice (or the whole) over the rounds. Times are the fastest round's, since others' work on
// the machine only adds; `spread` is the median's excess over it. Energies are means of the rounds.
struct Timing {
  double prompt_s = 0, prompt_spread = 0;
  double step_s = 0, step_spread = 0;
  Quantity prompt_energy, step_energy;
};

// What was seen beside what uniform routing would touch (physics::experts_touched).
struct ExpertsSeen {
  ExpertCount counted;
  std::int64_t routed = 0, chosen = 0;
  double prompt_uniform = 0, decode_uniform = 0;
};

struct Measurement {
  Architecture architecture = Architecture::llama;
  physics::ModelShape shape;  // the whole, with the vocabulary in force
  std::uint64_t bytes = 0;    // that the whole's weights would take
  std::vector<std::string> fallbacks;
  std::vector<Slice> slices;
  std::vector<Timing> timings;          // of each slice
  bool took_turns = false;              // false: one slice was measured after the other
  Parts prompt, step;                   // seconds
  Quantity prompt_energy, step_energy;  // of the whole; computed from slices, so never `measured`
  std::optional<Timing> whole;
  std::optional<Result<ExpertsSeen>> experts;  // empty where the shape has none
  int threads = 0;
  std::string engine;  // its version
};

// Errors: usage "synth.lengths"; those of plan_slices, write_synth, open_engine and timed_run;
// interrupted "synth.stopped" once `stop` is set (may be null). `say` hears of the progress.
[[nodiscard]] Result<Measurement> measure_shape(const physics::ModelShape& shape,
                                                const SynthOptions& synth,
                                                const MeasureOptions& options,
                                                const EnergyOf& energy,
                                                const std::atomic<bool>* stop,
                                                const std::function<void(const std::string&)>& say);

// Size of the last-level cache of this machine; 32 MiB where it can't be read.
[[nodiscard]] std::uint64_t last_level_cache(const FileTree& files);

}  // namespace joulebook::synth
