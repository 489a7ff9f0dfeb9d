#pragma once
// The part of Intel's Level Zero (Sysman) that Joulebook calls; see vendor_library.h for how it is
// opened. Own declarations after level_zero/ze_api.h and zes_api.h of Debian's libze-dev 1.8.12;
// layouts are ABI.
#include <joulebook/result.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sensor/gpu/vendor_library.h"

namespace joulebook {

inline constexpr int kZeSuccess = 0;
inline constexpr int kZeDeviceLost = 0x70000001;
inline constexpr int kZeRequiresReset = 0x70000006;
inline constexpr int kZeNoPermission = 0x70010000;
inline constexpr int kZeUninitialized = 0x78000001;
inline constexpr int kZeUnsupported = 0x78000003;

using ZeHandle = void*;

inline constexpr int kZeTypeGpu = 1;
inline constexpr int kZeDevicePropertiesType = 3;  // ZE_STRUCTURE_TYPE_DEVICE_PROPERTIES
struct ZeDeviceProperties {
  int stype;
  void* next;
  int type;
  std::uint32_t vendor_id, device_id, flags, subdevice_id, core_clock;
  std::uint64_t max_allocation;
  std::uint32_t contexts, priority, threads, simd, eus, subslices, slices;
  std::uint64_t timer_resolution;
  std::uint32_t timestamp_bits, kernel_timestamp_bits;
  std::uint8_t uuid[16];
  char name[256];
};

inline constexpr int kZesDevicePropertiesType = 1;
struct ZesDeviceProperties {
  int stype;
  void* next;
  ZeDeviceProperties core;
  std::uint32_t subdevices;
  char serial[64], board[64], brand[64], model[64], vendor[64], driver[64];
};

inline constexpr int kZesPciPropertiesType = 2;
struct ZesPciProperties {
  int stype;
  void* next;
  std::uint32_t domain, bus, device, function;
  std::int32_t generation, width;
  std::int64_t bandwidth;
  std::uint8_t bandwidth_counters, packet_counters, replay_counters;
};

inline constexpr int kZesPowerPropertiesType = 0xd;
struct ZesPowerProperties {
  int stype;
  void* next;
  std::uint8_t on_subdevice;
  std::uint32_t subdevice;
  std::uint8_t can_control, threshold;
  std::int32_t default_limit, min_limit, max_limit;  // mW; -1: not known
};

struct ZesEnergyCounter {
  std::uint64_t microjoules;   // monotonic
  std::uint64_t timestamp_us;  // of a clock of its own: only differences mean anything
};

static_assert(sizeof(ZeDeviceProperties) == 368);
static_assert(sizeof(ZesDeviceProperties) == 776);
static_assert(sizeof(ZesPciProperties) == 56);
static_assert(sizeof(ZesPowerProperties) == 40);
static_assert(sizeof(ZesEnergyCounter) == 16);

struct ZeApi {
  int (*init)(std::uint32_t);       // zesInit
  int (*core_init)(std::uint32_t);  // zeInit, with ZES_ENABLE_SYSMAN=1, before loader 1.8
  int (*drivers)(std::uint32_t*, ZeHandle*);
  int (*devices)(ZeHandle, std::uint32_t*, ZeHandle*);
  int (*properties)(ZeHandle, ZesDeviceProperties*);
  int (*pci)(ZeHandle, ZesPciProperties*);
  int (*card_power)(ZeHandle, ZeHandle*);
  int (*power_domains)(ZeHandle, std::uint32_t*, ZeHandle*);
  int (*power_properties)(ZeHandle, ZesPowerProperties*);
  int (*energy)(ZeHandle, ZesEnergyCounter*);
};

class ZeLibrary {
 public:
  ZeLibrary(std::unique_ptr<VendorLibrary> library, const ZeApi& api)
      : library_(std::move(library)), api_(api) {}
  [[nodiscard]] const ZeApi& api() const { return api_; }
  // GPUs of every driver, in their order. Empty where none can be listed.
  [[nodiscard]] std::vector<ZeHandle> gpus() const;

 private:
  std::unique_ptr<VendorLibrary> library_;
  ZeApi api_;
};

// Words for a code (the library has none).
[[nodiscard]] std::string ze_words(int code);

inline constexpr const char* kZeSoname = "libze_loader.so.1";

// Opens and starts Sysman. Where only zeInit is there, sets ZES_ENABLE_SYSMAN=1 in this process's
// environment first: call before other threads run. Errors as open_nvml's.
[[nodiscard]] Result<std::shared_ptr<const ZeLibrary>> open_level_zero(
    const std::string& soname = kZeSoname);

}  // namespace joulebook
