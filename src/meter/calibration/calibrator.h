#pragma once
// Learns one machine: what `joulebook calibrate` does, on any clock and under any load.
//
//   1  the sensors read densely under square waves: ticks, averaging windows
//   2  rest: idle floors
//   3  1 to all threads busy: the response
//   4  memory bandwidth and arithmetic, with the watts under each
//   5  the GPUs, all at once: a context at rest, some to all multiprocessors busy, kinds of work
//   6  rest again, warm by now: how idle power follows the temperature
//
// One thread, the caller's, reads; only the load has threads of its own.
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/file_tree.h"
#include "meter/calibration/gpu_load.h"
#include "meter/calibration/load.h"
#include "meter/calibration/record.h"
#include "sensor/sensor.h"

namespace joulebook {

struct CalibrateOptions {
  bool quick = false;        // at most 15 s instead of 60
  GpuLoad* gpus = nullptr;  // outlives the call
  Reason no_gpus{"calibration.no_gpu_load", "no load was put on GPUs", ""};  // why it is null
  std::vector<std::string> only;  // sensor ids or prefixes to look at; empty: all
  std::function<bool()> stop = [] { return false; };
  std::function<void(const std::string&)> progress = [](const std::string&) {};
};

// Errors: interrupted "calibration.stopped"; resource where memory is short.
[[nodiscard]] Result<Calibration> calibrate(std::vector<std::unique_ptr<Sensor>> sensors,
                                            std::shared_ptr<const FileTree> files,
                                            LoadGenerator& load, Clock& clock,
                                            const CalibrateOptions& options);

}  // namespace joulebook
