#include "meter/calibration/thermometer.h"

#include <algorithm>
#include <array>

#include "core/text.h"

namespace joulebook {
namespace {

constexpr std::array kChips = {"coretemp", "k10temp", "zenpower", "cpu_thermal"};
constexpr std::array kZones = {"x86_pkg_temp", "cpu-thermal", "cpu_thermal", "soc_thermal"};
constexpr double kColdest = -40;  // what is beyond these is a sentinel, not a temperature
constexpr double kHottest = 150;

std::vector<std::string> chips(const FileTree& files) {
  std::vector<std::string> out;
  const std::string base = "/sys/class/hwmon";
  for (const auto& entry : files.list(base).value_or(std::vector<std::string>{})) {
    const auto name = files.read(base + "/" + entry + "/name");
    const bool ours = name && std::find(kChips.begin(), kChips.end(), trim(*name)) != kChips.end();
    const std::string input = base + "/" + entry + "/temp1_input";
    if (ours && files.exists(input)) out.push_back(input);
  }
  return out;
}

std::vector<std::string> zones(const FileTree& files) {
  std::vector<std::string> out;
  const std::string base = "/sys/class/thermal";
  for (const auto& entry : files.list(base).value_or(std::vector<std::string>{})) {
    const auto type = files.read(base + "/" + entry + "/type");
    const bool ours = type && std::find(kZones.begin(), kZones.end(), trim(*type)) != kZones.end();
    if (ours) out.push_back(base + "/" + entry + "/temp");
  }
  return out;
}

}  // namespace

Thermometer::Thermometer(std::shared_ptr<const FileTree> files)
    : files_(std::move(files)), cpu_(chips(*files_)) {
  if (cpu_.empty()) cpu_ = zones(*files_);
}

std::optional<double> Thermometer::celsius(std::string_view device) const {
  if (device != "cpu") return std::nullopt;
  double sum = 0;
  int count = 0;
  for (const auto& file : cpu_) {
    const auto text = files_->read(file);
    const auto milli = text ? parse_int(trim(*text)) : std::nullopt;
    const double degrees = static_cast<double>(milli.value_or(-273'150)) / 1000;
    if (degrees < kColdest || degrees > kHottest) continue;
    sum += degrees;
    ++count;
  }
  if (count == 0) return std::nullopt;
  return sum / count;
}

}  // namespace joulebook
