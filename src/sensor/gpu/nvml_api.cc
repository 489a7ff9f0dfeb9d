#include "sensor/gpu/nvml_api.h"

namespace joulebook {
namespace {

NvmlApi bind_all(const VendorLibrary& library) {
  NvmlApi api{};
  library.bind(api.init, {"nvmlInit_v2", "nvmlInit"});
  library.bind(api.shutdown, {"nvmlShutdown"});
  library.bind(api.error_string, {"nvmlErrorString"});
  library.bind(api.driver_version, {"nvmlSystemGetDriverVersion"});
  library.bind(api.count, {"nvmlDeviceGetCount_v2", "nvmlDeviceGetCount"});
  library.bind(api.by_index, {"nvmlDeviceGetHandleByIndex_v2", "nvmlDeviceGetHandleByIndex"});
  library.bind(api.by_uuid, {"nvmlDeviceGetHandleByUUID"});
  library.bind(api.uuid, {"nvmlDeviceGetUUID"});
  library.bind(api.name, {"nvmlDeviceGetName"});
  library.bind(api.pci, {"nvmlDeviceGetPciInfo_v3"});
  library.bind(api.capability, {"nvmlDeviceGetCudaComputeCapability"});
  library.bind(api.mig_mode, {"nvmlDeviceGetMigMode"});
  library.bind(api.total_energy, {"nvmlDeviceGetTotalEnergyConsumption"});
  library.bind(api.power_usage, {"nvmlDeviceGetPowerUsage"});
  library.bind(api.field_values, {"nvmlDeviceGetFieldValues"});
  library.bind(api.samples, {"nvmlDeviceGetSamples"});
  library.bind(api.temperature, {"nvmlDeviceGetTemperature"});
  library.bind(api.enforced_limit, {"nvmlDeviceGetEnforcedPowerLimit"});
  library.bind(api.default_limit, {"nvmlDeviceGetPowerManagementDefaultLimit"});
  library.bind(api.compute_processes, {"nvmlDeviceGetComputeRunningProcesses_v3",
                                       "nvmlDeviceGetComputeRunningProcesses_v2"});
  library.bind(api.graphics_processes, {"nvmlDeviceGetGraphicsRunningProcesses_v3",
                                        "nvmlDeviceGetGraphicsRunningProcesses_v2"});
  return api;
}

tl::unexpected<Error> driver_error(const NvmlApi& api, int code) {
  const std::string words =
      api.error_string != nullptr ? api.error_string(code) : "code " + std::to_string(code);
  const char* cure = code == kNvmlVersionMismatch
                         ? "the library and the kernel module are of two versions: reboot, or "
                           "reload the module (sudo rmmod nvidia_uvm nvidia; sudo modprobe nvidia)"
                     : code == kNvmlNoPermission
                         ? "give this user access to /dev/nvidiactl and /dev/nvidia*"
                         : "load the driver (sudo modprobe nvidia), or give the container the GPU "
                           "(docker run --gpus all)";
  return fail(ErrorKind::no_reading, "sensor.driver", "NVML did not start: " + words, cure);
}

}  // namespace

NvmlLibrary::~NvmlLibrary() {
  if (api_.shutdown != nullptr) api_.shutdown();
}

std::string NvmlLibrary::words(int code) const {
  if (api_.error_string == nullptr) return "NVML code " + std::to_string(code);
  return api_.error_string(code);
}

int NvmlLibrary::restart() const {
  if (api_.shutdown != nullptr) api_.shutdown();
  return api_.init();
}

Result<std::shared_ptr<const NvmlLibrary>> open_nvml(const std::string& library) {
  auto opened = open_vendor_library(
      library,
      "install the NVIDIA driver's library (Debian: sudo apt install libnvidia-ml1), or "
      "give the container the GPU (docker run --gpus all)");
  if (!opened) return fail(opened.error());
  const NvmlApi api = bind_all(**opened);
  if (api.init == nullptr || api.count == nullptr || api.by_index == nullptr) {
    return fail(ErrorKind::no_reading, "sensor.library_broken",
                library + " lacks the calls that list devices", "install a newer NVIDIA driver");
  }
  if (const int code = api.init(); code != kNvmlSuccess) return driver_error(api, code);
  return std::make_shared<const NvmlLibrary>(std::move(*opened), api);
}

}  // namespace joulebook
