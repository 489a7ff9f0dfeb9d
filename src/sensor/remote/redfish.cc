#include "sensor/remote/redfish.h"

#include <fmt/format.h>

#include <cmath>

#include "core/text.h"
#include "sensor/containment.h"
#include "sensor/remote/times.h"

namespace joulebook {
namespace {

constexpr std::size_t kMostMembers = 32;
constexpr std::size_t kLongestPath = 512;
constexpr std::string_view kAverageSuffix = ".average";  // the mean of minutes beside the power
constexpr Nanos kAveragePace = std::chrono::seconds(10);
// A BMC takes its power from IPMI's fields of 16 and 32 bits: all ones stand for "not known".
constexpr std::uint64_t kNoMeter[] = {0xffff, 0xffff'ffff};  // W

// Counts are W / step.
void set_step(SensorInfo& info, double step) {
  info.scale = step;
  info.sentinels.clear();
  for (const std::uint64_t watts : kNoMeter) {
    info.sentinels.push_back(static_cast<std::uint64_t>(std::llround(static_cast<double>(watts) / step)));
  }
}

SensorInfo power_info(const std::string& id, const std::string& from) {
  SensorInfo info;
  info.id = id + ":power";
  info.domain = "node:0";
  info.name = "BMC";
  info.device = id;
  info.kind = SensorKind::power_gauge;
  set_step(info, 0.1);
  info.tick = std::chrono::seconds(1);
  info.method = "Redfish " + from + ", accuracy and averaging not stated";
  return info;
}

SensorInfo energy_info(const std::string& id, const std::string& from, double joules, Nanos tick) {
  SensorInfo info = power_info(id, from);
  info.id = id + ":energy";
  info.kind = SensorKind::energy_counter;
  info.sentinels.clear();  // a counter passes every number on its way
  info.scale = joules;
  info.tick = tick;
  info.method = fmt::format("Redfish {}, counter in steps of {:g} J", from, joules);
  return info;
}

Result<WebValue> watts_of(const Json& value, const std::string& what) {
  auto watts = number_in(value, what);
  if (watts && watts->value <= 0) {
    return fail(ErrorKind::no_reading, "sensor.malformed",
                what + " is 0 W, and yet the machine runs: the BMC does not measure it",
                "update the BMC's firmware, or measure at the wall");
  }
  return watts;
}

// A member of a page that is a link; empty where it is none, or leaves this host.
std::string link_of(const Json& member) {
  const std::string_view path = member["@odata.id"].as_string();
  const bool here = path.starts_with('/') && !path.starts_with("//") && path.size() < kLongestPath &&
                    path.find_first_of(" \t\r\n\\") == path.npos;
  return here ? std::string(path) : std::string();
}

// IntervalInMin of PowerMetrics that state an average; 0: there is none. Above a day: no interval.
Nanos averaging_of(const Json& metrics) {
  const double minutes = metrics["IntervalInMin"].as_double(0);
  const bool stated = metrics["AverageConsumedWatts"].is_number() && minutes > 0 && minutes <= 1440;
  return stated ? Nanos(static_cast<std::int64_t>(minutes * 60e9)) : Nanos{0};
}

// Whether the mean rolls or is made anew each interval is not stated: the tick is the longer.
SensorInfo average_info(const std::string& id, Nanos window, bool beside_power) {
  SensorInfo info = power_info(id, "AverageConsumedWatts");
  info.id = id + ":average";
  info.tick = window;
  info.averaging = window;
  info.method = fmt::format("Redfish AverageConsumedWatts, mean of {:g} min (IntervalInMin), accuracy "
                            "not stated",
                            Seconds(window).count() / 60);
  if (beside_power) {
    info.mirrors = {info.domain};
    info.domain += kAverageSuffix;
  }
  return info;
}

// A mean of another length than the sensor states is none of its readings.
Result<WebValue> average_of(const Json& metrics, Nanos window) {
  const auto watts = watts_of(metrics["AverageConsumedWatts"], "AverageConsumedWatts");
  if (!watts || averaging_of(metrics) == window) return watts;
  return fail(ErrorKind::no_reading, "sensor.malformed", "the BMC changed IntervalInMin",
              "start anew: the averaging time is stated at the start");
}

bool states_number(const Json& value) { return value.is_number(); }

// The pages of a chassis in the order of preference.
Result<std::optional<WebMeter>> meter_of(const WebPlace& place, const Json& chassis,
                                         const std::string& id, const Clock& clock,
                                         const StopSignal& never) {
  using Reader = std::optional<WebMeter> (*)(const Json&, const std::string&, const std::string&);
  const std::pair<const char*, Reader> pages[] = {{"EnvironmentMetrics", environment_meter},
                                                  {"Power", power_meter}};
  for (const auto& [member, reader] : pages) {
    const std::string path = link_of(chassis[member]);
    if (path.empty()) continue;
    const auto answer = get_json(place, path, clock, never);
    if (!answer && answer.error().code != "sensor.missing") return fail(answer.error());
    if (!answer) continue;
    if (auto meter = reader(answer->body, path, id)) return meter;
  }
  const std::string sensors = link_of(chassis["Sensors"]);
  if (sensors.empty()) return std::optional<WebMeter>();
  const auto list = get_json(place, sensors, clock, never);
  if (!list) return std::optional<WebMeter>();
  for (std::size_t i = 0; i < std::min(kMostMembers, list->body["Members"].items().size()); ++i) {
    const std::string path = link_of(list->body["Members"].at(i));
    if (lower(path).find("power") == path.npos && lower(path).find("watt") == path.npos) continue;
    const auto answer = get_json(place, path, clock, never);
    if (!answer) continue;
    if (auto meter = sensor_meter(answer->body, path, id)) return meter;
  }
  return std::optional<WebMeter>();
}

}  // namespace

std::optional<WebMeter> environment_meter(const Json& page, const std::string& path,
                                          const std::string& id) {
  const bool power = states_number(page["PowerWatts"]["Reading"]);
  const bool joules = states_number(page["EnergyJoules"]["Reading"]);
  const bool kwh = states_number(page["EnergykWh"]["Reading"]);
  if (!power && !joules && !kwh) return std::nullopt;
  WebMeter meter;
  meter.path = path;
  std::vector<std::function<Result<WebValue>(const Json&)>> readers;
  if (joules) {
    meter.infos.push_back(energy_info(id, "EnergyJoules", 1, std::chrono::seconds(1)));
    readers.emplace_back(
        [](const Json& p) { return number_in(p["EnergyJoules"]["Reading"], "EnergyJoules"); });
  }
  if (power) {
    SensorInfo info = power_info(id, "PowerWatts");
    if (joules) {
      info.mirrors = {info.domain};
      info.domain += kGaugeSuffix;
    }
    meter.infos.push_back(std::move(info));
    readers.emplace_back([](const Json& p) {
      auto watts = watts_of(p["PowerWatts"]["Reading"], "PowerWatts");
      if (watts) watts->time_ns = parse_iso_time(p["PowerWatts"]["ReadingTime"].as_string()).value_or(0);
      return watts;
    });
  }
  if (kwh && !joules) {
    SensorInfo info = energy_info(id, "EnergykWh", 3600, std::chrono::seconds(60));
    if (power) {
      info.mirrors = {info.domain};
      info.domain += kCounterSuffix;
    }
    meter.infos.push_back(std::move(info));
    readers.emplace_back([](const Json& p) {
      auto energy = number_in(p["EnergykWh"]["Reading"], "EnergykWh");
      if (energy) energy->value *= 3.6e6;
      return energy;
    });
  }
  meter.extract = [readers](const Json& p) {
    std::vector<Result<WebValue>> values;
    for (const auto& reader : readers) values.push_back(reader(p));
    return values;
  };
  return meter;
}

std::optional<WebMeter> power_meter(const Json& page, const std::string& path,
                                    const std::string& id) {
  const Json& control = page["PowerControl"].at(0);
  const bool power = states_number(control["PowerConsumedWatts"]);
  const Nanos window = averaging_of(control["PowerMetrics"]);
  if (!power && window.count() == 0) return std::nullopt;
  WebMeter meter;
  meter.path = path;
  if (power) meter.infos.push_back(power_info(id, "PowerConsumedWatts"));
  if (window.count() > 0) meter.infos.push_back(average_info(id, window, power));
  for (SensorInfo& info : meter.infos) {
    set_step(info, 1);
    if (const double most = control["PowerCapacityWatts"].as_double(); most > 0) info.max_watts = most;
  }
  if (!power) meter.pace = kAveragePace;
  meter.extract = [power, window](const Json& p) {
    const Json& now = p["PowerControl"].at(0);
    std::vector<Result<WebValue>> values;
    if (power) values.push_back(watts_of(now["PowerConsumedWatts"], "PowerConsumedWatts"));
    if (window.count() > 0) values.push_back(average_of(now["PowerMetrics"], window));
    return values;
  };
  return meter;
}

std::optional<WebMeter> sensor_meter(const Json& page, const std::string& path,
                                     const std::string& id) {
  const std::string_view context = page["PhysicalContext"].as_string("Chassis");
  const bool whole = context == "Chassis" || context == "SystemBoard" || context == "Room";
  if (page["ReadingType"].as_string() != "Power" || !whole || !states_number(page["Reading"])) {
    return std::nullopt;
  }
  WebMeter meter;
  meter.path = path;
  SensorInfo info = power_info(id, "Sensor");
  if (const double accuracy = page["Accuracy"].as_double(); accuracy > 0 && accuracy < 100) {
    info.accuracy = accuracy / 100;  // stated in per cent
  }
  if (const double most = page["ReadingRangeMax"].as_double(); most > 0) info.max_watts = most;
  meter.infos.push_back(std::move(info));
  meter.extract = [](const Json& p) {
    auto watts = watts_of(p["Reading"], "Reading");
    if (watts) watts->time_ns = parse_iso_time(p["ReadingTime"].as_string()).value_or(0);
    return std::vector{watts};
  };
  return meter;
}

Result<WebMeter> redfish_meter(const WebPlace& place, const std::string& chassis,
                               const std::string& id, const Clock& clock) {
  const StopSignal never;
  const auto list = get_json(place, "/redfish/v1/Chassis", clock, never);
  if (!list) return fail(list.error());
  std::optional<WebMeter> chosen;
  std::string others;
  const auto& members = list->body["Members"].items();
  for (std::size_t i = 0; i < std::min(kMostMembers, members.size()); ++i) {
    const std::string path = link_of(members[i]);
    const std::string name = path.substr(path.rfind('/') + 1);
    if (path.empty() || (!chassis.empty() && name != chassis)) continue;
    const auto page = get_json(place, path, clock, never);
    if (!page) return fail(page.error());
    auto meter = meter_of(place, page->body, id, clock, never);
    if (!meter) return fail(meter.error());
    if (!*meter) continue;
    if (chosen) {
      others += (others.empty() ? "" : ", ") + valid_utf8(name);
    } else {
      chosen = std::move(**meter);
    }
  }
  if (chosen) {
    if (!others.empty()) {
      chosen->notes.push_back("other chassis state a power, too, and are left out since they may lie inside "
                              "one another: " + others + " (chassis=NAME chooses)");
    }
    return std::move(*chosen);
  }
  return fail(ErrorKind::no_reading, "sensor.unsupported",
              place.name + (chassis.empty() ? " states no chassis power" : " states no power of that chassis"),
              "see the BMC's own page; a newer firmware, another chassis=, or measure at the wall");
}

}  // namespace joulebook
