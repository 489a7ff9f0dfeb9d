#pragma once
// What a process does on a graphics card, as the kernel says it in /proc/PID/fdinfo of each open
// card (Documentation/gpu/drm-usage-stats.rst): amdgpu, i915, xe and others, without any vendor's
// library. Pure; any thread.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sensor/gpu/pci_address.h"

namespace joulebook {

struct DrmClient {
  std::string driver;                 // "amdgpu"
  std::optional<PciAddress> address;  // drm-pdev; integrated parts of other buses have none
  std::uint64_t client = 0;           // drm-client-id: descriptors of one context share it
  std::uint64_t busy = 0;             // drm-engine-* in ns and drm-cycles-* in cycles, summed
  std::uint64_t device_bytes = 0;     // the greatest of what it holds in the card's own memory

  // It computed, or holds memory on the card: more than opening it takes.
  [[nodiscard]] bool works() const { return busy > 0 || device_bytes >= kContextBytes; }
  // Page tables of a client that only looked around are smaller; an allowance of ours.
  static constexpr std::uint64_t kContextBytes = std::uint64_t{1} << 20;
};

// Nothing where the text is of no graphics card (no drm-driver line). Unknown keys and values that
// are no numbers are passed over; sums saturate.
[[nodiscard]] std::optional<DrmClient> parse_drm_client(std::string_view fdinfo);

}  // namespace joulebook
