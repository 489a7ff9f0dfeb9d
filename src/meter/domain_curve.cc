#include "meter/domain_curve.h"

#include <fmt/format.h>

#include <algorithm>

#include "sensor/containment.h"

namespace joulebook {
namespace {

using AnyCurve = std::variant<CounterCurve, GaugeCurve, ModelCurve>;

AnyCurve make_curve(const SensorInfo& info, const EnergyModel* model, CurveOptions options) {
  switch (info.kind) {
    case SensorKind::power_gauge:
      return GaugeCurve(info, options);
    case SensorKind::busy_time:
      return ModelCurve(info, model, options);
    case SensorKind::energy_counter:
      break;
  }
  return CounterCurve(info, options);
}

// The finalizer of SplitMix64 (Steele, Lea, Flood 2014): every bit depends on every bit.
std::uint64_t mixed(std::uint64_t x) {
  x += 0x9E3779B97F4A7C15ULL;
  x = (x ^ (x >> 30U)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27U)) * 0x94D049BB133111EBULL;
  return x ^ (x >> 31U);
}

double seconds(Nanos d) { return Seconds(d).count(); }

Quantity watts(const CounterCurve::Peak& peak, double level) {
  Quantity q;
  q.unit = "W";
  q.value = peak.watts;
  q.own = {std::min(peak.bounds.lo, peak.watts), std::max(peak.bounds.hi, peak.watts)};
  q.level = level;
  return q;
}

}  // namespace

DomainCurve::DomainCurve(SensorInfo info, const EnergyModel* model, CurveOptions options)
    : info_(std::move(info)),
      curve_(make_curve(info_, model, options)),
      chain_(options.capacity) {}

bool DomainCurve::doubtful(const RawReading& reading) const {
  if (no_reading(info_, reading.counts)) return true;
  const auto* curve = std::get_if<CounterCurve>(&curve_);
  if (curve == nullptr && modelled() != nullptr) curve = &modelled()->busy();
  if (curve == nullptr) return false;
  const DeltaKind kind = curve->judge(reading);
  return kind == DeltaKind::reset || kind == DeltaKind::backwards;
}

void DomainCurve::add(const RawReading& reading) {
  std::uint64_t chain = chain_.empty() ? 0 : chain_.back().chain;
  for (const auto word : {reading.counts, static_cast<std::uint64_t>(reading.begin.ns),
                          static_cast<std::uint64_t>(reading.end.ns)}) {
    chain = mixed(chain ^ word);
  }
  ++readings_;
  chain_.push({reading.end, chain});
  if (no_reading(info_, reading.counts)) {
    miss(reading.end, {ErrorKind::no_reading, "sensor.sentinel",
                       fmt::format("{} answered {}, which stands for no reading", info_.name,
                                   reading.counts),
                       "leave this sensor out with --sensor if it never answers otherwise"});
    return;
  }
  live_ = true;
  std::visit([&](auto& curve) { curve.add(reading); }, curve_);
  if (auto* model = std::get_if<ModelCurve>(&curve_)) model->advance();
}

void DomainCurve::miss(SteadyTime at, const Error& error) {
  live_ = false;
  std::visit([&](auto& curve) { curve.miss(at, error); }, curve_);
}

void DomainCurve::spoil(const Fault& fault) {
  std::visit([&](auto& curve) { curve.spoil(fault); }, curve_);
}

bool DomainCurve::settled(SteadyTime t) const {
  return std::visit([&](const auto& curve) { return curve.settled(t); }, curve_);
}

std::optional<MicroJoules> DomainCurve::edge(SteadyTime t) const {
  std::optional<double> joules;
  if (const auto* counter = std::get_if<CounterCurve>(&curve_)) {
    if (const auto edge = counter->edge(t)) joules = edge->best;
  } else if (const auto* gauge = std::get_if<GaugeCurve>(&curve_)) {
    joules = gauge->best(t);
  } else {
    joules = modelled()->best(t);
  }
  if (!joules) return std::nullopt;
  return to_microjoules(Joules(*joules));
}

Nanos DomainCurve::tick() const {
  return std::visit([](const auto& curve) { return curve.tick(); }, curve_);
}

Nanos DomainCurve::tick_at(SteadyTime t) const {
  return std::visit([&](const auto& curve) { return curve.tick_at(t); }, curve_);
}

Nanos DomainCurve::closing(Nanos period) const {
  const Nanos cell = modelled() != nullptr ? ModelCurve::kCell : Nanos{0};
  const auto* gauge = std::get_if<GaugeCurve>(&curve_);
  return 3 * std::max(tick(), period) + cell + (gauge != nullptr ? gauge->lag() : Nanos{0});
}

std::optional<Reason> DomainCurve::fault(SteadyTime begin, SteadyTime end) const {
  return std::visit([&](const auto& curve) { return curve.fault(begin, end); }, curve_);
}

std::optional<double> DomainCurve::known_least(SteadyTime begin, SteadyTime end) const {
  const auto* counter = std::get_if<CounterCurve>(&curve_);
  if (counter == nullptr) return std::nullopt;
  const double joules = counter->known_least(begin, end);
  if (joules <= 0) return std::nullopt;
  return joules * (1 - info_.accuracy);
}

std::optional<MicroJoules> DomainCurve::settled_energy(SteadyTime begin, SteadyTime end) const {
  const auto from = edge(begin);
  const auto to = edge(end);
  if (!from || !to) return std::nullopt;
  return *to - *from;
}

Quantity DomainCurve::dressed(Quantity q, std::string rule) const {
  q.tier = weakest(q.tier, info_.tier);
  q.boundary = std::string(domain_kind(info_.domain));
  q.method = info_.method.empty() ? std::move(rule) : info_.method + ", " + rule;
  if (q.present() && info_.accuracy > 0) {
    q.shared.push_back({"gain:" + info_.domain, 1 - info_.accuracy, 1 + info_.accuracy});
  }
  return q;
}

Quantity DomainCurve::counted(const CounterCurve& curve, SteadyTime begin, SteadyTime end) const {
  const auto from = *curve.edge(begin);
  const auto to = *curve.edge(end);
  Quantity q;
  q.value = to_joules(*settled_energy(begin, end)).value();
  const double most = std::min(to.upper - from.lower, curve.most_rate() * seconds(end - begin));
  q.own = {std::min(std::max(0.0, to.lower - from.upper), *q.value), std::max(most, *q.value)};
  q.level = 1;
  return dressed(std::move(q), "edges bracketed by changes of the counter");
}

Quantity DomainCurve::integrated(const GaugeCurve& curve, SteadyTime begin, SteadyTime end) const {
  const Interval bounds = curve.bounds(begin, end);
  Quantity q;
  q.value = to_joules(*settled_energy(begin, end)).value();
  q.own = {std::min(bounds.lo, *q.value), std::max(bounds.hi, *q.value)};
  q.level = curve.bounded() ? 1 : 0.95;
  std::string rule = "integrated between updates, what none saw bounded by 0 W and ";
  rule += fmt::format("{:.0f} W", curve.max_watts_at(end));
  if (info_.max_watts <= 0) rule += " (the greatest seen, assumed never passed)";
  if (info_.averaging.count() > 0) {
    rule += fmt::format("; each reading averages the {:.0f} ms before it",
                        Seconds(info_.averaging).count() * 1e3);
    if (info_.tick.count() > 0) {
      rule += fmt::format(" and is assumed to be at most {:.1f} ticks old", GaugeCurve::kHold);
    }
  }
  return dressed(std::move(q), std::move(rule));
}

Quantity DomainCurve::energy(SteadyTime begin, SteadyTime end) const {
  if (begin >= end) {
    return dressed(Quantity::absent("J", {"window.empty", "the window has no length", ""}), "");
  }
  if (auto reason = fault(begin, end)) {
    return dressed(Quantity::absent("J", std::move(*reason), known_least(begin, end)), "");
  }
  if (const auto* counter = std::get_if<CounterCurve>(&curve_)) {
    return counted(*counter, begin, end);
  }
  if (const auto* gauge = std::get_if<GaugeCurve>(&curve_)) return integrated(*gauge, begin, end);
  Quantity q = modelled()->energy(begin, end);
  q.boundary = std::string(domain_kind(info_.domain));
  return q;
}

Quantity DomainCurve::peak(SteadyTime begin, SteadyTime end) const {
  const Reason none{"window.too_short", "no two updates of " + info_.name + " in the window",
                    "measure a longer window"};
  if (const auto* model = modelled()) {
    if (model->fault(begin, end)) return Quantity::absent("W", *model->fault(begin, end));
    Quantity q = model->peak(begin, end).value_or(Quantity::absent("W", none));
    q.boundary = std::string(domain_kind(info_.domain));
    return q;
  }
  const auto* counter = std::get_if<CounterCurve>(&curve_);
  const auto found = counter != nullptr ? counter->peak(begin, end)
                                        : std::get<GaugeCurve>(curve_).peak(begin, end);
  if (!found) return dressed(Quantity::absent("W", none), "");
  const std::string rule =
      counter != nullptr ? "mean between neighbouring updates, greatest" : "greatest sample";
  return dressed(watts(*found, 0.95), rule);
}

ReadingsDigest DomainCurve::digest(SteadyTime t) const {
  const std::size_t next = chain_.first([&](const Link& link) { return link.end > t; });
  if (next == 0) return {};
  return {readings_ - (chain_.size() - next), chain_[next - 1].chain};
}

DomainEnergy DomainCurve::figure(const Window& window) const {
  DomainEnergy out;
  out.domain = info_.domain;
  out.name = info_.name;
  out.sensor = info_.id;
  out.contains = info_.contains;
  out.mirrors = info_.mirrors;
  out.may_contain = info_.may_contain;
  out.energy = energy(window.begin, window.end);
  out.mean_power = out.energy;
  out.mean_power.unit = "W";
  if (out.energy.present()) {
    out.settled = settled_energy(window.begin, window.end);
    out.mean_power = scaled(out.mean_power, 1 / window.duration().count());
    out.peak_power = peak(window.begin, window.end);
  } else {
    out.mean_power.known_lo.reset();
    out.peak_power = Quantity::absent("W", *out.energy.reason);
  }
  return out;
}

}  // namespace joulebook
