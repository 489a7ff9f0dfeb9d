#include "sensor/cpu/perf_probe.h"

#include <algorithm>
#include <bit>
#include <map>
#include <set>
#include <utility>

#include "core/text.h"
#include "sensor/cpu/counter_source.h"
#include "sensor/cpu/cpu_domain.h"
#include "sensor/cpu/cpu_limit.h"
#include "sensor/cpu/cpu_topology.h"
#include "sensor/cpu/perf_pmu.h"
#include "sensor/host_facts.h"

namespace joulebook {
namespace {

// The probe reads each counter this often, an update apart: the bits that never showed tell the
// register's step. Counters that did not move yet get until kPatience (SPR's psys moves in whole
// joules).
constexpr int kReads = 8;
constexpr Nanos kStep = std::chrono::milliseconds(1);
constexpr Nanos kPatience = std::chrono::milliseconds(30);
// Where no step could be seen: Intel's default unit, 2^-14 J.
constexpr std::uint64_t kDefaultStep = std::uint64_t{1} << 18;

std::string_view kind_of_event(std::string_view event) {
  if (event == "energy-pkg") return "package";
  if (event == "energy-cores" || event == "energy-core") return "core";
  if (event == "energy-gpu") return "uncore";
  if (event == "energy-ram") return "dram";
  if (event == "energy-psys") return "psys";
  return {};
}

bool is_amd(const HostFacts& facts) {
  return facts.cpu_vendor == "AuthenticAMD" || facts.cpu_vendor == "HygonGenuine";
}

class PerfSource final : public CounterSource {
 public:
  PerfSource(std::unique_ptr<PerfCounter> counter, Clock& clock)
      : counter_(std::move(counter)), clock_(clock) {}

  [[nodiscard]] Result<RawReading> read() override {
    RawReading reading;
    reading.begin = clock_.now();
    const auto counts = counter_->read();
    reading.end = clock_.now();
    if (!counts) return fail(counts.error());
    reading.counts = *counts;
    return reading;
  }

 private:
  std::unique_ptr<PerfCounter> counter_;
  Clock& clock_;
};

// One sensor to be: its source, and the bits that its readings showed.
struct Candidate {
  SensorInfo info;
  std::unique_ptr<CounterSource> source;
  std::size_t parts = 1;
  std::uint64_t seen = 0;
};

class Probe {
 public:
  Probe(const FileTree& files, Clock& clock, PerfEvents& events)
      : files_(files), clock_(clock), events_(events), facts_(host_facts(files)) {}

  Discovery run() {
    const auto sockets = read_perf_pmu(files_, "power");
    const auto cores = read_perf_pmu(files_, "power_core");
    if (sockets) open_sockets(*sockets);
    if (cores && !refused_) open_cores(*cores);
    watch();
    for (Candidate& each : candidates_) judge(each);
    return std::move(found_);
  }

 private:
  void tell(Finding::Level level, std::string code, std::string message, std::string cure) {
    found_.findings.push_back(
        {level, "perf", {std::move(code), std::move(message), std::move(cure)}});
  }
  void note(std::string code, std::string message, std::string cure) {
    tell(Finding::Level::note, std::move(code), std::move(message), std::move(cure));
  }
  void note_refused(const PerfPmu& pmu) {
    for (const Reason& reason : pmu.refused) note(reason.code, reason.message, reason.cure);
  }

  void open_sockets(const PerfPmu& pmu);
  [[nodiscard]] bool fit_for_sockets(const PerfEnergyEvent& event);
  void open_event(const PerfPmu& pmu, const PerfEnergyEvent& event);
  void open_cores(const PerfPmu& pmu);
  void open_sum(const PerfPmu& pmu, const PerfEnergyEvent& event, const std::string& package,
                const std::vector<int>& cpus);
  [[nodiscard]] std::unique_ptr<CounterSource> open(const PerfPmu& pmu,
                                                    const PerfEnergyEvent& event, int cpu);
  void add(std::string_view event, const std::string& instance,
           std::unique_ptr<CounterSource> source, std::size_t parts);
  void refuse(const std::string& label, const Error& error);
  void watch();
  void judge(Candidate& candidate);

  const FileTree& files_;
  Clock& clock_;
  PerfEvents& events_;
  HostFacts facts_;
  std::vector<Candidate> candidates_;
  std::set<std::string> taken_;    // domains
  std::set<std::string> refusals_;  // events that were refused already
  bool refused_ = false;            // the right is missing
  Discovery found_;
};

void Probe::open_sockets(const PerfPmu& pmu) {
  note_refused(pmu);
  for (const PerfEnergyEvent& event : pmu.events) {
    if (!refused_ && fit_for_sockets(event)) open_event(pmu, event);
  }
}

bool Probe::fit_for_sockets(const PerfEnergyEvent& event) {
  if (kind_of_event(event.name).empty()) {
    note("sensor.unknown_zone", event.name + " is no known energy event, so it is not read", "");
    return false;
  }
  // Until commit 0036fb00a756 (Linux 5.17) every event was listed on AMD, whatever the CPU has.
  if (!is_amd(facts_) || event.name == "energy-pkg") return true;
  note("sensor.unsupported",
       event.name + ": AMD counts no such thing for a socket" +
           (event.name == "energy-cores" ? "; this would be one core for all of them" : ""),
       "update to Linux 5.17 or newer, which lists what is there");
  return false;
}

void Probe::open_event(const PerfPmu& pmu, const PerfEnergyEvent& event) {
  const auto instances = instances_of(files_, pmu.cpus);
  for (std::size_t i = 0; i < pmu.cpus.size() && !refused_; ++i) {
    // AMD's dies read the socket's one register (rapl_pkg_pmu_is_pkg_scope in the kernel).
    if (is_amd(facts_) && instances[i].find('.') != std::string::npos) continue;
    const bool psys = event.name == "energy-psys";
    const std::string instance = psys ? std::to_string(i) : instances[i];
    if (auto source = open(pmu, event, pmu.cpus[i])) {
      add(event.name, instance, std::move(source), 1);
    }
  }
}

void Probe::open_cores(const PerfPmu& pmu) {
  note_refused(pmu);
  std::map<int, std::vector<int>> by_package;
  for (const int cpu : pmu.cpus) by_package[place_of_cpu(files_, cpu).package].push_back(cpu);
  for (const PerfEnergyEvent& event : pmu.events) {
    if (event.name != "energy-core") continue;
    for (const auto& [package, cpus] : by_package) {
      if (!refused_) open_sum(pmu, event, std::to_string(package), cpus);
    }
  }
}

void Probe::open_sum(const PerfPmu& pmu, const PerfEnergyEvent& event, const std::string& package,
                     const std::vector<int>& cpus) {
  if (cpus.size() > kMostCoresInASum) {
    tell(Finding::Level::ok, "sensor.costly",
         "core:" + package + ": adding up " + std::to_string(cpus.size()) +
             " cores would interrupt each of them at every sample; package:" + package +
             " holds their energy",
         "");
    return;
  }
  std::vector<std::unique_ptr<CounterSource>> parts;
  for (const int cpu : cpus) {
    auto part = open(pmu, event, cpu);
    if (!part) return;  // a sum without one of its cores would be too little
    parts.push_back(std::move(part));
  }
  add(event.name, package, sum_counter(std::move(parts)), cpus.size());
}

std::unique_ptr<CounterSource> Probe::open(const PerfPmu& pmu, const PerfEnergyEvent& event,
                                           int cpu) {
  auto counter = events_.open({pmu.type, event.config, cpu});
  if (!counter) {
    refuse(pmu.name + "/" + event.name, counter.error());
    return nullptr;
  }
  return std::make_unique<PerfSource>(std::move(*counter), clock_);
}

void Probe::add(std::string_view event, const std::string& instance,
                std::unique_ptr<CounterSource> source, std::size_t parts) {
  const std::string kind(kind_of_event(event));
  SensorInfo info;
  info.id = "perf:" + std::string(event) + ":" + instance;
  info.domain = kind + ":" + instance;
  info.name = kind + "-" + instance;
  info.device = "cpu";
  info.scale = kPerfJoules;
  info.tick = kRaplTick;
  info.accuracy = cpu_allowance(info.domain).accuracy;
  info.max_watts = plausible_watts(files_, info.domain);
  info.method = parts == 1
                    ? "RAPL counter through perf_event"
                    : "sum of " + std::to_string(parts) + " core counters through perf_event";
  if (!taken_.insert(info.domain).second) return;  // two CPUs of one socket
  candidates_.push_back({std::move(info), std::move(source), parts, 0});
}

void Probe::refuse(const std::string& label, const Error& error) {
  if (error.code == "sensor.permission") {
    refused_ = true;
    const auto paranoid = files_.read("/proc/sys/kernel/perf_event_paranoid");
    return tell(Finding::Level::problem, error.code,
                "the kernel counts energy for perf, but this program may not ask it (it lacks "
                "CAP_PERFMON" +
                    (paranoid ? ", and perf_event_paranoid is " + std::string(trim(*paranoid)) : "") +
                    ")",
                perf_cure(files_));
  }
  if (!refusals_.insert(label).second) return;
  note(error.code, label + ": " + error.message, error.cure);
}

// Reads everything until all have moved or patience ends.
void Probe::watch() {
  if (candidates_.empty()) return;
  const SteadyTime limit = clock_.now() + kPatience;
  const auto moved = [](const Candidate& each) { return each.seen != 0; };
  for (int round = 0;; ++round) {
    for (Candidate& each : candidates_) {
      if (const auto reading = each.source->read()) each.seen |= reading->counts;
    }
    const bool all = std::all_of(candidates_.begin(), candidates_.end(), moved);
    if ((round >= kReads && all) || clock_.now() >= limit) return;
    clock_.sleep_until(clock_.now() + kStep);
  }
}

void Probe::judge(Candidate& candidate) {
  SensorInfo& info = candidate.info;
  const bool graphics = domain_kind(info.domain) == "uncore";
  if (candidate.seen == 0 && (facts_.hypervisor || !graphics)) {
    return tell(facts_.hypervisor ? Finding::Level::problem : Finding::Level::note, "sensor.zero",
                info.id + " stands still" +
                    (facts_.hypervisor ? ": the hypervisor answers without a counter"
                                       : ", so it is not wired up here"),
                facts_.hypervisor ? "measure on the host, or let the machine model estimate" : "");
  }
  const std::uint64_t step =
      candidate.seen == 0 ? kDefaultStep : std::uint64_t{1} << std::countr_zero(candidate.seen);
  info.resolution = step * candidate.parts;
  found_.sensors.push_back(make_counter_sensor(std::move(info), std::move(candidate.source)));
}

std::string program_path(const FileTree& files) {
  const auto exe = files.link("/proc/self/exe");
  return exe && exe->ends_with("/joulebook") ? *exe : "build/bin/joulebook";
}

// CAP_PERFMON came with Linux 5.8; before it, only CAP_SYS_ADMIN would do.
bool has_perfmon(const FileTree& files) {
  const auto release = files.read("/proc/sys/kernel/osrelease");
  if (!release) return true;
  const auto parts = split(trim(*release), '.');
  const auto major = parse_uint(parts[0]);
  const auto minor = parts.size() > 1 ? parse_uint(parts[1]) : std::nullopt;
  return !major || !minor || *major > 5 || (*major == 5 && *minor >= 8);
}

}  // namespace

Discovery probe_perf(const FileTree& files, Clock& clock, PerfEvents& events) {
  return Probe(files, clock, events).run();
}

std::string perf_cure(const FileTree& files) {
  const std::string others =
      "sudo sysctl kernel.perf_event_paranoid=0 (lets every user count the whole system, until "
      "the next boot)";
  if (!has_perfmon(files)) return others;
  std::string cure = "sudo setcap cap_perfmon=ep " + program_path(files) + "   (or " + others + ")";
  if (host_facts(files).container) {
    cure += "; in a container: docker run --cap-add PERFMON, then the same";
  }
  return cure;
}

}  // namespace joulebook
