#include "sensor/board/board_sensor.h"

#include <utility>

namespace joulebook {
namespace {

tl::unexpected<Error> no_power(std::string code, const std::string& what, std::string cure) {
  return fail(ErrorKind::no_reading, std::move(code), what, std::move(cure));
}

class BoardSensor final : public Sensor {
 public:
  BoardSensor(BoardSensorSpec spec, Clock& clock) : spec_(std::move(spec)), clock_(clock) {}

  [[nodiscard]] const SensorInfo& info() const override { return spec_.info; }

  [[nodiscard]] Result<RawReading> read() override {
    auto reading = read_once();
    const bool malformed = !reading && reading.error().code == "sensor.malformed";
    const bool backward = reading && counter() && reading->counts < last_;
    if (malformed || backward) reading = read_once();
    if (!reading) return fail(as_sensor_error(reading.error(), spec_.info));
    last_ = reading->counts;
    return reading;
  }

 private:
  [[nodiscard]] bool counter() const { return spec_.info.kind == SensorKind::energy_counter; }

  Result<RawReading> read_once() {
    RawReading reading;
    reading.begin = clock_.now();
    std::int64_t sum = 0;
    for (BoardTerm& term : spec_.terms) {
      const auto value = read_term(term);
      if (!value) return fail(value.error());
      sum += *value;
    }
    reading.end = clock_.now();
    if (sum == 0 && spec_.never_zero) {
      return no_power("sensor.zero", "answered 0, which a live device never draws",
                      "see whether the driver is awake; measure elsewhere if it stays");
    }
    reading.counts = static_cast<std::uint64_t>(sum);
    return reading;
  }

  Result<std::int64_t> read_term(BoardTerm& term) {
    auto value = checked(term.value);
    if (!value) return value;
    std::int64_t product = *value * term.factor;
    if (term.times) {
      const auto other = checked(*term.times);
      if (!other) return other;
      const std::int64_t amperes = *other < 0 && *other >= -kOffsetMilliamperes ? 0 : *other;
      product *= amperes;
    }
    if (product < 0) {
      return no_power("sensor.negative",
                      term.value.path() + ": a negative value, " + std::to_string(product),
                      "it feeds energy back or is wired the other way round: leave it out");
    }
    if (!counter() && product > kMostMicrowatts) return absurd(term.value, product);
    return product;
  }

  // A counter passes every number on its way, so only a power can be a sentinel.
  Result<std::int64_t> checked(ValueFile& file) const {
    auto value = file.read();
    if (!value || counter()) return value;
    const bool product = spec_.terms.front().times.has_value();
    if (!within(*value, product ? kMostMilli : kMostMicrowatts)) return absurd(file, *value);
    // -1 mA is an offset, not a mark.
    if (!is_sentinel(*value) || (product && *value == -1)) return value;
    return no_power("sensor.sentinel",
                    file.path() + ": " + std::to_string(*value) + ", the mark of \"not known\"",
                    "update the firmware or leave this sensor out");
  }

  [[nodiscard]] static tl::unexpected<Error> absurd(const ValueFile& file, std::int64_t value) {
    return no_power("sensor.sentinel",
                    file.path() + ": " + std::to_string(value) + " is more than any machine draws",
                    "update the firmware or leave this sensor out");
  }

  BoardSensorSpec spec_;
  Clock& clock_;
  std::uint64_t last_ = 0;
};

}  // namespace

std::unique_ptr<Sensor> make_board_sensor(BoardSensorSpec spec, Clock& clock) {
  return std::make_unique<BoardSensor>(std::move(spec), clock);
}

}  // namespace joulebook
