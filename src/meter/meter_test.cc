#include "meter/meter.h"

#include <gtest/gtest.h>

#include <thread>

#include "meter/test_sensors.h"

namespace joulebook {
namespace {

using std::chrono::milliseconds;

TEST(Meter, MeasuresALiveCounter) {
  auto live = std::make_unique<test::LiveSensor>(100.0);
  std::vector<std::unique_ptr<Sensor>> sensors;
  sensors.push_back(std::move(live));
  auto meter =
      open_meter(std::move(sensors), {.period = milliseconds(2)}, system_clock(), real_files());
  ASSERT_TRUE(meter);
  ASSERT_TRUE((*meter)->start());
  Window window{"w", (*meter)->now(), {}};
  std::this_thread::sleep_for(milliseconds(120));
  window.end = (*meter)->now();
  (*meter)->settle(window.end);
  const WindowEnergy w = (*meter)->energy(window);
  (*meter)->stop();
  ASSERT_TRUE(w.total.present()) << w.total.reason->message;
  EXPECT_TRUE(w.total.interval().contains(100 * window.duration().count()));
  EXPECT_GE(w.cpu.self, 0);
  EXPECT_FALSE((*meter)->trace(window.begin, window.end, 10).empty());
  (*meter)->stop();
}

TEST(Meter, SaysWhatReadingItsSensorsCosts) {
  std::vector<std::unique_ptr<Sensor>> sensors;
  sensors.push_back(std::make_unique<test::LiveSensor>(100.0));
  auto meter = open_meter(std::move(sensors), {.period = milliseconds(2)}, system_clock(), real_files());
  ASSERT_TRUE(meter);
  ASSERT_TRUE((*meter)->start());
  const auto costs = (*meter)->read_costs();
  ASSERT_EQ(costs.size(), 1U);
  EXPECT_GT(costs[0].each.count(), 0);
  EXPECT_GE(costs[0].interval, milliseconds(2));
  EXPECT_FALSE(costs[0].elsewhere);
}

TEST(Meter, RefusesAPeriodOfNothing) {
  EXPECT_EQ(open_meter({}, {.period = Nanos{0}}, system_clock(), real_files()).error().kind,
            ErrorKind::usage);
}

}  // namespace
}  // namespace joulebook
