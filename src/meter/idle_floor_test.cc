// What is above idle: gross less the known rest, once, with the error of the rest kept as one part.
#include "meter/idle_floor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "meter/core.h"
#include "meter/test_sensors.h"

namespace joulebook {
namespace {

using fakes::PowerFunction;
using test::at;

IdleFloor floor_of(const std::string& domain, double watts, double lo, double hi) {
  Quantity q = Quantity::exact(watts, "W");
  q.shared = {{"idle_watts:" + domain, lo / watts, hi / watts}};
  q.level = 0.95;
  q.method = "at rest, calibrated 2 days ago";
  return {"test:" + domain, q};
}

struct Plant {
  double package = 100;
  double dram = 10;
  MeterOptions options;

  [[nodiscard]] MeterCore core() const {
    std::vector<test::Ideal> sensors;
    sensors.push_back(test::ideal("package:0", PowerFunction::constant(package)));
    sensors.push_back(test::ideal("dram:0", PowerFunction::constant(dram)));
    sensors.push_back(test::ideal("core:0", PowerFunction::constant(0.6 * package)));
    sensors[0].info.contains = {"core:0"};
    std::vector<Channel> channels;
    for (const auto& sensor : sensors) channels.push_back({sensor.info, nullptr});
    MeterCore core(std::move(channels), options, 4);
    for (double t = 0; t < 3; t += 0.01) {
      for (std::size_t i = 0; i < sensors.size(); ++i) core.reading(i, sensors[i].read(t));
    }
    return core;
  }
};

RC_GTEST_PROP(AboveIdle, HoldsTheTruthWhereverTheTrueRestLies, ()) {
  const auto any = [](double from, double to) {
    return from + (to - from) * *rc::gen::inRange(0, 10'001) / 10'000.0;
  };
  Plant plant{.package = any(60, 200), .dram = any(8, 40), .options = {}};
  const double package = any(20, 50), dram = any(2, 6);  // what is on file
  plant.options.floors.floors = {floor_of("package:0", package, 0.8 * package, 1.1 * package),
                                 floor_of("dram:0", dram, 0.9 * dram, 1.3 * dram)};
  const double seconds = any(0.5, 2);
  const auto w = plant.core().energy({"w", at(0.25), at(0.25 + seconds)});
  RC_ASSERT(w.above_idle.present());
  RC_ASSERT(w.above_idle.tier == Tier::apportioned);
  const double gross = plant.package + plant.dram;
  RC_ASSERT(std::abs(*w.above_idle.value - (gross - package - dram) * seconds) <
            0.002 * gross * seconds + 0.5);
  // The parts together are a 95 % interval in quadrature: the corner of one part alone is inside,
  // seen from the energy that was read (how near that is to the true one is asserted above).
  const Interval range = w.above_idle.interval();
  const double read = *w.above_idle.value + (package + dram) * seconds;
  RC_ASSERT(range.contains(read - (0.8 * package + dram) * seconds));
  RC_ASSERT(range.contains(read - (1.1 * package + dram) * seconds));
  RC_ASSERT(range.contains(read - (package + 1.3 * dram) * seconds));
  // By domain it adds up to the whole.
  const double sum = *w.domains[0].above_idle.value + *w.domains[1].above_idle.value;
  RC_ASSERT(std::abs(sum - *w.above_idle.value) < 1e-9 * gross);
}

TEST(AboveIdle, ErrorOfTheRestCancelsBetweenWindowsOfOneLength) {
  Plant plant;
  plant.options.floors.floors = {floor_of("package:0", 40, 20, 60), floor_of("dram:0", 4, 4, 4)};
  const MeterCore core = plant.core();
  const auto a = core.energy({"a", at(0.5), at(1)}).domains[0].above_idle;
  const auto b = core.energy({"b", at(1), at(1.5)}).domains[0].above_idle;
  EXPECT_GT(a.interval().width(), 15);
  EXPECT_LT(difference(a, b).interval().width(), 4);  // what the edges leave
}

TEST(AboveIdle, ADomainWithoutAFloorMakesTheWholeUnknown) {
  Plant plant;
  plant.options.floors.floors = {floor_of("package:0", 40, 39, 41)};
  const auto w = plant.core().energy({"w", at(0.5), at(1)});
  EXPECT_TRUE(w.domains[0].above_idle.present());
  EXPECT_FALSE(w.domains[1].above_idle.present());
  ASSERT_FALSE(w.above_idle.present());
  EXPECT_EQ(w.above_idle.reason->code, "calibration.none");
  EXPECT_THAT(w.above_idle.reason->cure, testing::HasSubstr("joulebook calibrate"));
  EXPECT_TRUE(w.total.present());
}

TEST(AboveIdle, AMissingReadingStaysMissing) {
  Plant plant;
  plant.options.floors.floors = {floor_of("package:0", 40, 39, 41), floor_of("dram:0", 4, 3, 5)};
  const auto w = plant.core().energy({"w", at(0.5), at(9)});
  EXPECT_FALSE(w.total.present());
  EXPECT_EQ(w.above_idle.reason->code, w.total.reason->code);
}

TEST(AboveIdle, AModelTakesItsOwnRestAndNoFloor) {
  const test::LinearModel model;
  SensorInfo info = test::ideal("node:0", PowerFunction::constant(0)).info;
  info.kind = SensorKind::busy_time;
  info.scale = 1e-6;
  MeterOptions options;
  options.floors.floors = {floor_of("node:0", 500, 400, 600)};
  MeterCore core({{info, &model}}, options, 4);
  for (double t = 0; t < 3; t += 0.01) {
    core.reading(0, {static_cast<std::uint64_t>(2 * t * 1e6), at(t), at(t)});
  }
  const auto w = core.energy({"w", at(0.5), at(1.5)});
  ASSERT_TRUE(w.above_idle.present()) << w.above_idle.reason->message;
  EXPECT_NEAR(*w.above_idle.value, 40, 0.5);
  EXPECT_EQ(w.above_idle.tier, Tier::modelled);
}

// Eight boards, of which one may be another's: the lower end is what it would be without that one.
TEST(AboveIdle, ADoubtfulDeviceIsInTheValueAndOutOfTheLowerEnd) {
  std::vector<Channel> channels;
  std::vector<test::Ideal> sensors;
  MeterOptions options;
  for (const char* id : {"0", "1"}) {
    sensors.push_back(test::ideal(std::string("gpu:") + id, PowerFunction::constant(300)));
    sensors.back().info.device = std::string("gpu:GPU-") + id;
    channels.push_back({sensors.back().info, nullptr});
    options.floors.floors.push_back(floor_of(std::string("gpu:") + id, 60, 60, 60));
  }
  MeterCore core(std::move(channels), options, 4);
  DeviceChoice choice;
  choice.rule = DeviceChoice::Rule::used;
  choice.uses = {{.device = "gpu:GPU-0", .answer = DeviceUse::Answer::used},
                 {.device = "gpu:GPU-1", .answer = DeviceUse::Answer::unknown}};
  core.cover(choice);
  for (double t = 0; t < 3; t += 0.01) {
    for (std::size_t i = 0; i < 2; ++i) core.reading(i, sensors[i].read(t));
  }
  const auto w = core.energy({"w", at(0.5), at(1.5)});
  ASSERT_TRUE(w.above_idle.present());
  EXPECT_NEAR(*w.above_idle.value, 480, 2);
  EXPECT_LE(w.above_idle.interval().lo, 240);
  EXPECT_GE(w.above_idle.interval().lo, 230);
}

RC_GTEST_PROP(AboveIdle, FloorsComeBackFromATraceBitForBit, (double watts, double lo, double hi)) {
  RC_PRE(std::isfinite(watts) && watts > 0 && std::isfinite(lo) && std::isfinite(hi));
  IdleFloors floors;
  floors.floors = {floor_of("package:0", watts, 1, 1)};
  floors.floors[0].power.shared[0].lo = lo;
  floors.floors[0].power.shared[0].hi = hi;
  floors.none = {"calibration.no_floor", "none", "calibrate"};
  const auto back = idle_floors_from_json(*parse_json(to_json(floors).dump()));
  RC_ASSERT(back.floors.size() == 1U);
  RC_ASSERT(back.floors[0].sensor == "test:package:0");
  RC_ASSERT(back.floors[0].power == floors.floors[0].power);
  RC_ASSERT(back.none == floors.none);
}

TEST(AboveIdle, FloorsThatMakeNoSenseAreLeftOut) {
  const auto of = [](const char* text) { return idle_floors_from_json(*parse_json(text)); };
  EXPECT_EQ(of("{}").none.code, "calibration.none");
  EXPECT_TRUE(of(R"({"floors":[{"sensor":"a","power":{"value":-1,"unit":"W","tier":"measured","own":[0,1]}}]})")
                  .floors.empty());
  EXPECT_TRUE(of(R"({"floors":[{"sensor":"a","power":{"value":1,"unit":"J","tier":"measured","own":[0,1]}}]})")
                  .floors.empty());
  EXPECT_TRUE(of(R"({"floors":[7]})").floors.empty());
}

}  // namespace
}  // namespace joulebook
