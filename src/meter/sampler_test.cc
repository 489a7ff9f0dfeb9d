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

// A counter of so many watts that ticks ten times a second and takes so long to read.
class Dear final : public Sensor {
 public:
  Dear(FakeClock& clock, Nanos cost) : clock_(clock), cost_(cost) {
    ideal_.info.tick = std::chrono::milliseconds(100);
    ideal_.info.device = "gpu:GPU-1";
  }
  [[nodiscard]] const SensorInfo& info() const override { return ideal_.info; }
  [[nodiscard]] Result<RawReading> read() override {
    ++readings;
    const SteadyTime begin = clock_.now();
    clock_.advance(readings == held_up ? std::chrono::milliseconds(40) : cost_);
    RawReading reading = ideal_.read(Seconds(begin - test::kOrigin).count());
    reading.end = clock_.now();
    return reading;
  }
  int readings = 0, held_up = 0;

 private:
  FakeClock& clock_;
  Nanos cost_;
  test::Ideal ideal_ = test::ideal("gpu:0", fakes::PowerFunction::square(100, 500, 0.73));
};

struct DearRun {
  int readings = 0;
  WindowEnergy energy;  // of [4, 7.2) s
};

// Rounds of 10 ms for 10 s; the edges of the window are marked as they come, or nobody says so.
DearRun run_dear(Nanos cost, double share, bool marked, int held_up = 0) {
  FakeClock clock{test::kOrigin};
  auto sensor = std::make_unique<Dear>(clock, cost);
  Dear& dear = *sensor;
  dear.held_up = held_up;
  std::vector<std::unique_ptr<Sensor>> sensors;
  sensors.push_back(std::move(sensor));
  Sampler sampler(std::move(sensors), MeterOptions{.most_share = share}, clock, real_files());
  std::deque<double> edges{4, 7.2};
  for (int k = 0; k < 1000; ++k) {
    const double t = k * 0.01;
    if (at(t) < clock.now()) continue;
    clock.advance(at(t) - clock.now());
    if (!edges.empty() && t >= edges.front()) {
      if (marked) sampler.edge(at(edges.front()));
      edges.pop_front();
    }
    for (const auto& event : sampler.read_all(false)) sampler.apply(event);
  }
  return {dear.readings, sampler.core().energy({"w", at(4), at(7.2)})};
}

TEST(DearSensors, KeepTheObserverUnderItsShare) {
  using std::chrono::microseconds;
  EXPECT_NEAR(run_dear(microseconds(5), 0.02, false).readings, 1000, 1);
  for (const int us : {1000, 3000, 8000}) {
    const int readings = run_dear(microseconds(us), 0.02, false).readings;
    EXPECT_LE(readings * us, 0.02 * 10e6 * 1.1 + 3 * us) << us;
    EXPECT_GE(readings, 10) << "at least each second";
  }
  EXPECT_GE(run_dear(microseconds(3000), 1, false).readings, 990) << "no limit was asked for";
  EXPECT_GE(run_dear(microseconds(5), 0.02, false, 50).readings, 990) << "held up once";
}

TEST(DearSensors, MarkedEdgesAreAsNarrowAsIfItWereReadAllTheTime) {
  const Nanos cost = std::chrono::milliseconds(3);
  const auto width = [](const DearRun& run) {
    EXPECT_TRUE(run.energy.total.present());
    return run.energy.total.own.width();
  };
  const DearRun dense = run_dear(cost, 1, false), blind = run_dear(cost, 0.02, false),
                marked = run_dear(cost, 0.02, true);
  const double truth = fakes::PowerFunction::square(100, 500, 0.73).joules(7.2) -
                       fakes::PowerFunction::square(100, 500, 0.73).joules(4);
  for (const DearRun* run : {&dense, &blind, &marked}) EXPECT_TRUE(run->energy.total.interval().contains(truth));
  EXPECT_LE(width(marked), 1.25 * width(dense));
  EXPECT_GE(width(blind), 1.5 * width(dense)) << "or marks are of no use";
  EXPECT_NEAR(*marked.energy.total.value, truth, 0.03 * truth);
  EXPECT_LE(marked.readings, blind.readings + 16);
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
