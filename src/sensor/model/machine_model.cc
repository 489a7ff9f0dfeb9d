#include "sensor/model/machine_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/text.h"
#include "sensor/model/thread_power.h"

namespace joulebook {
namespace {

constexpr double kLevel = 0.95;

// A stated bound, not a fit: what one busy thread adds beside what the Java benchmark makes it add.
// Upper end: two-chip rows of the catalogue draw at full load about what their CPUs' thermal design
// power alone would allow, so wide vector code that fills it can add at most about half as much
// again. Lower end: threads that wait for memory (decoding) or spin keep a core awake but its
// execution units idle. docs/machine-model.md has the reckoning.
constexpr Interval kInstructionMix{0.6, 1.5};

Json interval_json(const Interval& i) { return Json::array({i.lo, i.hi}); }

bool read_interval(const Json& json, Interval& out) {
  if (json.items().size() != 2 || !json.at(0).is_number() || !json.at(1).is_number()) return false;
  out = {json.at(0).as_double(), json.at(1).as_double()};
  return 0 <= out.lo && out.lo <= out.hi;
}

bool read_tenths(const Json& json, LoadFactors& out) {
  if (json.items().size() != out.at_tenths.size()) return false;
  for (std::size_t i = 0; i < out.at_tenths.size(); ++i)
    if (!read_interval(json.at(i), out.at_tenths[i])) return false;
  return true;
}

bool read_parameters(const Json& json, ModelParameters& p) {
  for (const char* number : {"threads", "idle_w", "active_w", "level", "max_watts"})
    if (!json[number].is_number() || json[number].as_double() < 0) return false;
  p.cpu = json["cpu"].as_string();
  p.threads = static_cast<int>(json["threads"].as_int());
  p.is_virtual = json["virtual"].as_bool();
  p.idle_w = json["idle_w"].as_double();
  p.active_w = json["active_w"].as_double();
  p.level = json["level"].as_double();
  p.max_watts = json["max_watts"].as_double();
  p.boundary = json["boundary"].as_string();
  p.method = json["method"].as_string();
  p.split = node_split_from_json(json["split"]);
  return read_interval(json["idle_watts"], p.idle_watts) &&
         read_interval(json["active_watts"], p.active_watts) &&
         read_interval(json["instruction_mix"], p.instruction_mix) &&
         read_interval(json["load_unknown"], p.load_curve.unknown) &&
         read_tenths(json["load_at_tenths"], p.load_curve);
}

std::string method_line(const MachineDescription& machine, const ThreadPower& power) {
  const std::string share =
      machine.is_virtual ? fmt::format("share of {} hardware threads of a node", machine.threads)
                         : fmt::format("whole machine of {} hardware threads", machine.threads);
  return fmt::format(
      "model of the machine: {}, {}, from {}; SPECpower_ssj2008 (benchmark machines idle lower "
      "than ordinary ones)",
      share, power.rule, join(power.relatives, ", "));
}

class LinearModel final : public EnergyModel {
 public:
  explicit LinearModel(ModelParameters parameters) : p_(std::move(parameters)) {}

  [[nodiscard]] Quantity machine(Seconds duration, double busy, Interval bounds) const override {
    const double idle = p_.idle_w * duration.count();
    const double capacity = p_.threads * duration.count();
    const bool load_known = !p_.is_virtual && capacity > 0;
    const Interval load = load_known ? p_.load_curve.at(busy / capacity) : p_.load_curve.unknown;
    return quantity(idle, busy, bounds, load);
  }

  [[nodiscard]] Quantity processes(double busy, Interval bounds) const override {
    return quantity(0, busy, bounds, p_.load_curve.unknown);
  }

  [[nodiscard]] Json describe() const override { return to_json(p_); }

 private:
  [[nodiscard]] Quantity quantity(double idle, double busy, Interval bounds,
                                  const Interval& load) const {
    Quantity q;
    const double active = p_.active_w * busy;
    q.value = idle + active;
    q.own = {idle + p_.active_w * bounds.lo, idle + p_.active_w * bounds.hi};
    q.level = p_.level;
    q.tier = Tier::modelled;
    q.boundary = p_.boundary;
    q.method = p_.method;
    if (idle > 0) q.shared.push_back(part("idle_watts", p_.idle_watts, idle, active));
    q.shared.push_back(part("active_watts", p_.active_watts, active, idle));
    q.shared.push_back(part("load_curve", load, active, idle));
    q.shared.push_back(part("instruction_mix", p_.instruction_mix, active, idle));
    return q;
  }

  // Factors on the sum where only the `moved` summand is multiplied by `factor`.
  static SharedPart part(const char* id, const Interval& factor, double moved, double fixed) {
    const double total = moved + fixed;
    if (!(total > 0)) return {id, 1, 1};
    return {id, (moved * factor.lo + fixed) / total, (moved * factor.hi + fixed) / total};
  }

  ModelParameters p_;
};

}  // namespace

ModelParameters model_parameters(const MachineDescription& machine) {
  const ThreadPower power = thread_power(machine, kLevel);
  ModelParameters p;
  p.cpu = machine.cpu;
  p.threads = machine.threads;
  p.is_virtual = machine.is_virtual;
  p.idle_w = power.idle_w * machine.threads;
  p.active_w = power.active_w;
  p.idle_watts = power.idle_factor;
  p.active_watts = power.active_factor;
  p.instruction_mix = kInstructionMix;
  p.load_curve = measured_load_factors();
  p.level = kLevel;
  p.max_watts = p.idle_w * p.idle_watts.hi +
                p.active_w * p.active_watts.hi * kInstructionMix.hi * machine.threads;
  p.method = method_line(machine, power);
  p.split = split_of(machine, p.idle_w, p.active_w);
  return p;
}

Json to_json(const ModelParameters& p) {
  Json json = Json::object({{"kind", "linear"}, {"cpu", p.cpu}, {"threads", p.threads}});
  json.set("virtual", p.is_virtual);
  json.set("idle_w", p.idle_w);
  json.set("active_w", p.active_w);
  json.set("idle_watts", interval_json(p.idle_watts));
  json.set("active_watts", interval_json(p.active_watts));
  json.set("instruction_mix", interval_json(p.instruction_mix));
  Json tenths = Json::array();
  for (const Interval& i : p.load_curve.at_tenths) tenths.push(interval_json(i));
  json.set("load_at_tenths", std::move(tenths));
  json.set("load_unknown", interval_json(p.load_curve.unknown));
  json.set("level", p.level);
  json.set("max_watts", p.max_watts);
  json.set("boundary", p.boundary);
  json.set("method", p.method);
  json.set("split", p.split ? to_json(*p.split) : Json());
  return json;
}

std::unique_ptr<EnergyModel> make_model(ModelParameters parameters) {
  return std::make_unique<LinearModel>(std::move(parameters));
}

std::unique_ptr<EnergyModel> make_model(const Json& description) {
  ModelParameters parameters;
  if (!read_parameters(description, parameters)) return nullptr;
  return make_model(std::move(parameters));
}

}  // namespace joulebook
