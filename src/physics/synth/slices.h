#pragma once
// Which slices of a shape are measured, and what they say about the whole. Pure; thread-safe.
//
// A step's time is taken as rest + head x vocabulary + sum over groups of count x layer: the base
// slice, one with more layers for each group, and one with a smaller vocabulary give all terms.
// Every slice ends with a layer of the last group, since the engine computes the last layer's
// feed-forward for those prompt tokens alone whose logits are wanted: that saving is in `rest`.
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "physics/synth/synth_model.h"

namespace joulebook::synth {

struct Slice {
  std::vector<std::int64_t> counts;  // layers of each group of the shape
  std::int64_t vocabulary = 0;

  [[nodiscard]] std::int64_t layers() const;
};

struct SliceLimits {
  std::uint64_t cache = 32 << 20;     // bytes of the last-level cache
  std::uint64_t memory = UINT64_MAX;  // bytes that one slice may take to run
  std::int64_t layers = 0;            // by which a slice is larger than the base; 0: chosen
};

// The base, then one slice a group, then the small vocabulary. Weights outgrow the cache where the
// model's own do; slices differ by up to 1 GiB, and none has more than half of the layers of a
// group (but at least one). Errors: those of synth_model(); resource "synth.memory" where the
// smallest slices don't fit.
[[nodiscard]] Result<std::vector<Slice>> plan_slices(const physics::ModelShape& shape,
                                                     const SynthOptions& options,
                                                     const SliceLimits& limits);

// The shape of a slice.
[[nodiscard]] physics::ModelShape shape_of(const physics::ModelShape& shape, const Slice& slice);

// Times (or energies) of the parts, in the unit of what was measured.
struct Parts {
  std::vector<double> layer;  // of one layer of each group
  double layers = 0;          // of all layers of the whole
  double head = 0;            // of the whole's vocabulary
  double rest = 0;            // embedding, sampling, launch, less the last layer's saving
  double whole = 0;
};

// `measured[i]` belongs to `slices[i]`, as plan_slices() orders them. Parts add up to `whole`.
[[nodiscard]] Parts extrapolate(const physics::ModelShape& shape, std::span<const Slice> slices,
                                std::span<const double> measured);
// Whether the slices said anything: a whole, and layers, that take time. Error: no_reading
// "synth.unsteady"; `what` is for the message ("the prompt").
[[nodiscard]] Status plausible(const Parts& parts, std::string_view what);
// The weights of each slice in `whole`: whole = sum of weight x measured. They sum to 1; the small
// vocabulary's is 0.
[[nodiscard]] std::vector<double> weights_of_whole(const physics::ModelShape& shape,
                                                   std::span<const Slice> slices);

}  // namespace joulebook::synth
