#include "sensor/board/battery.h"

#include <algorithm>
#include <numeric>

#include "sensor/board/value_file.h"

namespace joulebook {
namespace {

constexpr const char* kClass = "/sys/class/power_supply";
// ACPI counts whole mWh and mAh; many fuel gauges step by 10 of them.
constexpr double kLeastStep = 1000;
constexpr double kMostStep = 1'000'000;

// The step that every figure of the gauge is a multiple of: chance can only make it too large,
// which widens. 0 where no figure is there.
std::int64_t common_step(const FileTree& files, const std::string& path, const std::string& what) {
  std::int64_t step = 0;
  for (const char* file : {"_now", "_full", "_full_design"}) {
    step = std::gcd(step, std::max<std::int64_t>(0, value_at(files, path + "/" + what + file)
                                                        .value_or(0)));
  }
  return step;
}

// V of the pack, for sizes only.
double volts(const FileTree& files, const std::string& path) {
  for (const char* file : {"/voltage_min_design", "/voltage_now"}) {
    const auto microvolts = value_at(files, path + file);
    if (microvolts && *microvolts > 0) return static_cast<double>(*microvolts) * 1e-6;
  }
  return 0;
}

bool tells(const FileTree& files, const std::string& path) {
  const auto value = value_at(files, path);
  return value && !is_sentinel(*value) && within(*value, 1'000'000'000);
}

bool describe(const FileTree& files, Battery& battery) {
  const std::string& path = battery.path;
  const bool voltage = tells(files, path + "/voltage_now");
  const bool energy = tells(files, path + "/energy_now");
  battery.by_charge = !energy && voltage && tells(files, path + "/charge_now");
  battery.power_now = tells(files, path + "/power_now");
  battery.current_now = voltage && tells(files, path + "/current_now");
  const std::string what = battery.by_charge ? "charge" : "energy";
  const double scale = battery.by_charge ? volts(files, path) : 1;
  const auto step = static_cast<double>(common_step(files, path, what)) * scale;
  battery.step_uwh = static_cast<std::int64_t>(std::clamp(step, kLeastStep, kMostStep));
  const auto full = value_at(files, path + "/" + what + "_full");
  battery.full_wh = static_cast<double>(std::max<std::int64_t>(0, full.value_or(0))) * 1e-6 * scale;
  return energy || battery.by_charge;
}

}  // namespace

PowerSupplies list_power_supplies(const FileTree& files) {
  PowerSupplies supplies;
  const auto names = files.list(kClass);
  if (!names) return supplies;
  for (const std::string& name : *names) {
    const std::string path = std::string(kClass) + "/" + name;
    const std::string type = text_at(files, path + "/type");
    if (text_at(files, path + "/scope") == "Device") continue;
    if (type == "Mains" || type == "USB" || type == "Wireless") supplies.adapters.push_back(path);
    if (type != "Battery" || value_at(files, path + "/present") == 0) continue;
    Battery battery{.name = name, .path = path};
    if (describe(files, battery)) {
      supplies.batteries.push_back(std::move(battery));
    } else {
      supplies.mute.push_back(name);
    }
  }
  return supplies;
}

}  // namespace joulebook
