#include "meter/apportion.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "sensor/containment.h"

namespace joulebook {
namespace {

// Process CPU clocks and /proc/stat disagree by up to a jiffy a thread.
constexpr double kCpuClockError = 0.01;

Quantity unknown(const char* whose) {
  return Quantity::absent(
      "J", {"cpu.unknown", fmt::format("the CPU time of {} is not known for this window", whose),
            "name the processes, or start them with joulebook run"});
}

bool cpu_side(const DomainEnergy& domain) {
  static constexpr std::array<std::string_view, 4> kKinds = {"package", "psys", "node", "wall"};
  return domain.top_level &&
         std::find(kKinds.begin(), kKinds.end(), domain_kind(domain.domain)) != kKinds.end();
}

}  // namespace

Quantity apportioned_share(std::span<const DomainEnergy> domains, double cpu_seconds,
                           const CpuShare& cpu, const char* whose) {
  if (cpu_seconds < 0 || cpu.machine < 0) return unknown(whose);
  std::vector<Quantity> parts;
  for (const auto& domain : domains) {
    if (cpu_side(domain)) parts.push_back(domain.energy);
  }
  if (parts.empty()) {
    return Quantity::absent("J", {"sensor.none", "no measured domain holds the CPU",
                                  "joulebook doctor says how to read one"});
  }
  const Quantity whole = sum(parts);
  if (!whole.present()) return Quantity::absent("J", *whole.reason);
  const double busy = std::max(cpu.machine, cpu_seconds);
  const double share = busy > 0 ? cpu_seconds / busy : 0;
  const double most = busy > 0 ? std::min(1.0, (cpu_seconds + kCpuClockError) / busy) : 1;
  const double least = cpu.capacity > 0 ? std::min(share, cpu_seconds / cpu.capacity) : 0;
  Quantity q = scaled(whole, share);
  q.own = {whole.own.lo * least, whole.own.hi * most};
  q.level = std::min(q.level, 0.95);
  q.tier = weakest(whole.tier, Tier::apportioned);
  q.method = fmt::format("{} by CPU time: x {:.6g} s / {:.6g} s busy, no idle power taken off; {}",
                         whose, cpu_seconds, busy, whole.method);
  return q;
}

Quantity modelled_share(const EnergyModel& model, double cpu_seconds, const char* whose) {
  if (cpu_seconds < 0) return unknown(whose);
  Quantity q = model.processes(
      cpu_seconds, {std::max(0.0, cpu_seconds - kCpuClockError), cpu_seconds + kCpuClockError});
  q.method = fmt::format("{}, {:.6g} CPU s, above idle; {}", whose, cpu_seconds, q.method);
  return q;
}

}  // namespace joulebook
