#pragma once
// Where a card sits on the PCI bus: the one name that every source (NVML, AMD SMI, Level Zero,
// hwmon, DRM's fdinfo) gives a card, and so what joins them. Pure; any thread.
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/file_tree.h"

namespace joulebook {

struct PciAddress {
  unsigned domain = 0, bus = 0, device = 0, function = 0;

  auto operator<=>(const PciAddress&) const = default;
  // "0000:03:00.0", as the kernel writes it.
  [[nodiscard]] std::string text() const;
  // The same slot, whatever the function: partitions of one chip are functions of one slot.
  [[nodiscard]] bool same_slot(const PciAddress& other) const {
    return domain == other.domain && bus == other.bus && device == other.device;
  }
};

// "0000:03:00.0", also with NVML's eight digits of domain ("00000000:17:00.0"). Nothing else.
[[nodiscard]] std::optional<PciAddress> parse_pci(std::string_view text);

// SensorInfo::device, and the domain, of a card that has no name of its own that every source could
// know: "gpu:PCI-0000:03:00.0". NVIDIA boards are named by NVML's UUID instead.
[[nodiscard]] std::string gpu_at(const PciAddress& address);

// Where the device behind a folder of /sys/class (its `device` link) sits; nothing where it is on
// no PCI bus.
[[nodiscard]] std::optional<PciAddress> pci_behind(const FileTree& files,
                                                   const std::string& folder);

}  // namespace joulebook
