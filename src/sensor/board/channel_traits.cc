#include "sensor/board/channel_traits.h"

#include <algorithm>

#include "core/text.h"
#include "sensor/board/value_file.h"

namespace joulebook {
namespace {

using Kind = HwmonChannel::Kind;

// No chip's page states the accuracy of a board: shunt, layout and calibration are the board's. An
// allowance of ours, the same that NVIDIA states for its boards; a stated one is taken where there
// is.
constexpr double kAllowance = 0.05;
// A limit binds the mean, not the moment: an allowance of ours for transients above it.
constexpr double kTransient = 1.5;
// i915 and xe: the energy unit is 2^-14 J (SKU unit register), shown as uJ.
constexpr std::uint64_t kIntelResolution = 61;
// acpi_power_meter: the mean of an interval that nobody states is taken for this, which widens.
constexpr Nanos kAcpiAverage = std::chrono::seconds(1);

bool intel(const HwmonChip& chip) { return chip.name == "xe" || chip.name == "i915"; }

std::string power_file(const HwmonChannel& channel, std::string_view suffix) {
  return "power" + std::to_string(channel.number) + std::string(suffix);
}

// ms of a file; nothing for 0, negative, more than a minute or nothing.
std::optional<Nanos> interval_at(const FileTree& files, const std::string& path) {
  const auto value = value_at(files, path);
  if (!value || *value <= 0 || *value > 60'000) return std::nullopt;
  return std::chrono::milliseconds(*value);
}

// W: the highest limit or rating that the channel states; 0 where it states none.
double highest_limit(const FileTree& files, const HwmonChip& chip, const HwmonChannel& channel) {
  std::int64_t highest = 0;
  for (const char* suffix : {"_cap_max", "_cap", "_max", "_rated_max", "_crit"}) {
    const auto limit = value_at(files, chip.at(power_file(channel, suffix)));
    // Firmware writes absurd limits to mean none.
    if (limit && !is_sentinel(*limit) && *limit < 100'000'000'000) {
      highest = std::max(highest, *limit);
    }
  }
  return kTransient * static_cast<double>(highest) * 1e-6;
}

// "99.0%": ACPI 6.5, 10.4.1 states accuracy, so the error is what is missing to 100 %. A meter that
// claims to make no error at all has not been calibrated: the allowance stands in.
double stated_error(const FileTree& files, const HwmonChip& chip, const HwmonChannel& channel) {
  std::string text = text_at(files, chip.at(power_file(channel, "_accuracy")));
  if (text.ends_with('%')) text.pop_back();
  const auto percent = parse_double(text);
  if (!percent || *percent <= 50 || *percent >= 100) return kAllowance;
  return 1 - *percent / 100;
}

// The ACPI meter shows the mean of an interval; the driver asks it no more often than its sampling
// time, of which the shortest interval is the nearest that is shown.
void describe_acpi(const FileTree& files, const HwmonChip& chip, const HwmonChannel& channel,
                   SensorInfo& info) {
  const auto interval = interval_at(files, chip.at(power_file(channel, "_average_interval")));
  const auto least = interval_at(files, chip.at(power_file(channel, "_average_interval_min")));
  info.averaging = interval.value_or(kAcpiAverage);
  info.tick = least.value_or(info.averaging);
  info.accuracy = stated_error(files, chip, channel);
  info.method = "ACPI power meter, mean of " +
                std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(info.averaging)
                                   .count()) +
                " ms, integrated";
}

// Channels of a chip with several that are switched on; the rest lets the others have its turn.
int channels_on(const FileTree& files, const HwmonChip& chip) {
  int on = 0;
  for (const VoltageCurrent& pair : pairs_of(chip.name)) {
    const auto enabled = value_at(files, chip.at("in" + std::to_string(pair.voltage) + "_enable"));
    if (enabled.value_or(1) != 0) ++on;
  }
  return std::max(on, 1);
}

// One converter takes every quantity in turn: each is seen for its share of the interval only.
void describe_converter(const FileTree& files, const HwmonChip& chip, SensorInfo& info) {
  const Converter converter = converter_of(chip.name);
  if (const auto interval = interval_at(files, chip.at("update_interval"))) {
    info.tick = *interval;
    if (converter.averages_interval) info.averaging = *interval;
  }
  const int channels = static_cast<int>(pairs_of(chip.name).size());
  if (converter.turns > 0) {
    const int turns = converter.turns / std::max(channels, 1) * channels_on(files, chip);
    info.duty = 1.0 / turns;
  }
}

std::string_view method_of(const HwmonChannel& channel) {
  switch (channel.kind) {
    case Kind::energy:
      return "energy counter";
    case Kind::average:
      return "mean power, integrated";
    case Kind::product:
      return "voltage times current, integrated";
    case Kind::power:
      break;
  }
  return "power, integrated";
}

}  // namespace

SensorInfo describe_channel(const FileTree& files, const HwmonChip& chip,
                            const HwmonChannel& channel) {
  SensorInfo info;
  info.id = chip.id_of(channel);
  info.kind =
      channel.kind == Kind::energy ? SensorKind::energy_counter : SensorKind::power_gauge;
  info.scale = 1e-6;
  info.accuracy = kAllowance;
  info.max_watts = highest_limit(files, chip, channel);
  info.method = "hwmon " + chip.name + ": " + std::string(method_of(channel));
  info.resolution = intel(chip) ? kIntelResolution : static_cast<std::uint64_t>(channel.factor);
  if (chip.name == "power_meter") {
    describe_acpi(files, chip, channel, info);
  } else if (channel.kind != Kind::energy) {
    describe_converter(files, chip, info);
  }
  return info;
}

}  // namespace joulebook
