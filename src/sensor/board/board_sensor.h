#pragma once
// A sensor of one or several kernel files that belong together: a power file, a voltage times a
// current, the sum over power supplies. All are read between the begin and the end of one reading.
//
// Never power: the sentinels of is_sentinel(), a negative power, more than kMostMicrowatts, and,
// where the domain cannot be without power, 0. An empty, malformed or (counters) lower reading is
// repeated once before it is judged.
#include <memory>
#include <optional>
#include <vector>

#include "core/clock.h"
#include "sensor/board/value_file.h"
#include "sensor/sensor.h"

namespace joulebook {

// One addend: the file's value, or the product of two (mV x mA is uW), times a factor.
struct BoardTerm {
  ValueFile value;
  std::optional<ValueFile> times = std::nullopt;
  std::int64_t factor = 1;
};

struct BoardSensorSpec {
  SensorInfo info;
  std::vector<BoardTerm> terms;
  bool never_zero = false;  // 0 W from it is no reading: it draws power whenever it answers
};

// Above every machine of one rack; what reads more is no power.
inline constexpr std::int64_t kMostMicrowatts = 1'000'000'000'000;
// mV or mA that no board carries.
inline constexpr std::int64_t kMostMilli = 1'000'000'000;
// mA below 0 that an amplifier's offset makes of an idle rail: read as 0. The INA3221 states +-80
// uV at most, which over the 2 mOhm of large rails is 40 mA.
inline constexpr std::int64_t kOffsetMilliamperes = 40;

// REQUIRES: the clock outlives the sensor; at least one term; terms sum to info.scale's unit.
[[nodiscard]] std::unique_ptr<Sensor> make_board_sensor(BoardSensorSpec spec, Clock& clock);

}  // namespace joulebook
