#include "sensor/gpu/level_zero_api.h"

#include <fmt/format.h>

#include <cstdlib>

namespace joulebook {
namespace {

ZeApi bind_all(const VendorLibrary& library) {
  ZeApi api{};
  library.bind(api.init, {"zesInit"});
  library.bind(api.core_init, {"zeInit"});
  if (api.init != nullptr) {
    library.bind(api.drivers, {"zesDriverGet"});
    library.bind(api.devices, {"zesDeviceGet"});
  } else {
    library.bind(api.drivers, {"zeDriverGet"});
    library.bind(api.devices, {"zeDeviceGet"});
  }
  library.bind(api.properties, {"zesDeviceGetProperties"});
  library.bind(api.pci, {"zesDevicePciGetProperties"});
  library.bind(api.card_power, {"zesDeviceGetCardPowerDomain"});
  library.bind(api.power_domains, {"zesDeviceEnumPowerDomains"});
  library.bind(api.power_properties, {"zesPowerGetProperties"});
  library.bind(api.energy, {"zesPowerGetEnergyCounter"});
  return api;
}

int start(const ZeApi& api) {
  if (api.init != nullptr) return api.init(0);
  ::setenv("ZES_ENABLE_SYSMAN", "1", 1);
  return api.core_init(0);
}

bool usable(const ZeApi& api) {
  return (api.init != nullptr || api.core_init != nullptr) && api.drivers != nullptr &&
         api.devices != nullptr && api.properties != nullptr && api.energy != nullptr;
}

}  // namespace

std::vector<ZeHandle> ZeLibrary::gpus() const {
  std::vector<ZeHandle> found;
  std::uint32_t count = 0;
  if (api_.drivers(&count, nullptr) != kZeSuccess) return found;
  std::vector<ZeHandle> drivers(count);
  if (api_.drivers(&count, drivers.data()) != kZeSuccess) return found;
  for (const ZeHandle driver : drivers) {
    std::uint32_t some = 0;
    if (api_.devices(driver, &some, nullptr) != kZeSuccess) continue;
    std::vector<ZeHandle> devices(some);
    if (api_.devices(driver, &some, devices.data()) != kZeSuccess) continue;
    for (const ZeHandle device : devices) {
      ZesDeviceProperties properties{};
      properties.stype = kZesDevicePropertiesType;
      properties.core.stype = kZeDevicePropertiesType;
      const int code = api_.properties(device, &properties);
      if (code != kZeSuccess || properties.core.type == kZeTypeGpu) found.push_back(device);
    }
  }
  return found;
}

std::string ze_words(int code) {
  switch (code) {
    case kZeDeviceLost:
      return "device lost";
    case kZeRequiresReset:
      return "device requires a reset";
    case kZeNoPermission:
      return "insufficient permissions";
    case kZeUninitialized:
      return "driver not initialised";
    case kZeUnsupported:
      return "unsupported feature";
    default:
      return fmt::format("Level Zero result {:#x}", static_cast<unsigned>(code));
  }
}

Result<std::shared_ptr<const ZeLibrary>> open_level_zero(const std::string& soname) {
  auto opened =
      open_vendor_library(soname,
                          "install Level Zero and Intel's driver (Debian: sudo apt install libze1 "
                          "libze-intel-gpu1)");
  if (!opened) return fail(opened.error());
  const ZeApi api = bind_all(**opened);
  if (!usable(api)) {
    return fail(ErrorKind::no_reading, "sensor.library_broken",
                soname + " lacks the calls that list devices and read energy",
                "install a newer Level Zero loader");
  }
  if (const int code = start(api); code != kZeSuccess) {
    return fail(ErrorKind::no_reading, "sensor.driver",
                "Level Zero did not start: " + ze_words(code),
                "install Intel's driver for it (libze-intel-gpu1), load i915 or xe, or give the "
                "container the GPU (--device /dev/dri)");
  }
  return std::make_shared<const ZeLibrary>(std::move(*opened), api);
}

}  // namespace joulebook
