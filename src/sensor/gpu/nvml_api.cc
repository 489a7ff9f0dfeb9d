#include "sensor/gpu/nvml_api.h"

#include <dlfcn.h>

namespace joulebook {
namespace {

template <class Function>
void bind(void* handle, Function& function, std::initializer_list<const char*> names) {
  function = nullptr;
  for (const char* name : names) {
    if (function != nullptr) return;
    function = reinterpret_cast<Function>(::dlsym(handle, name));
  }
}

NvmlApi bind_all(void* handle) {
  NvmlApi api{};
  bind(handle, api.init, {"nvmlInit_v2", "nvmlInit"});
  bind(handle, api.shutdown, {"nvmlShutdown"});
  bind(handle, api.error_string, {"nvmlErrorString"});
  bind(handle, api.driver_version, {"nvmlSystemGetDriverVersion"});
  bind(handle, api.count, {"nvmlDeviceGetCount_v2", "nvmlDeviceGetCount"});
  bind(handle, api.by_index, {"nvmlDeviceGetHandleByIndex_v2", "nvmlDeviceGetHandleByIndex"});
  bind(handle, api.by_uuid, {"nvmlDeviceGetHandleByUUID"});
  bind(handle, api.uuid, {"nvmlDeviceGetUUID"});
  bind(handle, api.name, {"nvmlDeviceGetName"});
  bind(handle, api.pci, {"nvmlDeviceGetPciInfo_v3"});
  bind(handle, api.capability, {"nvmlDeviceGetCudaComputeCapability"});
  bind(handle, api.mig_mode, {"nvmlDeviceGetMigMode"});
  bind(handle, api.total_energy, {"nvmlDeviceGetTotalEnergyConsumption"});
  bind(handle, api.power_usage, {"nvmlDeviceGetPowerUsage"});
  bind(handle, api.field_values, {"nvmlDeviceGetFieldValues"});
  bind(handle, api.enforced_limit, {"nvmlDeviceGetEnforcedPowerLimit"});
  bind(handle, api.default_limit, {"nvmlDeviceGetPowerManagementDefaultLimit"});
  bind(handle, api.compute_processes,
       {"nvmlDeviceGetComputeRunningProcesses_v3", "nvmlDeviceGetComputeRunningProcesses_v2"});
  bind(handle, api.graphics_processes,
       {"nvmlDeviceGetGraphicsRunningProcesses_v3", "nvmlDeviceGetGraphicsRunningProcesses_v2"});
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
  ::dlclose(handle_);
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
  void* handle = ::dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    return fail(ErrorKind::no_reading, "sensor.library_missing",
                library + " is not in the linker's search path",
                "install the NVIDIA driver's library (Debian: sudo apt install libnvidia-ml1), or "
                "give the container the GPU (docker run --gpus all)");
  }
  const NvmlApi api = bind_all(handle);
  if (api.init == nullptr || api.count == nullptr || api.by_index == nullptr) {
    ::dlclose(handle);
    return fail(ErrorKind::no_reading, "sensor.library_broken",
                library + " lacks the calls that list devices", "install a newer NVIDIA driver");
  }
  if (const int code = api.init(); code != kNvmlSuccess) {
    auto error = driver_error(api, code);
    ::dlclose(handle);
    return error;
  }
  return std::make_shared<const NvmlLibrary>(handle, api);
}

}  // namespace joulebook
