// What may befall a reading, through the sampler, from the sensor to the window: each is named, and
// none becomes energy.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <functional>

#include "meter/sampler.h"
#include "meter/test_sensors.h"

namespace joulebook {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr double kWatts = 100;
constexpr std::uint64_t kRange = 262'143'328'850;

// 100 W against the fake clock, bent by what the test does to it.
class Bent final : public Sensor {
 public:
  Bent(FakeClock& clock, SensorInfo info) : clock_(clock), info_(std::move(info)) {}
  [[nodiscard]] const SensorInfo& info() const override { return info_; }
  [[nodiscard]] Result<RawReading> read() override {
    const SteadyTime now = clock_.now();
    if (gone) return fail(ErrorKind::no_reading, "sensor.missing", "it is gone", "plug it in");
    const double t = Seconds(now - test::kOrigin).count();
    std::uint64_t counts = start + static_cast<std::uint64_t>(kWatts * t * 1e6) - taken_off;
    if (info_.kind == SensorKind::power_gauge) counts = static_cast<std::uint64_t>(kWatts * 1e3);
    if (info_.range > 0) counts %= info_.range;
    if (bend) counts = bend(counts);
    return RawReading{counts, now, now};
  }

  std::uint64_t start = 5'000'000'000;
  std::uint64_t taken_off = 0;
  bool gone = false;
  std::function<std::uint64_t(std::uint64_t)> bend;

 private:
  FakeClock& clock_;
  SensorInfo info_;
};

struct Machine {
  FakeClock clock{test::kOrigin};
  Bent* sensor = nullptr;
  std::unique_ptr<Sampler> sampler;

  explicit Machine(const std::function<void(SensorInfo&)>& change = {}) {
    SensorInfo info = test::ideal("package:0", fakes::PowerFunction::constant(0)).info;
    info.range = kRange;
    if (change) change(info);
    auto own = std::make_unique<Bent>(clock, info);
    sensor = own.get();
    std::vector<std::unique_ptr<Sensor>> sensors;
    sensors.push_back(std::move(own));
    sampler = std::make_unique<Sampler>(std::move(sensors), MeterOptions{}, clock,
                                        real_files("/nonexistent"));
  }
  void run(Nanos span, Nanos period = milliseconds(10)) {
    for (Nanos done{0}; done < span; done += period) {
      clock.advance(period);
      for (const auto& event : sampler->read_all(false)) sampler->apply(event);
    }
  }
  // Runs a second, `happens`, runs a second: the energy of all but the first and last 0.1 s.
  Quantity over(const std::function<void()>& happens) {
    run(seconds(1));
    happens();
    run(seconds(1));
    return sampler->core().energy({"w", test::at(0.1), clock.now() - milliseconds(100)}).total;
  }
};

std::string code(const Quantity& q) { return q.present() ? "" : q.reason->code; }
std::uint64_t some(std::uint64_t least, std::uint64_t most) {
  return *rc::gen::inRange(least, most);
}

RC_GTEST_PROP(Faults, AWrapIsCountedExactly, ()) {
  Machine m;
  m.sensor->start = kRange - some(20'000'000, 180'000'000);  // wraps 0.2 to 1.8 s later
  const Quantity q = m.over([] {});
  RC_ASSERT(q.present());
  RC_ASSERT(std::abs(*q.value - 180) < 2);
  RC_ASSERT(q.interval().contains(kWatts * 1.8 + 1e-9) || q.interval().contains(kWatts * 1.8));
}

RC_GTEST_PROP(Faults, AResetIsNamed, ()) {
  Machine m;
  const std::uint64_t far = some(1'000'000'000, 200'000'000'000);
  m.sensor->start = far;
  RC_ASSERT(code(m.over([&] { m.sensor->taken_off = far + 100'000'000; })) == "sensor.reset");
}

RC_GTEST_PROP(Faults, BackwardsIsNamed, ()) {
  Machine m;
  m.sensor->start = 100'000'000'000;
  const std::uint64_t by = some(2'000'000, 40'000'000'000);
  RC_ASSERT(code(m.over([&] { m.sensor->taken_off = by; })) == "sensor.backwards");
}

// One wild value that a second look does not confirm is no fault, and no energy.
RC_GTEST_PROP(Faults, AReadingThatASecondLookUndoesIsHarmless, ()) {
  Machine m;
  const Quantity q = m.over([&] {
    auto left = std::make_shared<int>(1);
    m.sensor->bend = [left](std::uint64_t c) { return (*left)-- > 0 ? c / 3 : c; };
  });
  RC_ASSERT(q.present());
  RC_ASSERT(std::abs(*q.value - 180) < 2);
}

RC_GTEST_PROP(Faults, AStuckCounterIsNamed, ()) {
  Machine m;
  const Quantity q = m.over([&] {
    const std::uint64_t at = 5'000'000'000 + 100'000'000;
    const std::uint64_t reads = some(250, 600);
    m.sensor->bend = [at](std::uint64_t) { return at; };
    m.run(milliseconds(10 * reads));
    m.sensor->taken_off = reads * 1'000'000;  // goes on from where it stood
    m.sensor->bend = nullptr;
  });
  RC_ASSERT(code(q) == "sensor.stuck");
}

RC_GTEST_PROP(Faults, AGapIsNamed, ()) {
  Machine m;
  const Quantity q = m.over([&] { m.clock.advance(milliseconds(some(3100, 60'000))); });
  RC_ASSERT(code(q) == "window.gap");
  RC_ASSERT(q.known_lo.value_or(0) <= kWatts * 62);
}

// At 100 W the counter turns every 2,621 s; twice 1000 W could turn it every 131 s.
RC_GTEST_PROP(Faults, TwoWrapsInOneGapAreRefused, ()) {
  Machine m;
  const auto gap = some(140, 6000);
  const Quantity q = m.over([&] { m.clock.advance(seconds(gap)); });
  RC_ASSERT(code(q) == "window.gap");
  RC_ASSERT(!q.value.has_value());
  RC_ASSERT(q.known_lo.value_or(0) <= kWatts * static_cast<double>(gap + 2));
}

RC_GTEST_PROP(Faults, ASentinelIsNoReadingAndNoEnergy, ()) {
  const std::uint64_t sentinel = *rc::gen::element<std::uint64_t>(0xFFFFFFFF, ~std::uint64_t{0}, 0);
  const bool gauge = *rc::gen::arbitrary<bool>();
  Machine m([&](SensorInfo& info) {
    info.sentinels = {sentinel};
    info.range = 0;
    if (!gauge) return;
    info.kind = SensorKind::power_gauge;
    info.scale = 1e-3;
  });
  const auto answer = [&] { m.sensor->bend = [=](std::uint64_t) { return sentinel; }; };
  const Quantity brief = m.over([&] {
    answer();
    m.run(milliseconds(some(10, 2000)));
    m.sensor->bend = nullptr;
  });
  const double truth = kWatts * (Seconds(m.clock.now() - test::kOrigin).count() - 0.2);
  RC_ASSERT(brief.present());
  RC_ASSERT(std::abs(*brief.value - truth) < 2);
  const Quantity lasting = m.over([&] {
    answer();
    m.run(seconds(4));
    m.sensor->bend = nullptr;
  });
  RC_ASSERT(code(lasting) == "sensor.sentinel");
}

// ACPI meters are known to answer 2^32 - 1 mW; nobody states that as a sentinel.
TEST(Faults, APowerThatNothingDrawsIsNoReading) {
  Machine m([](SensorInfo& info) {
    info.kind = SensorKind::power_gauge;
    info.scale = 1e-3;
    info.range = 0;
  });
  const Quantity q = m.over([&] {
    m.sensor->bend = [](std::uint64_t) { return 4'294'967'295; };
    m.run(milliseconds(500));
    m.sensor->bend = nullptr;
  });
  ASSERT_TRUE(q.present());
  EXPECT_NEAR(*q.value, 230, 2);
  EXPECT_LT(q.interval().hi, 2500);
}

// Kepler books what the counter had counted before it was first read; CodeCarbon takes a failed read
// for 0, and the next one then bills the whole counter.
TEST(Faults, WhatTheCounterHeldBeforeIsNobodys) {
  Machine m;
  m.sensor->start = 200'000'000'000;
  const Quantity q = m.over([&] {
    m.sensor->gone = true;
    m.run(milliseconds(20));
    m.sensor->gone = false;
  });
  ASSERT_TRUE(q.present()) << q.reason->message;
  EXPECT_NEAR(*q.value, kWatts * 1.82, 2);
}

// zeusd divides by the period that it meant to keep; here each reading has its own instants.
TEST(Faults, LateReadsBillTheirOwnTime) {
  for (const bool gauge : {false, true}) {
    Machine m([&](SensorInfo& info) {
      if (!gauge) return;
      info.kind = SensorKind::power_gauge;
      info.scale = 1e-3;
      info.range = 0;
    });
    const Quantity q = m.over([&] { m.run(milliseconds(370), milliseconds(37)); });
    ASSERT_TRUE(q.present()) << q.reason->message;
    EXPECT_NEAR(*q.value, kWatts * 2.17, 2);
  }
}

// CodeCarbon #851 gave short tasks 0; zeus-apple-silicon cuts a token's nanojoules to 0 mJ.
TEST(Faults, AShortWindowIsNotZero) {
  Machine m;
  m.run(seconds(2));
  const Quantity q = m.sampler->core().energy({"w", test::at(1), test::at(1) + milliseconds(1)}).total;
  ASSERT_TRUE(q.present()) << q.reason->message;
  EXPECT_NEAR(*q.value, kWatts * 1e-3, 0.02);
  EXPECT_TRUE(q.interval().contains(kWatts * 1e-3));
}

RC_GTEST_PROP(Faults, AnUnpluggedDeviceIsNamed, ()) {
  Machine m;
  const Quantity q = m.over([&] {
    m.sensor->gone = true;
    m.run(milliseconds(some(3200, 8000)));
    m.sensor->gone = false;
  });
  RC_ASSERT(code(q) == "sensor.missing");
  m.sensor->gone = true;
  m.run(seconds(1));
  RC_ASSERT(code(m.sampler->core().energy({"w", test::at(0.5), m.clock.now()}).total) != "");
}

RC_GTEST_PROP(Faults, ASuspendIsNamed, ()) {
  Machine m;
  const Quantity q = m.over([&] { m.clock.suspend(milliseconds(some(30, 100'000'000))); });
  RC_ASSERT(code(q) == "clock.suspended");
  const SteadyTime woken = m.clock.now();
  m.run(seconds(1));
  const Window after{"w", woken, woken + milliseconds(500)};
  RC_ASSERT(m.sampler->core().energy(after).total.present());
}

RC_GTEST_PROP(Faults, ASteppedWallClockChangesNothing, ()) {
  Machine plain;
  Machine stepped;
  const auto by = milliseconds(*rc::gen::inRange<std::int64_t>(-100'000'000, 100'000'000));
  const Quantity a = plain.over([] {});
  const Quantity b = stepped.over([&] { stepped.clock.step_wall(by); });
  RC_ASSERT(a.present());
  RC_ASSERT(to_json(a) == to_json(b));
}

}  // namespace
}  // namespace joulebook
