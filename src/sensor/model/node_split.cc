#include "sensor/model/node_split.h"

#include <algorithm>
#include <cmath>

namespace joulebook {
namespace {

// Package power by RAPL (cpu_load.csv) beside wall power of SPECpower on the same CPU
// (cpu_power.csv), or of a plug on the same machine, idle extrapolated from the two lowest loads
// above 5 %:
//                        package / wall at idle   what the load adds, package / wall
//   Xeon E3-1240 v2             3.7 / 14.1 W                   44.7 / 58.4 W
//   EPYC 8024P                  7.7 / 62.1 W                   38.4 / 41.9 W
//   Threadripper 1950X         14.5 / 115  W                    152 / 163  W
// The factors are stated: three machines, none of them large. A big server's packages idle at about
// half of its wall (docs/machine-model.md).
constexpr double kPackageIdle = 0.2;
constexpr Interval kPackageIdleFactor{0.4, 3};
constexpr double kPackageActive = 0.85;
constexpr Interval kPackageActiveFactor{0.7, 1.13};

// W a GB. Of servers of one CPU that differ in memory (cpu_power.csv, 2019 to 2026, 22 CPUs) the
// median is 0.0 at idle and 0.13 at full load; makers' figures for loaded DDR4 are near 0.4. At rest
// most of it is refresh.
constexpr double kMemoryIdle = 0.06;
constexpr double kMemoryFull = 0.15;
constexpr Interval kMemoryFactor{0.2, 3};
// However much memory there is, the pieces must fit into the node.
constexpr double kMostOfIdle = 0.4;
constexpr double kMostOfActive = 0.1;

constexpr double kGigabyte = 1024.0 * 1024 * 1024;

Json interval_json(const Interval& i) { return Json::array({i.lo, i.hi}); }

bool read_share(const Json& json, double& out) {
  out = json.as_double(-1);
  return std::isfinite(out) && out >= 0;
}

bool read_factor(const Json& json, Interval& out) {
  if (json.items().size() != 2) return false;
  out = {json.at(0).as_double(-1), json.at(1).as_double(-1)};
  return 0 <= out.lo && out.lo <= 1 && 1 <= out.hi && std::isfinite(out.hi);
}

// A piece of `idle` and `active` joules: the node's own parts move as much of it as they move of
// the node's.
class Piece {
 public:
  Piece(const Quantity& node, double node_idle, double node_active, double idle, double active)
      : idle_(idle), active_(active) {
    const double s_idle = node_idle > 0 ? idle / node_idle : 0;
    const double s_active = node_active > 0 ? active / node_active : 0;
    q_ = node;
    q_.value = idle + active;
    q_.own = {std::max(0.0, *q_.value - s_active * (*node.value - node.own.lo)),
              *q_.value + s_active * (node.own.hi - *node.value)};
    for (auto& part : q_.shared) {
      const double share = part.id == "idle_watts" ? s_idle : s_active;
      const auto moved = [&](double factor) {
        return *q_.value > 0 ? 1 + share * (factor - 1) * *node.value / *q_.value : 1;
      };
      part = {part.id, std::max(0.0, moved(part.lo)), moved(part.hi)};
    }
    std::erase_if(q_.shared, [](const SharedPart& part) { return part.lo == 1 && part.hi == 1; });
  }
  void add(const char* id, const Interval& factor, bool of_idle, bool of_active) {
    if (!(*q_.value > 0)) return;
    const double moving = (of_idle ? idle_ : 0) + (of_active ? active_ : 0);
    const double share = moving / *q_.value;
    q_.shared.push_back({id, 1 + share * (factor.lo - 1), 1 + share * (factor.hi - 1)});
  }
  [[nodiscard]] const Quantity& quantity() const { return q_; }

 private:
  double idle_;
  double active_;
  Quantity q_;
};

Quantity framed(Quantity q, const char* boundary, const std::string& method) {
  q.boundary = boundary;
  q.method = method;
  return q;
}

}  // namespace

NodeSplit split_of(const MachineDescription& machine, double idle_w, double active_w) {
  NodeSplit split{.idle_w = idle_w,
                  .package_idle = kPackageIdle,
                  .package_active = kPackageActive,
                  .package_idle_factor = kPackageIdleFactor,
                  .package_active_factor = kPackageActiveFactor,
                  .memory_factor = kMemoryFactor};
  const double gigabytes = static_cast<double>(machine.memory_bytes) / kGigabyte;
  const double load = (kMemoryFull - kMemoryIdle) * gigabytes;
  const double active = active_w * std::max(1, machine.threads);
  split.memory_idle_w = std::min(kMemoryIdle * gigabytes, kMostOfIdle * idle_w);
  split.memory_active = active > 0 ? std::min(load / active, kMostOfActive) : 0;
  return split;
}

std::vector<NodePart> parts_of(const NodeSplit& split, const Quantity& node, Seconds duration) {
  if (!node.present()) return {};
  const double idle = std::min(split.idle_w * duration.count(), *node.value);
  const double active = *node.value - idle;
  const double least = split.idle_w > 0 ? idle / split.idle_w : 0;
  Piece package(node, idle, active, split.package_idle * idle, split.package_active * active);
  package.add("package_idle_share", split.package_idle_factor, true, false);
  package.add("package_active_share", split.package_active_factor, false, true);
  Piece memory(node, 0, 0, split.memory_idle_w * least, split.memory_active * active);
  memory.add("memory_watts", split.memory_factor, true, true);
  Quantity rest = difference(difference(node, package.quantity()), memory.quantity());
  rest.own.lo = std::max(0.0, rest.own.lo);
  const std::string method = node.method + ", taken apart";
  return {{"package:all", "CPU packages", framed(package.quantity(), "package", method)},
          {"dram:all", "memory", framed(memory.quantity(), "dram", method)},
          {"rest:all", "board, fans and power supply", framed(rest, "rest", method)}};
}

Json to_json(const NodeSplit& s) {
  return Json::object({{"idle_w", s.idle_w},
                       {"package_idle", s.package_idle},
                       {"package_active", s.package_active},
                       {"package_idle_factor", interval_json(s.package_idle_factor)},
                       {"package_active_factor", interval_json(s.package_active_factor)},
                       {"memory_idle_w", s.memory_idle_w},
                       {"memory_active", s.memory_active},
                       {"memory_factor", interval_json(s.memory_factor)}});
}

std::optional<NodeSplit> node_split_from_json(const Json& json) {
  NodeSplit s;
  const bool sound = read_share(json["idle_w"], s.idle_w) &&
                     read_share(json["package_idle"], s.package_idle) &&
                     read_share(json["package_active"], s.package_active) &&
                     read_factor(json["package_idle_factor"], s.package_idle_factor) &&
                     read_factor(json["package_active_factor"], s.package_active_factor) &&
                     read_share(json["memory_idle_w"], s.memory_idle_w) &&
                     read_share(json["memory_active"], s.memory_active) &&
                     read_factor(json["memory_factor"], s.memory_factor);
  return sound ? std::optional(s) : std::nullopt;
}

}  // namespace joulebook
