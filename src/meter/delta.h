#pragma once
// Two raw counter values become one judgement: how far the counter moved, or why nobody can know.
//
// `elapsed`: since the value before was read last. `held`: what a change may bring at once where that is
// longer, of a counter that is seldom or late brought up to date; it is no time for a turn more, nor for
// what a counter that began anew can have counted. The plausible movement in a time is (elapsed + slack) x max_watts, where slack is two ticks
// (an update may publish energy from a tick before the first read, and the second read may be a
// tick late) and at least 20 ms, for reads that were held up. Where a sensor states no greatest
// power, kUnknownMaxWatts stands in: no single domain of one machine draws more.
//
//   after == before  unchanged
//   after >  before  value; reset where the movement is not plausible (a counter that was
//   replaced);
//                    ambiguous where one turn of the counter more would be plausible, too
//   after <  before  wrap, where the movement through the range is plausible (ambiguous where a
//                    second turn would be); else reset, where the counter stands at what it can
//                    have counted from 0 since, or below half of what it was; else backwards
//
// Pure functions; any thread.
#include <joulebook/units.h>

#include <cstdint>
#include <string_view>

#include "sensor/sensor.h"

namespace joulebook {

enum class DeltaKind { unchanged, value, wrap, reset, backwards, ambiguous };

[[nodiscard]] std::string_view to_string(DeltaKind kind);

struct Delta {
  DeltaKind kind = DeltaKind::unchanged;
  std::uint64_t counts = 0;  // moved; 0 unless kind is value or wrap

  // The movement is known.
  [[nodiscard]] bool known() const { return kind <= DeltaKind::wrap; }
  bool operator==(const Delta&) const = default;
};

struct CounterLimits {
  double scale = 1e-6;      // J (or CPU seconds) per count
  std::uint64_t range = 0;  // counts after which it starts at 0 again; 0: never
  double max_rate = 0;      // W (or CPU seconds per second); 0: unknown
  Nanos tick{0};

  static constexpr double kUnknownMaxWatts = 20'000;
  static constexpr double kHeadroom = 2;  // transients pass what a sensor states
  // REQUIRES: info is a counter (energy or busy time).
  [[nodiscard]] static CounterLimits of(const SensorInfo& info);
  // The most counts that can plausibly have been added in `elapsed`.
  [[nodiscard]] double plausible(Nanos elapsed) const;
};

// The raw value says that there is no reading: one of the sensor's sentinels, or a power that
// nothing draws (10 x the greatest that the sensor states, else 100 kW; ACPI meters are known to
// answer 2^32 - 1 mW).
[[nodiscard]] bool no_reading(const SensorInfo& info, std::uint64_t counts);

[[nodiscard]] Delta counter_delta(std::uint64_t before, std::uint64_t after, Nanos elapsed,
                                  const CounterLimits& limits, Nanos held = Nanos{0});

}  // namespace joulebook
