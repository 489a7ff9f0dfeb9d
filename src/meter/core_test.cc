#include "meter/core.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "fakes/power_plant.h"
#include "meter/run_report.h"
#include "meter/test_sensors.h"

namespace joulebook {
namespace {

using fakes::PowerFunction;
using std::chrono::milliseconds;
using test::at;

MeterCore core_of(std::vector<test::Ideal>& sensors, double until, double period) {
  std::vector<Channel> channels;
  for (const auto& sensor : sensors) channels.push_back({sensor.info, nullptr});
  MeterCore core(std::move(channels), {}, 4);
  for (double t = 0; t < until; t += period) {
    for (std::size_t i = 0; i < sensors.size(); ++i) core.reading(i, sensors[i].read(t));
    core.cpu({at(t), 2 * t, t, 0.1 * t});
  }
  return core;
}

std::vector<test::Ideal> server() {
  std::vector<test::Ideal> sensors;
  sensors.push_back(test::ideal("package:0", PowerFunction::constant(100)));
  sensors.push_back(test::ideal("dram:0", PowerFunction::constant(10)));
  sensors.push_back(test::ideal("core:0", PowerFunction::constant(60)));
  sensors[0].info.contains = {"core:0"};
  sensors[0].info.accuracy = 0.05;
  return sensors;
}

// A counter of 100 W, and a gauge of the same device that says `watts`.
std::vector<test::Ideal> gpu_with_gauge(double watts) {
  std::vector<test::Ideal> sensors;
  sensors.push_back(test::ideal("gpu:0", PowerFunction::constant(100)));
  sensors.push_back(test::ideal("gpu:0.gauge", PowerFunction::constant(watts)));
  sensors[1].info.kind = SensorKind::power_gauge;
  sensors[1].info.scale = 1e-3;
  sensors[1].info.mirrors = {"gpu:0"};
  return sensors;
}

TEST(MeterCore, TotalIsTheTopLevelDomainsWithTheirGain) {
  auto sensors = server();
  const MeterCore core = core_of(sensors, 3, 0.01);
  const WindowEnergy w = core.energy({"w", at(0.5), at(2.5)});
  ASSERT_TRUE(w.total.present());
  EXPECT_NEAR(*w.total.value, 220, 0.5);
  EXPECT_TRUE(w.total.interval().contains(220));
  EXPECT_EQ(w.total.boundary, "package+dram");
  ASSERT_EQ(w.domains.size(), 3U);
  EXPECT_FALSE(w.domains[2].top_level);
  EXPECT_EQ(w.domains[0].energy.level, 1);
  ASSERT_EQ(w.domains[0].energy.shared.size(), 1U);
  EXPECT_EQ(w.domains[0].energy.shared[0].id, "gain:package:0");
  EXPECT_NEAR(*w.domains[0].mean_power.value, 100, 0.5);
  EXPECT_TRUE(w.domains[0].peak_power.interval().contains(100));
}

// All of it: figures, peaks, the ticks in its warnings. So a replay, which has seen what came
// after the report, too, gives the same document.
RC_GTEST_PROP(MeterCore, ASettledWindowSaysTheSameForever, ()) {
  auto sensors = server();
  sensors.push_back(test::ideal("gpu:0", PowerFunction::square(50, 400, 0.37)));
  sensors[3].info.kind = SensorKind::power_gauge;
  sensors[3].info.scale = 1e-3;
  sensors[3].info.max_watts = 0;  // the greatest seen
  sensors[3].info.averaging = milliseconds(*rc::gen::element(0, 25, 300));
  sensors[3].info.tick = milliseconds(100);
  sensors[0].info.tick = milliseconds(20);
  std::vector<Channel> channels;
  for (const auto& sensor : sensors) channels.push_back({sensor.info, nullptr});
  MeterCore core(std::move(channels), {}, 4);
  const double begin = 0.5 + *rc::gen::inRange(0, 1000) * 1e-3;
  const double end = begin + *rc::gen::inRange(1, 500) * 1e-3;
  const auto said = [&] { return window_document(core.energy({"w", at(begin), at(end)})).dump(); };
  std::string settled;
  for (double t = 0; t < 5; t += 0.007 + *rc::gen::inRange(0, 20) * 1e-3) {
    for (std::size_t i = 0; i < sensors.size(); ++i) {
      RawReading reading = sensors[i].read(t);
      if (t > 4 && i == 3) reading.counts += 900'000;  // more than ever before
      core.reading(i, reading);
    }
    core.cpu({at(t), 2 * t, t, 0.1 * t});
    if (settled.empty() && core.settled(at(end))) settled = said();
  }
  RC_ASSERT(!settled.empty());
  RC_ASSERT(said() == settled);
}

TEST(MeterCore, CpuTimeApportionsThePackage) {
  auto sensors = server();
  const WindowEnergy w = core_of(sensors, 3, 0.01).energy({"w", at(0.5), at(2.5)});
  EXPECT_NEAR(w.cpu.machine, 4, 1e-6);
  EXPECT_NEAR(w.cpu.tree, 2, 1e-6);
  EXPECT_NEAR(w.cpu.capacity, 8, 1e-9);
  ASSERT_TRUE(w.tree.present());
  EXPECT_EQ(w.tree.tier, Tier::apportioned);
  EXPECT_NEAR(*w.tree.value, 100, 1);
  EXPECT_NEAR(*w.self.value, 10, 1);
  EXPECT_LT(w.self.own.lo, 5.1);
}

TEST(MeterCore, WithoutSensorsEveryEnergyIsAnAbsence) {
  const MeterCore core({}, {}, 4);
  const WindowEnergy w = core.energy({"w", at(0), at(1)});
  EXPECT_FALSE(w.total.present());
  EXPECT_EQ(w.total.reason->code, "sensor.none");
  EXPECT_FALSE(w.self.present());
  EXPECT_TRUE(core.trace(at(0), at(1), 10).empty());
}

TEST(MeterCore, ASuspendSpoilsTheWindowOverIt) {
  auto sensors = server();
  MeterCore core = core_of(sensors, 3, 0.01);
  core.anchor({at(1.0), at(1.0).ns, 0});
  core.anchor({at(1.01), at(1.01).ns + 5'000'000'000, 0});
  EXPECT_EQ(core.energy({"w", at(0.5), at(2.5)}).total.reason->code, "clock.suspended");
  EXPECT_TRUE(core.energy({"w", at(1.2), at(2.5)}).total.present());
}

TEST(MeterCore, ShortWindowsSayThatTheyAre) {
  auto sensors = server();
  sensors[0].info.tick = milliseconds(50);
  const WindowEnergy w = core_of(sensors, 3, 0.01).energy({"w", at(1), at(1.02)});
  ASSERT_FALSE(w.warnings.empty());
  EXPECT_TRUE(w.warnings[0].starts_with("window.too_short"));
  EXPECT_TRUE(w.total.present());
}

TEST(MeterCore, CounterAndGaugeThatDisagreeAreReported) {
  auto sensors = gpu_with_gauge(190);
  sensors[1].info.averaging = milliseconds(100);
  sensors[1].info.max_watts = 700;
  const WindowEnergy w = core_of(sensors, 6, 0.01).energy({"w", at(0.5), at(5.5)});
  ASSERT_EQ(w.warnings.size(), 1U);
  EXPECT_NE(w.warnings[0].find("sensor.disagree"), std::string::npos);
  EXPECT_NE(w.warnings[0].find("950"), std::string::npos);
  EXPECT_NEAR(*w.total.value, 500, 1);
  EXPECT_FALSE(w.domains[0].crosscheck);
  ASSERT_TRUE(w.domains[1].crosscheck);
  EXPECT_EQ(w.domains[1].crosscheck->with, "test:gpu:0");
  EXPECT_NEAR(*w.domains[1].crosscheck->ratio.value, 1.9, 0.01);
}

TEST(MeterCore, CounterAndGaugeThatAgreeAreComparedToo) {
  auto sensors = gpu_with_gauge(100);
  const MeterCore core = core_of(sensors, 6, 0.01);
  const WindowEnergy w = core.energy({"w", at(0.5), at(5.5)});
  ASSERT_TRUE(w.domains[1].crosscheck);
  EXPECT_NEAR(*w.domains[1].crosscheck->ratio.value, 1, 1e-3);
  EXPECT_TRUE(w.domains[1].crosscheck->ratio.interval().contains(1));
  EXPECT_NEAR(*w.total.value, 500, 1);  // the mirror adds nothing
  // Where one of them has no figure, there is no ratio, and its reason is said.
  const WindowEnergy late = core.energy({"w", at(5), at(7)});
  ASSERT_TRUE(late.domains[1].crosscheck);
  EXPECT_FALSE(late.domains[1].crosscheck->ratio.present());
}

RC_GTEST_PROP(MeterCore, TilingWindowsSumExactly, ()) {
  auto sensors = server();
  sensors[0].power = PowerFunction::square(*rc::gen::inRange(0, 300), *rc::gen::inRange(0, 300),
                                           *rc::gen::inRange(1, 100) * 1e-3);
  const MeterCore core = core_of(sensors, 3, *rc::gen::inRange(1, 40) * 1e-3);
  auto cuts = *rc::gen::container<std::vector<int>>(12, rc::gen::inRange(100, 2800));
  std::sort(cuts.begin(), cuts.end());
  cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
  RC_PRE(cuts.size() > 2U);
  const auto ms = [](int t) { return at(t * 1e-3); };
  const WindowEnergy whole = core.energy({"w", ms(cuts.front()), ms(cuts.back())});
  for (std::size_t d = 0; d < sensors.size(); ++d) {
    if (!whole.domains[d].settled) continue;
    MicroJoules sum;
    for (std::size_t i = 0; i + 1 < cuts.size(); ++i) {
      const auto part = core.energy({"p", ms(cuts[i]), ms(cuts[i + 1])}).domains[d];
      RC_ASSERT(part.settled.has_value());
      RC_ASSERT(part.settled->count >= 0);
      sum += *part.settled;
    }
    RC_ASSERT(sum == *whole.domains[d].settled);
  }
}

TEST(MeterCore, AModelledMachineTilesAndIsLabelled) {
  const test::LinearModel model;
  SensorInfo info = test::ideal("node:0", PowerFunction::constant(0)).info;
  info.kind = SensorKind::busy_time;
  info.scale = 0.01;
  info.tier = Tier::modelled;
  MeterCore core({{info, &model}}, {}, 4);
  for (int i = 0; i < 300; ++i) {
    const SteadyTime t = at(i * 0.01);
    core.reading(0, {static_cast<std::uint64_t>(i < 150 ? i : 150), t, t});
    core.cpu({t, -1, 0.005 * i, 0});
  }
  const auto energy = [&](double b, double e) { return core.energy({"w", at(b), at(e)}); };
  const auto whole = energy(0.537, 2.531);
  ASSERT_TRUE(whole.total.present());
  EXPECT_EQ(whole.total.tier, Tier::modelled);
  EXPECT_NEAR(*whole.total.value, 1.994 * 10 + 0.963 * 20, 0.5);
  EXPECT_EQ(*energy(0.537, 1.213).domains[0].settled + *energy(1.213, 2.531).domains[0].settled,
            *whole.domains[0].settled);
  EXPECT_NEAR(*whole.tree.value, 0.5 * 1.994 * 20, 0.1);
  EXPECT_NEAR(whole.cpu.machine, 0.963, 0.02);
}

}  // namespace
}  // namespace joulebook
