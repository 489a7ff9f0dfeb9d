// Rounds over sensors whose readings were taken elsewhere, at their own pace: nothing is fed twice,
// nothing is lost, and the observer's own pollers are paid for.
#include "meter/sampler.h"

#include <gtest/gtest.h>

#include <deque>

#include "meter/test_sensors.h"

namespace joulebook {
namespace {

using std::chrono::seconds;
using test::at;

// Hands over what was put into it, oldest first, and then the newest again and again.
class Handed final : public Sensor {
 public:
  Handed() {
    info_ = test::ideal("wall:0", fakes::PowerFunction::constant(0)).info;
    info_.tick = seconds(1);
  }
  [[nodiscard]] const SensorInfo& info() const override { return info_; }
  [[nodiscard]] Result<RawReading> read() override {
    if (waiting.empty()) return newest_;
    newest_ = waiting.front();
    waiting.pop_front();
    return newest_;
  }
  [[nodiscard]] double own_cpu_seconds() const override { return 0.25; }

  std::deque<RawReading> waiting;

 private:
  SensorInfo info_;
  RawReading newest_;
};

class Rounds : public testing::Test {
 protected:
  Rounds() {
    auto sensor = std::make_unique<Handed>();
    sensor_ = sensor.get();
    std::vector<std::unique_ptr<Sensor>> sensors;
    sensors.push_back(std::move(sensor));
    sampler_ = std::make_unique<Sampler>(std::move(sensors), MeterOptions{}, clock_, real_files());
  }
  // A reading of 100 W that was taken while the clock showed t.
  void take(double t) {
    sensor_->waiting.push_back({static_cast<std::uint64_t>(t * 100e6), at(t), at(t)});
  }
  // One round at t; how many readings it gave.
  std::size_t round(double t) {
    clock_.advance(at(t) - clock_.now());
    std::size_t readings = 0;
    for (const auto& event : sampler_->read_all(false)) {
      readings += std::holds_alternative<ReadingEvent>(event) ? 1 : 0;
      if (const auto* cpu = std::get_if<CpuSample>(&event)) self_ = cpu->self;
      sampler_->apply(event);
    }
    return readings;
  }

  FakeClock clock_{test::kOrigin};
  Handed* sensor_ = nullptr;
  std::unique_ptr<Sampler> sampler_;
  double self_ = 0;
};

TEST_F(Rounds, AReadingIsFedOnce) {
  take(1);
  EXPECT_EQ(round(1.01), 1U);
  EXPECT_EQ(round(1.02), 0U);
  EXPECT_EQ(round(1.03), 0U);
  take(2);
  EXPECT_EQ(round(2.01), 1U);
}

TEST_F(Rounds, ReadingsOfOneRoundAreAllFed) {
  for (int i = 0; i < 10; ++i) take(1 + i * 0.001);
  EXPECT_EQ(round(1.02), 10U);
  EXPECT_EQ(round(1.03), 0U);
}

TEST_F(Rounds, AnEndlessSupplyDoesNotHoldTheRoundUp) {
  for (int i = 0; i < 1000; ++i) take(1 + i * 1e-6);
  EXPECT_EQ(round(1.5), 64U);
}

TEST_F(Rounds, APollersTimeIsTheObservers) {
  (void)round(1);
  EXPECT_GE(self_, 0.25);
}

// The repeated reading must not look like a counter that stood still: its window is bracketed only
// by the next change that was really seen.
TEST_F(Rounds, ARepeatedReadingBracketsNothing) {
  for (int i = 0; i <= 4; ++i) {
    take(i);
    for (int k = 1; k < 10; ++k) (void)round(i + k * 0.1);
  }
  EXPECT_TRUE(sampler_->core().settled(at(2.5)));
  EXPECT_FALSE(sampler_->core().settled(at(3.5)));
  const auto w = sampler_->core().energy({"w", at(0.5), at(2.5)});
  ASSERT_TRUE(w.total.present()) << w.total.reason->message;
  EXPECT_NEAR(*w.total.value, 200, 1e-3);
  EXPECT_TRUE(w.total.interval().contains(200));
}

TEST(SlowSensors, TheirOwnPaceIsNoGapAndIsWaitedFor) {
  std::vector<Channel> channels{{test::ideal("wall:0", fakes::PowerFunction::constant(0)).info}};
  channels[0].info.tick = seconds(5);
  MeterCore core(channels, {}, 4);
  for (int i = 0; i <= 6; ++i) {
    core.reading(0, {static_cast<std::uint64_t>(i) * 500'000'000, at(i * 5), at(i * 5)});
  }
  EXPECT_TRUE(core.energy({"w", at(7), at(18)}).total.present());
  EXPECT_EQ(core.closing(), Nanos(seconds(15)));
}

TEST(SlowSensors, OneThatTakesMinutesHoldsNobodyUp) {
  std::vector<Channel> channels{{test::ideal("wall:0", fakes::PowerFunction::constant(0)).info},
                                {test::ideal("gpu:0", fakes::PowerFunction::constant(0)).info}};
  channels[0].info.tick = seconds(60);
  MeterCore core(channels, {}, 4);
  for (int i = 0; i < 10; ++i) {
    core.reading(0, {0, at(i * 0.01), at(i * 0.01)});
    core.reading(1, {static_cast<std::uint64_t>(i) * 1000, at(i * 0.01), at(i * 0.01)});
  }
  EXPECT_LE(core.closing(), Nanos(seconds(3)));
  EXPECT_TRUE(core.settled(at(0.05)));
}

}  // namespace
}  // namespace joulebook
