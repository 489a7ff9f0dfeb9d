#pragma once
// The part of NVIDIA's management library that Joulebook calls (see vendor_library.h for how it is
// opened). Own declarations, after NVML's API reference; layouts are ABI.
//
// Calls are thread-safe as NVML's are. The library is shut down and closed with the last owner.
#include <joulebook/result.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "sensor/gpu/vendor_library.h"

namespace joulebook {

// Return codes (nvmlReturn_t) that are told apart here.
inline constexpr int kNvmlSuccess = 0;
inline constexpr int kNvmlUninitialized = 1;
inline constexpr int kNvmlNotSupported = 3;
inline constexpr int kNvmlNoPermission = 4;
inline constexpr int kNvmlNotFound = 6;
inline constexpr int kNvmlInsufficientSize = 7;
inline constexpr int kNvmlDriverNotLoaded = 9;
inline constexpr int kNvmlGpuIsLost = 15;
inline constexpr int kNvmlResetRequired = 16;
inline constexpr int kNvmlVersionMismatch = 18;
inline constexpr int kNvmlFunctionNotFound = 13;

// Field ids and scopes of nvmlDeviceGetFieldValues.
inline constexpr unsigned kFieldPowerAverage = 185;  // mW, mean of 1 s (NVML_FI_DEV_POWER_AVERAGE)
inline constexpr unsigned kFieldPowerInstant = 186;  // mW (NVML_FI_DEV_POWER_INSTANT)
inline constexpr unsigned kScopeGpu = 0;
inline constexpr unsigned kScopeModule = 1;
inline constexpr unsigned kScopeMemory = 2;

using NvmlDevice = struct NvmlDeviceOpaque*;

struct NvmlPciInfo {
  char bus_id_legacy[16];
  unsigned domain, bus, device, pci_device_id, pci_subsystem_id;
  char bus_id[32];
};

union NvmlValue {
  double as_double;
  int as_int;
  unsigned as_uint;
  unsigned long as_ulong;
  unsigned long long as_ulonglong;
  long long as_longlong;
  unsigned short as_ushort;
};

struct NvmlFieldValue {
  unsigned field;
  unsigned scope;
  long long timestamp;
  long long latency_us;
  int type;  // 0 double, 1 unsigned, 2 unsigned long, 3 and 4 (un)signed long long, 5 int, 6 ushort
  int result;
  NvmlValue value;
};

struct NvmlProcess {  // nvmlProcessInfo_v2_t, which the _v2 and _v3 calls fill
  unsigned pid;
  unsigned long long memory;
  unsigned gpu_instance, compute_instance;
};

// One of the driver's own readings: nvmlSample_t.
struct NvmlSample {
  unsigned long long wall_us;  // the CPU's clock: microseconds since 1970
  NvmlValue value;
};
inline constexpr int kNvmlTotalPowerSamples = 0;
inline constexpr int kNvmlTemperatureGpu = 0;

static_assert(sizeof(NvmlSample) == 16);
static_assert(sizeof(NvmlPciInfo) == 68);
static_assert(sizeof(NvmlFieldValue) == 40);
static_assert(sizeof(NvmlProcess) == 24);

struct NvmlApi {
  int (*init)();
  int (*shutdown)();
  const char* (*error_string)(int);
  int (*driver_version)(char*, unsigned);
  int (*count)(unsigned*);
  int (*by_index)(unsigned, NvmlDevice*);
  int (*by_uuid)(const char*, NvmlDevice*);
  int (*uuid)(NvmlDevice, char*, unsigned);
  int (*name)(NvmlDevice, char*, unsigned);
  int (*pci)(NvmlDevice, NvmlPciInfo*);
  int (*capability)(NvmlDevice, int*, int*);
  int (*mig_mode)(NvmlDevice, unsigned*, unsigned*);
  int (*total_energy)(NvmlDevice, unsigned long long*);  // mJ since the driver was loaded
  int (*power_usage)(NvmlDevice, unsigned*);             // mW
  int (*field_values)(NvmlDevice, int, NvmlFieldValue*);
  // Those newer than the stamp; with a null list only how many there is room for. Value types as in
  // NvmlFieldValue.
  int (*samples)(NvmlDevice, int, unsigned long long, int*, unsigned*, NvmlSample*);
  int (*temperature)(NvmlDevice, int, unsigned*);  // kNvmlTemperatureGpu: degrees Celsius
  int (*enforced_limit)(NvmlDevice, unsigned*);  // mW
  int (*default_limit)(NvmlDevice, unsigned*);   // mW
  int (*compute_processes)(NvmlDevice, unsigned*, NvmlProcess*);
  int (*graphics_processes)(NvmlDevice, unsigned*, NvmlProcess*);
};

class NvmlLibrary {
 public:
  NvmlLibrary(std::unique_ptr<VendorLibrary> library, const NvmlApi& api)
      : library_(std::move(library)), api_(api) {}
  ~NvmlLibrary();
  NvmlLibrary(const NvmlLibrary&) = delete;
  NvmlLibrary& operator=(const NvmlLibrary&) = delete;

  [[nodiscard]] const NvmlApi& api() const { return api_; }
  // The library's own words for a code.
  [[nodiscard]] std::string words(int code) const;
  // Shuts down and initialises again, as after a driver reload.
  [[nodiscard]] int restart() const;

 private:
  std::unique_ptr<VendorLibrary> library_;
  NvmlApi api_;
};

inline constexpr const char* kNvmlSoname = "libnvidia-ml.so.1";

// Opens and initialises. Errors, all no_reading: "sensor.library_missing" (no such library),
// "sensor.library_broken" (it lacks what nothing goes without), "sensor.driver" (no driver, or of
// another version than the library).
[[nodiscard]] Result<std::shared_ptr<const NvmlLibrary>> open_nvml(
    const std::string& library = kNvmlSoname);

}  // namespace joulebook
