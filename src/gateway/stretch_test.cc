// The interval of a sum of windows: however a curve is cut, it is that of the whole.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <random>
#include <utility>
#include <vector>

#include "fakes/power_plant.h"
#include "fakes/window_meter.h"
#include "gateway/live_books.h"
#include "gateway/windows.h"
#include "meter/domain_curve.h"

namespace joulebook::gateway {
namespace {

SteadyTime at(double s) { return {1'000'000'000'000 + std::llround(s * 1e9)}; }

// Power that steps at random, 0 to 900 W.
fakes::PowerFunction steps(double until, double mean_s, std::mt19937_64& random) {
  std::uniform_real_distribution<double> unit(0, 1);
  std::vector<std::pair<double, double>> from_watts;
  for (double t = 0; t < until; t -= mean_s * std::log(1 - unit(random))) from_watts.emplace_back(t, 900 * unit(random));
  return fakes::PowerFunction::steps(std::move(from_watts));
}

// One sensor's curve, and nothing else.
class CurveMeter final : public fakes::WindowMeter {
 public:
  explicit CurveMeter(DomainCurve curve) : curve_(std::move(curve)) {}
  [[nodiscard]] WindowEnergy energy(const Window& window) const override {
    WindowEnergy out;
    out.window = window;
    out.domains.push_back(curve_.figure(window));
    out.domains.front().top_level = true;
    return out;
  }

 private:
  DomainCurve curve_;
};

struct Sensed {
  fakes::PowerFunction power;
  CurveMeter meter;
};

constexpr double kBegin = 3, kEnd = 43;

// A counter or a gauge of a random tick, read at random. `away`: not read for so long from 20 s on.
Sensed sensed(SensorKind kind, std::uint64_t seed, double away = 0) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> unit(0, 1);
  SensorInfo info;
  info.id = info.name = "test";
  info.domain = "gpu:0";
  info.kind = kind;
  info.scale = kind == SensorKind::power_gauge ? 1e-3 : 1e-6;
  const double tick = 0.02 + 0.2 * unit(random);
  info.tick = Nanos(std::llround(tick * 1e9));
  info.max_watts = 1000;
  info.accuracy = unit(random) < 0.5 ? 0 : 0.05;
  const double gain = 1 / (1 + info.accuracy * (2 * unit(random) - 1));  // the truth is what it says times 1 -+ accuracy
  fakes::PowerFunction power = steps(60, 0.05 + 2 * unit(random), random);
  DomainCurve curve(info, nullptr, {});
  const double period = tick * (0.1 + unit(random));
  for (double t = 0; t < kEnd + 6; t += period * (0.5 + unit(random))) {
    if (t > 20 && t < 20 + away) continue;
    const double updated = std::floor(t / tick) * tick;
    const double raw = kind == SensorKind::power_gauge ? power.watts(updated) * 1e3 : power.joules(updated) * 1e6;
    curve.add({static_cast<std::uint64_t>(gain * raw), at(t), at(t)});
  }
  return {std::move(power), CurveMeter(std::move(curve))};
}

// Windows of that length, and what the books say after each.
std::vector<DomainAccounts> settled(Sensed& s, double length, double stretch = 600) {
  const auto nanos = [](double x) { return Nanos(std::llround(x * 1e9)); };
  Windows windows(at(kBegin), {.busy = nanos(length), .stretch = nanos(stretch)});
  MeteredHost host;
  host.meter = &s.meter;
  windows.busy(at(kBegin), at(kEnd));
  windows.cut(at(kEnd), true);
  windows.measure({host}, at(kEnd + 10));
  LiveBooks books;
  std::vector<DomainAccounts> out;
  for (; windows.front() != nullptr; windows.pop()) {
    const MeteredWindow& w = *windows.front();
    const DomainEnergy& d = w.energies.front().domains.front();
    if (!d.settled) continue;
    const Settlement settlement{d.domain, w.window.begin, w.window.end, *d.settled, {{"idle.resident", *d.settled}}};
    const Stretch& whole = w.stretches.front();
    books.settled({settlement, d.energy, &whole.energy.at(d.domain), whole.begin});
    LiveState state;
    books.fill(state);
    out.push_back(state.domains.front());
  }
  return out;
}

bool holds(const Interval& within, double truth) {
  constexpr double kRounding = 2e-6;  // J: an edge is rounded to a microjoule
  return truth >= within.lo - kRounding && truth <= within.hi + kRounding;
}

SensorKind any_kind() { return *rc::gen::element(SensorKind::energy_counter, SensorKind::power_gauge); }

RC_GTEST_PROP(Stretch, ASumOfWindowsHasTheIntervalOfTheWhole, ()) {
  const SensorKind kind = any_kind();
  Sensed s = sensed(kind, *rc::gen::arbitrary<std::uint64_t>());
  const double length = *rc::gen::element(0.3, 1.0, 1.7, 7.0);
  const auto books = settled(s, length);
  RC_ASSERT(!books.empty());
  for (std::size_t i = 0; i < books.size(); ++i) {
    const double end = std::min(kBegin + length * static_cast<double>(i + 1), kEnd);
    const Quantity whole = s.meter.energy({"", at(kBegin), at(end)}).domains.front().energy;
    RC_ASSERT(whole.present());
    RC_ASSERT(std::abs(to_joules(books[i].meter).value() - *whole.value) < 1e-6);
    RC_ASSERT(books[i].within == whole.interval());
    RC_ASSERT(books[i].level == whole.level);
    if (kind == SensorKind::energy_counter)
      RC_ASSERT(holds(books[i].within, s.power.joules(end) - s.power.joules(kBegin)));
  }
}

// Stretches that end, for their length or for a gap in the readings, add up: their own edges stand.
RC_GTEST_PROP(Stretch, PartsThatDoNotTileHoldTheTruthAndAreNoWiderThanTheirWindows, ()) {
  const std::uint64_t seed = *rc::gen::arbitrary<std::uint64_t>();
  const double away = *rc::gen::element(0.0, 5.0), stretch = *rc::gen::element(0.1, 5.0, 600.0);
  const double length = 1;
  Sensed s = sensed(SensorKind::energy_counter, seed, away);
  const auto books = settled(s, length, stretch);
  double lo = 0, hi = 0, truth = 0;
  std::size_t n = 0;
  for (double t = kBegin; t < kEnd - 0.5; t += length) {
    const Quantity q = s.meter.energy({"", at(t), at(t + length)}).domains.front().energy;
    if (!q.present()) continue;
    lo += q.interval().lo;
    hi += q.interval().hi;
    truth += s.power.joules(t + length) - s.power.joules(t);
    const Interval within = books.at(n++).within;
    RC_ASSERT(holds(within, truth));
    RC_ASSERT(within.lo >= lo - 1e-6 && within.hi <= hi + 1e-6);
  }
  RC_ASSERT(n == books.size());
  RC_ASSERT((away > 0) == (n < 40));
}

}  // namespace
}  // namespace joulebook::gateway
