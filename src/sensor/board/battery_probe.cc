#include <utility>

#include "core/text.h"
#include "sensor/board/battery.h"
#include "sensor/board/probe.h"
#include "sensor/board/value_file.h"

namespace joulebook {
namespace {

void note(Discovery& found, std::string code, std::string message, std::string cure) {
  found.findings.push_back({Finding::Level::note,
                            "battery",
                            {std::move(code), std::move(message), std::move(cure)}});
}

void note(Discovery& found, const Error& error) {
  note(found, error.code, error.message, error.cure);
}

// True where it reads now.
bool add(Discovery& found, Result<std::unique_ptr<Sensor>> made, const SensorInfo& as) {
  if (!made) {
    note(found, as_sensor_error(made.error(), as));
    return false;
  }
  if (*made == nullptr) return false;
  if (const auto first = (*made)->read(); !first) {
    note(found, first.error());
    return false;
  }
  found.sensors.push_back(std::move(*made));
  return true;
}

}  // namespace

Discovery probe_battery(const FileTree& files, Clock& clock) {
  Discovery found;
  const PowerSupplies supplies = list_power_supplies(files);
  for (const std::string& name : supplies.mute) {
    note(found, "sensor.unsupported", name + " tells neither energy nor charge and voltage",
         "none: measure at the wall");
  }
  if (supplies.batteries.empty()) return found;
  if (!supplies.mute.empty()) {
    note(found, "sensor.unsupported",
         "one battery of several cannot be read, so neither can the sum",
         "take it out, or measure at the wall");
    return found;
  }
  SensorInfo as;
  as.id = as.name = "battery";
  if (!add(found, make_battery_counter(files, supplies, clock), as)) return found;
  const SensorInfo& info = found.sensors.front()->info();
  const auto step = static_cast<std::int64_t>(static_cast<double>(info.resolution) * info.scale);
  note(found, "sensor.coarse",
       info.name + " counts in steps of " + std::to_string(step) +
           " J, seconds to a minute apart: a window has a figure once a step follows its end",
       "measure for some minutes, or repeat the work");
  add(found, make_battery_gauge(files, supplies, clock), as);
  return found;
}

}  // namespace joulebook
