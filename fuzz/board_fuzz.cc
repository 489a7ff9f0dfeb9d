// Any bytes as the values of a board's chips, rails and batteries, looked for and then read while
// they change: no reading is a sentinel, and none is beyond what a machine draws.
// Faults planted: the bound on mV x mA of board_sensor.cc dropped (2026-11-25: found after 9 s and
// 1,337 inputs); the bound on a battery's voltage (2026-11-26: found at once from fuzz/seeds/board,
// and not by chance within two minutes).
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>

#include "core/text.h"
#include "sensor/board/board_sensor.h"
#include "sensor/discover.h"

namespace {

using namespace joulebook;

constexpr std::array<std::string_view, 44> kFiles{
    "/sys/class/hwmon/hwmon0/name",
    "/sys/class/hwmon/hwmon0/power1_input",
    "/sys/class/hwmon/hwmon0/power1_label",
    "/sys/class/hwmon/hwmon0/energy1_input",
    "/sys/class/hwmon/hwmon0/update_interval",
    "/sys/class/hwmon/hwmon0/power1_cap",
    "/sys/class/hwmon/hwmon1/name=ina3221",
    "/sys/class/hwmon/hwmon1/in1_label=VDD_IN",
    "/sys/class/hwmon/hwmon1/in1_input",
    "/sys/class/hwmon/hwmon1/curr1_input",
    "/sys/class/hwmon/hwmon1/in2_label",
    "/sys/class/hwmon/hwmon1/in2_input",
    "/sys/class/hwmon/hwmon1/curr2_input",
    "/sys/class/hwmon/hwmon1/in2_enable",
    "/sys/class/hwmon/hwmon2/device/name=power_meter",
    "/sys/class/hwmon/hwmon2/device/power1_average",
    "/sys/class/hwmon/hwmon2/device/power1_average_interval",
    "/sys/class/hwmon/hwmon2/device/power1_accuracy",
    "/sys/class/hwmon/hwmon2/device/power1_oem_info",
    "/sys/class/hwmon/hwmon3/name=pfe1100",
    "/sys/class/hwmon/hwmon3/power1_label=pin",
    "/sys/class/hwmon/hwmon3/power1_input",
    "/sys/class/hwmon/hwmon3/power1_max",
    "/sys/bus/i2c/drivers/ina3221x/6-0040/iio:device0/in_power0_input",
    "/sys/bus/i2c/drivers/ina3221x/6-0040/iio:device0/rail_name_0",
    "/sys/class/power_supply/AC/type=Mains",
    "/sys/class/power_supply/AC/online=0",
    "/sys/class/power_supply/BAT0/type=Battery",
    "/sys/class/power_supply/BAT0/status=Discharging",
    "/sys/class/power_supply/BAT0/energy_now",
    "/sys/class/power_supply/BAT0/energy_full",
    "/sys/class/power_supply/BAT0/energy_full_design",
    "/sys/class/power_supply/BAT0/power_now",
    "/sys/class/power_supply/BAT1/type=Battery",
    "/sys/class/power_supply/BAT1/status",
    "/sys/class/power_supply/BAT1/charge_now",
    "/sys/class/power_supply/BAT1/charge_full",
    "/sys/class/power_supply/BAT1/voltage_now",
    "/sys/class/power_supply/BAT1/voltage_min_design",
    "/sys/class/power_supply/BAT1/current_now",
    "/sys/class/hwmon/hwmon4/name=xe",
    "/sys/class/hwmon/hwmon4/energy1_input",
    "/sys/class/hwmon/hwmon4/energy1_label",
    "/sys/class/hwmon/hwmon4/energy2_input",
};

// "~c" stands for a number of up to 19 nines, which chance alone seldom writes.
std::string spelt(std::string_view line) {
  if (line.size() != 2 || line[0] != '~') return std::string(line);
  return std::string(1 + static_cast<unsigned char>(line[1]) % 19, '9');
}

// File k holds line k + turn of the bytes, but for those with a fixed content (after '=').
class Lines final : public FileTree {
 public:
  explicit Lines(std::string_view bytes) : lines_(split(bytes, '\n')) {}

  void turn() { ++turn_; }
  Result<std::string> read(const std::string& path) const override {
    for (std::size_t k = 0; k < kFiles.size(); ++k) {
      const std::size_t equals = kFiles[k].find('=');
      if (kFiles[k].substr(0, equals) != path) continue;
      if (equals != std::string_view::npos) return std::string(kFiles[k].substr(equals + 1));
      return spelt(lines_[(k + turn_) % lines_.size()]);
    }
    return none(path);
  }
  Result<std::vector<std::string>> list(const std::string& path) const override {
    std::set<std::string> names;
    for (std::string_view file : kFiles) {
      if (!file.starts_with(path + "/")) continue;
      file.remove_prefix(path.size() + 1);
      names.emplace(file.substr(0, file.find_first_of("/=")));
    }
    if (names.empty()) return none(path);
    return std::vector<std::string>(names.begin(), names.end());
  }
  Result<std::string> link(const std::string& path) const override { return none(path); }
  bool exists(const std::string& path) const override { return read(path).has_value(); }
  Result<std::unique_ptr<KeptFile>> keep(const std::string& path) const override {
    if (!exists(path)) return none(path);
    return std::make_unique<File>(*this, path);
  }
  std::string root() const override { return {}; }

 private:
  class File final : public KeptFile {
   public:
    File(const Lines& tree, std::string path) : tree_(tree), path_(std::move(path)) {}
    Result<std::size_t> read(char* buffer, std::size_t capacity) override {
      return tree_.read(path_)->copy(buffer, capacity);
    }

   private:
    const Lines& tree_;
    std::string path_;
  };

  static tl::unexpected<Error> none(const std::string& path) {
    return fail(ErrorKind::no_reading, "file.missing", path);
  }

  std::vector<std::string_view> lines_;
  std::size_t turn_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto tree =
      std::make_shared<Lines>(std::string_view(reinterpret_cast<const char*>(data), size));
  FakeClock clock;
  const Discovery found = probe_board(tree, clock);
  for (int turn = 0; turn < 4; ++turn) {
    tree->turn();
    for (const auto& sensor : found.sensors) {
      const auto reading = sensor->read();
      if (!reading && !reading.error().code.starts_with("sensor.")) std::abort();
      if (!reading || sensor->info().kind != SensorKind::power_gauge) continue;
      if (reading->counts > 8 * static_cast<std::uint64_t>(kMostMicrowatts)) std::abort();
    }
  }
  return 0;
}
