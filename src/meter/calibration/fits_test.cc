// The estimators, on sensors whose tick, window and lag are known.
#include "meter/calibration/fits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "meter/calibration/fake_machine.h"
#include "meter/calibration/plan.h"

namespace joulebook {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using test::FakeMachine;
using test::FakeSensor;
using test::SensorTruth;

DenseReadings watched(const SensorTruth& truth, const std::vector<LoadPiece>& plan,
                      Nanos spacing = microseconds(150)) {
  FakeClock clock({7'123'456'789});
  FakeMachine machine(clock, {.slope = 0});
  std::vector<std::unique_ptr<Sensor>> sensors;
  sensors.push_back(std::make_unique<FakeSensor>(machine, truth));
  DenseReadings out;
  read_densely(sensors, plan, 3, spacing, machine, nullptr, clock, [] { return false; }, out);
  return out;
}

void expect_within(const Quantity& q, double truth, double share) {
  ASSERT_TRUE(q.present()) << q.reason->code << ": " << q.reason->message;
  EXPECT_NEAR(*q.value, truth, share * truth);
}

TEST(FitTick, CountersAreRecoveredWithinFivePercent) {
  for (const double tick_ms : {0.977, 1.0, 3.3, 10.0, 20.0, 50.0, 100.0}) {
    for (const double jitter : {0.0, 0.1, 0.3}) {
      SCOPED_TRACE(testing::Message() << tick_ms << " ms, jitter " << jitter);
      const SensorTruth truth{.tick = Nanos(static_cast<std::int64_t>(tick_ms * 1e6)),
                              .jitter = jitter};
      const auto seen = watched(truth, steady_plan(milliseconds(2000)));
      expect_within(fit_tick(seen.readings[0]), tick_ms / 1e3, 0.05);
    }
  }
}

// A gauge at rest shows many updates that change nothing; they are counted as ticks all the same.
TEST(FitTick, UpdatesThatChangeNothingAreCounted) {
  std::vector<RawReading> readings;
  std::uint64_t value = 100;
  for (int ms = 0; ms < 20'000; ++ms) {
    const int k = ms / 100;
    if (ms % 100 == 0 && (k % 7 == 0 || k % 5 == 0 || k % 7 == 1)) ++value;
    const SteadyTime at{ms * 1'000'000LL};
    readings.push_back({value, at, at});
  }
  expect_within(fit_tick(readings), 0.1, 0.05);
}

TEST(FitTick, SaysWhyThereIsNone) {
  std::vector<RawReading> readings;
  for (int i = 0; i < 1000; ++i) {
    const SteadyTime at{i * 100'000};
    readings.push_back({static_cast<std::uint64_t>(i), at, at});
  }
  EXPECT_EQ(fit_tick(readings).reason->code, "calibration.too_fast");
  for (auto& reading : readings) reading.counts = 5;
  EXPECT_EQ(fit_tick(readings).reason->code, "calibration.few_updates");
  EXPECT_EQ(fit_tick({}).reason->code, "calibration.few_updates");
}

struct Gauge {
  int tick_ms;
  int averaging_ms;
  int lag_ms;
  double jitter;
};

class FitAveraging : public testing::TestWithParam<Gauge> {};

TEST_P(FitAveraging, RecoversTheWindowWithinTenPercent) {
  const Gauge g = GetParam();
  const SensorTruth truth{.kind = SensorKind::power_gauge,
                          .tick = milliseconds(g.tick_ms),
                          .averaging = milliseconds(g.averaging_ms),
                          .lag = milliseconds(g.lag_ms),
                          .jitter = g.jitter};
  for (const bool quick : {true, false}) {
    SCOPED_TRACE(quick ? "quick" : "full");
    const auto times = CalibrationTimes::of(quick);
    auto plan = aliasing_plan(milliseconds(g.tick_ms), times.waves);
    const auto steps = step_plan(times.steps);
    plan.insert(plan.end(), steps.begin(), steps.end());
    const auto seen = watched(truth, plan);
    const Quantity tick = fit_tick(seen.readings[0]);
    expect_within(tick, g.tick_ms / 1e3, 0.05);
    const auto fit = fit_averaging(seen.readings[0], seen.edges, milliseconds(g.tick_ms));
    expect_within(fit.window, g.averaging_ms / 1e3, 0.10);
    ASSERT_TRUE(fit.lag.present());
    EXPECT_NEAR(*fit.lag.value, g.lag_ms / 1e3, 0.1 * g.tick_ms / 1e3);
    expect_within(fit.duty, std::min(1.0, double(g.averaging_ms) / g.tick_ms), 0.10);
  }
}

INSTANTIATE_TEST_SUITE_P(Gauges, FitAveraging,
                         testing::Values(Gauge{100, 25, 0, 0}, Gauge{100, 25, 10, 0.05},
                                         Gauge{100, 100, 0, 0}, Gauge{100, 1000, 0, 0},
                                         Gauge{20, 20, 2, 0}, Gauge{20, 1000, 0, 0.05},
                                         Gauge{50, 10, 0, 0}, Gauge{10, 40, 0, 0}));

TEST(FitAveragingEdge, AnInstantGaugeHasAWindowMuchShorterThanItsTick) {
  const SensorTruth truth{.kind = SensorKind::power_gauge, .tick = milliseconds(20)};
  const auto seen = watched(truth, aliasing_plan(milliseconds(20), milliseconds(4000)));
  const auto fit = fit_averaging(seen.readings[0], seen.edges, milliseconds(20));
  ASSERT_TRUE(fit.window.present());
  EXPECT_LT(*fit.window.value, 0.05 * 0.020);
}

TEST(FitAveragingEdge, AGaugeThatDoesNotFollowTheLoadIsSaid) {
  FakeClock clock;
  std::vector<RawReading> readings;
  std::vector<LoadEdge> edges;
  for (int ms = 0; ms < 4000; ++ms) {
    const SteadyTime at{1'000'000'000 + ms * 1'000'000LL};
    const auto k = static_cast<std::uint64_t>(ms / 20);
    readings.push_back({50'000 + (k * 7919) % 1000, at, at});
    if (ms % 37 == 0) edges.push_back({at, double(ms / 37 % 2)});
  }
  const auto fit = fit_averaging(readings, edges, milliseconds(20));
  EXPECT_EQ(fit.window.reason->code, "calibration.no_response");
  EXPECT_EQ(fit_averaging(readings, {}, milliseconds(20)).duty.reason->code,
            "calibration.no_response");
  EXPECT_EQ(fit_averaging(std::span(readings).first(100), edges, milliseconds(20)).lag.reason->code,
            "calibration.few_updates");
}

TEST(TemperatureSlope, IsRecoveredAndAbsentWhereNothingMoves) {
  std::vector<IdleSlice> slices;
  for (int i = 0; i < 20; ++i) {
    const double noise = (i % 3 - 1) * 0.05;
    slices.push_back({20 + 0.3 * i + noise, 40.0 + i});
  }
  const Quantity slope = temperature_slope(slices);
  expect_within(slope, 0.3, 0.05);
  EXPECT_TRUE(slope.interval().contains(0.3));
  for (auto& slice : slices) slice.celsius = 40 + *slice.celsius / 100;
  EXPECT_EQ(temperature_slope(slices).reason->code, "calibration.steady_temperature");
  for (auto& slice : slices) slice.celsius.reset();
  EXPECT_EQ(temperature_slope(slices).reason->code, "calibration.no_thermometer");
  EXPECT_EQ(median_temperature(slices).reason->code, "calibration.no_thermometer");
  EXPECT_EQ(temperature_slope(std::vector<IdleSlice>{{1, 2.0}, {2, 3.0}}).reason->code,
            "calibration.few_slices");
}

TEST(IdleFloor, IsTheMedianAndKeepsTierAndReason) {
  Quantity whole = Quantity::exact(11, "W");
  whole.tier = Tier::modelled;
  whole.own = {10, 12};
  const std::vector<IdleSlice> slices = {{9}, {10}, {10}, {10}, {10}, {10}, {30}};
  const Quantity floor = idle_floor(slices, whole);
  EXPECT_DOUBLE_EQ(*floor.value, 10);
  EXPECT_EQ(floor.tier, Tier::modelled);
  EXPECT_LE(floor.own.lo, 9.4);
  EXPECT_GE(floor.own.hi, 20);
  const Quantity none = Quantity::absent("W", {"sensor.lost", "gone", ""});
  EXPECT_EQ(idle_floor(slices, none).reason->code, "sensor.lost");
}

TEST(MedianRate, OfNothingIsAnAbsence) {
  EXPECT_EQ(median_rate({}, "B/s").reason->code, "calibration.few_slices");
  EXPECT_DOUBLE_EQ(*median_rate({3, 1, 2}, "B/s").value, 2);
}

TEST(AliasingPlan, HasTheFivePeriodsOfThePractice) {
  const auto plan = aliasing_plan(milliseconds(60), milliseconds(5000));
  std::vector<Nanos> halves;
  for (const auto& piece : plan) {
    if (halves.empty() || halves.back() != piece.length) halves.push_back(piece.length);
  }
  EXPECT_THAT(halves, testing::ElementsAre(milliseconds(15), milliseconds(20), milliseconds(24),
                                           milliseconds(36), milliseconds(40)));
  EXPECT_TRUE(aliasing_plan(Nanos{0}, milliseconds(100)).empty());
}

}  // namespace
}  // namespace joulebook
