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

}  // namespace

MeterCore::MeterCore(std::vector<Channel> channels, const MeterOptions& options,
                     int hardware_threads)
    : options_(options), hardware_threads_(hardware_threads) {
  std::vector<SensorInfo> counted;
  for (auto& channel : channels) {
    // A slow sensor's own pace is no gap.
    const CurveOptions curve{.max_gap = std::max<Nanos>(options.max_gap, 4 * channel.info.tick)};
    curves_.emplace_back(std::move(channel.info), channel.model, curve);
    if (covered(curves_.back())) counted.push_back(curves_.back().info());
  }
  plan_ = plan_total(counted);
}

bool MeterCore::covered(const DomainCurve& curve) const {
  return options_.devices.empty() ||
         std::any_of(options_.devices.begin(), options_.devices.end(), [&](const auto& device) {
           return curve.info().device.starts_with(device) || curve.info().domain == device;
         });
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

Quantity MeterCore::total(std::span<const DomainEnergy> domains) const {
  std::vector<Quantity> parts;
  for (const auto& domain : domains) {
    if (domain.top_level) parts.push_back(domain.energy);
  }
  if (!parts.empty()) return sum(parts);
  return Quantity::absent("J", {"sensor.none", "no sensor covers what was asked for",
                                "joulebook doctor says what is missing and how to cure it"});
}

std::vector<std::string> MeterCore::devices() const {
  std::vector<std::string> out;
  for (const auto& curve : curves_) {
    const auto& info = curve.info();
    if (contains(plan_.ids, info.id) && !contains(out, info.device)) out.push_back(info.device);
  }
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
    const Nanos tick = std::max(curve.tick(), curve.info().tick);
    if (tick.count() > 0 && out.window.end - out.window.begin < 3 * tick) {
      out.warnings.push_back(fmt::format(
          "window.too_short: {:.1f} ms is less than three ticks of {} ({:.1f} ms each), so the "
          "interval is wide; repeat the work inside one window",
          out.window.duration().count() * 1e3, curve.info().name, Seconds(tick).count() * 1e3));
    }
  }
  cross_check(out.domains, out.warnings);
}

WindowEnergy MeterCore::energy(const Window& window) const {
  WindowEnergy out;
  out.window = window;
  for (const auto& curve : curves_) {
    const ReadingsDigest digest = curve.digest(window.end);
    out.readings.count += digest.count;
    out.readings.chain = out.readings.chain * 0x100000001B3ULL + digest.chain;
    out.domains.push_back(curve.figure(window));
    out.domains.back().top_level = contains(plan_.ids, curve.info().id);
  }
  out.total = total(out.domains);
  out.devices = devices();
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
