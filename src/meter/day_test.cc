// A day at 10 Hz in simulated time, with suspends and clock steps: flat memory, no drift.
#include <gtest/gtest.h>

#include "fakes/count_allocations.h"
#include "meter/sampler.h"
#include "meter/test_sensors.h"

namespace joulebook {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;

constexpr Nanos kPeriod = milliseconds(100);

class Counter final : public Sensor {
 public:
  Counter(Clock& clock, test::Ideal ideal) : clock_(clock), ideal_(std::move(ideal)) {}
  [[nodiscard]] const SensorInfo& info() const override { return ideal_.info; }
  [[nodiscard]] Result<RawReading> read() override {
    RawReading reading = ideal_.read(Seconds(clock_.now() - test::kOrigin).count());
    if (ideal_.info.range > 0) reading.counts %= ideal_.info.range;
    reading.begin = reading.end = clock_.now();
    return reading;
  }

 private:
  Clock& clock_;
  test::Ideal ideal_;
};

class Day : public testing::Test {
 protected:
  Day() {
    auto package = test::ideal("package:0", power_);
    package.info.range = 262'143'328'850;
    auto gauge = test::ideal("gpu:0", fakes::PowerFunction::constant(50));
    gauge.info.kind = SensorKind::power_gauge;
    gauge.info.scale = 1e-3;
    std::vector<std::unique_ptr<Sensor>> sensors;
    sensors.push_back(std::make_unique<Counter>(clock_, package));
    sensors.push_back(std::make_unique<Counter>(clock_, gauge));
    sampler_ = std::make_unique<Sampler>(std::move(sensors), MeterOptions{.period = kPeriod},
                                         clock_, real_files("/nonexistent"));
  }
  // Operators new in the rounds of `span`. CPU times are left out: there is no /proc here.
  long run(Nanos span) {
    const long before = fakes::allocations;
    for (Nanos done{0}; done < span; done += kPeriod) {
      clock_.advance(kPeriod);
      round();
    }
    return fakes::allocations - before;
  }
  void round() {
    for (const auto& event : sampler_->read_all(false)) sampler_->apply(event);
  }
  [[nodiscard]] DomainEnergy energy(SteadyTime begin, SteadyTime end) const {
    return sampler_->core().energy({"w", begin, end}).domains[0];
  }

  fakes::PowerFunction power_ = fakes::PowerFunction::square(40, 160, 7.3);
  FakeClock clock_{test::kOrigin};
  std::unique_ptr<Sampler> sampler_;
};

TEST_F(Day, NoDriftAndFlatMemory) {
  std::vector<SteadyTime> edges;
  run(minutes(1));
  const long an_hour = run(hours(1));
  edges.push_back(clock_.now());
  for (int hour = 0; hour < 22; ++hour) {
    clock_.step_wall(hour % 2 == 0 ? hours(3) : -hours(2));
    // As many as in the first hour, a round or two more or less in which CPU times were due.
    EXPECT_LE(run(hours(1)), an_hour + an_hour / 1000) << hour;
    edges.push_back(clock_.now());
  }
  run(minutes(1));
  MicroJoules sum;
  for (std::size_t i = 0; i + 1 < edges.size(); ++i) {
    const auto part = energy(edges[i], edges[i + 1]);
    ASSERT_TRUE(part.settled.has_value()) << i;
    sum += *part.settled;
  }
  const auto whole = energy(edges.front(), edges.back());
  EXPECT_EQ(sum, *whole.settled);
  const auto since = [](SteadyTime t) { return Seconds(t - test::kOrigin).count(); };
  const double truth = power_.joules(since(edges.back())) - power_.joules(since(edges.front()));
  EXPECT_TRUE(whole.energy.interval().contains(truth));
  // Both edges are known to within a tick of 1 ms at most at 160 W, after 22 hours.
  EXPECT_NEAR(*whole.energy.value, truth, 2 * 0.16);
}

TEST_F(Day, EverySuspendIsNamedAndTheRestStays) {
  run(minutes(1));
  for (int i = 0; i < 100; ++i) {
    const SteadyTime begin = clock_.now() - std::chrono::seconds(30);
    clock_.suspend(minutes(1 + i));
    round();
    const SteadyTime woken = clock_.now();
    run(minutes(10));
    const auto over = energy(begin, woken + minutes(1));
    ASSERT_FALSE(over.energy.present());
    EXPECT_EQ(over.energy.reason->code, "clock.suspended");
    EXPECT_TRUE(energy(woken + milliseconds(100), woken + minutes(9)).energy.present());
  }
}

}  // namespace
}  // namespace joulebook
