#include "meter/calibration/reuse.h"

#include <algorithm>
#include <cmath>

#include "core/text.h"

namespace joulebook {
namespace {

constexpr double kMostSeconds = 60;  // no sensor's tick or window is longer
constexpr double kInstant = 0.05;    // of a tick: a shorter window is none

class CalibratedSensor final : public Sensor {
 public:
  CalibratedSensor(std::unique_ptr<Sensor> inner, SensorInfo info)
      : inner_(std::move(inner)), info_(std::move(info)) {}
  [[nodiscard]] const SensorInfo& info() const override { return info_; }
  [[nodiscard]] Result<RawReading> read() override { return inner_->read(); }
  [[nodiscard]] double own_cpu_seconds() const override { return inner_->own_cpu_seconds(); }
  [[nodiscard]] const EnergyModel* model() const override { return inner_->model(); }

 private:
  std::unique_ptr<Sensor> inner_;
  SensorInfo info_;
};

bool usable(const Quantity& q, double most) {
  return q.present() && std::isfinite(*q.value) && *q.value > 0 && *q.value <= most;
}

Nanos nanos(const Quantity& q) { return Nanos(std::llround(*q.value * 1e9)); }

}  // namespace

SensorInfo with_measured(SensorInfo info, const SensorCalibration& measured,
                         const std::string& date) {
  if (info.kind == SensorKind::busy_time || info.kind != measured.kind) return info;
  std::vector<std::string> what;
  if (usable(measured.tick, kMostSeconds)) {
    info.tick = nanos(measured.tick);
    what.emplace_back("tick");
  }
  const bool gauge = info.kind == SensorKind::power_gauge;
  if (gauge && usable(measured.averaging, kMostSeconds)) {
    const bool instant = nanos(measured.averaging) < kInstant * info.tick;
    info.averaging = instant ? Nanos{0} : nanos(measured.averaging);
    what.emplace_back("averaging window");
  }
  if (gauge && usable(measured.duty, 1)) {
    info.duty = *measured.duty.value;
    what.emplace_back("duty");
  }
  if (!what.empty()) info.method += ", " + join(what, ", ") + " measured " + date;
  return info;
}

void reuse(std::vector<std::unique_ptr<Sensor>>& sensors, const Calibration& calibration) {
  const std::string date = calibration.measured_utc.substr(0, 10);
  for (auto& sensor : sensors) {
    const auto* measured = calibration.find(sensor->info().id);
    if (measured == nullptr) continue;
    SensorInfo info = with_measured(sensor->info(), *measured, date);
    if (info.method == sensor->info().method) continue;
    sensor = std::make_unique<CalibratedSensor>(std::move(sensor), std::move(info));
  }
}

}  // namespace joulebook
