#pragma once
// Chips of /sys/class/hwmon (Documentation/hwmon/sysfs-interface.rst of the kernel): what each
// offers that tells power or energy. What it covers is chip_coverage.h; the factory is probe_board
// (discover.h); this header is for tests and for the files of this floor.
#include <cstdint>
#include <string>
#include <vector>

#include "core/file_tree.h"

namespace joulebook {

// One quantity of a chip: channel N with the files that tell it.
struct HwmonChannel {
  enum class Kind {
    energy,   // energyN_input, uJ since some start
    average,  // powerN_average, uW over a window
    power,    // powerN_input, uW
    product,  // inN_input x currM_input, mV x mA
  };
  Kind kind = Kind::power;
  int number = 0;
  std::string key;          // as its id names it: "power1", "in2", "in_power0"
  std::string file;         // "power1_average"
  std::string times;        // product only: "curr1_input"
  std::string label;        // powerN_label, energyN_label, inN_label, powerN_oem_info; may be empty
  std::int64_t factor = 1;  // to uJ or uW
};

struct HwmonChip {
  std::string path;     // the folder of its values: "/sys/class/hwmon/hwmon3" or ".../device"
  std::string name;     // "ina3221"
  std::string address;  // of its device, the same at every boot: "1-0040", "0000:03:00.0"
  std::vector<HwmonChannel> channels;  // sorted by kind, then by number

  // "hwmon:ina3221@1-0040:in1": the id of a channel's sensor.
  [[nodiscard]] std::string id_of(const HwmonChannel& channel) const;
  [[nodiscard]] std::string at(const std::string& file) const { return path + "/" + file; }
};

// Every chip with at least one channel, sorted by name and address: those of /sys/class/hwmon,
// those that only the I2C drivers' folders show (/sys/bus/i2c/drivers/ina3221*/*/hwmon), and
// NVIDIA's older driver, which keeps the values under iio (ina3221x/*/iio:device*, in_powerN_input
// in mW). Power supplies that hwmon shows again (their type says so) are left out: the battery
// probe reads them.
[[nodiscard]] std::vector<HwmonChip> list_hwmon_chips(const FileTree& files);

// Which voltage belongs to which current, by chip: hwmon numbers each kind of value apart, so equal
// numbers mean nothing in general. Empty for a chip that is not in the table.
struct VoltageCurrent {
  int voltage = 0;
  int current = 0;
};
[[nodiscard]] std::vector<VoltageCurrent> pairs_of(std::string_view chip);

// What a chip's datasheet says of its converter; all 0 where it is not known.
struct Converter {
  int turns = 0;  // quantities that the converter takes in turn, over all channels
  bool averages_interval = false;  // update_interval is the time over which a value is averaged
};
[[nodiscard]] Converter converter_of(std::string_view chip);

}  // namespace joulebook
