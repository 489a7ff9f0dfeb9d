#pragma once
// What synth says: of a file that was written, and of a shape that was measured. Pure.
#include <optional>
#include <string>

#include "core/json.h"
#include "physics/synth/made_up.h"
#include "physics/synth/measure.h"
#include "physics/synth/roofline.h"
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

// The same of a shape that is no language model. Schema "joulebook.synth-file/1".
[[nodiscard]] Json made_up_json(const synth::MadeUpShape& shape, const synth::WeightFile& file,
                                const SynthWritten& written);
[[nodiscard]] std::string made_up_text(const synth::MadeUpShape& shape,
                                       const synth::WeightFile& file, const SynthWritten& written);

// How a shape was measured, and what this machine's calibration predicted; empty: it has none.
struct SynthRun {
  synth::MeasureOptions options;
  std::string weights;  // the type asked for
  std::optional<synth::RooflineTime> predicted;
};

// Schema "joulebook.synth-measure/1".
[[nodiscard]] Json measurement_json(const synth::Measurement& m, const SynthRun& run);
[[nodiscard]] std::string measurement_text(const synth::Measurement& m, const SynthRun& run,
                                           int width);

}  // namespace joulebook
