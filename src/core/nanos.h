#pragma once
// Seconds as people write them, in whole nanoseconds. REQUIRES: within the range of Nanos.
#include <joulebook/units.h>

#include <cstdint>

namespace joulebook {

[[nodiscard]] constexpr Nanos nanos(double seconds) {
  return Nanos(static_cast<std::int64_t>(seconds * 1e9));
}

}  // namespace joulebook
