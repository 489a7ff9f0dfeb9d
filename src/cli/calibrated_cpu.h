#pragma once
// This machine's CPU as `joulebook calibrate` found it.
#include "cli/context.h"
#include "physics/explain/measured_run.h"
#include "physics/serving/machines.h"

namespace joulebook {

// The triad's bandwidth and the fastest arithmetic: engines choose the kind that their weights allow.
// Errors: no_reading "calibration.none", "calibration.other_machine", "calibration.malformed";
// "calibration.no_work" (rates that could not be measured).
[[nodiscard]] Result<explain::RunMachine> calibrated_cpu(const Context& context);

// The same as a device that predictions are made for: its watts those of the largest boundary that the
// calibration has (node, else packages and their memory), its memory what can be allocated now.
// Who asks for the `machine` and has a GPU in it does not mean the CPU.
// Errors: as calibrated_cpu; no_reading "calibration.no_watts", "memory.unknown"; usage "predict.here_gpu".
enum class Here { machine, cpu };
[[nodiscard]] Result<serving::Device> calibrated_device(const Context& context, Here here);
inline constexpr std::string_view kCpu = "cpu";  // names the CPU where kHere would name the machine

}  // namespace joulebook
