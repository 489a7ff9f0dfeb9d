#include "meter/curve.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <random>

#include "fakes/power_plant.h"

namespace joulebook {
namespace {

using fakes::PowerFunction;
using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr SteadyTime kOrigin{1'000'000'000'000};

SteadyTime at(double seconds) { return kOrigin + Nanos(std::llround(seconds * 1e9)); }

// An ideal counter: at each (jittered) tick it publishes the energy up to that instant, rounded
// down to its resolution and wrapped. Read with a latency inside which the value is true once.
struct IdealCounter {
  PowerFunction power = PowerFunction::constant(100);
  double tick = 0.01;
  double jitter = 0;  // share of a tick by which an update may be early or late
  double phase = 0;
  std::uint64_t resolution = 1;
  std::uint64_t start = 0;
  std::uint64_t range = 0;

  [[nodiscard]] double update_time(std::int64_t n) const {
    std::minstd_rand0 random(static_cast<std::uint32_t>(n * 2654435761U + 17));
    const double shift = (static_cast<double>(random() % 10'000) / 10'000 - 0.5) * jitter;
    return phase + (static_cast<double>(n) + shift) * tick;
  }
  [[nodiscard]] std::uint64_t raw(double t) const {
    auto n = static_cast<std::int64_t>(std::floor((t - phase) / tick)) + 1;
    while (update_time(n) > t) --n;
    const double joules = power.joules(std::max(0.0, update_time(n)));
    const auto counts = static_cast<std::uint64_t>(std::floor(joules * 1e6));
    const std::uint64_t total = start + counts - (start + counts) % resolution;
    return range == 0 ? total : total % range;
  }
  [[nodiscard]] SensorInfo info() const {
    SensorInfo i;
    i.id = "ideal";
    i.domain = "package:0";
    i.scale = 1e-6;
    i.range = range;
    i.tick = Nanos(static_cast<std::int64_t>(tick * 1e9));
    i.max_watts = 2000;
    i.resolution = resolution;
    return i;
  }
};

RawReading read(const IdealCounter& counter, double t, double latency, double where) {
  return {counter.raw(t + latency * where), at(t), at(t + latency)};
}

CounterCurve sampled(const IdealCounter& counter, double until, double period) {
  CounterCurve curve(counter.info(), {});
  for (double t = 0; t < until; t += period) curve.add(read(counter, t, 1e-5, 0.5));
  return curve;
}

PowerFunction any_power(double tick) {
  const auto watts = [] { return *rc::gen::inRange(0, 1000) * 1.0; };
  switch (*rc::gen::inRange(0, 5)) {
    case 0:
      return PowerFunction::constant(watts());
    case 1:
      return PowerFunction::steps({{0, watts()}, {tick * 3.3, watts()}, {tick * 7.9, watts()}});
    case 2:
      return PowerFunction::ramp(watts(), watts(), tick * 12);
    case 3:  // spikes
      return PowerFunction::steps({{0, 10}, {tick * 5.5, 1000}, {tick * 5.6, 10}});
    default: {  // a square wave near the tick
      const double ratio = *rc::gen::element(0.5, 2.0 / 3, 0.8, 0.99, 1.0, 1.01, 1.25, 2.0);
      return PowerFunction::square(watts(), watts(), tick * ratio,
                                   *rc::gen::inRange(1, 100) / 100.0);
    }
  }
}

IdealCounter any_counter() {
  IdealCounter counter;
  counter.tick = *rc::gen::inRange(1, 1001) * 1e-3;
  counter.jitter = *rc::gen::element(0.0, 0.2, 0.9);
  counter.phase = *rc::gen::inRange(0, 1000) * 1e-3 * counter.tick;
  counter.power = any_power(counter.tick);
  counter.resolution = *rc::gen::element<std::uint64_t>(1, 15, 61, 1000);
  counter.start = *rc::gen::inRange<std::uint64_t>(0, 5'000'000'000);
  if (*rc::gen::arbitrary<bool>()) {  // close to the wrap; every resolution divides the range
    counter.range = 61'000ULL * 15 * 100'000;
    counter.start = counter.range - counter.start % 1'000'000'000 - 1;
  }
  return counter;
}

// Reads over about 16 ticks, with jittered period and latency; ends with what closes the window.
CounterCurve any_samples(const IdealCounter& counter, std::mt19937_64& random) {
  std::uniform_real_distribution<double> unit(0, 1);
  const double period = counter.tick * *rc::gen::element(0.1, 0.3, 0.97, 1.0, 2.7);
  CurveOptions options;
  options.max_gap = std::chrono::seconds(30);
  options.capacity = 1024;
  CounterCurve curve(counter.info(), options);
  for (double t = 0; t < counter.tick * 20;) {
    const double latency = unit(random) * period * 0.3;
    curve.add(read(counter, t, latency, unit(random)));
    t += std::max(latency, period * (0.5 + unit(random)));
  }
  return curve;
}

// The heart of the matter. 100 counters x 500 windows.
RC_GTEST_PROP(CounterCurve, HoldsTheTruthOfAnIdealCounterAlways, ()) {
  const IdealCounter counter = any_counter();
  std::mt19937_64 random(*rc::gen::arbitrary<std::uint64_t>());
  std::uniform_real_distribution<double> unit(0, 1);
  const CounterCurve curve = any_samples(counter, random);
  int judged = 0;
  for (int i = 0; i < 500; ++i) {
    const double b = unit(random) * counter.tick * 10;
    const double e = b + unit(random) * counter.tick * 6;
    if (curve.fault(at(b), at(e))) continue;
    ++judged;
    const auto from = curve.edge(at(b));
    const auto to = curve.edge(at(e));
    RC_ASSERT(from && to);
    const double truth = counter.power.joules(e) - counter.power.joules(b);
    const double rounding = 1e-9 * (1 + counter.power.joules(e)) + 1000 * 2e-9;
    RC_ASSERT(to->upper - from->lower >= truth - rounding);
    RC_ASSERT(to->lower - from->upper <= truth + rounding);
    RC_ASSERT(from->lower <= from->best);
    RC_ASSERT(from->best <= from->upper);
    RC_ASSERT(from->best <= to->best);
  }
  RC_CLASSIFY(judged > 50, "many windows judged");
}

RC_GTEST_PROP(CounterCurve, ASettledEdgeNeverMoves, ()) {
  const IdealCounter counter = any_counter();
  std::mt19937_64 random(*rc::gen::arbitrary<std::uint64_t>());
  std::uniform_real_distribution<double> unit(0, 1);
  CounterCurve curve(counter.info(), {.max_gap = std::chrono::seconds(30), .capacity = 1024});
  const SteadyTime t = at(counter.tick * (2 + 4 * unit(random)));
  std::optional<CurveEdge> first;
  for (double s = 0; s < counter.tick * 15; s += counter.tick * (0.05 + unit(random))) {
    curve.add(read(counter, s, counter.tick * 0.01, unit(random)));
    const auto now = curve.edge(t);
    if (first) {
      RC_ASSERT(now.has_value());
      RC_ASSERT(now->best == first->best);
      RC_ASSERT(now->upper == first->upper);
      RC_ASSERT(now->lower == first->lower);
    }
    first = now;
  }
}

TEST(CounterCurve, ConstantPowerIsReadWithinAFractionOfATick) {
  const IdealCounter counter;
  const CounterCurve curve = sampled(counter, 2, 0.001);
  const auto from = curve.edge(at(0.5));
  const auto to = curve.edge(at(1.5));
  ASSERT_TRUE(from && to);
  EXPECT_NEAR(to->best - from->best, 100, 0.1);
  EXPECT_LE(to->upper - from->lower, 102.1);
  EXPECT_GE(to->lower - from->upper, 97.9);
}

TEST(CounterCurve, TheNextReadAloneIsNoUpperBound) {
  CounterCurve curve(IdealCounter{}.info(), {});
  curve.add({1000, at(0.000), at(0.001)});
  curve.add({2000, at(0.010), at(0.011)});
  EXPECT_FALSE(curve.settled(at(0.005)));  // 2000 may have been published before 0.005
  curve.add({3000, at(0.020), at(0.021)});
  const auto edge = curve.edge(at(0.005));
  ASSERT_TRUE(edge);
  EXPECT_DOUBLE_EQ(edge->lower, 0);
  EXPECT_DOUBLE_EQ(edge->upper, 0.002001);
}

TEST(CounterCurve, FaultsAreAbsencesWithTheirReason) {
  const auto code = [](std::vector<RawReading> readings) {
    CounterCurve curve(IdealCounter{}.info(), {});
    for (const auto& r : readings) curve.add(r);
    const auto fault = curve.fault(at(0.015), at(0.045));
    return fault ? fault->code : "";
  };
  const auto reading = [](std::uint64_t counts, double t) {
    return RawReading{counts, at(t), at(t) + microseconds(10)};
  };
  const std::uint64_t k = 1'000'000;
  EXPECT_EQ(
      code({reading(90 * k, 0), reading(91 * k, .01), reading(92 * k, .02), reading(93 * k, .03),
            reading(94 * k, .04), reading(95 * k, .05), reading(96 * k, .06)}),
      "");
  EXPECT_EQ(code({reading(90 * k, 0), reading(91 * k, .01), reading(k, .03), reading(2 * k, .05),
                  reading(3 * k, .06)}),
            "sensor.reset");
  EXPECT_EQ(code({reading(900 * k, 0), reading(901 * k, .01), reading(880 * k, .03),
                  reading(881 * k, .05), reading(882 * k, .06)}),
            "sensor.backwards");
  EXPECT_EQ(code({reading(90 * k, 0), reading(91 * k, .01), reading(92 * k, .02),
                  reading(94 * k, 5), reading(95 * k, 5.1), reading(96 * k, 5.2)}),
            "window.gap");
  EXPECT_EQ(code({reading(90 * k, .02), reading(91 * k, .05), reading(92 * k, .06)}),
            "window.not_bracketed");
  EXPECT_EQ(code({reading(90 * k, 0), reading(91 * k, .01), reading(92 * k, .02)}),
            "window.not_bracketed");
}

TEST(CounterCurve, ACounterThatStandsStillIsStuck) {
  CounterCurve curve(IdealCounter{}.info(), {});
  for (int i = 0; i < 400; ++i) curve.add({500, at(i * 0.01), at(i * 0.01 + 1e-5)});
  const auto fault = curve.fault(at(1), at(3));
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->code, "sensor.stuck");
}

// A counter whose sensor states a tick of 1 ms and that is brought up to date far more seldom: what it
// moves by at once is what it stood still for, and no reset; nor is it stuck.
RC_GTEST_PROP(CounterCurve, ACounterThatIsSeldomBroughtUpToDateIsNoResetAndNotStuck, ()) {
  IdealCounter counter;
  counter.tick = *rc::gen::element(0.05, 0.1, 0.5, 1.0, 2.0, 3.0, 5.0);
  counter.phase = -counter.tick * *rc::gen::inRange(0, 100) / 100;
  const double watts = *rc::gen::inRange(20, 1900);
  counter.power = PowerFunction::steps({{0, watts / 10}, {20, watts}, {40, watts / 10}});
  counter.start = 7'000'000'000;
  SensorInfo info = counter.info();
  info.tick = std::chrono::milliseconds(1);
  CounterCurve curve(info, {});
  for (double t = 0; t < 60; t += 0.01) curve.add(read(counter, t, 1e-5, 0.5));
  for (double b = 15; b < 45; b += 1) {
    const auto fault = curve.fault(at(b), at(b + 1));
    RC_ASSERT(!fault);
    const auto from = curve.edge(at(b));
    const auto to = curve.edge(at(b + 1));
    const double truth = counter.power.joules(b + 1) - counter.power.joules(b);
    RC_ASSERT(to->upper - from->lower >= truth - 1e-4);
    RC_ASSERT(to->lower - from->upper <= truth + 1e-4);
  }
}

// It stalls for less than makes it stuck, and catches up.
TEST(CounterCurve, AStallThatIsMadeUpForIsBracketed) {
  IdealCounter counter;
  counter.power = PowerFunction::constant(400);
  counter.tick = 0.001;
  CounterCurve curve(counter.info(), {});
  for (double t = 0; t < 6; t += 0.01) {
    curve.add({counter.raw(t < 2 || t > 3.5 ? t : 2), at(t), at(t)});
  }
  EXPECT_FALSE(curve.fault(at(1.5), at(4)));
  EXPECT_NEAR(curve.edge(at(4))->best - curve.edge(at(1.5))->best, 1000, 2);
}

// Who publishes it was held up between two values: the second brings 0.5 s at once, 5 ms after the first.
TEST(CounterCurve, AValueThatIsPublishedLateIsNoReset) {
  IdealCounter counter;
  counter.power = PowerFunction::constant(400);
  counter.tick = 0.001;
  CounterCurve curve(counter.info(), {});
  for (double t = 0; t < 6; t += 0.01) {
    curve.add({counter.raw(t < 2 || t > 2.5 ? t : t < 2.49 ? 2 : 2.005), at(t), at(t)});
  }
  EXPECT_FALSE(curve.fault(at(1.5), at(4)));
  EXPECT_NEAR(curve.edge(at(4))->best - curve.edge(at(1.5))->best, 1000, 2);
}

// A desktop CPU (its machine states 253 W, see plausible_watts) whose counter moves by 500 J in 37 ms: 13.5 kW.
TEST(CounterCurve, AStrayMovementIsNoEnergy) {
  IdealCounter counter;
  counter.power = PowerFunction::constant(60);
  counter.tick = 0.001;
  SensorInfo info = counter.info();
  info.max_watts = 506;
  CounterCurve curve(info, {});
  for (double t = 0; t < 6; t += 0.037) {
    RawReading reading = read(counter, t, 1e-5, 0.5);
    if (t > 4) reading.counts += 500'000'000;
    curve.add(reading);
  }
  ASSERT_TRUE(curve.fault(at(3.5), at(4.5)));
  EXPECT_EQ(curve.fault(at(3.5), at(4.5))->code, "sensor.reset");
  for (const double begin : {2.5, 4.5}) {
    EXPECT_FALSE(curve.fault(at(begin), at(begin + 1)));
    EXPECT_NEAR(curve.edge(at(begin + 1))->best - curve.edge(at(begin))->best, 60, 0.2);
  }
}

// Peaks of twice the limit, as short as a millisecond or as long as a second, are true.
TEST(CounterCurve, ABurstAboveTheLimitIsEnergy) {
  for (const double length : {0.001, 0.01, 0.1, 1.0}) {
    IdealCounter counter;
    counter.power = PowerFunction::steps({{0, 60}, {4, 506}, {4 + length, 60}});
    counter.tick = 0.001;
    SensorInfo info = counter.info();
    info.max_watts = 506;
    CounterCurve curve(info, {});
    for (double t = 0; t < 7; t += 0.01) curve.add(read(counter, t, 1e-5, 0.5));
    EXPECT_FALSE(curve.fault(at(3), at(6))) << length;
    const double truth = counter.power.joules(6) - counter.power.joules(3);
    EXPECT_NEAR(curve.edge(at(6))->best - curve.edge(at(3))->best, truth, 0.5) << length;
  }
}

TEST(CounterCurve, AFailedReadHarmsOnlyIfItLasts) {
  const Error gone{ErrorKind::no_reading, "file.missing", "it is gone", "load the driver"};
  const IdealCounter counter;
  CounterCurve curve = sampled(counter, 1, 0.005);
  curve.miss(at(1.0), gone);
  for (double t = 1.1; t < 2; t += 0.005) curve.add(read(counter, t, 1e-5, 0.5));
  EXPECT_FALSE(curve.fault(at(0.5), at(1.5)));
  curve.miss(at(2.0), gone);
  EXPECT_EQ(curve.fault(at(0.5), at(3.0))->code, "sensor.lost");
  for (double t = 6; t < 7; t += 0.005) curve.add(read(counter, t, 1e-5, 0.5));
  EXPECT_EQ(curve.fault(at(0.5), at(6.5))->code, "sensor.lost");
  EXPECT_GT(curve.known_least(at(0.5), at(6.5)), 100);
  EXPECT_FALSE(curve.fault(at(6.2), at(6.5)));
}

TEST(CounterCurve, ForgetsTheOldestAndSaysSo) {
  const IdealCounter counter;
  CounterCurve curve(counter.info(), {.capacity = 50});
  for (double t = 0; t < 2; t += 0.005) curve.add(read(counter, t, 1e-5, 0.5));
  EXPECT_EQ(curve.fault(at(0.5), at(1.8))->code, "window.expired");
  EXPECT_FALSE(curve.fault(at(1.7), at(1.8)));
}

TEST(CounterCurve, PeakOfAStepIsTheStepAndIsBounded) {
  IdealCounter counter;
  counter.power = PowerFunction::steps({{0, 50}, {0.5, 250}, {1.0, 50}});
  const auto peak = sampled(counter, 2, 0.002).peak(at(0.1), at(1.9));
  ASSERT_TRUE(peak);
  EXPECT_TRUE(peak->bounds.contains(250)) << peak->bounds.lo << " " << peak->bounds.hi;
  EXPECT_NEAR(peak->watts, 250, 60);
}

TEST(CounterCurve, BusyTimeNeedsNoChangeToClose) {
  SensorInfo info = IdealCounter{}.info();
  info.kind = SensorKind::busy_time;
  info.scale = 0.01;
  info.resolution = 1;
  CounterCurve curve(info, {});
  for (int i = 0; i < 20; ++i) curve.add({100, at(i * 0.01), at(i * 0.01)});
  const auto edge = curve.edge(at(0.105));
  ASSERT_TRUE(edge);
  EXPECT_DOUBLE_EQ(edge->best, 0);
  EXPECT_DOUBLE_EQ(edge->upper, 0.01);
}

}  // namespace
}  // namespace joulebook
