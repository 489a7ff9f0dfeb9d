#include "sensor/remote/meter_lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/text.h"

namespace joulebook {
namespace {

constexpr std::size_t kMostText = 200;

struct Unit {
  std::string_view name;
  SensorKind kind;
  double si;
};
constexpr std::array kUnits{
    Unit{"W", SensorKind::power_gauge, 1},          Unit{"mW", SensorKind::power_gauge, 1e-3},
    Unit{"kW", SensorKind::power_gauge, 1e3},       Unit{"J", SensorKind::energy_counter, 1},
    Unit{"mJ", SensorKind::energy_counter, 1e-3},   Unit{"uJ", SensorKind::energy_counter, 1e-6},
    Unit{"Wh", SensorKind::energy_counter, 3600},   Unit{"mWh", SensorKind::energy_counter, 3.6},
    Unit{"kWh", SensorKind::energy_counter, 3.6e6},
};
constexpr std::array<std::string_view, 3> kDomains{"wall", "node", "psu"};
constexpr std::array<std::string_view, 13> kKeys{
    "domain",   "name",       "kind",  "unit",  "tick",  "accuracy", "max",
    "averages", "resolution", "clock", "delay", "wraps", "sentinel"};

std::string shown(std::string_view text) { return valid_utf8(text.substr(0, kMostText)); }

// A number in a range, or nothing.
std::optional<double> number(std::string_view text, double least, double most) {
  const auto x = parse_double(text);
  if (!x || !(*x >= least && *x <= most)) return std::nullopt;
  return x;
}

bool good_domain(std::string_view text) {
  const auto colon = text.find(':');
  const std::string_view kind = text.substr(0, colon);
  const std::string_view instance = colon == text.npos ? "" : text.substr(colon + 1);
  const auto plain = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
  };
  return std::find(kDomains.begin(), kDomains.end(), kind) != kDomains.end() &&
         !instance.empty() && instance.size() <= 32 &&
         std::all_of(instance.begin(), instance.end(), plain);
}

int decimals_of(std::string_view text) {
  const auto point = text.find('.');
  if (point == text.npos) return 0;
  const auto end = text.find_first_not_of("0123456789", point + 1);
  return static_cast<int>(std::min(end, text.size()) - point - 1);
}

// "VALUE", "TIMESTAMP VALUE" or "value=... time=...": nothing where it is none of them.
std::optional<LineReading> parse_reading(std::string_view line) {
  std::string_view value;
  std::string_view time;
  if (line.find('=') != line.npos) {
    for (const std::string_view part : split(line, ' ')) {
      if (part.starts_with("value=")) value = part.substr(6);
      if (part.starts_with("time=")) time = part.substr(5);
    }
  } else if (const auto space = line.find_first_of(" \t"); space != line.npos) {
    time = line.substr(0, space);
    value = trim(line.substr(space));
  } else {
    value = line;
  }
  if (value.starts_with('+')) value.remove_prefix(1);
  LineReading reading;
  const auto parsed = parse_double(value);
  if (!parsed) return std::nullopt;
  reading.value = *parsed;
  reading.decimals = decimals_of(value);
  if (time.empty()) return reading;
  reading.time = number(time, 0, 9e9);
  if (!reading.time) return std::nullopt;
  return reading;
}

}  // namespace

std::optional<Nanos> parse_duration(std::string_view text) {
  const auto end = text.find_first_not_of("0123456789.");
  if (end == text.npos || end == 0) return std::nullopt;
  const std::string_view unit = trim(text.substr(end));
  const double scale = unit == "s"     ? 1e9
                       : unit == "ms"  ? 1e6
                       : unit == "us"  ? 1e3
                       : unit == "min" ? 60e9
                                       : 0;
  const auto x = number(text.substr(0, end), 0, 86'400);
  if (!x || scale == 0 || *x * scale > 86'400e9) return std::nullopt;
  return Nanos(static_cast<std::int64_t>(*x * scale));
}

std::optional<std::uint64_t> to_counts(double value, double resolution) {
  const double steps = value / resolution;
  if (!std::isfinite(steps) || steps < 0 || steps > 9e15) return std::nullopt;
  return static_cast<std::uint64_t>(std::floor(steps + 1e-6));
}

std::optional<std::string> MeterLines::header_line(std::string_view key, std::string_view value) {
  const auto positive = [&](double& to, double most) -> std::optional<std::string> {
    const auto x = number(value, 1e-12, most);
    if (!x) return "is no number above 0";
    to = *x;
    return std::nullopt;
  };
  const auto duration = [&](Nanos& to, Nanos least) -> std::optional<std::string> {
    const auto d = parse_duration(value);
    if (!d || *d < least) return "is no duration such as 1s or 250ms";
    to = *d;
    return std::nullopt;
  };
  if (key == "domain") {
    if (!good_domain(value)) return "is none of wall:N, node:N, psu:N";
    header_.domain = value;
  } else if (key == "name") {
    header_.name = shown(value);
  } else if (key == "kind") {
    if (value != "power" && value != "energy") return "is neither power nor energy";
    header_.kind = value == "power" ? SensorKind::power_gauge : SensorKind::energy_counter;
  } else if (key == "unit") {
    const auto unit = std::find_if(kUnits.begin(), kUnits.end(),
                                   [&](const Unit& u) { return u.name == value; });
    if (unit == kUnits.end()) return "is none of W, mW, kW, J, mJ, uJ, Wh, mWh, kWh";
    header_.unit = unit->si;
    header_.unit_name = value;
    header_.unit_stated = true;
  } else if (key == "clock") {
    if (value != "unix" && value != "monotonic" && value != "foreign") {
      return "is none of unix, monotonic, foreign";
    }
    header_.clock = value == "unix"        ? LineClock::unix_time
                    : value == "monotonic" ? LineClock::monotonic
                                           : LineClock::foreign;
  } else if (key == "tick") {
    return duration(header_.tick, Nanos(100'000));
  } else if (key == "averages") {
    return duration(header_.averaging, Nanos(0));
  } else if (key == "delay") {
    return duration(header_.delay, Nanos(0));
  } else if (key == "accuracy") {
    return positive(header_.accuracy, 0.99);
  } else if (key == "max") {
    return positive(header_.max_watts, 1e9);
  } else if (key == "resolution") {
    return positive(header_.resolution, 1e9);
  } else if (key == "wraps") {
    return positive(header_.wraps, 1e15);
  } else if (key == "sentinel") {
    const auto x = parse_double(value);
    if (!x || !std::isfinite(*x)) return "is no number";
    if (header_.sentinels.size() == kMostSentinels) return "is one too many";
    header_.sentinels.push_back(*x);
  }
  return std::nullopt;
}

MeterLines::Line MeterLines::take(std::string_view line) {
  line = trim(line);
  if (line.empty() || line.front() == '#') return {};
  const auto space = line.find_first_of(" \t");
  const std::string_view key = line.substr(0, space);
  const std::string_view rest = space == line.npos ? std::string_view{} : trim(line.substr(space));
  if (key == "joulebook-meter") {
    if (rest == "1" && !done_) {
      header_.versioned = true;
    } else if (wrong_.empty()) {
      wrong_ = "the first line must be 'joulebook-meter 1'";
    }
    return {};
  }
  if (key == "error") {
    done_ = true;
    return {Line::Kind::error, {}, rest.empty() ? "error" : shown(rest)};
  }
  if (std::find(kKeys.begin(), kKeys.end(), key) != kKeys.end()) {
    if (done_) return {Line::Kind::malformed, {}, "a header line after the first reading"};
    const auto wrong = header_line(key, rest);
    if (wrong && wrong_.empty()) wrong_ = fmt::format("'{}' {}", shown(line), *wrong);
    return {};
  }
  done_ = true;
  if (const auto reading = parse_reading(line)) return {Line::Kind::reading, *reading, {}};
  return {Line::Kind::malformed, {}, fmt::format("'{}' is no reading", shown(line))};
}

Status MeterLines::check_header() const {
  std::string wrong = wrong_;
  const auto unit = std::find_if(kUnits.begin(), kUnits.end(),
                                 [&](const Unit& u) { return u.name == header_.unit_name; });
  if (wrong.empty() && !header_.versioned) wrong = "the first line must be 'joulebook-meter 1'";
  if (wrong.empty() && !header_.unit_stated) wrong = "no unit is stated";
  if (wrong.empty() && unit->kind != header_.kind) {
    wrong = fmt::format("{} is no unit of {}", header_.unit_name,
                        header_.kind == SensorKind::power_gauge ? "power" : "energy");
  }
  if (wrong.empty()) return {};
  return fail(ErrorKind::no_reading, "sensor.malformed", "its header is wrong: " + wrong,
              "docs/formats/meter-lines.md shows what a meter must print");
}

void LineCutter::feed(std::string_view bytes, const OnLine& on_line) {
  while (!bytes.empty()) {
    const auto end = bytes.find('\n');
    const std::string_view piece = bytes.substr(0, end);
    if (!dropping_) {
      const std::size_t room = MeterLines::kLongestLine - held_.size();
      held_ += piece.substr(0, room);
      dropping_ = piece.size() > room;
    }
    if (end == bytes.npos) return;
    on_line(held_, dropping_);
    held_.clear();
    dropping_ = false;
    bytes.remove_prefix(end + 1);
  }
}

}  // namespace joulebook
