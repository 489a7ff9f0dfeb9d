#include <algorithm>
#include <cstdlib>
#include <utility>

#include "sensor/board/battery.h"
#include "sensor/board/battery_state.h"
#include "sensor/containment.h"

namespace joulebook {
namespace {

// Fuel gauges refresh between once a second (ACPI's cache_time) and once a minute; the meter
// measures.
constexpr Nanos kTick = std::chrono::seconds(30);
constexpr Nanos kPowerTick = std::chrono::seconds(1);
// No gauge states its accuracy in these files. Allowances of ours: coulomb counters hold a few per
// cent, and a voltage that is only seen at each reading a few more.
constexpr double kEnergyError = 0.05;
constexpr double kChargeError = 0.10;
// Greatest plausible power: four times the capacity in an hour, more than a notebook's cells may
// give; where the capacity is not known, more than any notebook draws.
constexpr double kMostRate = 4;
constexpr double kMostWatts = 400;
// Where the counter starts, uWh: high enough that a correction upwards is no counter near 0.
constexpr std::int64_t kOrigin = 1'000'000'000'000;
// uWh, uAh, uV, uA, uW that no battery of a machine has: 1000 of each unit.
constexpr std::int64_t kMost = 1'000'000'000;
// J of one uWh.
constexpr double kMicrowattHour = 3.6e-3;

SensorInfo describe(const PowerSupplies& supplies) {
  SensorInfo info;
  double full_wh = 0;
  bool known = true;
  for (const Battery& battery : supplies.batteries) {
    info.id += (info.id.empty() ? "battery:" : "+") + battery.name;
    info.name += (info.name.empty() ? "battery " : " + ") + battery.name;
    info.resolution = std::max<std::uint64_t>(info.resolution, battery.step_uwh);
    full_wh += battery.full_wh;
    known = known && battery.full_wh > 0;
  }
  info.domain = "battery:0";
  info.device = "cpu";
  info.max_watts = known ? kMostRate * full_wh : kMostWatts;
  return info;
}

// What one battery gave since it was first read.
class Drawn {
 public:
  static Result<Drawn> open(const FileTree& files, const Battery& battery) {
    const std::string what = battery.by_charge ? "/charge_now" : "/energy_now";
    auto left = ValueFile::open(files, battery.path + what);
    if (!left) return fail(left.error());
    Drawn drawn(std::move(*left));
    if (battery.by_charge) {
      auto voltage = ValueFile::open(files, battery.path + "/voltage_now");
      if (!voltage) return fail(voltage.error());
      drawn.voltage_ = std::move(*voltage);
    }
    return drawn;
  }

  // uWh, negative where more is left than at first.
  Result<std::int64_t> read() {
    const auto left = positive(left_);
    if (!left) return left;
    std::int64_t microvolts = 1'000'000;
    if (voltage_) {
      const auto volts = positive(*voltage_);
      if (!volts) return volts;
      microvolts = *volts;
    }
    if (started_) picowatthours_ += (last_left_ - *left) * ((last_volts_ + microvolts) / 2);
    started_ = true;
    last_left_ = *left;
    last_volts_ = microvolts;
    return picowatthours_ / 1'000'000;
  }

 private:
  explicit Drawn(ValueFile left) : left_(std::move(left)) {}

  static Result<std::int64_t> positive(ValueFile& file) {
    auto value = file.read();
    if (value && *value >= 0 && *value <= kMost) return value;
    if (!value) return value;
    return fail(ErrorKind::no_reading, "sensor.sentinel",
                file.path() + ": " + std::to_string(*value) + " is not what a battery holds",
                "update the firmware, or measure at the wall");
  }

  ValueFile left_;
  std::optional<ValueFile> voltage_;
  bool started_ = false;
  std::int64_t last_left_ = 0;   // uWh or uAh
  std::int64_t last_volts_ = 0;  // uV; a million for uWh
  std::int64_t picowatthours_ = 0;
};

// All batteries of the machine together, read while it runs on them alone. A malformed read, and one
// of a counter that runs backwards, is repeated once.
class BatterySensor : public Sensor {
 public:
  BatterySensor(SensorInfo info, BatteryState state, Clock& clock)
      : info_(std::move(info)), state_(std::move(state)), clock_(clock) {}

  [[nodiscard]] const SensorInfo& info() const override { return info_; }

  [[nodiscard]] Result<RawReading> read() override {
    auto reading = read_once();
    const bool malformed = !reading && reading.error().code == "sensor.malformed";
    const bool backward = info_.kind == SensorKind::energy_counter && reading &&
                          reading->counts < last_;
    if (malformed || backward) reading = read_once();
    if (!reading) return fail(as_sensor_error(reading.error(), info_));
    last_ = reading->counts;
    return reading;
  }

 private:
  [[nodiscard]] virtual Result<std::int64_t> counts() = 0;

  Result<RawReading> read_once() {
    RawReading reading;
    reading.begin = clock_.now();
    if (auto alone = state_.discharging(); !alone) return fail(alone.error());
    const auto sum = counts();
    if (!sum) return fail(sum.error());
    reading.end = clock_.now();
    reading.counts = static_cast<std::uint64_t>(std::max<std::int64_t>(0, *sum));
    return reading;
  }

  SensorInfo info_;
  BatteryState state_;
  Clock& clock_;
  std::uint64_t last_ = 0;
};

class BatteryCounter final : public BatterySensor {
 public:
  BatteryCounter(SensorInfo info, BatteryState state, std::vector<Drawn> batteries, Clock& clock)
      : BatterySensor(std::move(info), std::move(state), clock), batteries_(std::move(batteries)) {}

 private:
  [[nodiscard]] Result<std::int64_t> counts() override {
    std::int64_t sum = kOrigin;
    for (Drawn& battery : batteries_) {
      const auto drawn = battery.read();
      if (!drawn) return drawn;
      sum += *drawn;
    }
    return sum;
  }

  std::vector<Drawn> batteries_;
};

// power_now, uW, or current_now x voltage_now, uA x uV. Some drivers count what leaves as negative.
struct PowerNow {
  ValueFile value;
  std::optional<ValueFile> voltage;

  Result<std::int64_t> microwatts() {
    const auto now = value.read();
    if (!now) return now;
    if (is_sentinel(*now) || !within(*now, kMost)) return unknown(*now);
    if (!voltage) return std::abs(*now);
    const auto volts = voltage->read();
    if (!volts) return volts;
    if (*volts <= 0 || *volts > kMost) return unknown(*volts);
    return std::abs(*now) * *volts / 1'000'000;
  }

  [[nodiscard]] tl::unexpected<Error> unknown(std::int64_t shown) const {
    return fail(ErrorKind::no_reading, "sensor.sentinel",
                value.path() + ": " + std::to_string(shown) + ", the mark of \"not known\"",
                "rely on the energy counter, or measure at the wall");
  }
};

class BatteryGauge final : public BatterySensor {
 public:
  BatteryGauge(SensorInfo info, BatteryState state, std::vector<PowerNow> batteries, Clock& clock)
      : BatterySensor(std::move(info), std::move(state), clock), batteries_(std::move(batteries)) {}

 private:
  [[nodiscard]] Result<std::int64_t> counts() override {
    std::int64_t sum = 0;
    for (PowerNow& battery : batteries_) {
      const auto microwatts = battery.microwatts();
      if (!microwatts) return microwatts;
      sum += *microwatts;
    }
    if (sum != 0) return sum;
    return fail(ErrorKind::no_reading, "sensor.zero", "0 W from a battery that is emptied",
                "rely on the energy counter");
  }

  std::vector<PowerNow> batteries_;
};

}  // namespace

Result<std::unique_ptr<Sensor>> make_battery_counter(const FileTree& files,
                                                     const PowerSupplies& supplies, Clock& clock) {
  auto state = BatteryState::open(files, supplies);
  if (!state) return fail(state.error());
  SensorInfo info = describe(supplies);
  info.kind = SensorKind::energy_counter;
  info.scale = kMicrowattHour;
  info.tick = kTick;
  info.accuracy = kEnergyError;
  info.method = "battery: fall of energy_now while discharging";
  std::vector<Drawn> batteries;
  for (const Battery& battery : supplies.batteries) {
    auto drawn = Drawn::open(files, battery);
    if (!drawn) return fail(drawn.error());
    batteries.push_back(std::move(*drawn));
    if (!battery.by_charge) continue;
    info.accuracy = kChargeError;
    info.method = "battery: fall of charge_now times the voltage then, while discharging";
  }
  return std::make_unique<BatteryCounter>(std::move(info), std::move(*state), std::move(batteries),
                                          clock);
}

Result<std::unique_ptr<Sensor>> make_battery_gauge(const FileTree& files,
                                                   const PowerSupplies& supplies, Clock& clock) {
  std::vector<PowerNow> batteries;
  bool product = false;
  for (const Battery& battery : supplies.batteries) {
    if (!battery.power_now && !battery.current_now) return nullptr;
    product = product || !battery.power_now;
    auto value =
        ValueFile::open(files, battery.path + (battery.power_now ? "/power_now" : "/current_now"));
    if (!value) return fail(value.error());
    PowerNow now{std::move(*value), std::nullopt};
    if (!battery.power_now) {
      auto voltage = ValueFile::open(files, battery.path + "/voltage_now");
      if (!voltage) return fail(voltage.error());
      now.voltage = std::move(*voltage);
    }
    batteries.push_back(std::move(now));
  }
  auto state = BatteryState::open(files, supplies);
  if (!state) return fail(state.error());
  SensorInfo info = describe(supplies);
  info.id += ":power";
  info.domain += kGaugeSuffix;
  info.kind = SensorKind::power_gauge;
  info.scale = 1e-6;
  info.resolution = 1;
  info.tick = kPowerTick;
  info.accuracy = kEnergyError;
  info.method = product ? "battery: current_now times voltage_now, integrated"
                        : "battery: power_now, integrated";
  return std::make_unique<BatteryGauge>(std::move(info), std::move(*state), std::move(batteries),
                                        clock);
}

}  // namespace joulebook
