#pragma once
// NVIDIA GPUs through NVML: for each board an energy counter (mJ since the driver was loaded, from
// Volta on) and a power gauge; where a board has both, the gauge mirrors the counter and only
// cross-checks it. MIG slices all read the board, so there is one set of sensors a board.
//
// Sensors: "nvml:<uuid>:energy" on "gpu:N", "nvml:<uuid>:power" on "gpu:N.gauge" (or "gpu:N" where
// there is no counter), "nvml:<uuid>:memory-power" on "gpu-memory:N", "nvml:<uuid>:module-power" on
// "module:N". N is NVML's index (order of PCI address).
//
// The factory is probe_nvml (discover.h). Thread safety: the calls here from any thread; a sensor
// from one.
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "sensor/gpu/nvml_api.h"
#include "sensor/sensor.h"

namespace joulebook {

struct GpuBoard {
  unsigned index = 0;
  std::string uuid;        // "GPU-..."
  std::string name;        // "NVIDIA H100 80GB HBM3"
  std::string pci_bus_id;  // "00000000:17:00.0"; empty: not known
  double max_watts = 0;    // enforced power limit, else the default one; 0: not known
  int capability_major = 0, capability_minor = 0;  // 0.0: not known
  bool mig = false;                                // split into slices, which share one meter

  // As SensorInfo::device names it.
  [[nodiscard]] std::string device() const { return "gpu:" + uuid; }
};

class NvmlGpus {
 public:
  explicit NvmlGpus(std::shared_ptr<const NvmlLibrary> library);

  [[nodiscard]] const std::vector<GpuBoard>& boards() const { return boards_; }
  // Devices on which one of the processes holds a compute or graphics context, in board order. NVML
  // speaks of host pids: inside a pid namespace it lists other numbers or none.
  [[nodiscard]] std::vector<std::string> used_by(std::span<const int> pids) const;
  // Who holds a compute or graphics context on the device, ascending, in the host's numbers;
  // nothing where the list could not be had or there is no such device.
  [[nodiscard]] std::optional<std::vector<int>> processes_of(const std::string& device) const;
  // Degrees Celsius of the chip; nothing where the driver does not tell.
  [[nodiscard]] std::optional<double> celsius(std::string_view device) const;

 private:
  [[nodiscard]] NvmlDevice handle_of(std::string_view device) const;  // null: there is none

  std::shared_ptr<const NvmlLibrary> library_;
  std::vector<GpuBoard> boards_;
};

// probe_nvml against a library named by path or soname.
[[nodiscard]] Discovery probe_nvml_library(const std::string& library, Clock& clock);

// Makes the library and the device files agree: a missing library is a problem where a GPU is seen
// and a remark where none is; a GPU that only NVML sees is remarked where the files are the
// machine's own (`own_machine`: no sysroot).
void reconcile_gpu(Discovery& nvml, bool gpu_seen, bool own_machine);

}  // namespace joulebook
