#include "sensor/containment.h"

#include <algorithm>
#include <array>
#include <utility>

namespace joulebook {
namespace {

enum class Edge { contains, may_contain };

// One row: which kind lies inside which. `paired`: only where the instances agree.
struct Row {
  std::string_view outer;
  std::string_view inner;
  Edge edge;
  bool paired;
};

// Intel SDM vol. 3B 15.10 and the kernel's powercap page: PP0 (core) and PP1 (uncore) are planes
// of the package; DRAM is a plane of its own; psys is what the platform's regulators feed, on
// client parts package and memory, and a discrete GPU only on some boards. AMD's PPR: the core
// counters are part of the package's. NVML: the memory gauge is part of the board; a module
// (Grace Hopper) is board and CPU, but scope 1 also answers on boards that are no module. NVIDIA
// Grace Performance Tuning Guide, "Power Telemetry": a socket's meter includes its core rail and
// its SoC (SysIO) rail; a superchip's includes the socket and what else sits on the module, of
// which no file says which GPUs. Kernel ABI of xe's hwmon: the card's energy includes its
// package's.
constexpr std::array kTable{
    Row{"package", "core", Edge::contains, true},
    Row{"package", "uncore", Edge::contains, true},
    Row{"psys", "package", Edge::contains, false},
    Row{"psys", "core", Edge::contains, false},
    Row{"psys", "uncore", Edge::contains, false},
    Row{"psys", "dram", Edge::contains, false},
    Row{"psys", "gpu", Edge::may_contain, false},
    Row{"psys", "gpu-memory", Edge::may_contain, false},
    Row{"gpu", "gpu-memory", Edge::contains, true},
    Row{"gpu", "gpu-package", Edge::contains, true},
    Row{"socket", "core", Edge::contains, true},
    Row{"socket", "uncore", Edge::contains, true},
    Row{"superchip", "socket", Edge::contains, true},
    Row{"superchip", "core", Edge::contains, true},
    Row{"superchip", "uncore", Edge::contains, true},
    Row{"superchip", "gpu", Edge::may_contain, false},
    Row{"superchip", "gpu-memory", Edge::may_contain, false},
    Row{"superchip", "module", Edge::may_contain, false},
    Row{"module", "socket", Edge::may_contain, false},
    Row{"module", "core", Edge::may_contain, false},
    Row{"module", "uncore", Edge::may_contain, false},
    // One supply of several, and no file tells what hangs on which.
    Row{"psu", "package", Edge::may_contain, false},
    Row{"psu", "dram", Edge::may_contain, false},
    Row{"psu", "psys", Edge::may_contain, false},
    Row{"psu", "gpu", Edge::may_contain, false},
    Row{"psu", "module", Edge::may_contain, false},
    Row{"module", "gpu", Edge::may_contain, true},
    Row{"module", "gpu-memory", Edge::may_contain, true},
    Row{"module", "package", Edge::may_contain, true},
};

constexpr std::array<std::string_view, 5> kCpuSide{"psys", "package", "core", "uncore", "dram"};

bool listed(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

void add(std::vector<std::string>& names, const std::string& name) {
  if (!listed(names, name)) names.push_back(name);
}

std::string_view without(std::string_view text, std::string_view suffix) {
  if (text.ends_with(suffix)) text.remove_suffix(suffix.size());
  return text;
}

// What lies around the machine, outermost first; 0 for what lies within. A battery feeds it alone,
// or is not read.
int wholeness(std::string_view kind) {
  if (kind == "wall") return 3;
  if (kind == "battery") return 2;
  return kind == "node" ? 1 : 0;
}

bool whole_machine(const SensorInfo& info) { return wholeness(domain_kind(info.domain)) > 0; }

// A chip that nobody has named may sit on any wire.
bool unnamed(const SensorInfo& info) { return domain_kind(info.domain) == "chip"; }

// A measured node, battery or wall holds all there is; the model of a machine knows only its CPU
// side. What a battery gives does not come from the wall at the same time.
void relate_whole(SensorInfo& outer, const SensorInfo& inner) {
  const std::string_view kind = domain_kind(inner.domain);
  const bool modelled = outer.kind == SensorKind::busy_time;
  const bool cpu_side = std::find(kCpuSide.begin(), kCpuSide.end(), kind) != kCpuSide.end();
  const bool smaller = wholeness(kind) < wholeness(domain_kind(outer.domain)) && kind != "battery";
  if (modelled ? cpu_side : smaller && !unnamed(inner)) add(outer.contains, inner.domain);
}

void relate_pair(SensorInfo& outer, const SensorInfo& inner) {
  if (unnamed(outer)) add(outer.may_contain, inner.domain);
  if (whole_machine(outer)) relate_whole(outer, inner);
  for (const std::string_view suffix : kMirrorSuffixes) {
    if (outer.domain.ends_with(suffix) && without(outer.domain, suffix) == inner.domain) {
      add(outer.mirrors, inner.domain);
    }
  }
  for (const Row& row : kTable) {
    if (row.outer != domain_kind(outer.domain) || row.inner != domain_kind(inner.domain)) continue;
    if (row.paired && hardware_instance(outer.domain) != hardware_instance(inner.domain)) continue;
    add(row.edge == Edge::contains ? outer.contains : outer.may_contain, inner.domain);
  }
}

// Two meters of one machine see the same energy; the one found first is preferred.
void relate_nodes(SensorInfo& earlier, SensorInfo& later) {
  const auto measured_node = [](const SensorInfo& info) {
    return domain_kind(info.domain) == "node" && info.kind != SensorKind::busy_time;
  };
  if (measured_node(earlier) && measured_node(later)) add(later.mirrors, earlier.domain);
}

bool present(std::span<const SensorInfo> infos, std::string_view domain) {
  return std::any_of(infos.begin(), infos.end(),
                     [&](const SensorInfo& info) { return info.domain == domain; });
}

// A sensor with edges drawn later; reads pass straight through.
class Related final : public Sensor {
 public:
  Related(std::unique_ptr<Sensor> inner, SensorInfo info)
      : inner_(std::move(inner)), info_(std::move(info)) {}
  [[nodiscard]] const SensorInfo& info() const override { return info_; }
  [[nodiscard]] Result<RawReading> read() override { return inner_->read(); }
  [[nodiscard]] double own_cpu_seconds() const override { return inner_->own_cpu_seconds(); }
  [[nodiscard]] const EnergyModel* model() const override { return inner_->model(); }

 private:
  std::unique_ptr<Sensor> inner_;
  SensorInfo info_;
};

// Sensors still in the running for a total; each rule strikes some out.
class Plan {
 public:
  explicit Plan(std::span<const SensorInfo> infos) : infos_(infos), counted_(infos.size(), true) {}

  template <class Rule>
  void strike(Rule rule) {
    std::vector<bool> next = counted_;
    for (std::size_t i = 0; i < infos_.size(); ++i) {
      if (counted_[i] && rule(infos_[i])) next[i] = false;
    }
    counted_ = std::move(next);
  }

  // Whether any sensor still counted satisfies `rule`.
  template <class Rule>
  [[nodiscard]] bool any(Rule rule) const {
    for (std::size_t i = 0; i < infos_.size(); ++i) {
      if (counted_[i] && rule(infos_[i])) return true;
    }
    return false;
  }

  [[nodiscard]] bool counts(std::string_view domain) const {
    return any([&](const SensorInfo& other) { return other.domain == domain; });
  }

  void fill(TopLevel& result) const {
    for (std::size_t i = 0; i < infos_.size(); ++i) {
      if (!counted_[i]) continue;
      result.ids.push_back(infos_[i].id);
      result.domains.push_back(infos_[i].domain);
      add(result.boundary, std::string(domain_kind(infos_[i].domain)));
    }
  }

 private:
  std::span<const SensorInfo> infos_;
  std::vector<bool> counted_;
};

}  // namespace

std::string_view domain_kind(std::string_view domain) { return domain.substr(0, domain.find(':')); }

std::string_view domain_instance(std::string_view domain) {
  const std::size_t colon = domain.find(':');
  return colon == std::string_view::npos ? std::string_view{} : domain.substr(colon + 1);
}

std::string_view hardware_instance(std::string_view domain) {
  std::string_view instance = domain_instance(domain);
  for (const std::string_view suffix : kMirrorSuffixes) instance = without(instance, suffix);
  return instance;
}

void relate(std::span<SensorInfo> infos) {
  for (SensorInfo& outer : infos) {
    for (const SensorInfo& inner : infos) {
      if (&outer != &inner) relate_pair(outer, inner);
    }
  }
  for (std::size_t later = 0; later < infos.size(); ++later) {
    for (std::size_t i = 0; i < later; ++i) relate_nodes(infos[i], infos[later]);
  }
}

void relate(std::vector<std::unique_ptr<Sensor>>& sensors) {
  std::vector<SensorInfo> infos;
  for (const auto& sensor : sensors) infos.push_back(sensor->info());
  relate(infos);
  for (std::size_t i = 0; i < sensors.size(); ++i) {
    const SensorInfo& before = sensors[i]->info();
    if (before.contains == infos[i].contains && before.mirrors == infos[i].mirrors &&
        before.may_contain == infos[i].may_contain) {
      continue;
    }
    sensors[i] = with_info(std::move(sensors[i]), std::move(infos[i]));
  }
}

std::unique_ptr<Sensor> with_info(std::unique_ptr<Sensor> sensor, SensorInfo info) {
  return std::make_unique<Related>(std::move(sensor), std::move(info));
}

TopLevel plan_total(std::span<const SensorInfo> infos) {
  TopLevel result;
  Plan plan(infos);
  const auto measured_whole = [](const SensorInfo& info) {
    return whole_machine(info) && info.kind != SensorKind::busy_time;
  };
  const auto lesser_mirror = [&](const SensorInfo& info) {
    return std::any_of(info.mirrors.begin(), info.mirrors.end(),
                       [&](const std::string& domain) { return present(infos, domain); });
  };
  plan.strike(unnamed);
  plan.strike(lesser_mirror);
  if (plan.any([&](const SensorInfo& info) { return !measured_whole(info); })) {
    plan.strike(measured_whole);
  }
  plan.strike([&](const SensorInfo& info) {
    for (const std::string& domain : info.may_contain) {
      if (!plan.counts(domain)) continue;
      result.warnings.push_back(info.domain + " may contain " + domain +
                                ": left out of the total in favour of its parts");
      return true;
    }
    return false;
  });
  plan.strike([&](const SensorInfo& inner) {
    const auto holds = [&](const SensorInfo& outer) {
      return listed(outer.contains, inner.domain);
    };
    // What lies inside a mirror lies inside what it mirrors.
    return plan.any(holds) || std::any_of(infos.begin(), infos.end(), [&](const SensorInfo& outer) {
             return lesser_mirror(outer) && !measured_whole(outer) && holds(outer);
           });
  });
  plan.fill(result);
  return result;
}

std::vector<std::string> top_level(std::span<const SensorInfo> infos) {
  return plan_total(infos).ids;
}

}  // namespace joulebook
