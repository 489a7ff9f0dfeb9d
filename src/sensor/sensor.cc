#include "sensor/sensor.h"

#include <fmt/format.h>

#include "sensor/read_cost.h"

namespace joulebook {

std::string_view to_string(SensorKind kind) {
  switch (kind) {
    case SensorKind::energy_counter: return "energy counter";
    case SensorKind::power_gauge: return "power gauge";
    case SensorKind::busy_time: return "busy time";
  }
  return "unknown";
}

std::string short_time(Nanos span) {
  const double s = Seconds(span).count();
  if (s < 0.9995e-3) return fmt::format("{:.3g} µs", s * 1e6);
  return s < 0.9995 ? fmt::format("{:.3g} ms", s * 1e3) : fmt::format("{:.3g} s", s);
}

}  // namespace joulebook
