#include "meter/core.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "meter/apportion.h"
#include "meter/crosscheck.h"

namespace joulebook {
namespace {

constexpr Nanos kSuspend = std::chrono::milliseconds(20);
// How long to wait for what closes a window: three nominal ticks, and 3 s where those are less (a
// counter may change far more seldom than it could). A sensor so slow that its three ticks pass
// kPatience is not waited for.
constexpr Nanos kLeastPatience = std::chrono::seconds(3);
constexpr Nanos kPatience = std::chrono::seconds(30);

bool waited_for(const DomainCurve& curve) {
  return curve.live() && 3 * curve.info().tick <= kPatience;
}

bool contains(const std::vector<std::string>& list, const std::string& word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

std::vector<Quantity> energies(const std::vector<const DomainEnergy*>& domains) {
  std::vector<Quantity> out;
  for (const auto* domain : domains) out.push_back(domain->energy);
  return out;
}

std::vector<Quantity> at_rest(const WindowEnergy& window,
                              const std::vector<const DomainEnergy*>& domains) {
  std::vector<Quantity> out;
  for (const auto* domain : domains) out.push_back(window.idle.at(domain->domain));
  return out;
}

}  // namespace

MeterCore::MeterCore(std::vector<Channel> channels, const MeterOptions& options,
                     int hardware_threads)
    : options_(options), hardware_threads_(hardware_threads) {
  for (auto& channel : channels) {
    // A slow sensor's own pace is no gap.
    const CurveOptions curve{.max_gap = std::max<Nanos>(options.max_gap, 4 * channel.info.tick)};
    curves_.emplace_back(std::move(channel.info), channel.model, curve);
  }
  if (const auto* model = machine_model()) {
    split_ = node_split_from_json(model->model().describe()["split"]);
  }
  DeviceChoice first;
  if (!options.devices.empty()) first.rule = DeviceChoice::Rule::named;
  first.named = options.devices;
  cover(std::move(first));
}

void MeterCore::cover(DeviceChoice choice) {
  std::vector<SensorInfo> counted;
  std::vector<SensorInfo> rest;
  for (const auto& curve : curves_) {
    (choice.covers(curve.info()) ? counted : rest).push_back(curve.info());
  }
  plan_ = plan_total(counted);
  apart_ = plan_total(rest);
  choice_ = std::make_shared<const DeviceChoice>(std::move(choice));
}

void MeterCore::anchor(const Anchor& anchor) {
  if (anchor_) {
    const Nanos slept =
        Nanos(anchor.boot_ns - anchor_->boot_ns) - (anchor.steady - anchor_->steady);
    if (slept > kSuspend) {
      const Fault fault{anchor_->steady, anchor.steady, suspended_reason(slept)};
      for (auto& curve : curves_) curve.spoil(fault);
    }
  }
  anchor_ = anchor;
}

bool MeterCore::settled(SteadyTime t) const {
  return std::all_of(curves_.begin(), curves_.end(),
                     [&](const DomainCurve& c) { return !waited_for(c) || c.settled(t); });
}

Nanos MeterCore::closing() const {
  Nanos most{0};
  for (const auto& curve : curves_) {
    if (!waited_for(curve)) continue;
    const Nanos patience = std::max<Nanos>(kLeastPatience, 3 * curve.info().tick);
    most = std::max(most, std::min(patience, curve.closing(options_.period)));
  }
  return most;
}

std::vector<SensorInfo> MeterCore::sensors() const {
  std::vector<SensorInfo> infos;
  for (const auto& curve : curves_) infos.push_back(curve.info());
  return infos;
}

std::vector<const DomainEnergy*> MeterCore::counted(const WindowEnergy& window, bool sure) const {
  std::vector<const DomainEnergy*> out;
  for (const auto& domain : window.domains) {
    SensorInfo info;
    info.device = domain.device;
    if (domain.top_level && !(sure && choice_->doubtful(info))) out.push_back(&domain);
  }
  return out;
}

Quantity MeterCore::total(const WindowEnergy& window) const {
  const auto all = counted(window, false);
  const auto sure = counted(window, true);
  if (all.empty()) {
    return Quantity::absent("J", {"sensor.none", "no sensor covers what was asked for",
                                  "joulebook doctor says what is missing and how to cure it"});
  }
  Quantity total = sum(energies(all));
  if (sure.size() == all.size() || !total.present()) return total;
  // What may be another's work is in the value, and out of the lower end.
  total.own.lo = sure.empty() ? 0 : sum(energies(sure)).own.lo;
  total.method += "; lower end without the GPUs that may be another's";
  return total;
}

Quantity MeterCore::idle(const DomainCurve& curve, const Window& window) const {
  if (const auto* model = curve.modelled()) {
    Quantity q = model->model().machine(window.duration(), 0, {0, 0});
    q.method = "the model's own power at rest";
    return q;
  }
  return options_.floors.energy(curve.info().id, window.duration());
}

Quantity MeterCore::above_idle(const WindowEnergy& window) const {
  const auto all = counted(window, false);
  const auto sure = counted(window, true);
  if (!window.total.present()) return window.total;
  Quantity above = less_idle(sum(energies(all)), at_rest(window, all));
  if (sure.size() == all.size() || !above.present()) return above;
  const Quantity own = less_idle(sum(energies(sure)), at_rest(window, sure));
  above.own.lo = std::min(above.own.lo, sure.empty() ? 0 : own.own.lo);
  return above;
}

void MeterCore::take_apart(WindowEnergy& out) const {
  const auto node = std::find_if(out.domains.begin(), out.domains.end(), [](const auto& domain) {
    return domain.domain == "node:0" && domain.energy.tier == Tier::modelled;
  });
  if (!split_ || node == out.domains.end()) return;
  const DomainEnergy whole = *node;
  const Seconds time = out.window.duration();
  const auto energy = parts_of(*split_, whole.energy, time);
  const auto mean = parts_of(*split_, whole.mean_power, Seconds(1));
  const auto peak = parts_of(*split_, whole.peak_power, Seconds(1));
  const auto idle = parts_of(*split_, out.idle.at(whole.domain), time);
  std::vector<DomainEnergy> pieces;
  for (std::size_t i = 0; i < std::min(energy.size(), idle.size()); ++i) {
    DomainEnergy piece{.domain = energy[i].domain, .device = whole.device, .name = energy[i].name};
    piece.sensor = whole.sensor;
    piece.energy = energy[i].energy;
    piece.mean_power = i < mean.size() ? mean[i].energy : whole.mean_power;
    piece.peak_power = i < peak.size() ? peak[i].energy : whole.peak_power;
    piece.above_idle = less_idle(piece.energy, {&idle[i].energy, 1});
    out.idle.emplace(piece.domain, idle[i].energy);
    node->contains.push_back(piece.domain);
    pieces.push_back(std::move(piece));
  }
  out.domains.insert(std::next(node), pieces.begin(), pieces.end());
}

std::vector<std::string> MeterCore::devices() const {
  std::vector<std::string> out;
  for (const auto& curve : curves_) {
    const auto& info = curve.info();
    if (contains(plan_.ids, info.id) && !contains(out, info.device)) out.push_back(info.device);
  }
  return out;
}

std::vector<DeviceEnergy> MeterCore::apart(const Window& window) const {
  std::vector<DeviceEnergy> out;
  std::vector<std::vector<Quantity>> parts;
  for (const auto& curve : curves_) {
    const auto& info = curve.info();
    if (!contains(apart_.ids, info.id)) continue;
    const auto it = std::find_if(out.begin(), out.end(),
                                 [&](const DeviceEnergy& d) { return d.device == info.device; });
    const auto at = static_cast<std::size_t>(it - out.begin());
    if (it == out.end()) {
      out.push_back({info.device, info.name, {}, {}});
      parts.emplace_back();
    }
    out[at].domains.push_back(info.domain);
    parts[at].push_back(curve.figure(window).energy);
  }
  for (std::size_t i = 0; i < out.size(); ++i) out[i].energy = sum(parts[i]);
  return out;
}

void MeterCore::cpu(const CpuSample& sample) {
  machine_.add(sample.at, sample.machine);
  tree_.add(sample.at, sample.tree);
  self_.add(sample.at, sample.self);
}

CpuShare MeterCore::cpu_share(const Window& window) const {
  CpuShare cpu;
  if (hardware_threads_ > 0) cpu.capacity = hardware_threads_ * window.duration().count();
  cpu.machine = machine_.between(window.begin, window.end).value_or(-1);
  cpu.tree = tree_.between(window.begin, window.end).value_or(-1);
  cpu.self = self_.between(window.begin, window.end).value_or(-1);
  if (const auto* model = machine_model()) {
    const auto from = model->busy().edge(window.begin);
    const auto to = model->busy().edge(window.end);
    if (from && to) cpu.machine = to->best - from->best;
  }
  return cpu;
}

const ModelCurve* MeterCore::machine_model() const {
  for (const auto& curve : curves_) {
    if (curve.modelled() != nullptr) return curve.modelled();
  }
  return nullptr;
}

Quantity MeterCore::processes(double cpu_seconds, const WindowEnergy& window,
                              const char* whose) const {
  if (const auto* model = machine_model()) {
    return modelled_share(model->model(), cpu_seconds, whose);
  }
  return apportioned_share(window.domains, cpu_seconds, window.cpu, whose);
}

void MeterCore::warn(WindowEnergy& out) const {
  out.warnings = plan_.warnings;
  for (const auto& curve : curves_) {
    if (!choice_->covers(curve.info())) continue;
    const Nanos tick = std::max(curve.tick_at(out.window.end), curve.info().tick);
    if (tick.count() > 0 && out.window.end - out.window.begin < 3 * tick) {
      out.warnings.push_back(fmt::format(
          "window.too_short: {:.1f} ms is less than three ticks of {} ({:.1f} ms each), so the "
          "interval is wide; repeat the work inside one window",
          out.window.duration().count() * 1e3, curve.info().name, Seconds(tick).count() * 1e3));
    }
  }
  cross_check(out.domains, out.warnings);
  warn_of_devices(out.warnings);
}

// Each GPU that is counted for want of knowledge, and each used one that was not named.
void MeterCore::warn_of_devices(std::vector<std::string>& warnings) const {
  std::set<std::string> said;
  for (const auto& curve : curves_) {
    const auto& info = curve.info();
    const DeviceUse* use = choice_->use_of(info.device);
    const bool forgotten = choice_->rule == DeviceChoice::Rule::named && use != nullptr &&
                           use->answer == DeviceUse::Answer::used && !choice_->covers(info);
    if (!(forgotten || choice_->doubtful(info)) || !said.insert(info.device).second) continue;
    if (forgotten) {
      warnings.push_back(fmt::format("device.not_named: the measured processes use {} ({}), which "
                                     "was not named: its energy is apart",
                                     info.device, use->evidence));
      continue;
    }
    const Reason reason =
        use != nullptr ? use->reason
                       : Reason{"process.device_unknown",
                                "who uses " + info.device + " cannot be known here",
                                "name the devices"};
    warnings.push_back(fmt::format(
        "{}: {}; it is counted, and may be another's work, so the total's interval reaches down to "
        "what it is without it; cure: {}",
        reason.code, reason.message, reason.cure));
  }
}

WindowEnergy MeterCore::energy(const Window& window) const {
  WindowEnergy out;
  out.window = window;
  for (const auto& curve : curves_) {
    const ReadingsDigest digest = curve.digest(window.end);
    out.readings.count += digest.count;
    out.readings.chain = out.readings.chain * 0x100000001B3ULL + digest.chain;
    if (!choice_->covers(curve.info())) continue;
    out.domains.push_back(curve.figure(window));
    out.domains.back().device = curve.info().device;
    DomainEnergy& domain = out.domains.back();
    domain.top_level = contains(plan_.ids, curve.info().id);
    const Quantity rest = idle(curve, window);
    domain.above_idle = less_idle(domain.energy, {&rest, 1});
    out.idle.emplace(domain.domain, rest);
  }
  take_apart(out);
  out.total = total(out);
  out.above_idle = above_idle(out);
  out.devices = devices();
  out.devices_apart = apart(window);
  out.choice = choice_;
  out.cpu = cpu_share(window);
  out.self = processes(out.cpu.self, out, "Joulebook's own threads");
  out.tree = processes(out.cpu.tree, out, "the measured process tree");
  warn(out);
  return out;
}

std::vector<PowerPoint> MeterCore::trace(SteadyTime begin, SteadyTime end,
                                         std::size_t points) const {
  std::vector<PowerPoint> out;
  if (begin >= end || points == 0 || plan_.ids.empty()) return out;
  const auto count = static_cast<std::int64_t>(points);
  const auto total_at = [&](SteadyTime t) -> std::optional<MicroJoules> {
    MicroJoules joules;
    for (const auto& curve : curves_) {
      if (!contains(plan_.ids, curve.info().id)) continue;
      const auto edge = curve.edge(t);
      if (!edge) return std::nullopt;
      joules += *edge;
    }
    return joules;
  };
  SteadyTime from = begin;
  auto before = total_at(begin);
  for (std::int64_t i = 1; i <= count; ++i) {
    const SteadyTime to = begin + (end - begin) / count * i;
    const auto after = total_at(to);
    if (before && after && to > from) {
      out.push_back({from, to, to_joules(*after - *before) / Seconds(to - from)});
    }
    from = to;
    before = after;
  }
  return out;
}

}  // namespace joulebook
