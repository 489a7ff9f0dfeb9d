#include "sensor/cpu/cpu_probe.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "sensor/containment.h"
#include "sensor/cpu/amd_hwmon.h"
#include "sensor/cpu/perf_probe.h"
#include "sensor/cpu/powercap.h"
#include "sensor/host_facts.h"

namespace joulebook {
namespace {

using Sensors = std::vector<std::unique_ptr<Sensor>>;

bool has_domain(const Sensors& sensors, std::string_view domain) {
  return std::any_of(sensors.begin(), sensors.end(),
                     [&](const auto& sensor) { return sensor->info().domain == domain; });
}

bool has_kind(const Sensors& sensors, std::string_view kind) {
  return std::any_of(sensors.begin(), sensors.end(), [&](const auto& sensor) {
    return domain_kind(sensor->info().domain) == kind;
  });
}

// Adds a lower rung. What a higher one covers takes the suffix; relate() then draws the mirror.
void add_rung(Discovery& all, Discovery rung, std::string_view suffix) {
  Sensors lower = std::move(rung.sensors);
  for (auto& sensor : lower) {
    SensorInfo info = sensor->info();
    if (!has_domain(all.sensors, info.domain)) continue;
    info.domain += info.kind == SensorKind::power_gauge ? kGaugeSuffix : suffix;
    sensor = with_info(std::move(sensor), std::move(info));
  }
  std::move(lower.begin(), lower.end(), std::back_inserter(all.sensors));
  std::move(rung.findings.begin(), rung.findings.end(), std::back_inserter(all.findings));
}

// Problems of a rung that another one makes up for are only worth knowing.
void soften(std::vector<Finding>& findings) {
  for (Finding& finding : findings) {
    if (finding.level == Finding::Level::problem) finding.level = Finding::Level::ok;
  }
}

// A part of a package must not stand for the whole: cores and graphics whose package cannot be
// read (nor psys, which holds both) are left out. Memory is a domain of its own and stays.
void withhold_parts(Discovery& all) {
  if (has_kind(all.sensors, "psys")) return;
  const auto orphan = [&](const std::unique_ptr<Sensor>& sensor) {
    const std::string_view domain = sensor->info().domain;
    if (domain_kind(domain) != "core" && domain_kind(domain) != "uncore") return false;
    return std::none_of(all.sensors.begin(), all.sensors.end(), [&](const auto& other) {
      return domain_kind(other->info().domain) == "package" &&
             hardware_instance(other->info().domain) == hardware_instance(domain);
    });
  };
  std::vector<std::string> names;
  for (const auto& sensor : all.sensors) names.push_back(orphan(sensor) ? sensor->info().id : "");
  for (const std::string& id : names) {
    if (id.empty()) continue;
    const auto at = std::find_if(all.sensors.begin(), all.sensors.end(),
                                 [&](const auto& sensor) { return sensor->info().id == id; });
    all.findings.push_back(
        {Finding::Level::problem,
         id,
         {"sensor.partial",
          (*at)->info().domain + " reads, but the package around it does not: a part would stand "
                                 "for the whole, so it is left out",
          "cure what is said about the package's counter"}});
    all.sensors.erase(at);
  }
}

void say_filtered(Discovery& all, const HostFacts& facts) {
  const bool said = std::any_of(
      all.findings.begin(), all.findings.end(),
      [](const Finding& finding) { return finding.reason.code == "sensor.filtered"; });
  if (!facts.sgx || said || all.sensors.empty()) return;
  all.findings.push_back({Finding::Level::note,
                          "perf",
                          {"sensor.filtered",
                           "SGX is on, so the CPU blurs its energy counters on purpose",
                           "measure longer windows, or turn SGX off in the firmware"}});
}

}  // namespace

Discovery probe_cpu(const FileTree& files, Clock& clock, const CpuAccess& access) {
  Discovery all;
  if (access.perf != nullptr) all = probe_perf(files, clock, *access.perf);
  Discovery powercap = probe_powercap(files, clock, access.open_reader);
  Discovery hwmon = probe_amd_hwmon(files, clock);
  const bool by_perf = has_kind(all.sensors, "package");
  const bool by_powercap = has_kind(powercap.sensors, "package");
  if (by_powercap) soften(all.findings);
  if (by_perf) soften(powercap.findings);
  if (by_perf || by_powercap) soften(hwmon.findings);
  add_rung(all, std::move(powercap), kPowercapSuffix);
  add_rung(all, std::move(hwmon), kHwmonSuffix);
  withhold_parts(all);
  relate(all.sensors);
  say_filtered(all, host_facts(files));
  return all;
}

}  // namespace joulebook
