#include "fakes/power_plant.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace joulebook::fakes {
namespace {

using namespace std::chrono_literals;

std::uint64_t counter(const PowerPlant& plant, const std::string& zone) {
  std::ifstream in(plant.full_path(zone, "energy_uj"));
  std::uint64_t value = 0;
  in >> value;
  return value;
}

TEST(PowerFunction, KnowsItsIntegral) {
  EXPECT_DOUBLE_EQ(PowerFunction::constant(40).joules(2.5), 100);
  EXPECT_DOUBLE_EQ(PowerFunction::ramp(0, 100, 10).joules(10), 500);
  EXPECT_DOUBLE_EQ(PowerFunction::ramp(0, 100, 10).joules(12), 700);
  EXPECT_DOUBLE_EQ(PowerFunction::square(10, 90, 1.0, 0.25).joules(10.25), 322.5);
  EXPECT_DOUBLE_EQ(PowerFunction::steps({{1, 10}, {2, 20}}).joules(3), 30);
}

RC_GTEST_PROP(PowerFunction, IntegralMatchesItsDerivative, ()) {
  const double low = *rc::gen::inRange(0, 100);
  const double high = low + *rc::gen::inRange(0, 300);
  const double period = *rc::gen::inRange(1, 50) * 0.01;
  const double t = *rc::gen::inRange(0, 10'000) * 0.001;
  for (const PowerFunction& power :
       {PowerFunction::square(low, high, period), PowerFunction::ramp(low, high, 3 * period),
        PowerFunction::steps({{0, low}, {2 * period, high}})}) {
    const double step = 1e-3;
    const double mean = (power.joules(t + step) - power.joules(t)) / step;
    RC_ASSERT(mean >= low - 1e-6);
    RC_ASSERT(mean <= high + 1e-6);
    RC_ASSERT(power.watts(t) >= low);
    RC_ASSERT(power.watts(t) <= high);
  }
}

class Plant : public testing::Test {
 protected:
  Plant() : root_(testing::TempDir() + "plant_" + std::to_string(::getpid())) {}
  ~Plant() override { std::filesystem::remove_all(root_); }
  std::string root_;
  FakeClock clock_;
};

TEST_F(Plant, IsAnIdealCounter) {
  PowerPlant plant(root_, clock_.now(),
                   {{.directory = "intel-rapl:0",
                     .name = "package-0",
                     .power = PowerFunction::constant(100),
                     .tick = 10ms,
                     .phase = 3ms,
                     .start_uj = 1000}});
  const SteadyTime origin = clock_.now();
  plant.tick(origin + 12ms);  // the update at 3 ms is the last before
  EXPECT_EQ(counter(plant, "package-0"), (1000U + 300'000U) / 61 * 61);
  plant.tick(origin + 13ms);
  EXPECT_EQ(counter(plant, "package-0"), (1000U + 1'300'000U) / 61 * 61);
  EXPECT_DOUBLE_EQ(plant.energy("package-0", origin + 1s, origin + 3s).value(), 200);
}

TEST_F(Plant, WrapsResetsAndFails) {
  PowerPlant plant(root_, clock_.now(),
                   {{.directory = "intel-rapl:0",
                     .name = "package-0",
                     .power = PowerFunction::constant(1),
                     .resolution_uj = 1,
                     .range_uj = 1'500'000}});
  const SteadyTime origin = clock_.now();
  plant.tick(origin + 2s);
  EXPECT_EQ(counter(plant, "package-0"), 500'000U);
  plant.reset("package-0", origin + 2s);
  plant.tick(origin + 3s);
  EXPECT_EQ(counter(plant, "package-0"), 1'000'000U);
  plant.publish("package-0", "");
  EXPECT_EQ(counter(plant, "package-0"), 0U);
  plant.remove("package-0");
  EXPECT_FALSE(std::filesystem::exists(plant.full_path("package-0", "energy_uj")));
  plant.heal("package-0");
  plant.in_place(true);
  plant.tick(origin + 3s);
  EXPECT_EQ(counter(plant, "package-0"), 1'000'000U);
}

TEST_F(Plant, RunsAgainstTheRealClock) {
  Clock& clock = system_clock();
  PowerPlant plant(root_, clock.now(),
                   small_server(PowerFunction::constant(50), PowerFunction::constant(5)));
  plant.run(clock);
  const SteadyTime limit = clock.now() + 10s;
  while (counter(plant, "dram") == 0 && clock.now() < limit) clock.sleep_until(clock.now() + 2ms);
  plant.stop();
  EXPECT_GT(counter(plant, "package-0"), 0U);
  EXPECT_GT(counter(plant, "dram"), 0U);
}

}  // namespace
}  // namespace joulebook::fakes
