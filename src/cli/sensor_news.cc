#include "cli/sensor_news.h"

#include <fmt/format.h>

#include <utility>

#include "meter/renewed_meter.h"

namespace joulebook {
namespace {

constexpr Nanos kLook = std::chrono::seconds(2);
constexpr int kMissed = 2;  // looks

}  // namespace

SensorNews::SensorNews(std::vector<gateway::MeteredHost> hosts) : hosts_(std::move(hosts)) {
  for (const auto& host : hosts_) known_.push_back(sensors_of(host, SteadyTime{0}));
}

SensorNews::Sensors SensorNews::sensors_of(const gateway::MeteredHost& host, SteadyTime now) {
  Sensors out;
  if (host.meter == nullptr) return out;
  for (const auto& info : host.meter->sensors()) {
    out[info.id].domain = gateway::domain_at(info.domain, host.label);
  }
  for (const auto& id : silent_sensors(*host.meter, now)) {
    if (const auto sensor = out.find(id); sensor != out.end()) sensor->second.failed = 1;
  }
  return out;
}

void SensorNews::compare(const gateway::MeteredHost& host, const Sensors& before, Sensors& now,
                         std::vector<std::string>& lines) {
  for (auto& [id, sensor] : now) {
    const auto was = before.find(id);
    const int failed = was == before.end() ? 0 : was->second.failed;
    if (sensor.failed > 0) sensor.failed = failed + 1;
    if (was == before.end()) {
      lines.push_back(fmt::format("joulebook: {} is read from now on ({}, {})", sensor.domain, id, host.name));
    } else if (sensor.failed == kMissed) {
      lines.push_back(fmt::format("warning: {} can no longer be read ({}, {}); its requests have no energy until it is back",
                                  sensor.domain, id, host.name));
    } else if (sensor.failed == 0 && failed >= kMissed) {
      lines.push_back(fmt::format("joulebook: {} is read again ({}, {})", sensor.domain, id, host.name));
    }
  }
  for (const auto& [id, sensor] : before) {
    if (!now.contains(id)) {
      lines.push_back(fmt::format("joulebook: {} is read no longer ({}, {})", sensor.domain, id, host.name));
    }
  }
}

std::vector<gateway::SensorState> SensorNews::sensors() const {
  std::vector<gateway::SensorState> out;
  for (const auto& host : known_) {
    for (const auto& [id, sensor] : host) out.push_back({id, sensor.domain, sensor.failed == 0});
  }
  return out;
}

std::vector<std::string> SensorNews::follow(SteadyTime now) {
  std::vector<std::string> lines;
  if (now - looked_ < kLook) return lines;
  looked_ = now;
  for (std::size_t i = 0; i < hosts_.size(); ++i) {
    Sensors found = sensors_of(hosts_[i], now);
    compare(hosts_[i], known_[i], found, lines);
    known_[i] = std::move(found);
  }
  return lines;
}

}  // namespace joulebook
