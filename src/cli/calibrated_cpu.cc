#include "cli/calibrated_cpu.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "engine/machine_limits.h"
#include "meter/calibration/store.h"
#include "sensor/containment.h"

namespace joulebook {
namespace {

explain::Rate rate_of(const WorkCalibration& w) {
  return {*w.rate.value, w.rate.own.lo, w.rate.own.hi};
}

// Watts of several domains together, and their kinds.
struct Drawn {
  serving::Rate rate;
  std::set<std::string, std::less<>> kinds;

  void add(std::string_view domain, const Quantity& power) {
    const Interval ends = power.interval();
    rate.value += *power.value;
    rate.lo += std::max(ends.lo, 0.0);
    rate.hi += ends.hi;
    kinds.emplace(domain_kind(domain));
  }
};

bool mirrors(std::string_view domain) {
  return std::ranges::any_of(kMirrorSuffixes, [&](std::string_view suffix) { return domain.ends_with(suffix); }) ||
         domain.ends_with(kCounterSuffix);
}

// Of `domains` and their power: the whole node where it was seen, else packages and their memory,
// which no package contains.
template <class List, class Domain, class Power>
Drawn watts_of(const List& list, Domain domain, Power power) {
  for (const std::string_view whole : {"wall", "node"}) {
    for (const auto& each : list) {
      if (domain_kind(domain(each)) != whole || !power(each).present()) continue;
      Drawn w;
      w.add(domain(each), power(each));
      return w;
    }
  }
  Drawn w;
  for (const auto& each : list) {
    const std::string_view kind = domain_kind(domain(each));
    if ((kind == "package" || kind == "dram") && !mirrors(domain(each)) && power(each).present()) {
      w.add(domain(each), power(each));
    }
  }
  return w;
}

Drawn work_watts(const Calibration& c, std::string_view kind) {
  for (const WorkCalibration& w : c.work) {
    if (w.device != "cpu" || w.kind != kind) continue;
    return watts_of(w.power, [](const DomainPower& p) -> std::string_view { return p.domain; },
                    [](const DomainPower& p) -> const Quantity& { return p.power; });
  }
  return {};
}

Drawn idle_watts(const Calibration& c) {
  return watts_of(c.sensors, [](const SensorCalibration& s) -> std::string_view { return s.domain; },
                  [](const SensorCalibration& s) -> const Quantity& { return s.idle; });
}

Result<Calibration> calibration_of(const Context& context) {
  const auto state = calibration_state(context.settings.get("calibration"), machine_key(*context.files()),
                                       system_clock().anchor().wall_ns);
  if (state.calibration) return *state.calibration;
  const Reason& r = state.finding.reason;
  return fail(ErrorKind::no_reading, r.code, r.message, r.cure);
}

Result<explain::RunMachine> cpu_of(const Calibration& calibration) {
  explain::RunMachine m;
  m.cpu = calibration.machine.cpu;
  m.threads = calibration.machine.threads;
  m.measured_utc = calibration.measured_utc;
  for (const WorkCalibration& w : calibration.work) {
    if (w.device != "cpu" || !w.rate.present() || !(*w.rate.value > 0)) continue;
    if (w.kind == "triad") {
      m.bandwidth = rate_of(w);
      // Three arrays, each four times the last-level caches (docs/formats/calibration.md).
      constexpr double kCaches = 12;
      m.cache_bytes = static_cast<double>(w.working_set) / kCaches;
    } else if (*w.rate.value > m.arithmetic.value) {
      m.arithmetic = rate_of(w);
      m.arithmetic_kind = w.kind;
    }
  }
  if (m.bandwidth.lo > 0 && m.arithmetic.lo > 0) return m;
  return fail(ErrorKind::no_reading, "calibration.no_work", "the calibration has no bandwidth or no arithmetic rate of the CPU",
              "run `joulebook calibrate` again with more memory free");
}

// "gpu:0, gpu:1": the GPUs that it saw.
std::string gpus_of(const Calibration& calibration) {
  std::set<std::string, std::less<>> found;
  for (const SensorCalibration& s : calibration.sensors) {
    if (domain_kind(s.domain) == "gpu" && !mirrors(s.domain)) found.insert(s.domain);
  }
  return fmt::format("{}", fmt::join(found, ", "));
}

// At most what the machine draws under load, whatever else ran while it was to rest.
serving::Rate at_most(const serving::Rate& idle, const serving::Rate& a, const serving::Rate& b) {
  return {std::min({idle.value, a.value, b.value}), std::min({idle.lo, a.lo, b.lo}),
          std::min({idle.hi, a.hi, b.hi})};
}

}  // namespace

Result<explain::RunMachine> calibrated_cpu(const Context& context) {
  const auto calibration = calibration_of(context);
  if (!calibration) return fail(calibration.error());
  return cpu_of(*calibration);
}

Result<serving::Device> calibrated_device(const Context& context, Here here) {
  const auto calibration = calibration_of(context);
  if (!calibration) return fail(calibration.error());
  if (const std::string gpus = gpus_of(*calibration); here == Here::machine && !gpus.empty()) {
    return fail(ErrorKind::usage, "predict.here_gpu",
                fmt::format("this machine has a GPU ({}), and what a calibration found of a GPU is not predicted from: "
                            "`here` would be the CPU", gpus),
                "name the GPU with --gpu (\"H100\", as `joulebook predict --all` lists them), or the CPU with --gpu cpu");
  }
  const auto machine = cpu_of(*calibration);
  if (!machine) return fail(machine.error());
  const Drawn memory = work_watts(*calibration, "triad");
  const Drawn compute = work_watts(*calibration, machine->arithmetic_kind);
  if (!(memory.rate.value > 0) || memory.kinds != compute.kinds) {
    return fail(ErrorKind::no_reading, "calibration.no_watts", "the calibration has no watts of the CPU under load",
                "run `joulebook calibrate` again; `joulebook doctor` says what can be read");
  }
  const Drawn idle = idle_watts(*calibration);
  serving::CpuRates rates;
  rates.threads = machine->threads;
  rates.bandwidth = machine->bandwidth;
  rates.arithmetic = machine->arithmetic;
  rates.memory_w = memory.rate;
  rates.arithmetic_w = compute.rate;
  if (idle.kinds == memory.kinds) rates.idle_w = at_most(idle.rate, memory.rate, compute.rate);
  rates.cache_bytes = machine->cache_bytes;
  rates.overlap = serving::built_in_fit().parameters[serving::overlap_products];
  rates.boundary = fmt::format("{}", fmt::join(memory.kinds, "+"));
  rates.measured_utc = machine->measured_utc;
  serving::Device device;
  device.name = machine->cpu;
  device.bandwidth = rates.bandwidth.value;
  device.rate16 = device.rate8 = rates.arithmetic.value;
  device.power_limit = std::max(rates.memory_w.value, rates.arithmetic_w.value);
  const auto free_bytes = available_memory(*context.files());
  if (!free_bytes) {
    return fail(ErrorKind::no_reading, "memory.unknown", "this machine does not say how much memory is free",
                "make /proc/meminfo readable, under --sysroot too");
  }
  device.memory = static_cast<double>(*free_bytes);
  device.fitted = true;
  device.cpu = std::move(rates);
  return device;
}

}  // namespace joulebook
