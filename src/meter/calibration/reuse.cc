#include "meter/calibration/reuse.h"

#include <algorithm>
#include <cmath>

#include "core/text.h"
#include "sensor/containment.h"

namespace joulebook {
namespace {

constexpr double kMostSeconds = 60;  // no sensor's tick or window is longer
constexpr double kInstant = 0.05;    // of a tick: a shorter window is none

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
    sensor = with_info(std::move(sensor), std::move(info));
  }
}

}  // namespace joulebook
