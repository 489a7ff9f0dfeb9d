#pragma once
// What a kind of work on the GPUs is planned to be, and what a run of it tells. Pure but for the
// preparation.
#include <vector>

#include "meter/calibration/gpu_load.h"
#include "meter/calibration/record.h"
#include "meter/window.h"

namespace joulebook {

struct GpuRun {
  WindowEnergy energy;
  std::vector<double> rounds;  // of each device
  double kernel_s = 0;         // that each kernel's clock counted
  double wall_s = 0;           // from the first start to the last end
};

struct GpuWork {
  std::vector<WorkCalibration> work;  // of each device; the rate is an absence where it cannot run
  std::vector<int> busy;              // multiprocessors; 0: it rests
};

// Prepares the kernel on each device. REQUIRES: held.
[[nodiscard]] GpuWork plan_gpu_work(GpuLoad& gpus, CudaKernel kernel);

// Sets rate and power of one device's work: `units` in that run.
void describe_work(WorkCalibration& work, const GpuRun& run, double units);

}  // namespace joulebook
