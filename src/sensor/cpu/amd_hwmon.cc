#include "sensor/cpu/amd_hwmon.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "core/text.h"
#include "sensor/cpu/counter_source.h"
#include "sensor/cpu/cpu_domain.h"
#include "sensor/cpu/cpu_topology.h"
#include "sensor/cpu/perf_probe.h"
#include "sensor/cpu/powercap.h"
#include "sensor/host_facts.h"

namespace joulebook {
namespace {

constexpr const char* kHwmon = "/sys/class/hwmon/";
// PPR of family 17h: the energy unit is 2^-16 J.
constexpr std::uint64_t kStepMicrojoules = 16;
// HSMP answers in whole milliwatts; the file multiplies.
constexpr std::uint64_t kStepMicrowatts = 1000;
// The management unit refreshes its telemetry about once a millisecond; AMD states no accuracy.
constexpr Nanos kHsmpTick = std::chrono::milliseconds(1);
constexpr double kHsmpAccuracy = 0.05;

// A gauge in a file. A live socket never draws nothing, so 0 W is no reading.
class GaugeFile final : public Sensor {
 public:
  GaugeFile(SensorInfo info, std::unique_ptr<CounterSource> file)
      : info_(std::move(info)), file_(std::move(file)) {}
  [[nodiscard]] const SensorInfo& info() const override { return info_; }
  [[nodiscard]] Result<RawReading> read() override {
    auto reading = file_->read();
    if (reading && reading->counts > 0) return reading;
    if (reading) {
      return fail(ErrorKind::no_reading, "sensor.malformed", info_.id + " says 0 W of a live socket",
                  "read again; see the kernel log");
    }
    const Error& error = reading.error();
    const bool denied = error.code == "file.permission";
    return fail(ErrorKind::no_reading, denied ? "sensor.permission" : "sensor.lost",
                info_.id + ": " + error.message, error.cure);
  }

 private:
  SensorInfo info_;
  std::unique_ptr<CounterSource> file_;
};

// hwmon2 before hwmon10.
std::vector<std::string> chips_named(const FileTree& files, std::string_view driver) {
  std::vector<std::pair<std::uint64_t, std::string>> chips;
  const auto names = files.list("/sys/class/hwmon");
  for (const std::string& name : names ? *names : std::vector<std::string>{}) {
    const auto text = files.read(kHwmon + name + "/name");
    const auto number = name.starts_with("hwmon") ? parse_uint(name.substr(5)) : std::nullopt;
    if (text && number && trim(*text) == driver) chips.emplace_back(*number, kHwmon + name);
  }
  std::sort(chips.begin(), chips.end());
  std::vector<std::string> paths;
  for (auto& [number, path] : chips) paths.push_back(std::move(path));
  return paths;
}

// 12 of "Ecore012" for the prefix "Ecore".
std::optional<int> label_number(std::string_view label, std::string_view prefix) {
  if (!label.starts_with(prefix)) return std::nullopt;
  const auto number = parse_uint(label.substr(prefix.size()));
  if (!number || *number > 1'000'000) return std::nullopt;
  return static_cast<int>(*number);
}

// The package of NUMA node `node`; the node's own number where the kernel does not tell.
int package_of_node(const FileTree& files, int node) {
  const auto list =
      files.read("/sys/devices/system/node/node" + std::to_string(node) + "/cpulist");
  const auto cpus = list ? parse_cpu_list(*list) : std::nullopt;
  const CpuPlace place = cpus ? place_of_cpu(files, cpus->front()) : CpuPlace{};
  return place.known ? place.package : node;
}

class Probe {
 public:
  Probe(const FileTree& files, Clock& clock) : files_(files), clock_(clock) {}

  Discovery run() {
    for (const std::string& chip : chips_named(files_, "amd_energy")) read_energy(chip);
    const auto hsmp = chips_named(files_, "amd_hsmp_hwmon");
    for (std::size_t i = 0; i < hsmp.size(); ++i) read_power(hsmp[i], i);
    if (hsmp.empty() && files_.exists("/dev/hsmp")) {
      tell(Finding::Level::ok, "sensor.unsupported",
           "AMD's management interface is here (/dev/hsmp), but its driver shows no power file",
           "update to Linux 6.16 or newer, whose amd_hsmp shows each socket's power");
    }
    forbid();
    return std::move(found_);
  }

 private:
  void tell(Finding::Level level, std::string code, std::string message, std::string cure) {
    found_.findings.push_back(
        {level, "amd hwmon", {std::move(code), std::move(message), std::move(cure)}});
  }

  void read_energy(const std::string& chip);
  void add_socket(const std::string& file, const std::string& label, int package);
  void add_cores(int package, const std::vector<std::string>& paths);
  void read_power(const std::string& chip, std::size_t socket);
  [[nodiscard]] std::unique_ptr<CounterSource> open(const std::string& path);
  void keep(std::unique_ptr<Sensor> sensor);
  void forbid();

  const FileTree& files_;
  Clock& clock_;
  std::set<int> packages_;  // whose socket counter was met
  std::vector<std::string> forbidden_;
  Discovery found_;
};

void Probe::read_energy(const std::string& chip) {
  std::map<int, std::vector<std::string>> cores;
  for (int i = 1;; ++i) {
    const std::string file = chip + "/energy" + std::to_string(i);
    const auto text = files_.read(file + "_label");
    if (!text) break;
    const std::string label(trim(*text));
    if (const auto node = label_number(label, "Esocket")) {
      add_socket(file + "_input", label, package_of_node(files_, *node));
    } else if (const auto cpu = label_number(label, "Ecore")) {
      cores[place_of_cpu(files_, *cpu).package].push_back(file + "_input");
    }
  }
  for (const auto& [package, paths] : cores) add_cores(package, paths);
}

SensorInfo energy_info(std::string id, std::string domain, std::string name) {
  SensorInfo info;
  info.id = "amd_energy:" + std::move(id);
  info.domain = std::move(domain);
  info.name = std::move(name);
  info.device = "cpu";
  info.resolution = kStepMicrojoules;
  info.tick = kRaplTick;
  info.accuracy = cpu_allowance(info.domain).accuracy;
  info.max_watts = cpu_allowance(info.domain).watts;
  info.method = "RAPL counter through hwmon (amd_energy)";
  return info;
}

void Probe::add_socket(const std::string& file, const std::string& label, int package) {
  const std::string domain = "package:" + std::to_string(package);
  if (!packages_.insert(package).second) {
    return tell(Finding::Level::note, "sensor.mirrored",
                label + " reads the register of " + domain +
                    " once more (several NUMA nodes a socket): counted once",
                "");
  }
  if (auto source = open(file)) {
    keep(make_counter_sensor(energy_info(label, domain, label), std::move(source)));
  }
}

void Probe::add_cores(int package, const std::vector<std::string>& paths) {
  const std::string domain = "core:" + std::to_string(package);
  if (paths.size() > kMostCoresInASum) {
    return tell(Finding::Level::ok, "sensor.costly",
                domain + ": adding up " + std::to_string(paths.size()) +
                    " cores would interrupt each of them at every sample; the socket holds their "
                    "energy",
                "");
  }
  std::vector<std::unique_ptr<CounterSource>> parts;
  for (const std::string& path : paths) {
    if (auto part = open(path)) parts.push_back(std::move(part));
  }
  if (parts.size() != paths.size()) return;  // a sum without one of its cores would be too little
  SensorInfo info = energy_info("Ecore:" + std::to_string(package), domain,
                                "cores of socket " + std::to_string(package));
  info.resolution *= parts.size();
  info.method = "sum of " + std::to_string(parts.size()) + " core counters through hwmon";
  keep(make_counter_sensor(std::move(info), sum_counter(std::move(parts))));
}

void Probe::read_power(const std::string& chip, std::size_t socket) {
  auto source = open(chip + "/power1_input");
  if (!source) return;
  SensorInfo info;
  info.id = "amd_hsmp:socket" + std::to_string(socket);
  info.domain = "package:" + std::to_string(socket);
  info.name = "socket " + std::to_string(socket) + " (HSMP)";
  info.device = "cpu";
  info.kind = SensorKind::power_gauge;
  info.resolution = kStepMicrowatts;
  info.tick = kHsmpTick;
  info.accuracy = kHsmpAccuracy;
  const auto cap = files_.read(chip + "/power1_cap_max");
  const auto limit = cap ? parse_counter(*cap) : std::nullopt;
  info.max_watts = std::max(cpu_allowance(info.domain).watts,
                            limit ? 2e-6 * static_cast<double>(*limit) : 0.0);
  info.method = "socket power from HSMP";
  keep(std::make_unique<GaugeFile>(std::move(info), std::move(source)));
}

std::unique_ptr<CounterSource> Probe::open(const std::string& path) {
  auto file = files_.keep(path);
  if (file) return file_counter(std::move(*file), clock_);
  if (file.error().code == "file.permission") {
    forbidden_.push_back(files_.root() + path);
  } else {
    tell(Finding::Level::note, "sensor.missing", file.error().message, "load the driver again");
  }
  return nullptr;
}

// Only what answers now is a sensor.
void Probe::keep(std::unique_ptr<Sensor> sensor) {
  const auto first = sensor->read();
  if (first && (first->counts > 0 || !host_facts(files_).hypervisor)) {
    found_.sensors.push_back(std::move(sensor));
  } else if (first) {
    tell(Finding::Level::problem, "sensor.zero",
         sensor->info().id + " reads 0: the hypervisor answers without a counter",
         "measure on the host, or let the machine model estimate");
  } else if (first.error().code == "sensor.permission") {
    forbidden_.push_back(sensor->info().id);
  } else {
    tell(Finding::Level::note, first.error().code, first.error().message, first.error().cure);
  }
}

void Probe::forbid() {
  if (forbidden_.empty()) return;
  tell(Finding::Level::problem, "sensor.permission",
       std::to_string(forbidden_.size()) + " energy file(s) of AMD's driver may not be read by this "
                                           "user",
       "sudo chmod a+r " + join(forbidden_, " ") + "   (until the next boot)");
}

}  // namespace

Discovery probe_amd_hwmon(const FileTree& files, Clock& clock) { return Probe(files, clock).run(); }

}  // namespace joulebook
