#include "fakes/fake_meter.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace joulebook::fakes {
namespace {

double seconds(SteadyTime t) { return static_cast<double>(t.ns) * 1e-9; }

MicroJoules edge_at(const FakeDomain& domain, SteadyTime t) {
  return to_microjoules(Joules(domain.joules(t)));
}

Quantity power(const Quantity& energy, Seconds duration) {
  if (!energy.present()) return Quantity::absent("W", *energy.reason);
  if (duration.count() <= 0) return Quantity::absent("W", {"window.empty", "an empty window", ""});
  Quantity q = scaled(energy, 1 / duration.count());
  q.unit = std::string("W");
  return q;
}

}  // namespace

FakeDomain constant_domain(std::string domain, double watts) {
  FakeDomain d;
  d.domain = std::move(domain);
  d.joules = [watts](SteadyTime t) { return watts * seconds(t); };
  return d;
}

FakeDomain swinging_domain(std::string domain, double watts, double swing, double period) {
  FakeDomain d;
  d.domain = std::move(domain);
  d.joules = [watts, swing, period](SteadyTime t) {
    const double omega = 2 * std::numbers::pi / period;
    return watts * seconds(t) + swing / omega * (1 - std::cos(omega * seconds(t)));
  };
  return d;
}

FakeMeter::FakeMeter(Clock& clock, std::vector<FakeDomain> domains)
    : clock_(clock), domains_(std::move(domains)) {}

void FakeMeter::lose(SteadyTime begin, SteadyTime end, Reason reason) {
  losses_.push_back({begin, end, std::move(reason)});
}

double FakeMeter::true_joules(SteadyTime begin, SteadyTime end) const {
  double total = 0;
  for (const auto& d : domains_) {
    if (d.top_level) total += d.joules(end) - d.joules(begin);
  }
  return total;
}

void FakeMeter::settle(SteadyTime t) { clock_.sleep_until(t + delay_); }

const FakeMeter::Loss* FakeMeter::loss(const Window& window) const {
  const auto it = std::find_if(losses_.begin(), losses_.end(), [&](const Loss& l) {
    return window.begin < l.end && l.begin < window.end;
  });
  return it == losses_.end() ? nullptr : &*it;
}

DomainEnergy FakeMeter::domain_energy(const FakeDomain& domain, const Window& window) const {
  DomainEnergy out;
  out.domain = domain.domain;
  out.name = domain.domain;
  out.sensor = "fake:" + domain.domain;
  out.top_level = domain.top_level;
  if (const Loss* l = loss(window)) {
    out.energy = Quantity::absent("J", l->reason);
  } else {
    out.settled = edge_at(domain, window.end) - edge_at(domain, window.begin);
    const double joules = to_joules(*out.settled).value();
    out.energy = Quantity::exact(joules, "J");
    out.energy.own = {joules * (1 - domain.own), joules * (1 + domain.own)};
    out.energy.tier = domain.tier;
    out.energy.shared = domain.shared;
    out.energy.boundary = domain.domain.substr(0, domain.domain.find(':'));
    out.energy.method = "closed form";
  }
  out.mean_power = power(out.energy, window.duration());
  out.peak_power = Quantity::absent("W", {"power.unseen", "the fake meter keeps no peaks", ""});
  return out;
}

WindowEnergy FakeMeter::energy(const Window& window) const {
  WindowEnergy out;
  out.window = window;
  std::vector<Quantity> top;
  for (const auto& d : domains_) {
    out.domains.push_back(domain_energy(d, window));
    if (d.top_level) top.push_back(out.domains.back().energy);
  }
  out.total = sum(top);
  const double length = window.duration().count();
  const auto spent = [length](double rate) { return rate < 0 ? -1 : rate * length; };
  out.cpu = {spent(cpu_.capacity), spent(cpu_.machine), spent(cpu_.tree), spent(cpu_.self)};
  const Reason none{"cpu.unknown", "the fake meter apportions nothing", ""};
  out.self = Quantity::absent("J", none);
  out.tree = Quantity::absent("J", none);
  out.devices = {"cpu"};
  return out;
}

std::vector<PowerPoint> FakeMeter::trace(SteadyTime begin, SteadyTime end,
                                         std::size_t points) const {
  std::vector<PowerPoint> out;
  if (end <= begin || points == 0) return out;
  const auto step = Nanos((end - begin).count() / static_cast<std::int64_t>(points));
  if (step.count() <= 0) return out;
  for (std::size_t i = 0; i < points; ++i) {
    const SteadyTime from = begin + step * static_cast<std::int64_t>(i);
    const SteadyTime to = from + step;
    out.push_back({from, to, Watts(true_joules(from, to) / Seconds(step).count())});
  }
  return out;
}

std::vector<SensorInfo> FakeMeter::sensors() const {
  std::vector<SensorInfo> out;
  for (const auto& d : domains_) {
    SensorInfo info;
    info.id = "fake:" + d.domain;
    info.domain = d.domain;
    info.name = d.domain;
    info.device = "cpu";
    info.tier = d.tier;
    info.method = "closed form";
    out.push_back(info);
  }
  return out;
}

}  // namespace joulebook::fakes
