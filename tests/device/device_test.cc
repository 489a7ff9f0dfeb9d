// What an NVIDIA GPU's sensors do under a known load. On a machine with a GPU: ./check --device.
// The same tests run against stand-ins for libnvidia-ml.so.1 and libcuda.so.1, which proves the
// suite and nothing about any GPU. Each test leaves a line of evidence (see rig.h).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "device/rig.h"

namespace joulebook::device {
namespace {

// Clocks and temperature drift under load, and counter and gauge are each stated to 5 %.
constexpr double kAgree = 0.10;

class Gpu : public testing::Test {
 protected:
  void SetUp() override {
    std::string why;
    rig_ = Rig::open(why);
    if (!rig_) GTEST_SKIP() << why;
  }
  void TearDown() override {
    if (!rig_) return;
    EXPECT_EQ(rig_->trouble(), "");
  }
  void hold() {
    const Status held = rig_->hold();
    ASSERT_TRUE(held) << held.error().message;
  }
  [[nodiscard]] double seconds() const { return rig_->measure_seconds(); }

  std::unique_ptr<Rig> rig_;
};

Json tick_values(const std::vector<double>& intervals) {
  return Json::object({{"changes", static_cast<std::int64_t>(intervals.size())},
                       {"p5_ms", quantile(intervals, 0.05) * 1e3},
                       {"median_ms", quantile(intervals, 0.5) * 1e3},
                       {"p95_ms", quantile(intervals, 0.95) * 1e3}});
}

// The tick of counter and gauge, by fast reads under a load that changes.
TEST_F(Gpu, TickOfCounterAndGauge) {
  hold();
  const Record record = rig_->watch(seconds(), 0.5, 0.037, std::chrono::microseconds(500));
  const auto counter = ticks(record.counter), gauge = ticks(record.gauge);
  rig_->evidence("tick", Json::object({{"reads", static_cast<std::int64_t>(record.counter.size())},
                                       {"counter", tick_values(counter)},
                                       {"gauge", tick_values(gauge)}}));
  ASSERT_GE(counter.size(), 5U);
  ASSERT_GE(gauge.size(), 2U);
  EXPECT_GT(quantile(counter, 0.5), 0.0005);
  EXPECT_LT(quantile(counter, 0.5), 1);
}

// The counter against the integral of the gauge, idle and at full load.
TEST_F(Gpu, CounterAgainstIntegral) {
  hold();
  const Record idle = rig_->watch(seconds());
  const Record busy = rig_->watch(seconds(), 1);
  const double idle_ratio = idle.counted() / idle.integrated();
  const double busy_ratio = busy.counted() / busy.integrated();
  rig_->evidence("counter_against_integral",
                 Json::object({{"idle_counter_w", idle.watts()},
                               {"idle_gauge_w", idle.integrated() / idle.seconds()},
                               {"idle_ratio", idle_ratio},
                               {"busy_counter_w", busy.watts()},
                               {"busy_gauge_w", busy.integrated() / busy.seconds()},
                               {"busy_ratio", busy_ratio}}));
  EXPECT_NEAR(busy_ratio, 1, kAgree);
  // Zeus #181 saw 0.57 on an idle board: reported, and only an absurd ratio fails.
  EXPECT_GT(idle_ratio, 0.3);
  EXPECT_LT(idle_ratio, 3);
}

// Power without and with a context.
TEST_F(Gpu, IdleBareAndWithContext) {
  const Record bare = rig_->watch(seconds());
  hold();
  const Record with_context = rig_->watch(seconds());
  rig_->let_go();
  const Record after = rig_->watch(seconds());
  rig_->evidence("idle", Json::object({{"bare_w", bare.watts()},
                                       {"context_w", with_context.watts()},
                                       {"after_w", after.watts()}}));
  EXPECT_GT(bare.watts(), 1);
  EXPECT_GT(with_context.watts(), bare.watts() * 0.95);
}

// Square waves whose period stands to the gauge's tick as these ratios: where a gauge aliases, its
// integral leaves the counter.
TEST_F(Gpu, SquareWavesAtAliasingPeriods) {
  hold();
  const Record probe = rig_->watch(seconds() / 2, 0.5, 0.037, std::chrono::microseconds(500));
  const double tick = std::max(0.002, quantile(ticks(probe.gauge), 0.5));
  const double idle = rig_->watch(seconds() / 2).watts();
  const double full = rig_->watch(seconds() / 2, 1).watts();
  Json rows = Json::array();
  for (const double ratio : {1. / 2, 2. / 3, 4. / 5, 6. / 5, 4. / 3, 4.}) {
    const Record wave = rig_->watch(seconds(), 0.5, ratio * tick);
    const double expected = (idle + full) / 2;
    rows.push(Json::object({{"period_over_tick", ratio},
                            {"counter_w", wave.watts()},
                            {"gauge_w", wave.integrated() / wave.seconds()},
                            {"half_way_w", expected}}));
    EXPECT_NEAR(wave.watts(), expected, 0.35 * expected) << ratio;
  }
  rig_->evidence("square_waves", Json::object({{"tick_ms", tick * 1e3},
                                               {"idle_w", idle},
                                               {"full_w", full},
                                               {"waves", std::move(rows)}}));
}

// A kernel of known duty: three times the busy time takes about three times the energy above idle.
TEST_F(Gpu, KernelOfKnownDuty) {
  hold();
  const double idle = rig_->watch(seconds()).watts();
  const double quarter = rig_->watch(seconds(), 0.25).watts() - idle;
  const double most = rig_->watch(seconds(), 0.75).watts() - idle;
  rig_->evidence("known_duty", Json::object({{"context_idle_w", idle},
                                             {"quarter_above_w", quarter},
                                             {"three_quarters_above_w", most},
                                             {"ratio", most / quarter}}));
  EXPECT_GT(quarter, 0);
  EXPECT_NEAR(most / quarter, 3, 0.9);
}

// The driver's own samples against the counter, where it keeps them.
TEST_F(Gpu, HistoryAgainstCounter) {
  if (rig_->history() == nullptr) GTEST_SKIP() << "the driver keeps no history of power";
  hold();
  Sensor& history = *rig_->history();
  for (auto last = history.read(); last;) {  // what lies there already
    const auto next = history.read();
    if (!next || next->begin == last->begin) break;
    last = next;
  }
  const Record record = rig_->watch(std::min(1.5, seconds()), 0.5, 0.2);
  const SteadyTime settled = system_clock().now() + std::chrono::milliseconds(150);
  system_clock().sleep_until(settled);
  std::vector<Point> samples;
  for (auto reading = history.read(); reading;) {
    const double at = static_cast<double>(reading->begin.ns) * 1e-9;
    if (!samples.empty() && at <= samples.back().at) break;
    samples.push_back({at, static_cast<double>(reading->counts) * history.info().scale});
    reading = history.read();
  }
  std::erase_if(samples, [&](const Point& point) {
    return point.at < record.counter.front().at || point.at > record.counter.back().at;
  });
  ASSERT_GE(samples.size(), 4U);
  const Record seen{.counter = {}, .gauge = samples};
  const double span = samples.back().at - samples.front().at;
  const double ratio = seen.integrated() / span / record.watts();
  rig_->evidence("history",
                 Json::object({{"samples", static_cast<std::int64_t>(samples.size())},
                               {"spacing_ms", span * 1e3 / static_cast<double>(samples.size() - 1)},
                               {"ratio_to_counter", ratio}}));
  EXPECT_NEAR(ratio, 1, 2 * kAgree);
}

}  // namespace
}  // namespace joulebook::device
