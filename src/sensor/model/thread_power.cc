#include "sensor/model/thread_power.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "sensor/model/server_power.h"

namespace joulebook {
namespace {

constexpr double kNodeMemoryPerThread = 4;  // GB: usual ratio of general-purpose cloud nodes
constexpr int kNodeChips = 2;               // usual cloud node
constexpr double kEraFrom = 2012;           // hidden generation: servers still in service
constexpr std::size_t kRelatives = 3;

struct Candidates {
  std::vector<ServerShape> shapes;
  std::string rule;
};

// Small single-chip platforms are not what guests run on.
bool is_node(const CpuName& cpu) {
  return !cpu.client && cpu.platform != "e3" && cpu.platform != "am5" && cpu.platform != "d";
}

bool in_catalogue(const std::string& key) {
  return std::ranges::any_of(cpu_catalogue(),
                             [&](const CatalogueRow& r) { return r.shape.cpu.key == key; });
}

ServerShape node_shape(const CpuName& cpu, int threads_per_chip) {
  const int threads = std::max(1, threads_per_chip) * kNodeChips;
  return {.cpu = cpu,
          .chips = kNodeChips,
          .threads = threads,
          .memory_gb = kNodeMemoryPerThread * threads};
}

// Threads a chip of the rows that `wanted` accepts, whole and halved, with the rows' CPU.
template <class Wanted>
std::vector<ServerShape> node_shapes(Wanted wanted, bool halves) {
  std::set<std::pair<std::string, int>> seen;
  std::vector<ServerShape> shapes;
  for (const CatalogueRow& row : cpu_catalogue()) {
    if (!wanted(row.shape.cpu)) continue;
    const int per_chip = row.shape.threads / row.shape.chips;
    for (const int threads : {per_chip, per_chip / 2}) {
      if (threads != per_chip && !halves) continue;
      if (seen.insert({row.shape.cpu.key, threads}).second)
        shapes.push_back(node_shape(row.shape.cpu, threads));
    }
  }
  return shapes;
}

// The SKU is hidden: only what the generation shares may speak.
void forget_sku(std::vector<ServerShape>& shapes) {
  for (ServerShape& shape : shapes) {
    shape.cpu.key.clear();
    shape.cpu.low_power = 0;
  }
}

Candidates hidden_sku(const MachineDescription& machine) {
  const bool intel = machine.vendor == "GenuineIntel";
  const CpuVendor vendor = intel                                ? CpuVendor::intel
                           : machine.vendor == "AuthenticAMD"   ? CpuVendor::amd
                           : machine.vendor.starts_with("arm:") ? CpuVendor::arm
                                                                : CpuVendor::unknown;
  Candidates found{.rule = machine.generation + " servers"};
  if (!machine.generation.empty())
    found.shapes = node_shapes(
        [&](const CpuName& c) { return c.generation == machine.generation && is_node(c); }, true);
  if (found.shapes.empty()) {
    found.rule = "servers since 2012 of this vendor";
    found.shapes = node_shapes(
        [&](const CpuName& c) { return c.vendor == vendor && c.year >= kEraFrom && is_node(c); },
        true);
  }
  if (found.shapes.empty()) {
    found.rule = "servers since 2012";
    found.shapes =
        node_shapes([](const CpuName& c) { return c.year >= kEraFrom && is_node(c); }, true);
  }
  forget_sku(found.shapes);
  return found;
}

// A guest that names its CPU: the node's make-up is that of the CPU's results, or of its
// generation's where it has none.
Candidates named_guest(const CpuName& cpu) {
  Candidates found{.rule = "a node with this CPU"};
  found.shapes = node_shapes([&](const CpuName& c) { return c.key == cpu.key; }, false);
  if (!found.shapes.empty()) return found;
  found.rule = "a node with this CPU, threads a chip as in its generation";
  found.shapes = node_shapes(
      [&](const CpuName& c) { return c.generation == cpu.generation && is_node(c); }, true);
  for (ServerShape& shape : found.shapes) shape.cpu = cpu;
  return found;
}

ServerShape whole_machine(const MachineDescription& machine, const CpuName& cpu) {
  constexpr double kGigabyte = 1024.0 * 1024 * 1024;
  return {.cpu = cpu,
          .chips = std::max(1, machine.sockets),
          .threads = machine.threads,
          .memory_gb = static_cast<double>(machine.memory_bytes) / kGigabyte};
}

Candidates candidates(const MachineDescription& machine) {
  CpuName cpu = parse_cpu_name(machine.cpu);
  const bool named = !cpu.generation.empty() || (!cpu.key.empty() && in_catalogue(cpu.key));
  if (!named && machine.is_virtual) return hidden_sku(machine);
  if (named && machine.is_virtual && !cpu.client) {
    Candidates found = named_guest(cpu);
    if (!found.shapes.empty()) return found;
  }
  if (cpu.generation.empty()) cpu.generation = machine.generation;
  if (cpu.year == 0) cpu.year = generation_year(cpu.generation);
  return {{whole_machine(machine, cpu)},
          cpu.client ? "a client part, of which few were published" : "this machine's make-up"};
}

struct Mixture {
  double mean = 0;       // of log watts a thread
  double deviation = 0;  // half width at the level asked for, divided by its quantile
  double quantile = 0;
};

// Equal mixture of the candidates: mean of means, variance within plus variance between.
Mixture mix(PowerTarget target, const std::vector<ServerShape>& shapes, double level) {
  const PowerRegression& regression = PowerRegression::of(target);
  const double n = static_cast<double>(shapes.size());
  Mixture mixture;
  double square = 0;
  double within = 0;
  for (const ServerShape& shape : shapes) {
    const LogPower power = regression.predict(shape);
    const double per_thread = power.mean - std::log(shape.threads);
    mixture.mean += per_thread / n;
    square += per_thread * per_thread / n;
    within += power.sd * power.sd / n;
    mixture.quantile = std::max(mixture.quantile, regression.quantile(power.nearness, level));
  }
  const double between = std::max(0.0, square - mixture.mean * mixture.mean);
  mixture.deviation = std::sqrt(within + between);
  return mixture;
}

Interval factor(const Mixture& mixture, double widening) {
  const double half = mixture.quantile * mixture.deviation * widening;
  return {std::exp(-half), std::exp(half)};
}

}  // namespace

ThreadPower thread_power(const MachineDescription& machine, double level) {
  const Candidates found = candidates(machine);
  const double widening = found.shapes.front().cpu.client ? kClientWidening : 1;
  const Mixture idle = mix(PowerTarget::idle, found.shapes, level);
  const Mixture active = mix(PowerTarget::active, found.shapes, level);
  ThreadPower power{.idle_w = std::exp(idle.mean),
                    .active_w = std::exp(active.mean),
                    .idle_factor = factor(idle, widening),
                    .active_factor = factor(active, widening),
                    .rule = found.rule};
  power.relatives =
      PowerRegression::of(PowerTarget::active).relatives(found.shapes.front(), kRelatives);
  return power;
}

}  // namespace joulebook
