#include "meter/calibration/reuse.h"

#include <fmt/format.h>

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

// Empty where the rest said nothing that could be taken off.
std::optional<Quantity> floor_of(const SensorCalibration& s, bool disturbed) {
  if (s.kind == SensorKind::busy_time || !s.idle.present()) return std::nullopt;
  const double watts = *s.idle.value;
  if (!(watts > 0) || !std::isfinite(s.idle.own.hi)) return std::nullopt;
  double drift = 0;
  if (s.slope.present()) {
    drift = kFloorKelvins * std::max(std::abs(s.slope.own.lo), std::abs(s.slope.own.hi));
  }
  const double least = disturbed ? 0 : std::max(0.0, s.idle.own.lo - drift);
  const double most = std::max(watts, s.idle.own.hi + drift);
  Quantity q = s.idle;
  q.own = {watts, watts};
  q.shared.push_back({"idle_watts:" + s.domain, std::min(least, watts) / watts, most / watts});
  return q;
}

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

void reuse(std::vector<std::unique_ptr<Sensor>>& sensors, const CalibrationState& known) {
  if (!known.calibration) return;
  const std::string date = known.calibration->measured_utc.substr(0, 10);
  for (auto& sensor : sensors) {
    const auto* measured = known.calibration->find(sensor->info().id);
    if (measured == nullptr) continue;
    SensorInfo info = with_measured(sensor->info(), *measured, date);
    if (info.method == sensor->info().method) continue;
    sensor = with_info(std::move(sensor), std::move(info));
  }
}

IdleFloors idle_floors(const CalibrationState& known) {
  IdleFloors out;
  if (!known.calibration) {
    out.none = known.finding.reason;
    return out;
  }
  const std::string cure = "run `joulebook calibrate` on a quiet machine";
  out.none = {"calibration.no_floor", "the calibration on file knows no power at rest of this domain",
              cure};
  const auto& warnings = known.calibration->warnings;
  const bool disturbed = std::any_of(warnings.begin(), warnings.end(), [](const auto& text) {
    return text.starts_with("calibration.not_idle");
  });
  for (const auto& sensor : known.calibration->sensors) {
    auto floor = floor_of(sensor, disturbed);
    if (!floor) continue;
    floor->method = fmt::format("the power at rest, calibrated {}{}", age_words(known.age_days),
                                disturbed ? " while others were busy" : "");
    out.floors.push_back({sensor.id, std::move(*floor)});
  }
  return out;
}

}  // namespace joulebook
