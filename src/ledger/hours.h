#pragma once
// The ledger's hourly sums are by hours of UTC, counted since 1970.
#include <cstdint>

namespace joulebook {

constexpr std::int64_t kHourNs = 3'600'000'000'000;

// In which hour an instant (ns since 1970 UTC) lies; before 1970 the hours are negative.
[[nodiscard]] constexpr std::int64_t hour_of(std::int64_t wall_ns) {
  return (wall_ns >= 0 ? wall_ns : wall_ns - kHourNs + 1) / kHourNs;
}

}  // namespace joulebook
