#pragma once
// Batteries that run the machine, and what feeds it beside them (/sys/class/power_supply,
// Documentation/ABI/testing/sysfs-class-power of the kernel).
//
// All batteries of a machine are one sensor: a notebook with two empties one after the other, and
// only their sum is what it draws. Its counter rises by what was drawn:
//   energy_now  what the fuel gauge says is left, uWh: drawn = first - now
//   charge_now  uAh left, as it falls, times the voltage at that time (the integral of V dQ); the
//               product charge x voltage would move with every load step, since the voltage sags
// A gauge that corrects itself upwards makes the counter fall: to the meter, it ran backwards.
//
// It tells what the machine draws only while nothing else feeds it: a supply that is online, or a
// battery that charges, is full, does not charge or does not know, is "sensor.charging".
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/file_tree.h"
#include "sensor/sensor.h"

namespace joulebook {

struct Battery {
  std::string name;  // "BAT0"
  std::string path;  // "/sys/class/power_supply/BAT0"
  bool by_charge = false;        // charge_now and voltage_now instead of energy_now
  bool power_now = false;        // power_now, uW
  bool current_now = false;      // current_now, uA, and voltage_now
  std::int64_t step_uwh = 1000;  // between two values that the gauge can show
  double full_wh = 0;            // 0: not known
};

struct PowerSupplies {
  std::vector<Battery> batteries;     // of the machine, present, with something to count
  std::vector<std::string> adapters;  // paths of what feeds it (Mains, USB, Wireless)
  std::vector<std::string> mute;      // names of batteries with nothing to count
};

// Batteries of mice and other devices (scope Device) and empty bays (present 0) are left out.
[[nodiscard]] PowerSupplies list_power_supplies(const FileTree& files);

// "battery:0": the counter. Errors as FileTree::keep. REQUIRES: a battery; the clock outlives it.
[[nodiscard]] Result<std::unique_ptr<Sensor>> make_battery_counter(const FileTree& files,
                                                                   const PowerSupplies& supplies,
                                                                   Clock& clock);
// "battery:0.gauge": the power now. Null where one of the batteries tells none.
[[nodiscard]] Result<std::unique_ptr<Sensor>> make_battery_gauge(const FileTree& files,
                                                                 const PowerSupplies& supplies,
                                                                 Clock& clock);

}  // namespace joulebook
