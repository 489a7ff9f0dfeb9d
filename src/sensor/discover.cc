#include "sensor/discover.h"

#include <algorithm>
#include <array>
#include <utility>

#include "sensor/containment.h"
#include "sensor/cpu/cpu_probe.h"
#include "sensor/gpu/gpu.h"
#include "sensor/gpu/nvml.h"
#include "sensor/host_facts.h"
#include "sensor/remote/remote.h"

namespace joulebook {
namespace {

bool chosen(const std::string& id, const std::vector<std::string>& only) {
  return only.empty() || std::any_of(only.begin(), only.end(), [&](const std::string& prefix) {
           return id.starts_with(prefix);
         });
}

// Whether some sensor sees the whole CPU side, so that no model is needed.
bool sees_cpu_side(const std::vector<std::unique_ptr<Sensor>>& sensors) {
  static constexpr std::array<std::string_view, 9> kKinds{
      "wall", "node", "battery", "psys", "package", "socket", "superchip", "psu", "soc"};
  return std::any_of(sensors.begin(), sensors.end(), [](const auto& sensor) {
    const std::string_view kind = domain_kind(sensor->info().domain);
    // Of a Jetson's rails, the one that feeds the cores.
    const bool rail = kind == "rail" && sensor->info().domain.find("CPU") != std::string::npos;
    return rail || std::find(kKinds.begin(), kKinds.end(), kind) != kKinds.end();
  });
}

bool is_domain(std::string_view text) {
  const std::string_view kind = domain_kind(text);
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; };
  return !kind.empty() && kind != "chip" && !domain_instance(text).empty() &&
         std::all_of(kind.begin(), kind.end(), plain);
}

// Takes what names a chip out of the choice.
ChipNames take_names(SensorChoice& choice, std::vector<Finding>& findings) {
  ChipNames named;
  std::erase_if(choice.only, [&](const std::string& item) {
    const std::size_t equals = item.find('=');
    if (!item.starts_with("hwmon:") || equals == std::string::npos) return false;
    const std::string domain = item.substr(equals + 1);
    if (is_domain(domain)) {
      named[item.substr(0, equals)] = domain;
    } else {
      findings.push_back({Finding::Level::problem,
                          "hwmon",
                          {"sensor.name", "'" + domain + "' is no domain", "write KIND:NAME"}});
    }
    return true;
  });
  return named;
}

void append(Discovery& all, Discovery part) {
  std::move(part.sensors.begin(), part.sensors.end(), std::back_inserter(all.sensors));
  std::move(part.findings.begin(), part.findings.end(), std::back_inserter(all.findings));
}

void add_model(Discovery& all, std::shared_ptr<const FileTree> files, Clock& clock) {
  Discovery model = probe_machine_model(std::move(files), clock);
  if (!model.sensors.empty()) {
    all.findings.push_back({Finding::Level::note,
                            "machine model",
                            {"sensor.modelled",
                             "no sensor of the CPU side can be read: a model of this machine "
                             "estimates it from CPU time (tier modelled, wide intervals)",
                             "cure what is said about perf or powercap to measure instead"}});
  }
  append(all, std::move(model));
}

void probe_gpus(Discovery& all, const FileTree& files, Clock& clock) {
  Discovery nvml = probe_nvml(clock);
  reconcile_gpu(nvml, host_facts(files).nvidia_gpu, files.root().empty());
  append(all, std::move(nvml));
  Discovery amd = probe_amd_gpu(clock);
  reconcile_amd(amd, files);
  append(all, std::move(amd));
  Discovery intel = probe_level_zero(clock);
  reconcile_intel(intel, files);
  append(all, std::move(intel));
}

// Neither a system call nor a program that looks for itself is redirected by a sysroot.
CpuAccess cpu_access(const FileTree& files, Clock& clock, const SensorChoice& choice) {
  const bool here = files.root().empty();
  CpuAccess access;
  if (choice.perf.value_or(here)) access.perf = &kernel_perf_events();
  if (here) access.open_reader = [&clock] { return start_energy_reader(energy_reader_path(), clock); };
  return access;
}

// Meters that were named stay whatever else is chosen.
void keep_chosen(Discovery& all, const SensorChoice& choice, const std::vector<std::string>& named) {
  std::erase_if(all.sensors, [&](const auto& sensor) {
    const std::string& id = sensor->info().id;
    return !chosen(id, choice.only) && std::find(named.begin(), named.end(), id) == named.end();
  });
}

std::vector<std::string> ids_of(const Discovery& found) {
  std::vector<std::string> ids;
  for (const auto& sensor : found.sensors) ids.push_back(sensor->info().id);
  return ids;
}

void report_emptiness(Discovery& all, const SensorChoice& choice, std::size_t before) {
  if (!all.sensors.empty()) return;
  const bool refused = !choice.only.empty() && before > 0;
  all.findings.push_back({Finding::Level::problem, "sensors",
                          refused ? Reason{"sensor.not_chosen", "no sensor here matches the choice",
                                           "see `joulebook sensors` for the ids"}
                                  : Reason{"sensor.none", "no sensor can be read on this machine",
                                           "cure one of the findings above"}});
}

}  // namespace

Discovery discover(std::shared_ptr<const FileTree> files, Clock& clock,
                   const SensorChoice& asked) {
  SensorChoice choice = asked;
  std::vector<Finding> misnamed;
  const ChipNames named = take_names(choice, misnamed);
  Discovery all = probe_cpu(*files, clock, cpu_access(*files, clock, choice));
  std::move(misnamed.begin(), misnamed.end(), std::back_inserter(all.findings));
  if (choice.vendor_libraries) probe_gpus(all, *files, clock);
  append(all, probe_board(files, clock, named));
  Discovery remote = probe_remote(choice.specs, clock);
  const std::vector<std::string> outside = ids_of(remote);
  append(all, std::move(remote));
  if (choice.machine_model && !sees_cpu_side(all.sensors)) add_model(all, files, clock);
  mirror_twins(all.sensors);
  relate(all.sensors);
  const std::size_t before = all.sensors.size();
  keep_chosen(all, choice, outside);
  report_emptiness(all, choice, before);
  return all;
}

}  // namespace joulebook
