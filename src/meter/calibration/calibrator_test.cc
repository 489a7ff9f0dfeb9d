// The whole calibration against a machine in closed form, in simulated time.
#include "meter/calibration/calibrator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "meter/calibration/fake_machine.h"
#include "meter/calibration/plan.h"

namespace joulebook {
namespace {

using std::chrono::milliseconds;
using test::FakeFiles;
using test::FakeGpu;
using test::FakeMachine;
using test::FakeSensor;
using test::SensorTruth;

class Calibrates : public testing::Test {
 protected:
  Result<Calibration> run(std::vector<SensorTruth> sensors, CalibrateOptions options = {}) {
    std::vector<std::unique_ptr<Sensor>> list;
    for (auto& truth : sensors) list.push_back(std::make_unique<FakeSensor>(machine_, truth));
    return calibrate(std::move(list), std::make_shared<FakeFiles>(&machine_), machine_, clock_,
                     options);
  }
  static void expect_within(const Quantity& q, double truth, double share) {
    ASSERT_TRUE(q.present()) << q.reason->code << ": " << q.reason->message;
    EXPECT_NEAR(*q.value, truth, share * truth);
  }

  FakeClock clock_;
  FakeMachine machine_{clock_, {}};
  const std::vector<SensorTruth> sensors_ = {
      {.id = "test:package:0", .tick = Nanos(977'000), .jitter = 0.1},
      {.id = "test:gpu:0.gauge",
       .kind = SensorKind::power_gauge,
       .tick = milliseconds(100),
       .nominal = milliseconds(50),
       .averaging = milliseconds(25)}};
};

TEST_F(Calibrates, TicksWindowsFloorsAndResponse) {
  const auto found = run(sensors_);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->machine.cpu, "Closed Form 9000");
  EXPECT_EQ(found->machine.kernel, "6.1.0-test");
  ASSERT_EQ(found->sensors.size(), 2U);
  const auto& counter = found->sensors[0];
  expect_within(counter.tick, 0.977e-3, 0.05);
  EXPECT_EQ(counter.averaging.reason->code, "calibration.counter");
  const auto& gauge = found->sensors[1];
  expect_within(gauge.tick, 0.1, 0.05);
  expect_within(gauge.averaging, 0.025, 0.10);
  expect_within(gauge.duty, 0.25, 0.10);
  // The floor was taken somewhat above ambient; the slope says by how much.
  expect_within(counter.slope, machine_.truth().slope, 0.10);
  ASSERT_TRUE(counter.celsius.present() && counter.idle.present());
  const double floor = machine_.truth().idle_w +
                       machine_.truth().slope * (*counter.celsius.value - machine_.truth().ambient);
  expect_within(counter.idle, floor, 0.02);
  ASSERT_EQ(counter.response.size(), 4U);  // 1, 2, 3, 4
  double before = *counter.idle.value;
  for (const auto& point : counter.response) {
    ASSERT_TRUE(point.power.present());
    EXPECT_GT(*point.power.value, before + 0.8 * machine_.truth().thread_w);
    EXPECT_EQ(point.power.boundary, "package");
    before = *point.power.value;
  }
}

TEST_F(Calibrates, WorkAndTheWattsUnderIt) {
  const auto found = run(sensors_, {.quick = true});
  ASSERT_TRUE(found);
  ASSERT_EQ(found->work.size(), kMeasuredWork.size());
  for (std::size_t i = 0; i < found->work.size(); ++i) {
    const auto& work = found->work[i];
    EXPECT_EQ(work.kind, to_string(kMeasuredWork[i]));
    expect_within(work.rate, 4 * machine_.truth().rate.at(kMeasuredWork[i]), 0.01);
    ASSERT_EQ(work.power.size(), 2U);
    EXPECT_GT(*work.power[0].power.value, machine_.truth().idle_w + 4 * 15);
  }
}

TEST_F(Calibrates, KeepsItsTime) {
  for (const bool quick : {true, false}) {
    const auto found = run(sensors_, {.quick = quick});
    ASSERT_TRUE(found);
    EXPECT_LT(found->duration_s, quick ? 14 : 57) << "15 and 60 s are promised";
  }
}

TEST_F(Calibrates, WithoutSensorsTheWorkIsMeasuredAllTheSame) {
  const auto found = run({}, {.quick = true});
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->sensors.empty());
  ASSERT_EQ(found->work.size(), kMeasuredWork.size());
  EXPECT_TRUE(found->work[0].rate.present());
  EXPECT_TRUE(found->work[0].power.empty());
}

class CalibratesGpus : public Calibrates {
 protected:
  Result<Calibration> run_with_gpu(bool quick) {
    std::vector<std::unique_ptr<Sensor>> list;
    list.push_back(std::make_unique<FakeSensor>(machine_, sensors_[0]));
    list.push_back(std::make_unique<FakeSensor>(
        board_, SensorTruth{.id = "test:gpu:0", .device = "gpu:GPU-1", .tick = milliseconds(20)}));
    list.push_back(std::make_unique<FakeSensor>(board_,
                                                SensorTruth{.id = "test:gpu:0.gauge",
                                                            .device = "gpu:GPU-1",
                                                            .kind = SensorKind::power_gauge,
                                                            .tick = milliseconds(100),
                                                            .averaging = milliseconds(25)}));
    return calibrate(std::move(list), std::make_shared<FakeFiles>(&machine_), machine_, clock_,
                     {.quick = quick, .gpus = &gpu_});
  }
  static const WorkCalibration& work_of(const Calibration& found, const std::string& kind) {
    for (const auto& work : found.work) {
      if (work.device == "gpu:GPU-1" && work.kind == kind) return work;
    }
    ADD_FAILURE() << kind;
    return found.work.front();
  }

  FakeMachine board_{clock_, {.idle_w = 60, .thread_w = 4, .warm = 0.2, .threads = 100}};
  FakeGpu gpu_{board_};
};

TEST_F(CalibratesGpus, WindowFloorResponseAndWork) {
  const auto found = run_with_gpu(false);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->gpu.code, "");
  EXPECT_LT(found->duration_s, 58) << "60 s are promised";
  EXPECT_FALSE(gpu_.held());
  const auto& counter = found->sensors[1];
  expect_within(counter.idle, 60, 0.05);
  expect_within(counter.context, 60, 0.15);  // still warm from the load before
  expect_within(counter.slope, board_.truth().slope, 0.25);
  ASSERT_EQ(counter.response.size(), 3U);
  const std::array levels = {33, 66, 100};
  for (std::size_t i = 0; i < levels.size(); ++i) {
    EXPECT_EQ(counter.response[i].busy, levels[i]);
    expect_within(counter.response[i].power, 60 + 4 * levels[i], 0.05);
  }
  expect_within(found->sensors[2].averaging, 0.025, 0.15);
  EXPECT_TRUE(found->sensors[0].response.size() == 4 && !found->sensors[0].context.present());
  const auto& triad = work_of(*found, "triad");
  expect_within(triad.rate, 48 * 100 * board_.truth().rate.at(WorkKind::triad), 0.02);
  ASSERT_EQ(triad.power.size(), 2U);  // counter and gauge of this GPU, not the package
  expect_within(triad.power[0].power, 460, 0.05);
  EXPECT_EQ(work_of(*found, "mma-f16").rate.reason->code, "cuda.kernel");
  const auto again = calibration_from_json(to_json(*found));
  ASSERT_TRUE(again);
  EXPECT_EQ(to_json(*again).dump(), to_json(*found).dump());
}

TEST_F(CalibratesGpus, QuickKeepsItsTimeAndAFailureIsAReason) {
  const auto quick = run_with_gpu(true);
  ASSERT_TRUE(quick);
  EXPECT_LT(quick->duration_s, 19.5) << "20 s are promised";
  gpu_.break_down();
  const auto found = run_with_gpu(true);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->gpu.code, "cuda.failed");
  EXPECT_EQ(found->sensors[2].averaging.reason->code, "cuda.failed");
  EXPECT_TRUE(found->sensors[1].idle.present());
  EXPECT_TRUE(found->sensors[1].response.empty());
}

TEST_F(Calibrates, OnlyTheSensorsNamed) {
  const auto found = run(sensors_, {.quick = true, .only = {"test:package"}});
  ASSERT_TRUE(found);
  ASSERT_EQ(found->sensors.size(), 1U);
  EXPECT_EQ(found->sensors[0].id, "test:package:0");
}

TEST_F(Calibrates, StopsWhenAskedTo) {
  for (const int after : {0, 1, 50, 400}) {
    int left = after;
    const auto found = run(sensors_, {.quick = true, .stop = [&] { return left-- <= 0; }});
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().kind, ErrorKind::interrupted);
  }
}

TEST(ResponseLevels, AreFewAndEndWithAllThreads) {
  EXPECT_THAT(response_levels(1), testing::ElementsAre(1));
  EXPECT_THAT(response_levels(2), testing::ElementsAre(1, 2));
  EXPECT_THAT(response_levels(64), testing::ElementsAre(1, 16, 32, 48, 64));
}

}  // namespace
}  // namespace joulebook
