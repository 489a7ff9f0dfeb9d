#include "sensor/sensor.h"

namespace joulebook {

std::string_view to_string(SensorKind kind) {
  switch (kind) {
    case SensorKind::energy_counter: return "energy counter";
    case SensorKind::power_gauge: return "power gauge";
    case SensorKind::busy_time: return "busy time";
  }
  return "unknown";
}

}  // namespace joulebook
