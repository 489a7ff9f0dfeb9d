#include <algorithm>
#include <set>
#include <utility>

#include "core/text.h"
#include "sensor/board/board_sensor.h"
#include "sensor/board/chip_coverage.h"
#include "sensor/board/channel_traits.h"
#include "sensor/board/probe.h"
#include "sensor/containment.h"

namespace joulebook {
namespace {

using Kind = HwmonChannel::Kind;
using Known = Coverage::Known;

constexpr std::string_view kSubject = "hwmon";

class Probe {
 public:
  Probe(const FileTree& files, Clock& clock, const ChipNames& named)
      : files_(files), clock_(clock), named_(named), chips_(list_hwmon_chips(files)) {}

  Discovery run() {
    board_ = jetson_board(chips_);
    for (const HwmonChip& chip : chips_) {
      for (const HwmonChannel& channel : chip.channels) place(chip, channel);
      tell_unknown(chip);
    }
    add_supplies();
    forbid();
    return std::move(found_);
  }

 private:
  void tell(Finding::Level level, Reason reason) {
    found_.findings.push_back({level, std::string(kSubject), std::move(reason)});
  }

  void place(const HwmonChip& chip, const HwmonChannel& channel) {
    Coverage coverage = coverage_of(files_, chip, channel, board_);
    const std::string id = chip.id_of(channel);
    if (const auto own = named_.find(id); own != named_.end()) {
      coverage = {
          .known = Known::yes, .domain = own->second, .device = "cpu", .name = channel.label};
    }
    if (coverage.known == Known::elsewhere) return;
    if (coverage.known == Known::supply) return supplies_.push_back({&chip, &channel});
    if (coverage.known == Known::no) coverage = unknown(chip, channel);
    if (coverage.name.empty()) coverage.name = chip.name + " at " + chip.address;
    open(chip, channel, coverage);
  }

  Coverage unknown(const HwmonChip& chip, const HwmonChannel& channel) {
    const std::string label = channel.label.empty() ? "" : " \"" + channel.label + "\"";
    Coverage coverage{.known = Known::no,
                      .domain = "chip:" + chip.name + "." + std::to_string(ordinals_[chip.name]),
                      .device = "chip",
                      .name = chip.name + " at " + chip.address + label};
    if (!twin_of_energy(chip, channel)) ++ordinals_[chip.name];
    if (twin_of_energy(chip, channel) && !last_unknown_.empty()) coverage.domain = last_unknown_;
    last_unknown_ = coverage.domain;
    return coverage;
  }

  // The power that a chip tells beside the energy of the same channel.
  static bool twin_of_energy(const HwmonChip& chip, const HwmonChannel& channel) {
    return channel.kind != Kind::energy &&
           std::any_of(chip.channels.begin(), chip.channels.end(), [&](const HwmonChannel& other) {
             return other.kind == Kind::energy && other.number == channel.number;
           });
  }

  void open(const HwmonChip& chip, const HwmonChannel& channel, const Coverage& coverage) {
    BoardSensorSpec spec{.info = describe_channel(files_, chip, channel), .terms = {}};
    spec.info.domain = coverage.domain;
    if (twin_of_energy(chip, channel)) spec.info.domain += kGaugeSuffix;
    if (taken_.contains(spec.info.domain)) spec.info.domain += "." + chip.address;
    spec.info.name = coverage.name;
    spec.info.device = coverage.device;
    spec.info.contains = coverage.contains;
    spec.never_zero = coverage.never_zero;
    if (!add_term(chip, channel, spec)) return;
    const bool is_unknown = coverage.known == Known::no;
    if (keep(std::move(spec)) && is_unknown) unnamed_.push_back(chip.id_of(channel));
  }

  bool add_term(const HwmonChip& chip, const HwmonChannel& channel, BoardSensorSpec& spec) {
    auto value = open_file(chip.at(channel.file), spec.info);
    if (!value) return false;
    BoardTerm term{.value = std::move(*value), .factor = channel.factor};
    if (!channel.times.empty()) {
      auto times = open_file(chip.at(channel.times), spec.info);
      if (!times) return false;
      term.times = std::move(*times);
    }
    spec.terms.push_back(std::move(term));
    return true;
  }

  std::optional<ValueFile> open_file(const std::string& path, const SensorInfo& info) {
    auto file = ValueFile::open(files_, path);
    if (file) return std::move(*file);
    refuse(file.error(), info, path);
    return std::nullopt;
  }

  void refuse(const Error& error, const SensorInfo& info, const std::string& path) {
    if (error.code == "file.permission" || error.code == "sensor.permission") {
      forbidden_.push_back(files_.root() + path);
      return;
    }
    const Error reason = as_sensor_error(error, info);
    const bool whole = info.domain.starts_with("node") || info.domain.starts_with("wall");
    tell(whole ? Finding::Level::problem : Finding::Level::note,
         {reason.code, reason.message, reason.cure});
  }

  // True where it reads now: what does not is a finding and no sensor.
  bool keep(BoardSensorSpec spec) {
    const std::string domain = spec.info.domain;
    const std::string path = spec.terms.front().value.path();
    auto sensor = make_board_sensor(std::move(spec), clock_);
    const auto first = sensor->read();
    if (!first) {
      refuse(first.error(), sensor->info(), path);
      return false;
    }
    if (first->counts == 0) {
      tell(Finding::Level::note,
           {"sensor.zero", sensor->info().name + " (" + sensor->info().id + ") reads 0",
            "see whether it moves under load; it may be switched off or not wired"});
    }
    taken_.insert(domain);
    found_.sensors.push_back(std::move(sensor));
    return true;
  }

  void tell_unknown(const HwmonChip& chip) {
    if (unnamed_.empty()) return;
    tell(Finding::Level::note,
         {"sensor.unknown_chip",
          chip.name + " at " + chip.address +
              " measures power, but nothing says what draws it: it enters no total (" +
              join(unnamed_, ", ") + ")",
          "find the wire it sits on and name it in the settings: sensors = \"" + unnamed_.front() +
              "=KIND:NAME\", for example rail:ssd, or node:board for the whole machine"});
    unnamed_.clear();
  }

  // Every supply that reads now is one addend of what the machine takes from the wall. One that is
  // unplugged or empty is left out, with a finding.
  void add_supplies() {
    BoardSensorSpec all;
    std::vector<std::string> names;
    for (const auto& [chip, channel] : supplies_) {
      BoardSensorSpec one{.info = describe_channel(files_, *chip, *channel)};
      one.info.domain = "wall:psu";
      one.info.name = "power supply " + chip->address;
      if (!add_term(*chip, *channel, one)) continue;
      auto trial = make_board_sensor(std::move(one), clock_);
      if (const auto first = trial->read(); !first) {
        refuse(first.error(), trial->info(), chip->at(channel->file));
        continue;
      }
      const double watts = all.info.max_watts + trial->info().max_watts;
      const bool stated = trial->info().max_watts > 0 && (names.empty() || all.info.max_watts > 0);
      if (names.empty()) all.info = trial->info();
      all.info.max_watts = stated ? watts : 0;
      if (add_term(*chip, *channel, all)) names.push_back(chip->name + "@" + chip->address);
    }
    if (names.empty()) return;
    all.info.id = "hwmon:psu:" + join(names, "+");
    all.info.name = std::to_string(names.size()) + " power supply input(s)";
    all.info.device = "cpu";
    all.info.method = "mains input of every power supply (pmbus), integrated";
    all.never_zero = true;
    keep(std::move(all));
  }

  void forbid() {
    if (forbidden_.empty()) return;
    tell(Finding::Level::problem,
         {"sensor.permission",
          std::to_string(forbidden_.size()) + " hwmon value(s) may not be read by this user",
          "sudo chmod a+r " + join(forbidden_, " ") + "   (until the next boot), or run as root"});
  }

  const FileTree& files_;
  Clock& clock_;
  const ChipNames& named_;
  std::vector<HwmonChip> chips_;
  const JetsonBoard* board_ = nullptr;
  std::map<std::string, int> ordinals_;
  std::string last_unknown_;
  std::set<std::string> taken_;
  std::vector<std::string> unnamed_;
  std::vector<std::string> forbidden_;
  std::vector<std::pair<const HwmonChip*, const HwmonChannel*>> supplies_;
  Discovery found_;
};

}  // namespace

Discovery probe_hwmon(const FileTree& files, Clock& clock, const ChipNames& named) {
  return Probe(files, clock, named).run();
}

}  // namespace joulebook
