#pragma once
// The GPUs' turn in a calibration, all of them at once: a context at rest, some to all multiprocessors busy, kinds
// of work. One that is lost on the way is an absence in what was learnt, and no error.
#include <optional>
#include <string>
#include <vector>

#include "meter/calibration/calibrator.h"
#include "meter/calibration/gpu_work.h"
#include "meter/calibration/plan.h"
#include "meter/calibration/watch.h"

namespace joulebook {

class GpuTurn {
 public:
  // All outlive it; what is learnt goes to `out`, whose sensors are those of `infos`.
  GpuTurn(const CalibrateOptions& options, const CalibrationTimes& times, Clock& clock,
          const std::vector<SensorInfo>& infos, Calibration& out);

  // Contexts on each device, until release(); they know of no kernel yet, so the one that is started most is made ready.
  void hold();
  void release();
  void run(Watch& watch);

  [[nodiscard]] GpuLoad* load() const { return gpus_; }  // null: none, or none any more
  [[nodiscard]] const std::vector<std::string>& loaded() const { return loaded_; }
  [[nodiscard]] std::optional<SteadyTime> released() const { return released_; }  // contexts, last

 private:
  void lose(const Error& error);
  void respond(Watch& watch);
  // Kernels of a tenth of a second (no display's watchdog minds), first some to warm up. A device
  // with 0 busy multiprocessors rests.
  [[nodiscard]] GpuRun run_kernels(Watch& watch, CudaKernel kernel, const std::vector<int>& busy);
  void start(CudaKernel kernel, const std::vector<int>& busy, Nanos length);
  [[nodiscard]] std::vector<double> wait();
  void work(Watch& watch, CudaKernel kernel);

  const CalibrateOptions& options_;
  const CalibrationTimes& times_;
  Clock& clock_;
  const std::vector<SensorInfo>& infos_;
  Calibration& out_;
  GpuLoad* gpus_;
  std::vector<std::string> loaded_;  // devices that were held once, in the load's order
  std::optional<SteadyTime> released_;
};

}  // namespace joulebook
