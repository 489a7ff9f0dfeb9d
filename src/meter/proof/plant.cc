#include "meter/proof/plant.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace joulebook::proof {
namespace {

using fakes::PowerFunction;

constexpr std::int64_t kOrigin = 1'000'000'000'000;
constexpr double kJiffy = 0.01;

Nanos nanos(double s) { return Nanos(std::llround(s * 1e9)); }

}  // namespace

std::string_view name(Kind kind) {
  static constexpr std::array<std::string_view, kKinds> kNames = {
      "ideal counter",   "jittered counter", "instant gauge",
      "averaging gauge", "25 %-duty gauge",  "busy time"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::string_view name(Wave wave) {
  static constexpr std::array<std::string_view, kWaves> kNames = {"constant", "steps", "ramp",
                                                                  "spikes", "square"};
  return kNames[static_cast<std::size_t>(wave)];
}

SteadyTime at(double seconds) { return {kOrigin + std::llround(seconds * 1e9)}; }
double seconds(SteadyTime t) { return static_cast<double>(t.ns - kOrigin) * 1e-9; }

void Plant::make(Kind of, Wave wave, double length_ticks, std::uint64_t seed) {
  random_.seed(seed);
  kind = of;
  const double slowest = kind == Kind::busy_time ? 100 : 1000;
  tick = 1e-3 * std::pow(slowest, unit());
  period = tick * one_of({0.1, 0.3, 0.97, 1.0, 2.7});
  describe();
  const double slow = std::max(tick, period);
  const double cell = kind == Kind::busy_time ? 0.1 : 0;
  const double first = Seconds(info.averaging).count() + 2 * tick;
  begin = first + Seconds(info.averaging).count() * 2 + (6 + 3 * unit()) * slow + 2 * cell;
  begin = seconds(at(begin));
  end = seconds(at(begin + tick * length_ticks * (0.8 + 0.4 * unit())));
  const double until = end + 16 * slow + Seconds(info.averaging).count() + 3 * cell;
  draw_power(wave);
  draw_updates(until);
  draw_reads(first, until);
}

void Plant::describe() {
  info = SensorInfo{};
  info.id = info.name = "proof";
  info.domain = "package:0";
  info.tick = nanos(tick);
  info.max_watts = kMostWatts;
  jitter_ = one_of({0.0, 0.2, 0.5});
  gain_ = 1;
  start_ = 0;
  const bool counter = kind == Kind::ideal_counter || kind == Kind::jittered_counter;
  if (counter) {
    jitter_ = one_of({0.0, 0.2, 0.9});
    info.resolution = one_of<std::uint64_t>({1, 15, 61, 1000});
    start_ = static_cast<std::uint64_t>(unit() * 5e9);
    if (unit() < 0.3) {  // every resolution divides the range
      info.range = 61'000ULL * 15 * 1'000'000;
      start_ = info.range - static_cast<std::uint64_t>(unit() * 1e8);
    }
    start_ -= start_ % info.resolution;
  } else if (kind == Kind::busy_time) {
    info.kind = SensorKind::busy_time;
    info.scale = kJiffy;
    info.tier = Tier::modelled;
  } else {
    info.kind = SensorKind::power_gauge;
    info.scale = 1e-3;
    info.resolution = one_of<std::uint64_t>({1, 100, 1000});
  }
  if (kind == Kind::jittered_counter) {
    info.accuracy = 0.02;
    gain_ = 1 + info.accuracy * (2 * unit() - 1);
  } else if (kind == Kind::averaging_gauge) {
    info.averaging = nanos(tick * one_of({1.0, 3.0, 10.0}));
    if (unit() < 0.25) info.tick = Nanos{0};
  } else if (kind == Kind::part_time_gauge) {
    info.averaging = nanos(tick);
    info.duty = 0.25;
  }
}

void Plant::draw_power(Wave wave) {
  const double length = end - begin;
  std::vector<std::pair<double, double>> parts = {{0, watts()}};
  switch (wave) {
    case Wave::constant:
      power_ = PowerFunction::constant(watts());
      return;
    case Wave::ramp:
      power_ = PowerFunction::ramp(watts(), watts(), end * (0.5 + unit()));
      return;
    case Wave::square: {
      const double ratio = one_of({0.5, 2.0 / 3, 0.8, 0.99, 1.0, 1.01, 1.25, 4.0 / 3, 2.0});
      power_ = PowerFunction::square(unit() < 0.3 ? 0 : watts(), watts(), tick * ratio,
                                     0.05 + 0.9 * unit());
      return;
    }
    case Wave::steps:
      for (int i = 0; i < 5; ++i) parts.emplace_back(begin + length * (1.4 * unit() - 0.2), watts());
      break;
    case Wave::spikes:
      if (unit() < 0.5) {  // a train of them
        power_ = PowerFunction::square(10, kMostWatts, tick * (1 + 5 * unit()), 0.03);
        return;
      }
      parts = {{0, 10}};
      for (int i = 0; i < 4; ++i) {
        const double from = begin + length * (1.2 * unit() - 0.1);
        parts.emplace_back(from, kMostWatts);
        parts.emplace_back(from + 0.1 * tick, 10);
      }
  }
  std::sort(parts.begin() + 1, parts.end());
  for (auto& part : parts) part.first = std::max(0.0, part.first);
  power_ = PowerFunction::steps(std::move(parts));
}

void Plant::draw_updates(double until) {
  updates.clear();
  values_.clear();
  if (immediate()) return;
  const double phase = unit() * tick;
  double published = 0;  // the instant whose value is shown
  for (double n = 0; phase + (n - 1) * tick < until; ++n) {
    const double u = phase + tick * (n + (unit() - 0.5) * jitter_);
    if (u < 0) continue;
    updates.push_back(u);
    const double old = kind == Kind::jittered_counter ? 0.2 * tick * unit() : 0;
    published = std::max(published, u - old);
    values_.push_back(publish(published));
  }
}

std::uint64_t Plant::rounded(double counts) const {
  const auto whole = start_ + static_cast<std::uint64_t>(std::floor(std::max(0.0, counts)));
  const std::uint64_t total = whole - whole % info.resolution;
  return info.range == 0 ? total : total % info.range;
}

double Plant::average(double t) const {
  const double w = Seconds(info.averaging).count() * info.duty;
  if (w <= 0) return power_.watts(t);
  return (power_.joules(t) - power_.joules(t - w)) / w;
}

std::uint64_t Plant::publish(double t) const {
  switch (kind) {
    case Kind::ideal_counter:
      return rounded(power_.joules(t) * 1e6);
    case Kind::jittered_counter:
      return rounded(gain_ * power_.joules(t) * 1e6);
    case Kind::busy_time:
      return rounded(power_.joules(t) / kMostWatts * kHardwareThreads / kJiffy);
    default:
      return rounded(average(t) * 1e3);
  }
}

std::uint64_t Plant::raw(double t) const {
  if (immediate()) return publish(t);
  const auto next = std::upper_bound(updates.begin(), updates.end(), t);
  return next == updates.begin() ? start_ : values_[static_cast<std::size_t>(next - updates.begin()) - 1];
}

void Plant::draw_reads(double from, double until) {
  reads.clear();
  const double lost = one_of({0.0, 0.05, 0.3});
  const double slow = one_of({0.0, 0.01, 0.3}) * period;
  std::size_t next = 0;
  for (double t = from; t < until;) {
    const double latency = slow * unit();
    const double when = t + latency * unit();
    if (unit() >= lost) {
      std::uint64_t counts = 0;
      if (immediate()) {
        counts = publish(when);
      } else {
        while (next < updates.size() && updates[next] <= when) ++next;
        counts = next == 0 ? start_ : values_[next - 1];
      }
      const auto ns = [](double s) { return s * 1e9; };
      reads.push_back({counts,
                       {kOrigin + static_cast<std::int64_t>(std::floor(ns(t)))},
                       {kOrigin + static_cast<std::int64_t>(std::ceil(ns(t + latency)))}});
    }
    t += std::max(latency, period * (0.5 + unit()));
  }
}

double Plant::truth() const {
  const double joules = power_.joules(end) - power_.joules(begin);
  if (kind != Kind::busy_time) return joules;
  return kIdleWatts * (end - begin) + kBusyWatts * joules / kMostWatts * kHardwareThreads;
}

}  // namespace joulebook::proof
