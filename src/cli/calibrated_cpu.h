#pragma once
// This machine's CPU as `joulebook calibrate` found it.
#include "cli/context.h"
#include "physics/explain/measured_run.h"

namespace joulebook {

// The triad's bandwidth and the fastest arithmetic: engines choose the kind that their weights allow.
// Errors: no_reading "calibration.none", "calibration.other_machine", "calibration.malformed";
// "calibration.no_work" (rates that could not be measured).
[[nodiscard]] Result<explain::CpuMachine> calibrated_cpu(const Context& context);

}  // namespace joulebook
