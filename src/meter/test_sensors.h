#pragma once
// Sensors of known truth for the meter's own tests.
#include <cmath>
#include <memory>
#include <string>

#include "core/clock.h"
#include "fakes/power_plant.h"
#include "sensor/sensor.h"

namespace joulebook::test {

inline constexpr SteadyTime kOrigin{1'000'000'000'000};
[[nodiscard]] inline SteadyTime at(double seconds) {
  return kOrigin + Nanos(std::llround(seconds * 1e9));
}

// An ideal counter in microjoules with a tick, or a gauge of instant power where kind says so.
struct Ideal {
  SensorInfo info;
  fakes::PowerFunction power = fakes::PowerFunction::constant(0);

  [[nodiscard]] RawReading read(double t) const {
    const double tick = Seconds(info.tick).count();
    const double updated = std::floor(t / tick) * tick;
    const double raw =
        info.kind == SensorKind::power_gauge ? power.watts(t) * 1e3 : power.joules(updated) * 1e6;
    return {static_cast<std::uint64_t>(raw), at(t), at(t)};
  }
};

[[nodiscard]] inline Ideal ideal(const std::string& domain, fakes::PowerFunction power) {
  Ideal out;
  out.info.id = "test:" + domain;
  out.info.domain = domain;
  out.info.name = domain;
  out.info.device = "cpu";
  out.info.tick = std::chrono::milliseconds(1);
  out.info.max_watts = 1000;
  out.info.method = "ideal counter";
  out.power = std::move(power);
  return out;
}

// 10 W idle, 20 J a busy CPU second.
class LinearModel final : public EnergyModel {
 public:
  [[nodiscard]] Quantity machine(Seconds duration, double busy, Interval bounds) const override {
    Quantity q = make(10 * duration.count() + 20 * busy);
    q.own = {10 * duration.count() + 20 * bounds.lo, 10 * duration.count() + 20 * bounds.hi};
    return q;
  }
  [[nodiscard]] Quantity processes(double busy, Interval bounds) const override {
    Quantity q = make(20 * busy);
    q.own = {20 * bounds.lo, 20 * bounds.hi};
    return q;
  }
  [[nodiscard]] Json describe() const override { return Json::object({{"model", "linear"}}); }

 private:
  [[nodiscard]] static Quantity make(double joules) {
    Quantity q = Quantity::exact(joules, "J");
    q.tier = Tier::modelled;
    q.shared = {{"idle_watts", 0.8, 1.2}};
    q.method = "linear test model";
    return q;
  }
};

// A counter of constant power against the machine's own clock, updated at each read.
class LiveSensor final : public Sensor {
 public:
  explicit LiveSensor(double watts) : watts_(watts), start_(system_clock().now()) {
    info_ = ideal("package:0", fakes::PowerFunction::constant(watts)).info;
  }
  [[nodiscard]] const SensorInfo& info() const override { return info_; }
  [[nodiscard]] Result<RawReading> read() override {
    const SteadyTime begin = system_clock().now();
    const double joules = watts_ * Seconds(begin - start_).count();
    return RawReading{static_cast<std::uint64_t>(joules * 1e6), begin, system_clock().now()};
  }

 private:
  double watts_;
  SteadyTime start_;
  SensorInfo info_;
};

}  // namespace joulebook::test
