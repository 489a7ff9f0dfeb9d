#pragma once
// What a machine's own rates say that a shape takes: the prediction beside a measurement. The same
// counts as everywhere (physics/shape/counts.h), no launch, no overlap lost. Pure; thread-safe.
#include "physics/shape/model_shape.h"

namespace joulebook::synth {

// A multiply-add is 2 operations.
struct Roofline {
  double bytes_s = 0;  // of main memory
  double ops_s = 0;    // of the kind that the weights' type is computed with

  [[nodiscard]] bool known() const { return bytes_s > 0 && ops_s > 0; }
};

struct RooflineTime {
  double prompt_s = 0;
  double step_s = 0;  // of decoding, half the answer written
};

// The engine reads the weights of a prompt once for 512 tokens; its cache is of 16 bits. `bits` of
// a weight, scales included. REQUIRES: roofline.known(), lengths as MeasureOptions has them.
[[nodiscard]] RooflineTime roofline_time(const physics::ModelShape& shape, double bits,
                                         const Roofline& roofline, double prompt, double output,
                                         double sequences);

}  // namespace joulebook::synth
