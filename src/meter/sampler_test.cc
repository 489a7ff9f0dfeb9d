// Rounds over sensors whose readings were taken elsewhere, at their own pace: nothing is fed twice,
// nothing is lost, and the observer's own pollers are paid for.
#include "meter/sampler.h"

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <iostream>
#include <random>
#include <thread>

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
    spent += cost_;
    clock_.advance(cost_ + held_up(readings));
    RawReading reading = ideal_.read(Seconds(begin - test::kOrigin).count());
    reading.end = clock_.now();
    return reading;
  }
  // Other programs run for so long while the n-th call waits.
  using HeldUp = std::function<Nanos(int n)>;

  int readings = 0;
  Nanos spent{0};
  HeldUp held_up = [](int) { return Nanos{0}; };

 private:
  FakeClock& clock_;
  Nanos cost_;
  test::Ideal ideal_ = test::ideal("gpu:0", fakes::PowerFunction::square(100, 500, 0.73));
};

struct DearRun {
  int readings = 0;
  ReadCost cost;
  WindowEnergy energy;  // of [4, 7.2) s
};

// Rounds of 10 ms for 10 s; the edges of the window are marked as they come, or nobody says so.
DearRun run_dear(Nanos cost, double share, bool marked, const Dear::HeldUp& held_up = [](int) { return Nanos{0}; },
                 bool all_marks = false) {
  FakeClock clock{test::kOrigin};
  auto sensor = std::make_unique<Dear>(clock, cost);
  Dear& dear = *sensor;
  dear.held_up = held_up;
  std::vector<std::unique_ptr<Sensor>> sensors;
  sensors.push_back(std::move(sensor));
  Sampler sampler(std::move(sensors), MeterOptions{.most_share = share}, clock, real_files(),
                  [&] { return dear.spent; });
  std::deque<double> edges{4, 7.2};
  for (int k = 0; k < 1000; ++k) {
    const double t = k * 0.01;
    if (at(t) < clock.now()) continue;
    clock.advance(at(t) - clock.now());
    if (!edges.empty() && t >= edges.front()) {
      if (marked) sampler.edge(at(edges.front()));
      edges.pop_front();
    }
    if (share < 1 && all_marks) sampler.edge(at(t));
    for (const auto& event : sampler.read_all(false)) sampler.apply(event);
  }
  std::vector<ReadCost> costs;
  sampler.costs(costs);
  return {dear.readings, costs.at(0), sampler.core().energy({"w", at(4), at(7.2)})};
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
}

TEST(DearSensors, WhatAReadingCostsIsSaidWithThePaceThatFollows) {
  using std::chrono::microseconds;
  using std::chrono::milliseconds;
  const auto always = [](int) -> Nanos { return milliseconds(4); };
  const ReadCost cheap = run_dear(microseconds(5), 0.02, false, always).cost;
  EXPECT_EQ(cheap.each, microseconds(5)) << "not what others use meanwhile";
  EXPECT_EQ(cheap.interval, milliseconds(10));
  const ReadCost dear = run_dear(milliseconds(3), 0.02, false, always).cost;
  EXPECT_EQ(dear.each, milliseconds(3));
  EXPECT_EQ(dear.interval, milliseconds(150));
  const ReadCost unlimited = run_dear(milliseconds(3), 1, false).cost;
  EXPECT_EQ(unlimited.each, milliseconds(3));
  EXPECT_EQ(unlimited.interval, milliseconds(10));
}

TEST_F(Rounds, WhatAPollerReadCostsNothingHere) {
  take(1);
  (void)round(1.01);
  std::vector<ReadCost> costs;
  sampler_->costs(costs);
  EXPECT_TRUE(costs.at(0).elsewhere);
}

TEST(DearSensors, ABusyMachineMakesNoneOfACheapOne) {
  using std::chrono::microseconds;
  using std::chrono::milliseconds;
  const auto always = [](int) -> Nanos { return milliseconds(4); };
  const auto mostly = [](int n) -> Nanos { return n % 3 == 0 ? microseconds(0) : microseconds(3500 + n % 7); };
  EXPECT_GE(run_dear(microseconds(5), 0.02, false, always).readings, 990);
  EXPECT_GE(run_dear(microseconds(5), 0.02, false, mostly).readings, 990);
  const int readings = run_dear(milliseconds(3), 0.02, false, always).readings;
  EXPECT_LE(readings, 80) << "a dear one stays one";
  EXPECT_GE(readings, 55) << "and is charged what it costs, not what others do";
}

TEST(DearSensors, AMarkInEachRoundIsNoReadingInEachRound) {
  const auto none = [](int) { return Nanos{0}; };
  EXPECT_LE(run_dear(std::chrono::milliseconds(3), 0.02, false, none, true).readings, 520);
}

TEST(DearSensors, ACallIsTimedByTheThreadsOwnTime) {
  const Nanos before = thread_cpu_time();
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  const Nanos slept = thread_cpu_time() - before;
  EXPECT_LT(slept, std::chrono::milliseconds(15));
  while (thread_cpu_time() - before < slept + std::chrono::milliseconds(2)) {
  }
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
  EXPECT_LE(marked.readings, blind.readings + 32) << "twice 2 s of once a tick instead of the share";
}

// Windows of 0.3 to 2 s, one after the other as the trials of a study come, each edge marked when it is there.
struct Trials {
  double readings_a_second = 0;
  std::vector<double> widths;
};
Trials run_trials(double share, int seed) {
  FakeClock clock{test::kOrigin};
  auto sensor = std::make_unique<Dear>(clock, std::chrono::milliseconds(3));
  Dear& dear = *sensor;
  std::vector<std::unique_ptr<Sensor>> sensors;
  sensors.push_back(std::move(sensor));
  Sampler sampler(std::move(sensors), MeterOptions{.most_share = share}, clock, real_files(),
                  [&] { return dear.spent; });
  std::mt19937 random(static_cast<unsigned>(seed));
  const auto draw = [&](double lo, double hi) { return std::uniform_real_distribution<>(lo, hi)(random); };
  std::deque<double> edges;
  std::vector<std::pair<double, double>> windows;
  for (double t = 3; t < 57;) {
    const double length = draw(0.3, 2);
    windows.emplace_back(t, t + length);
    edges.insert(edges.end(), {t, t + length});
    t += length + draw(0.02, 0.15);
  }
  for (double t = 0; t < 60; t += 0.01 + draw(0, 0.001)) {
    if (at(t) < clock.now()) continue;
    clock.advance(at(t) - clock.now());
    for (; !edges.empty() && t >= edges.front(); edges.pop_front()) sampler.edge(at(edges.front()));
    for (const auto& event : sampler.read_all(false)) sampler.apply(event);
  }
  Trials trials{dear.readings / 60.0, {}};
  const auto power = fakes::PowerFunction::square(100, 500, 0.73);
  for (const auto& [begin, end] : windows) {
    const auto energy = sampler.core().energy({"trial", at(begin), at(end)});
    if (!energy.total.present()) {
      ADD_FAILURE() << energy.total.reason->message;
      continue;
    }
    EXPECT_TRUE(energy.total.interval().contains(power.joules(end) - power.joules(begin))) << begin;
    trials.widths.push_back(energy.total.own.width());
  }
  return trials;
}

TEST(DearSensors, TrialsThatFollowOneAnotherAreAsNarrowAsIfItWereReadAllTheTime) {
  for (int seed = 0; seed < 5; ++seed) {
    const Trials dense = run_trials(1, seed), paced = run_trials(0.02, seed);
    ASSERT_EQ(dense.widths.size(), paced.widths.size());
    double all = 0, of = 0;
    for (std::size_t k = 0; k < dense.widths.size(); ++k) {
      all += paced.widths[k];
      of += dense.widths[k];
      EXPECT_LE(paced.widths[k], dense.widths[k] + 500 * 0.15) << "a tick and a reading at most: " << k;
    }
    EXPECT_LE(all, 1.25 * of) << seed;
    EXPECT_GE(dense.readings_a_second, 70);
    EXPECT_LE(paced.readings_a_second, 15) << "4.5 % of a core at 3 ms each";
    std::cout << "width " << all / of << " of dense, " << paced.readings_a_second << " readings a second, "
              << paced.readings_a_second * 0.3 << " % of a core\n";
  }
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
