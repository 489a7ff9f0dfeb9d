#pragma once
// The GPU load seam of calibration: kernels whose length is stated when they start and whose work
// is known when they ended. No clock, power limit or mode of a card is touched.
#include <joulebook/result.h>
#include <joulebook/units.h>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sensor/gpu/cuda_kernels.h"
#include "sensor/sensor.h"

namespace joulebook {

class GpuLoad {
 public:
  struct Device {
    std::string device;  // as SensorInfo names it
    int multiprocessors = 0;
  };

  virtual ~GpuLoad() = default;
  // Those that may be loaded. Their multiprocessors are known once held.
  [[nodiscard]] virtual const std::vector<Device>& devices() const = 0;
  // A context on each device, until release(); a context alone costs power.
  [[nodiscard]] virtual Status hold() = 0;
  virtual void release() = 0;
  // As CudaContext's of the same names, of the device at that place. REQUIRES: held.
  [[nodiscard]] virtual Status prepare(std::size_t device, CudaKernel kernel) = 0;
  [[nodiscard]] virtual Status start(std::size_t device, CudaKernel kernel, int busy,
                                     Nanos duration) = 0;
  [[nodiscard]] virtual Result<double> wait(std::size_t device) = 0;  // rounds
  [[nodiscard]] virtual std::int64_t working_set(std::size_t device, CudaKernel kernel) const = 0;
  // Degrees of any GPU, held or not.
  [[nodiscard]] virtual std::optional<double> celsius(std::string_view device) const = 0;
};

// NVIDIA GPUs that a sensor reads, through libcuda.so.1 and NVML. A board that is split (MIG) or on
// which another process holds a context is left alone.
// Errors: no_reading "calibration.no_gpu" (no sensor reads an NVIDIA GPU), "calibration.gpu_taken"
// (there is none that may be loaded), "cuda.missing", "cuda.failed", and those of open_nvml.
[[nodiscard]] Result<std::unique_ptr<GpuLoad>> make_cuda_load(std::span<const SensorInfo> sensors);

}  // namespace joulebook
