#pragma once
// What a small picture says of a full one: an arm that draws few pixels in few steps, because a CPU has no
// time for more, stands for a full picture of the same model.
//
//   here   J of the small picture x FLOPs of the full one / FLOPs of the small one, counted from the shape
//          (physics/diffusion): passes of the denoiser, decoder, text encoder; kScaleError either way
//   there  what `joulebook predict --image` says of the full one on a GPU
//
// Pure; thread-safe.
#include <joulebook/result.h>

#include "study/tasks/result.h"

namespace joulebook {

// How far the time of a full picture may be from its FLOPs, as factors: more pixels fit caches less, and
// attention's share grows with them. docs/tasks-media.md has the measurement.
inline constexpr Interval kScaleError{0.8, 1.5};

// Errors: as diffusion::predict (no such model or GPU, a size that is none).
[[nodiscard]] Result<double> work_ratio(const TaskScale& scale);

// `energy`: J of 1000 small pictures, or an absence, which `here` then is, too.
// Errors: as work_ratio.
[[nodiscard]] Result<TaskScaled> scale_up(const TaskScale& scale, const Quantity& energy);

}  // namespace joulebook
