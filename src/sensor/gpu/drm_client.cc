#include "sensor/gpu/drm_client.h"

#include <algorithm>
#include <limits>

#include "core/text.h"

namespace joulebook {
namespace {

constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();

std::uint64_t saturating_add(std::uint64_t a, std::uint64_t b) {
  return a > kMost - b ? kMost : a + b;
}

std::uint64_t saturating_shift(std::uint64_t value, unsigned bits) {
  return value > (kMost >> bits) ? kMost : value << bits;
}

// "12345 ns", "16 KiB", "7": the number, in bytes where a unit of memory follows.
std::uint64_t amount(std::string_view value) {
  const std::size_t blank = value.find_first_of(" \t");
  const auto number = parse_uint(value.substr(0, blank));
  if (!number) return 0;
  const std::string_view unit =
      blank == std::string_view::npos ? std::string_view{} : trim(value.substr(blank));
  if (unit == "KiB") return saturating_shift(*number, 10);
  if (unit == "MiB") return saturating_shift(*number, 20);
  return *number;
}

// drm-engine-NAME and drm-cycles-NAME count work; drm-engine-capacity-NAME and
// drm-total-cycles-NAME do not.
bool counts_work(std::string_view key) {
  return (key.starts_with("drm-engine-") && !key.starts_with("drm-engine-capacity-")) ||
         key.starts_with("drm-cycles-");
}

// The card's own memory: regions named vram, vram0 (amdgpu, xe) or local0 (i915).
bool counts_memory(std::string_view key) {
  for (const std::string_view prefix : {"drm-memory-", "drm-total-", "drm-resident-"}) {
    if (!key.starts_with(prefix)) continue;
    const std::string_view region = key.substr(prefix.size());
    return region.starts_with("vram") || region.starts_with("local");
  }
  return false;
}

}  // namespace

std::optional<DrmClient> parse_drm_client(std::string_view fdinfo) {
  DrmClient found;
  for (const std::string_view line : split(fdinfo, '\n')) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !line.starts_with("drm-")) continue;
    const std::string_view key = line.substr(0, colon);
    const std::string_view value = trim(line.substr(colon + 1));
    if (key == "drm-driver") found.driver = value;
    if (key == "drm-pdev") found.address = parse_pci(value);
    if (key == "drm-client-id") found.client = amount(value);
    if (counts_work(key)) found.busy = saturating_add(found.busy, amount(value));
    if (counts_memory(key)) found.device_bytes = std::max(found.device_bytes, amount(value));
  }
  if (found.driver.empty()) return std::nullopt;
  return found;
}

}  // namespace joulebook
