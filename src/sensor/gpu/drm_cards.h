#pragma once
// The graphics cards that the kernel's drivers show under /sys/class/drm, with or without a
// vendor's library. Reads only; any thread.
#include <string>
#include <vector>

#include "sensor/gpu/pci_address.h"

namespace joulebook {

struct DrmCard {
  PciAddress address;
  std::string driver;   // "amdgpu", "i915", "xe", "nvidia"; empty: not known
  unsigned vendor = 0;  // PCI vendor: 0x1002 AMD, 0x8086 Intel, 0x10de NVIDIA; 0: not known

  // Integrated graphics sit on bus 0, are Intel's and part of their package.
  [[nodiscard]] bool discrete() const { return address.bus != 0 || address.domain != 0; }
};

inline constexpr unsigned kVendorAmd = 0x1002;
inline constexpr unsigned kVendorIntel = 0x8086;

// Each card once, by address.
[[nodiscard]] std::vector<DrmCard> drm_cards(const FileTree& files);

}  // namespace joulebook
