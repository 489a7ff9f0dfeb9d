#include "sensor/board/chip_coverage.h"

#include <algorithm>
#include <array>

#include "core/text.h"
#include "sensor/board/value_file.h"

namespace joulebook {
namespace {

using Known = Coverage::Known;

// The kernel's pmbus drivers of mains power supplies (Documentation/hwmon: bel-pfe, ibm-cffps,
// fsp-3y, dps920ab, bpa-rs600, acbel-fsg032, crps, d1u74t, aps-379): label "pin" is the mains side.
// A voltage regulator has a "pin" too, so the chip must be known.
constexpr std::array<std::string_view, 14> kSupplies{
    "pfe1100", "pfe3000", "cffps1",    "cffps2",    "ibm_cffps", "ym2151e", "yh5151e",
    "dps920ab", "bpa_rs600", "bpd_rs600", "fsg032", "crps",   "d1u74t",  "aps_379"};

// Read by the processors' floor from the same files.
constexpr std::array<std::string_view, 2> kOfProcessors{"amd_energy", "amd_hsmp_hwmon"};

template <std::size_t N>
bool listed(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

Coverage known(std::string domain, std::string device, std::string name) {
  return {Known::yes, std::move(domain), std::move(device), std::move(name), {}, true};
}

// NVIDIA Grace Performance Tuning Guide, "Power Telemetry": the OEM text of each ACPI meter.
// Module: CPU, its memory, GPU, HBM and regulators; Grace: CPU, its memory and regulators; CPU and
// SysIO: the core and SoC rails within.
Coverage grace(std::string_view label) {
  struct Row {
    std::string_view prefix;
    std::string_view kind;
  };
  static constexpr std::array<Row, 4> kRows{Row{"Module Power Socket ", "superchip"},
                                            Row{"Grace Power Socket ", "socket"},
                                            Row{"CPU Power Socket ", "core"},
                                            Row{"SysIO Power Socket ", "uncore"}};
  for (const Row& row : kRows) {
    if (!label.starts_with(row.prefix)) continue;
    const std::string socket(label.substr(row.prefix.size()));
    if (!parse_uint(socket)) return {};
    return known(std::string(row.kind) + ":" + socket, "cpu", std::string(label));
  }
  return {};
}

// ACPI 6.5, 10.4: what a meter measures is its _PMD list, shown as links in measures/; none, or the
// system bus, is the whole machine. Intel's Node Manager says so in words.
Coverage acpi_meter(const FileTree& files, const HwmonChip& chip, const HwmonChannel& channel) {
  if (Coverage socket = grace(channel.label); socket.known == Known::yes) return socket;
  const bool total =
      channel.label.empty() || lower(channel.label).find("total") != std::string::npos;
  const bool battery = value_at(files, chip.at("power" + std::to_string(channel.number) +
                                               "_is_battery")) == 1;
  const auto measured = files.list(chip.at("measures"));
  const bool parts = measured && std::any_of(measured->begin(), measured->end(),
                                             [](const std::string& name) {
                                               return !name.starts_with("LNXSY");
                                             });
  if (!total || battery || parts) return {};
  return known("node:acpi", "cpu", "ACPI power meter");
}

Coverage rail(const JetsonBoard& board, const HwmonChannel& channel) {
  const JetsonRail* rail = board.rail(channel.label);
  if (rail == nullptr) return {};
  const std::string label(rail->label);
  Coverage coverage{Known::yes,
                    rail->whole ? "node:0" : "rail:" + label,
                    "cpu",
                    label + " (" + std::string(rail->feeds) + ")",
                    {},
                    rail->whole};
  for (const JetsonRail& other : board.rails) {
    if (other.inside == label && !rail->whole) {
      coverage.contains.push_back("rail:" + std::string(other.label));
    }
  }
  return coverage;
}

// Documentation/ABI/testing/sysfs-driver-intel-{i915,xe}-hwmon: channel 1 is the card, 2 its
// package; labels, where there are, say the same. i915_gtN are tiles, inside i915's channel 1.
Coverage intel_gpu(const HwmonChip& chip, const HwmonChannel& channel) {
  const std::string at = "PCI-" + chip.address;
  const std::string device = "gpu:" + at;
  if (chip.name.starts_with("i915_gt")) return {.known = Known::elsewhere};
  if (channel.kind != HwmonChannel::Kind::energy) return {};
  const bool labelled = channel.label == "card" || channel.label == "pkg";
  if (!channel.label.empty() && !labelled) return {};
  const bool package = labelled ? channel.label == "pkg" : channel.number == 2;
  Coverage coverage = known(device, device, "Intel GPU " + chip.address);
  const bool card_too = std::any_of(chip.channels.begin(), chip.channels.end(), [&](const auto& c) {
    return c.kind == HwmonChannel::Kind::energy && c.number != channel.number;
  });
  if (package) coverage.name += card_too ? " (package)" : " (package; no counter of the card)";
  if (package && card_too) coverage.domain = "gpu-package:" + at;
  return coverage;
}

// Documentation/gpu/amdgpu: power1 is the board's socket power; "on APUs this includes the CPU".
// An APU is known by its second voltage, vddnb.
Coverage amd_gpu(const FileTree& files, const HwmonChip& chip, const HwmonChannel& channel) {
  if (text_at(files, chip.at("in1_label")) == "vddnb" || channel.number != 1) return {};
  const std::string device = "gpu:PCI-" + chip.address;
  return known(device, device, "AMD GPU " + chip.address);
}

}  // namespace

Coverage coverage_of(const FileTree& files, const HwmonChip& chip, const HwmonChannel& channel,
                     const JetsonBoard* board) {
  if (listed(kOfProcessors, chip.name)) return {.known = Known::elsewhere};
  if (chip.name == "power_meter") return acpi_meter(files, chip, channel);
  if (listed(kSupplies, chip.name)) {
    const bool input = channel.label.starts_with("pin");
    return {.known = input ? Known::supply : Known::elsewhere};
  }
  if (chip.name == "amdgpu") return amd_gpu(files, chip, channel);
  if (chip.name == "xe" || chip.name.starts_with("i915")) return intel_gpu(chip, channel);
  if (board != nullptr && is_rail_monitor(chip)) return rail(*board, channel);
  return {};
}

}  // namespace joulebook
