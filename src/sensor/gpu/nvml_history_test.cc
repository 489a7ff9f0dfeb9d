// The driver's ring of power samples: each once, at its own instant.
#include "sensor/gpu/nvml_history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fakes/vendor/stand_in.h"
#include "sensor/containment.h"
#include "sensor/gpu/nvml.h"
#include "sensor/gpu/wall_join.h"

namespace joulebook {
namespace {

using fakes::codes;
using fakes::PlantClock;
using fakes::StandIn;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::IsEmpty;

// FakeClock's wall clock at steady 0, which is the boards' time 0.
constexpr const char* kWall = "wall 1800000000000000000\n";

class History : public testing::Test {
 protected:
  History()
      : library_(std::string(JOULEBOOK_FAKES) + "/nvml/libnvidia-ml.so.1", "JOULEBOOK_FAKE_NVML",
                 "joulebook_fake_nvml_set_time"),
        clock_(library_) {}

  Discovery probe(const std::string& keys) {
    library_.script("device uuid=GPU-a tick=1 " + keys + "\n" + kWall);
    return probe_nvml_library(library_.path(), clock_);
  }
  static Sensor* history(const Discovery& found) {
    for (const auto& sensor : found.sensors) {
      if (sensor->info().id == "nvml:GPU-a:history") return sensor.get();
    }
    return nullptr;
  }
  // What one round of the sampler is handed: until the newest is repeated.
  static std::vector<RawReading> round(Sensor& sensor, const RawReading& newest = {}) {
    std::vector<RawReading> all;
    RawReading last = newest;
    for (int i = 0; i < 500; ++i) {
      const auto reading = sensor.read();
      if (!reading || (reading->begin == last.begin && reading->counts == last.counts)) break;
      all.push_back(last = *reading);
    }
    return all;
  }

  StandIn library_;
  PlantClock clock_;
};

double at(const RawReading& reading) { return static_cast<double>(reading.begin.ns) * 1e-9; }

TEST_F(History, MirrorsTheBoard) {
  Discovery found = probe("sample=20 limit=700");
  Sensor* sensor = history(found);
  ASSERT_NE(sensor, nullptr);
  EXPECT_EQ(sensor->info().domain, "gpu:0.history");
  EXPECT_THAT(sensor->info().mirrors, ElementsAre("gpu:0"));
  EXPECT_EQ(sensor->info().kind, SensorKind::power_gauge);
  std::vector<SensorInfo> infos;
  for (const auto& one : found.sensors) infos.push_back(one->info());
  EXPECT_THAT(top_level(infos), ElementsAre("nvml:GPU-a:energy"));
}

// A poll each 200 ms loses nothing: ten samples a poll, 20 ms apart, stamped by the driver.
TEST_F(History, HandsOverEverySampleOnceAtItsOwnInstant) {
  Discovery found = probe("sample=20 power=ramp:100:300:100");
  Sensor& sensor = *history(found);
  RawReading newest = round(sensor).back();
  std::vector<RawReading> all;
  for (int i = 0; i < 5; ++i) {
    clock_.advance(0.2);
    const auto some = round(sensor, newest);
    EXPECT_EQ(some.size(), 10U);
    all.insert(all.end(), some.begin(), some.end());
    newest = all.back();
  }
  ASSERT_EQ(all.size(), 50U);
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_NEAR(at(all[i]), 1 + 0.02 * static_cast<double>(i + 1), 2e-6);
    EXPECT_NEAR(static_cast<double>(all[i].counts), 1e3 * (100 + 2 * at(all[i])), 1.1);
    EXPECT_LE(all[i].end - all[i].begin, microseconds(2));
  }
}

TEST_F(History, IntegralIsTheTrueEnergy) {
  Discovery found = probe("sample=20 power=square:100:300:0.4");
  Sensor& sensor = *history(found);
  std::vector<RawReading> all{round(sensor).back()};
  for (int i = 0; i < 20; ++i) {
    clock_.advance(0.2);
    for (const RawReading& reading : round(sensor, all.back())) all.push_back(reading);
  }
  double joules = 0;
  for (std::size_t i = 1; i < all.size(); ++i) {
    joules += 0.5e-3 * static_cast<double>(all[i].counts + all[i - 1].counts) *
              (at(all[i]) - at(all[i - 1]));
  }
  EXPECT_NEAR(joules, 4 * 200, 4);
}

TEST_F(History, NewestIsRepeatedAndTheDriverIsNotAskedTooOften) {
  Discovery found = probe("sample=20");
  Sensor& sensor = *history(found);
  const RawReading newest = round(sensor).back();
  clock_.advance(0.05);  // two samples more are there, but it is not time to ask
  const auto again = sensor.read();
  EXPECT_EQ(again->begin, newest.begin);
  EXPECT_EQ(again->counts, newest.counts);
  clock_.advance(0.06);
  EXPECT_EQ(round(sensor, newest).size(), 5U);
}

TEST_F(History, SteppedWallClockLosesSamplesAndInventsNone) {
  Discovery found = probe("sample=20");
  Sensor& sensor = *history(found);
  const RawReading before = round(sensor).back();
  clock_.step_wall(std::chrono::hours(-1));
  library_.script("device uuid=GPU-a tick=1 sample=20\nwall 1799996400000000000\n");
  const auto reads_it_anew = open_nvml(library_.path());
  clock_.advance(0.2);
  EXPECT_THAT(round(sensor, before), IsEmpty());
  clock_.advance(0.2);
  const auto after = round(sensor, before);
  EXPECT_EQ(after.size(),
            20U);  // those of before the step are in the ring, and have the new stamps
  for (std::size_t i = 0; i < after.size(); ++i) {
    EXPECT_GT(at(after[i]), at(before));
    EXPECT_LE(after[i].begin, clock_.now());
  }
}

TEST_F(History, StaleOrForeignStampsAreNoReading) {
  EXPECT_EQ(history(probe("sample=20 skew=-3600")), nullptr);
  EXPECT_EQ(history(probe("sample=20 skew=3600")), nullptr);
  EXPECT_THAT(codes(probe("sample=20 skew=-3600")), ElementsAre("sensor.malformed"));
}

TEST_F(History, AbsentWhereTheDriverKeepsNone) {
  EXPECT_EQ(history(probe("")), nullptr);
  EXPECT_THAT(codes(probe("")), IsEmpty());
}

TEST_F(History, LostBoardIsAReason) {
  library_.script("device uuid=GPU-a sample=20\nerror 0 samples 15 5 6\n" + std::string(kWall));
  Discovery found = probe_nvml_library(library_.path(), clock_);
  Sensor& sensor = *history(found);
  round(sensor);
  clock_.advance(4.5);
  EXPECT_EQ(sensor.read().error().code, "sensor.lost");
  clock_.advance(1);
  EXPECT_TRUE(sensor.read());
}

TEST(WallJoin, IsWideEnoughForASlewAndRefusesAStep) {
  const Anchor before{{1'000}, 1'000, 5'000'000};
  const Anchor after{{9'000}, 9'000, 5'008'100};  // the wall clock gained 100 ns
  const auto at = join_wall(5'004'000, Nanos(10), before, after);
  ASSERT_TRUE(at);
  EXPECT_EQ(at->begin.ns, 4'900);
  EXPECT_EQ(at->end.ns, 5'010);
  const Anchor stepped{{9'000}, 9'000, 5'008'000 + 600'000'000};
  EXPECT_FALSE(join_wall(5'004'000, Nanos(10), before, stepped));
}

}  // namespace
}  // namespace joulebook
