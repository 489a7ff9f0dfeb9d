#include "meter/gauge_curve.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <optional>
#include <vector>

#include "fakes/power_plant.h"

namespace joulebook {
namespace {

using fakes::PowerFunction;
using std::chrono::milliseconds;

constexpr SteadyTime kOrigin{1'000'000'000'000};
constexpr double kMost = 1000;

SteadyTime at(double seconds) { return kOrigin + Nanos(std::llround(seconds * 1e9)); }

SensorInfo gauge(double averaging) {
  SensorInfo info;
  info.id = info.name = "gauge";
  info.domain = "gpu:0";
  info.kind = SensorKind::power_gauge;
  info.scale = 1e-3;
  info.averaging = Nanos(std::llround(averaging * 1e9));
  info.max_watts = kMost;
  return info;
}

double reading(const PowerFunction& power, double t, double averaging) {
  if (averaging <= 0) return power.watts(t);
  return (power.joules(t) - power.joules(t - averaging)) / averaging;
}

GaugeCurve sampled(const PowerFunction& power, double averaging, double period, double phase) {
  GaugeCurve curve(gauge(averaging), {.capacity = 4096});
  for (double t = phase; t < 4.5; t += period) {
    const auto counts = static_cast<std::uint64_t>(reading(power, t, averaging) * 1e3);
    curve.add({counts, at(t), at(t)});
  }
  return curve;
}

RC_GTEST_PROP(GaugeCurve, HoldsTheTruthOfASquareWaveAtTheSamplingPeriod, ()) {
  const double period = *rc::gen::inRange(5, 100) * 1e-3;
  const double ratio = *rc::gen::element(0.5, 2.0 / 3, 0.99, 1.0, 1.0, 1.01, 1.5, 7.3);
  const double averaging = *rc::gen::element(0.0, 0.3, 1.0, 3.0, 20.0) * period;
  const auto watts = [] { return *rc::gen::inRange(0, 1000) * 1.0; };
  const auto power =
      PowerFunction::square(watts(), watts(), period * ratio, *rc::gen::inRange(5, 95) / 100.0);
  const auto curve = sampled(power, averaging, period, *rc::gen::inRange(0, 1000) * 1e-3 * period);
  for (int i = 0; i < 20; ++i) {
    const double b = 0.2 + *rc::gen::inRange(0, 1000) * 1e-3;
    const double e = b + *rc::gen::inRange(1, 1500) * 1e-3;
    RC_ASSERT(!curve.fault(at(b), at(e)));
    const Interval bounds = curve.bounds(at(b), at(e));
    const double truth = power.joules(e) - power.joules(b);
    RC_ASSERT(bounds.lo <= truth + 1e-6);
    RC_ASSERT(bounds.hi >= truth - 1e-6);
    RC_ASSERT(bounds.hi <= kMost * (e - b) + 1e-9);
  }
}

TEST(GaugeCurve, AnAveragingGaugeSeesMostOfALongWindow) {
  const auto curve = sampled(PowerFunction::constant(400), 0.1, 0.01, 0);
  const Interval bounds = curve.bounds(at(0.5), at(2.5));
  EXPECT_TRUE(bounds.contains(800));
  EXPECT_LT(bounds.width(), 0.25 * 800);
  EXPECT_NEAR(*curve.best(at(2.5)) - *curve.best(at(0.5)), 800, 1e-2);
}

TEST(GaugeCurve, WhatADutyOfAQuarterLeavesUnseenIsUnknown) {
  SensorInfo info = gauge(0.1);
  info.duty = 0.25;
  GaugeCurve curve(info, {.capacity = 4096});
  for (double t = 0; t < 3; t += 0.1) curve.add({400'000, at(t), at(t)});
  const Interval bounds = curve.bounds(at(0.45), at(2.45));
  EXPECT_LT(bounds.lo, 0.27 * 800);
  EXPECT_GT(bounds.hi, 0.25 * 800 + 0.7 * 2 * kMost);
}

// A gauge that changes once a second, read every 10 ms: what it shows between is held, not drifting.
GaugeCurve held(const PowerFunction& power, double averaging, double until) {
  SensorInfo info = gauge(averaging);
  info.tick = std::chrono::seconds(1);
  GaugeCurve curve(info, {.capacity = 4096});
  for (double t = 1; t < until; t += 0.01) {
    const double updated = std::floor(t + 1e-9);
    curve.add({static_cast<std::uint64_t>(reading(power, updated, averaging) * 1e3), at(t), at(t)});
  }
  return curve;
}

TEST(GaugeCurve, AHeldStepIsNoRamp) {
  const auto power = PowerFunction::steps({{0, 100}, {20, 300}});
  for (const double averaging : {0.0, 1.0}) {
    const GaugeCurve curve = held(power, averaging, 40);
    const double truth = power.joules(35) - power.joules(5);
    // Two reads of the step's height; a straight line over equal values would be 1500 J off.
    EXPECT_NEAR(*curve.best(at(35)) - *curve.best(at(5)), truth, 4) << averaging;
    EXPECT_NEAR(*curve.best(at(15)) - *curve.best(at(5)), 1000, 1) << averaging;
    EXPECT_TRUE(curve.bounds(at(5), at(35)).contains(truth)) << averaging;
  }
}

TEST(GaugeCurve, AHeldValueCostsOneSampleATick) {
  GaugeCurve curve = held(PowerFunction::constant(100), 1, 40);
  EXPECT_TRUE(curve.settled(at(38)));
  SensorInfo info = gauge(1);
  info.tick = std::chrono::seconds(1);
  GaugeCurve small(info, {.capacity = 42});
  for (double t = 1; t < 40; t += 0.01) small.add({100'000, at(t), at(t)});
  EXPECT_FALSE(small.fault(at(5), at(38)));
}

TEST(GaugeCurve, ASettledWindowNeverMoves) {
  const auto power = PowerFunction::square(50, 400, 0.37);
  GaugeCurve curve(gauge(0.1), {.capacity = 4096});
  std::optional<Interval> first;
  double best = 0;
  for (double t = 0.2; t < 3; t += 0.01) {
    const auto counts = static_cast<std::uint64_t>(reading(power, t, 0.1) * 1e3);
    curve.add({counts, at(t), at(t)});
    if (!curve.settled(at(1.5)) || curve.fault(at(0.5), at(1.5))) continue;
    if (!first) {
      first = curve.bounds(at(0.5), at(1.5));
      best = *curve.best(at(1.5));
    }
    EXPECT_EQ(curve.bounds(at(0.5), at(1.5)), *first);
    EXPECT_EQ(*curve.best(at(1.5)), best);
  }
  EXPECT_TRUE(first);
}

TEST(PowerBounds, AWindowBetweenKnownAverages) {
  // 10 J in [0, 1), 30 J in [1, 2): [0.5, 1.5) saw none of the first half's, or all of it.
  const std::vector<EnergySpan> spans = {{0, 1, 10, 10}, {1, 2, 30, 30}};
  const auto moved = [&](double by) {
    auto out = spans;
    for (auto& s : out) s.from -= by, s.to -= by;
    return out;
  };
  EXPECT_EQ(power_bounds(moved(0), 2, 100), (Interval{40, 40}));
  EXPECT_EQ(power_bounds(moved(0.5), 1, 100), (Interval{0, 40}));
  EXPECT_EQ(power_bounds(moved(0.5), 1, 50), (Interval{5, 35}));  // 30 J need 0.6 s of 50 W
}

TEST(PowerBounds, ReadingsThatContradictEachOtherBoundNothing) {
  const std::vector<EnergySpan> spans = {{0, 1, 10, 10}, {0, 1, 11, 11}};
  EXPECT_FALSE(power_bounds(spans, 1, 100));
  EXPECT_FALSE(power_bounds(std::vector<EnergySpan>{{0, 1, 20, 20}}, 1, 10));
}

// A real gauge has noise that its description does not state.
TEST(GaugeCurve, NoisyReadingsStillGiveAnInterval) {
  SensorInfo info = gauge(0.1);
  info.accuracy = 0.05;
  GaugeCurve curve(info, {.capacity = 4096});
  for (int i = 0; i < 300; ++i) {
    curve.add({static_cast<std::uint64_t>(400'000 + (i % 7) * 9'000), at(i * 0.01), at(i * 0.01)});
  }
  const Interval bounds = curve.bounds(at(0.5), at(2.5));
  EXPECT_LT(bounds.lo, 2 * 427 + 43);  // the mean, and a reading more or less at the edges
  EXPECT_GT(bounds.hi, 2 * 427 - 43);
  EXPECT_LT(bounds.width(), kMost * 2);
}

TEST(GaugeCurve, AGapIsAnAbsence) {
  GaugeCurve curve(gauge(0), {.capacity = 64});
  for (double t : {0.0, 0.1, 0.2, 5.0, 5.1}) curve.add({100'000, at(t), at(t)});
  EXPECT_EQ(curve.fault(at(0.05), at(5.05))->code, "window.gap");
  EXPECT_FALSE(curve.fault(at(0.05), at(0.15)));
  EXPECT_EQ(curve.fault(at(0.05), at(6))->code, "window.not_bracketed");
  EXPECT_EQ(curve.fault(at(-1), at(0.1))->code, "window.not_bracketed");
  EXPECT_FALSE(curve.settled(at(1)));
}

}  // namespace
}  // namespace joulebook
