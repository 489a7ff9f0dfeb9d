#include "sensor/board/hwmon.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "core/text.h"
#include "sensor/board/value_file.h"

namespace joulebook {
namespace {

constexpr const char* kClass = "/sys/class/hwmon";
constexpr const char* kDrivers = "/sys/bus/i2c/drivers";

// 12 of "power12_average" for the prefix "power" and the suffix "_average".
std::optional<int> number_in(std::string_view file, std::string_view prefix,
                             std::string_view suffix) {
  if (!file.starts_with(prefix) || !file.ends_with(suffix)) return std::nullopt;
  if (file.size() <= prefix.size() + suffix.size()) return std::nullopt;
  file.remove_prefix(prefix.size());
  file.remove_suffix(suffix.size());
  const auto number = parse_uint(file);
  if (!number || *number > 9999) return std::nullopt;
  return static_cast<int>(*number);
}

bool listed(const std::vector<std::string>& files, const std::string& name) {
  return std::binary_search(files.begin(), files.end(), name);
}

std::string numbered(std::string_view prefix, int number, std::string_view suffix) {
  return std::string(prefix) + std::to_string(number) + std::string(suffix);
}

// hwmon shows chargers and batteries again, by their power_supply device.
bool is_power_supply(const FileTree& files, const std::string& folder) {
  static constexpr std::array<std::string_view, 6> kTypes{"Battery", "Mains",    "USB",
                                                          "UPS",     "Wireless", "Unknown"};
  const std::string type = text_at(files, folder + "/device/type");
  return std::find(kTypes.begin(), kTypes.end(), type) != kTypes.end();
}

class ChipReader {
 public:
  // `address` stands in where the chip has no link to its device.
  ChipReader(const FileTree& files, std::string folder, std::string address)
      : files_(files), folder_(std::move(folder)), address_(std::move(address)) {}

  std::optional<HwmonChip> run() {
    chip_.name = text_at(files_, folder_ + "/name");
    // Drivers of the older kind (the ACPI power meter) keep name and values on the device.
    if (chip_.name.empty()) chip_.name = text_at(files_, folder_ + "/device/name");
    if (is_power_supply(files_, folder_)) return std::nullopt;
    chip_.address = link_name(files_, folder_ + "/device");
    if (chip_.address.empty()) chip_.address = address_;
    for (const std::string& path : {folder_, folder_ + "/device"}) {
      const auto names = files_.list(path);
      if (!names) continue;
      chip_.path = path;
      collect(*names);
      if (!chip_.channels.empty()) return std::move(chip_);
    }
    return std::nullopt;
  }

 private:
  void collect(const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      if (const auto n = number_in(name, "energy", "_input")) {
        add(HwmonChannel::Kind::energy, *n, numbered("energy", *n, ""), name,
            numbered("energy", *n, "_label"));
      } else if (const auto m = number_in(name, "power", "_average")) {
        add(HwmonChannel::Kind::average, *m, numbered("power", *m, ""), name,
            label_of_power(names, *m));
      } else if (const auto k = number_in(name, "power", "_input")) {
        // The average sees all the time, so it is preferred where both are there.
        if (listed(names, numbered("power", *k, "_average"))) continue;
        add(HwmonChannel::Kind::power, *k, numbered("power", *k, ""), name,
            label_of_power(names, *k));
      }
    }
    if (chip_.channels.empty()) pair(names);
    std::sort(chip_.channels.begin(), chip_.channels.end(),
              [](const HwmonChannel& a, const HwmonChannel& b) {
                return std::tie(a.kind, a.number) < std::tie(b.kind, b.number);
              });
  }

  static std::string label_of_power(const std::vector<std::string>& names, int number) {
    const std::string label = numbered("power", number, "_label");
    return listed(names, label) ? label : numbered("power", number, "_oem_info");
  }

  void add(HwmonChannel::Kind kind, int number, std::string key, const std::string& file,
           const std::string& label) {
    chip_.channels.push_back({.kind = kind,
                              .number = number,
                              .key = std::move(key),
                              .file = file,
                              .times = "",
                              .label = text_at(files_, chip_.at(label))});
  }

  void pair(const std::vector<std::string>& names) {
    for (const VoltageCurrent& each : pairs_of(chip_.name)) {
      const std::string voltage = numbered("in", each.voltage, "_input");
      const std::string current = numbered("curr", each.current, "_input");
      if (!listed(names, voltage) || !listed(names, current)) continue;
      add(HwmonChannel::Kind::product, each.voltage, numbered("in", each.voltage, ""), voltage,
          numbered("in", each.voltage, "_label"));
      chip_.channels.back().times = current;
    }
  }

  const FileTree& files_;
  std::string folder_;
  std::string address_;
  HwmonChip chip_;
};

// NVIDIA's ina3221x driver of Linux for Tegra up to 32.x: mW by rail under an iio device.
HwmonChip iio_chip(const FileTree& files, const std::string& folder, const std::string& address) {
  HwmonChip chip{.path = folder, .name = "ina3221x", .address = address, .channels = {}};
  for (int n = 0; n < 3; ++n) {
    const std::string file = numbered("in_power", n, "_input");
    if (!files.exists(chip.at(file))) continue;
    chip.channels.push_back({.kind = HwmonChannel::Kind::power,
                             .number = n,
                             .key = numbered("in_power", n, ""),
                             .file = file,
                             .times = "",
                             .label = text_at(files, chip.at(numbered("rail_name_", n, ""))),
                             .factor = 1000});
  }
  return chip;
}

class ChipWalk {
 public:
  explicit ChipWalk(const FileTree& files) : files_(files) {}

  std::vector<HwmonChip> run() {
    for (const std::string& name : names_in(kClass)) enter(std::string(kClass) + "/" + name, name);
    for (const std::string& driver : names_in(kDrivers)) {
      if (!driver.starts_with("ina3221")) continue;
      const std::string folder = std::string(kDrivers) + "/" + driver;
      for (const std::string& device : names_in(folder)) {
        enter_device(folder + "/" + device, device);
      }
    }
    std::stable_sort(chips_.begin(), chips_.end(), [](const HwmonChip& a, const HwmonChip& b) {
      return std::tie(a.name, a.address) < std::tie(b.name, b.address);
    });
    return std::move(chips_);
  }

 private:
  std::vector<std::string> names_in(const std::string& folder) const {
    auto names = files_.list(folder);
    return names ? std::move(*names) : std::vector<std::string>{};
  }

  void enter(const std::string& folder, const std::string& address) {
    if (auto chip = ChipReader(files_, folder, address).run()) keep(std::move(*chip));
  }

  void enter_device(const std::string& folder, const std::string& device) {
    for (const std::string& name : names_in(folder + "/hwmon")) {
      enter(folder + "/hwmon/" + name, device);
    }
    for (const std::string& name : names_in(folder)) {
      if (name.starts_with("iio:device") || name.starts_with("iio_device")) {
        keep(iio_chip(files_, folder + "/" + name, device));
      }
    }
  }

  // A chip that was met by another way is one chip.
  void keep(HwmonChip chip) {
    const bool known = std::any_of(chips_.begin(), chips_.end(), [&](const HwmonChip& other) {
      return other.name == chip.name && other.address == chip.address;
    });
    if (!known && !chip.channels.empty()) chips_.push_back(std::move(chip));
  }

  const FileTree& files_;
  std::vector<HwmonChip> chips_;
};

}  // namespace

std::string HwmonChip::id_of(const HwmonChannel& channel) const {
  return "hwmon:" + name + "@" + address + ":" + channel.key;
}

std::vector<HwmonChip> list_hwmon_chips(const FileTree& files) { return ChipWalk(files).run(); }

}  // namespace joulebook
