#pragma once
// What synth says: of a file that was written, and of a shape that was measured. Pure.
#include <string>

#include "core/json.h"
#include "physics/synth/measure.h"
#include "physics/synth/synth_model.h"

namespace joulebook {

struct SynthWritten {
  std::string path;
  std::uint64_t bytes = 0;
  std::uint64_t seed = 1;
};

// Schema "joulebook.synth/1".
[[nodiscard]] Json synth_json(const synth::SynthModel& model, const SynthWritten& written);
[[nodiscard]] std::string synth_text(const synth::SynthModel& model, const SynthWritten& written);

// Schema "joulebook.synth-measure/1". `weights` is the type asked for.
[[nodiscard]] Json measurement_json(const synth::Measurement& m,
                                    const synth::MeasureOptions& options,
                                    const std::string& weights);
[[nodiscard]] std::string measurement_text(const synth::Measurement& m,
                                           const synth::MeasureOptions& options,
                                           const std::string& weights, int width);

}  // namespace joulebook
