#include "physics/serving/machines.h"

#include <fmt/format.h>

#include <vector>

#include "core/text.h"

namespace joulebook::serving {
namespace {

constexpr double kGB = 1e9, kT = 1e12;

Device device(const char* name, Kind kind, double gb_s, double tflops16, double tflops8,
              double watts, double gb, bool fitted = false) {
  return {name, kind, gb_s * kGB, tflops16 * kT, tflops8 * kT, watts, gb * kGB, fitted};
}

// Data sheets, dense rates: data/hardware.csv of the project's research, its sources named there.
const std::vector<Device>& table() {
  using enum Kind;
  static const std::vector<Device> devices{
      device("H100 SXM", h100, 3350, 989.4, 1978.9, 700, 80, true),
      device("B200", b200, 8000, 2250, 4500, 1000, 180, true),
      device("A100 SXM 40GB", a100, 1555, 312, 312, 400, 40, true),
      device("A40", a40, 696, 149.7, 149.7, 300, 48, true),
      device("V100 SXM2", v100, 900, 125, 125, 300, 32, true),
      device("A100 SXM 80GB", a100, 2039, 312, 312, 400, 80),
      device("A100 PCIe 80GB", a100, 1935, 312, 312, 300, 80),
      device("H100 PCIe", h100, 2000, 756, 1513, 350, 80),
      device("H100 NVL", h100, 3938, 835.5, 1670.5, 400, 94),
      device("H800 SXM", h100, 3350, 989, 1979, 700, 80),
      device("H200 SXM", h100, 4800, 989.5, 1979, 700, 141),
      device("MI300X", h100, 5300, 1307.4, 2614.9, 750, 192),
      device("MI250X", a100, 3277, 383, 383, 560, 128),
      device("L4", a40, 300, 121, 242, 72, 24),
      device("L40S", a40, 864, 362, 733, 350, 48),
      device("T4", v100, 320, 65, 65, 70, 16),
      device("RTX 3090", a40, 936, 71, 71, 350, 24),
      device("RTX 4070", a40, 504, 58.3, 116.6, 200, 12),
      device("RTX 4090", a40, 1008, 165.2, 330.3, 450, 24),
      device("RTX 5090", a40, 1792, 209.5, 419, 575, 32),
  };
  return devices;
}

// Every word of `entry` is in `asked`, or the other way round.
bool names(std::string_view asked, std::string_view entry) {
  for (const auto word : split(entry, ' ')) {
    if (asked.find(word) == std::string_view::npos) return false;
  }
  return true;
}

// The data's spellings, and memory sizes that leave no choice.
std::string plain(std::string_view name) {
  std::string text = lower(trim(name));
  for (const std::string_view drop : {"nvidia", "amd instinct", "geforce"}) {
    if (const auto at = text.find(drop); at != std::string::npos) text.erase(at, drop.size());
  }
  for (char& c : text) {
    if (c == '-' || c == '_') c = ' ';
  }
  return std::string(trim(text));
}

}  // namespace

std::span<const Device> all_devices() { return table(); }

Result<Device> find_device(std::string_view name) {
  const std::string asked = plain(name);
  std::vector<std::string> known;
  const Device* found = nullptr;
  for (const Device& d : table()) {
    known.push_back(d.name);
    const std::string entry = lower(d.name);
    if (entry == asked) return d;
    // The longest entry whose words are all there; else the first that begins with what was asked.
    if (names(asked, entry) && (!found || d.name.size() > found->name.size())) found = &d;
  }
  if (found) return *found;
  for (const Device& d : table()) {
    const std::string entry = lower(d.name);
    const std::string head = entry.substr(0, entry.find(' '));
    const bool spelt_out = head == "rtx" ? asked.size() > 3 && entry.starts_with(asked)
                                         : split(asked, ' ')[0] == head;
    if (spelt_out) return d;
  }
  const auto near = nearest(asked, known);
  return fail(ErrorKind::input, "gpu.unknown", fmt::format("no data sheet for \"{}\"", name),
              fmt::format("{}name one of: {}", near ? "did you mean " + *near + "? else " : "",
                          join(known, ", ")));
}

}  // namespace joulebook::serving
