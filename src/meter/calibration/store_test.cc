// What was learnt is kept, found again, dated, and used in place of nominal traits.
#include "meter/calibration/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "fakes/json_schema.h"
#include "meter/calibration/calibrator.h"
#include "meter/calibration/fake_machine.h"
#include "meter/calibration/reuse.h"

namespace joulebook {
namespace {

using std::chrono::milliseconds;

Calibration sample(const std::string& cpu = "Closed Form 9000") {
  FakeClock clock;
  test::FakeMachine machine(clock, {});
  std::vector<std::unique_ptr<Sensor>> sensors;
  sensors.push_back(std::make_unique<test::FakeSensor>(
      machine, test::SensorTruth{.kind = SensorKind::power_gauge,
                                 .tick = milliseconds(20),
                                 .nominal = milliseconds(100),
                                 .averaging = milliseconds(5)}));
  auto found = calibrate(std::move(sensors), std::make_shared<test::FakeFiles>(), machine, clock,
                         {.quick = true});
  found->machine.cpu = cpu;
  found->measured_utc = "2026-11-25T10:00:00.000Z";
  found->measured_ns = 1'000'000'000'000'000'000;
  return *found;
}

class Store : public testing::Test {
 protected:
  ~Store() override { std::filesystem::remove_all(root_); }
  std::string root_ = testing::TempDir() + "store_" + std::to_string(::getpid());
  std::string path_ = root_ + "/state/joulebook/calibration.json";
};

TEST_F(Store, TextComesBackTheSame) {
  const std::string text = store_json({sample()}).dump(1);
  const auto all = parse_store(text);
  ASSERT_TRUE(all) << all.error().message;
  EXPECT_EQ(store_json(*all).dump(1), text);
  EXPECT_FALSE(parse_store("{}"));
  EXPECT_FALSE(parse_store("[1"));
  EXPECT_FALSE(parse_store(R"({"schema":"joulebook.calibration/1","calibrations":[{}]})"));
  EXPECT_FALSE(parse_store(std::string(kMostCalibrationBytes + 1, ' ')));
}

// Figures and absences alike obey the schema, and a document with one member too many does not.
TEST_F(Store, ObeysItsSchema) {
  const fakes::JsonSchema schema(JOULEBOOK_SOURCE_DIR "/docs/schema/calibration.schema.json");
  for (const auto& all : {std::vector{sample()}, std::vector{sample(), sample("b")}}) {
    auto doc = nlohmann::json::parse(store_json(all).dump());
    EXPECT_EQ(schema.explain(doc), "");
    doc["calibrations"][0]["sensors"][0]["guess"] = 1;
    EXPECT_FALSE(schema.accepts(doc));
  }
}

TEST_F(Store, OneOfEachMachineNewestFirst) {
  ASSERT_TRUE(save_calibration(path_, sample("a")));
  ASSERT_TRUE(save_calibration(path_, sample("b")));
  Calibration newer = sample("a");
  newer.quick = false;
  ASSERT_TRUE(save_calibration(path_, newer));
  const auto all = read_store(path_);
  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 2U);
  EXPECT_EQ(all->front().machine.cpu, "a");
  EXPECT_FALSE(all->front().quick);
}

TEST_F(Store, WhatCannotBeReadIsNotOverwritten) {
  std::filesystem::create_directories(std::filesystem::path(path_).parent_path());
  ASSERT_TRUE(write_file(path_, "precious"));
  EXPECT_FALSE(save_calibration(path_, sample()));
  EXPECT_EQ(read_file(path_).value(), "precious");
}

TEST_F(Store, SaysAgeAndWhoseItIs) {
  const Calibration kept = sample();
  const auto code = [&](const MachineKey& key, double days) {
    const auto now = kept.measured_ns + static_cast<std::int64_t>(days * 86400e9);
    return calibration_state(path_, key, now).finding.reason.code;
  };
  EXPECT_EQ(code(kept.machine, 0), "calibration.none");
  ASSERT_TRUE(save_calibration(path_, kept));
  EXPECT_EQ(code(kept.machine, 3), "calibration.ok");
  EXPECT_EQ(code(kept.machine, 29.9), "calibration.ok");
  EXPECT_EQ(code(kept.machine, 30.1), "calibration.old");
  MachineKey other = kept.machine;
  other.kernel = "7.0";
  EXPECT_EQ(code(other, 3), "calibration.other_machine");
  ASSERT_TRUE(write_file(path_, "{"));
  EXPECT_EQ(code(kept.machine, 3), "calibration.malformed");
  EXPECT_EQ(age_words(3.5), "3 days ago");
  EXPECT_EQ(age_words(1.2 / 24), "1 hour ago");
  EXPECT_EQ(age_words(0), "0 minutes ago");
}

TEST_F(Store, MeasuredTraitsReplaceNominalOnes) {
  const CalibrationState known{.calibration = sample(), .age_days = 3, .finding = {}};
  FakeClock clock;
  test::FakeMachine machine(clock, {});
  std::vector<std::unique_ptr<Sensor>> sensors;
  for (const std::string id : {"test:package:0", "test:dram:0"}) {
    sensors.push_back(std::make_unique<test::FakeSensor>(
        machine, test::SensorTruth{
                     .id = id, .kind = SensorKind::power_gauge, .nominal = milliseconds(100)}));
  }
  reuse(sensors, known);
  const SensorInfo& info = sensors[0]->info();
  EXPECT_NEAR(Seconds(info.tick).count(), 0.020, 0.001);
  EXPECT_NEAR(Seconds(info.averaging).count(), 0.005, 0.0005);
  EXPECT_NEAR(info.duty, 0.25, 0.025);
  EXPECT_THAT(info.method,
              testing::HasSubstr("tick, averaging window, duty measured 2026-11-25"));
  EXPECT_TRUE(sensors[0]->read());
  EXPECT_EQ(sensors[1]->info().tick, milliseconds(100));
  EXPECT_EQ(sensors[1]->info().method, "closed form");
}

CalibrationState with_floor(const Quantity& idle, const Quantity& slope) {
  CalibrationState known{.calibration = Calibration{}, .age_days = 3.5, .finding = {}};
  SensorCalibration s{.id = "rapl:0", .domain = "package:0"};
  s.idle = idle;
  s.slope = slope;
  known.calibration->sensors.push_back(s);
  return known;
}

Quantity watts(double value, Interval own) {
  Quantity q = Quantity::exact(value, "W");
  q.own = own;
  q.shared = {{"gain:package:0", 0.98, 1.02}};
  return q;
}

TEST_F(Store, TheFloorIsOneErrorForAllWindowsAndSaysItsAge) {
  const auto steady = Quantity::absent("W/K", {"calibration.no_thermometer", "none", ""});
  const auto floors = idle_floors(with_floor(watts(40, {38, 44}), steady));
  const Quantity idle = floors.energy("rapl:0", Seconds(2));
  EXPECT_DOUBLE_EQ(idle.value.value(), 80);
  EXPECT_EQ(idle.own, (Interval{80, 80}));
  ASSERT_EQ(idle.shared.size(), 2U);
  EXPECT_EQ(idle.shared[0].id, "gain:package:0");
  EXPECT_EQ(idle.shared[1], (SharedPart{"idle_watts:package:0", 38.0 / 40, 44.0 / 40}));
  EXPECT_THAT(idle.method, testing::HasSubstr("power at rest, calibrated 3 days ago"));
  const Quantity other = floors.energy("rapl:1", Seconds(2));
  EXPECT_EQ(other.reason.value().code, "calibration.no_floor");
  EXPECT_THAT(other.reason->cure, testing::HasSubstr("joulebook calibrate"));
}

TEST_F(Store, TheFloorReachesAsFarAsTemperatureAndOthersCouldMoveIt) {
  Quantity slope = Quantity::exact(0.1, "W/K");
  slope.own = {0.05, 0.15};
  auto known = with_floor(watts(40, {38, 44}), slope);
  const auto factors = [&] {
    return idle_floors(known).energy("rapl:0", Seconds(1)).shared.at(1);
  };
  EXPECT_NEAR(factors().lo, (38 - 0.15 * kFloorKelvins) / 40, 1e-12);
  EXPECT_NEAR(factors().hi, (44 + 0.15 * kFloorKelvins) / 40, 1e-12);
  known.calibration->warnings = {"calibration.not_idle: somebody was busy"};
  EXPECT_EQ(factors().lo, 0);
}

TEST_F(Store, NoFloorIsTakenFromAModelAnAbsenceOrAnUnboundedRest) {
  const auto steady = Quantity::absent("W/K", {"calibration.no_thermometer", "none", ""});
  const auto code = [](const CalibrationState& known) {
    return idle_floors(known).energy("rapl:0", Seconds(1)).reason.value().code;
  };
  constexpr double kNoEnd = std::numeric_limits<double>::infinity();
  EXPECT_EQ(code(with_floor(watts(40, {38, kNoEnd}), steady)), "calibration.no_floor");
  EXPECT_EQ(code(with_floor(Quantity::absent("W", {"sensor.gap", "", ""}), steady)),
            "calibration.no_floor");
  auto modelled = with_floor(watts(40, {38, 44}), steady);
  modelled.calibration->sensors[0].kind = SensorKind::busy_time;
  EXPECT_EQ(code(modelled), "calibration.no_floor");
  EXPECT_EQ(code(calibration_state(path_, {}, 0)), "calibration.none");
}

TEST_F(Store, NonsenseOnFileIsNotUsed) {
  SensorInfo info;
  info.kind = SensorKind::power_gauge;
  info.tick = milliseconds(100);
  SensorCalibration wrong{.id = "", .domain = "", .kind = SensorKind::power_gauge};
  wrong.tick = Quantity::exact(-1, "s");
  wrong.averaging = Quantity::exact(1e9, "s");
  wrong.duty = Quantity::exact(7, "1");
  EXPECT_EQ(with_measured(info, wrong, "today").method, info.method);
  wrong.tick = Quantity::exact(0.5, "s");
  wrong.kind = SensorKind::energy_counter;
  EXPECT_EQ(with_measured(info, wrong, "today").tick, info.tick);
}

}  // namespace
}  // namespace joulebook
