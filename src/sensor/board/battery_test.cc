#include "sensor/board/battery.h"

#include <gmock/gmock.h>

#include "meter/domain_curve.h"
#include "sensor/board/board_test_machine.h"

namespace joulebook {
namespace {

using std::chrono::seconds;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kBattery = "/sys/class/power_supply/BAT0/";
constexpr const char* kOnline = "/sys/class/power_supply/AC/online";

class Laptop : public BoardMachine {
 public:
  explicit Laptop(const std::string& name) : BoardMachine(name) { probe(); }
  void set(const std::string& file, std::int64_t value) {
    tree.put(kBattery + file, std::to_string(value) + "\n");
  }
  std::uint64_t counts() const { return sensor("battery:0").read()->counts; }
};

TEST(Battery, CountsUpWhatWasDrawn) {
  Laptop laptop("board/laptop-energy");
  EXPECT_THAT(laptop.domains(), ElementsAre("battery:0", "battery:0.gauge"));
  const SensorInfo& info = laptop.info("battery:0");
  EXPECT_EQ(info.id, "battery:BAT0");
  EXPECT_EQ(info.kind, SensorKind::energy_counter);
  EXPECT_EQ(info.resolution, 10'000U);  // uWh: this gauge steps by 10 mWh
  EXPECT_NEAR(info.max_watts, 4 * 47.12, 1e-6);
  const std::uint64_t before = laptop.counts();
  laptop.set("energy_now", 31'270'000 - 50'000);
  EXPECT_EQ(laptop.counts() - before, 50'000U);
  EXPECT_NEAR(50'000 * info.scale, 180, 1e-9);  // 50 mWh
}

TEST(Battery, TellsItsPowerNow) {
  Laptop laptop("board/laptop-energy");
  EXPECT_NEAR(laptop.reads("battery:0.gauge"), 8.43, 1e-9);
  laptop.set("power_now", -8'430'000);  // some drivers count what leaves as negative
  EXPECT_NEAR(laptop.reads("battery:0.gauge"), 8.43, 1e-9);
  laptop.set("power_now", 0);
  EXPECT_EQ(laptop.fault("battery:0.gauge"), "sensor.zero");
  laptop.set("power_now", 4'294'967'295);
  EXPECT_EQ(laptop.fault("battery:0.gauge"), "sensor.sentinel");
}

// The voltage sags under load: charge times voltage would show energy that was never drawn.
TEST(Battery, ChargeIsWeighedWithTheVoltageAsItFalls) {
  Laptop laptop("board/laptop-charge");
  EXPECT_THAT(laptop.info("battery:0").method, HasSubstr("charge_now times the voltage"));
  EXPECT_NEAR(laptop.info("battery:0").accuracy, 0.10, 1e-9);
  const std::uint64_t before = laptop.counts();
  laptop.set("voltage_now", 11'100'000);  // a load step, no charge yet
  EXPECT_EQ(laptop.counts(), before);
  laptop.set("charge_now", 4'000'000);
  EXPECT_EQ(laptop.counts() - before, 1'110'000U);  // 100 mAh at 11.1 V
  laptop.set("voltage_now", 11'300'000);
  laptop.set("charge_now", 3'900'000);
  EXPECT_EQ(laptop.counts() - before, 1'110'000U + 1'120'000U);  // mean of 11.1 and 11.3 V
  EXPECT_NEAR(laptop.reads("battery:0.gauge"), 0.9 * 11.3, 1e-9);
}

TEST(Battery, TwoBatteriesAreOneSum) {
  Laptop laptop("board/laptop-two-batteries");
  EXPECT_EQ(laptop.info("battery:0").id, "battery:BAT0+BAT1");
  const std::uint64_t before = laptop.counts();
  laptop.tree.put("/sys/class/power_supply/BAT1/energy_now", "18300000\n");
  laptop.set("energy_now", 21'900'000);  // the firmware changed over
  EXPECT_EQ(laptop.counts() - before, 200'000U);
  laptop.tree.put("/sys/class/power_supply/BAT0/status", "Charging\n");
  EXPECT_EQ(laptop.fault("battery:0"), "sensor.charging");
}

TEST(Battery, OnMainsIsNoReadingAndSaysWhatToDo) {
  Laptop laptop("board/laptop-mains");
  EXPECT_THAT(laptop.domains(), IsEmpty());
  EXPECT_THAT(laptop.codes(), ElementsAre("sensor.charging"));
  EXPECT_THAT(laptop.reason("sensor.charging").cure, HasSubstr("unplug the charger"));
}

TEST(Battery, EveryStateButDischargingIsNoReading) {
  Laptop laptop("board/laptop-energy");
  for (const char* state : {"Charging", "Full", "Not charging", "Unknown", ""}) {
    laptop.tree.put(std::string(kBattery) + "status", std::string(state) + "\n");
    EXPECT_EQ(laptop.fault("battery:0"), "sensor.charging") << state;
    EXPECT_EQ(laptop.fault("battery:0.gauge"), "sensor.charging") << state;
  }
  laptop.tree.put(std::string(kBattery) + "status", "Discharging\n");
  EXPECT_EQ(laptop.fault("battery:0"), "");
  // A charger too weak to charge still feeds a part.
  laptop.tree.put(kOnline, "1\n");
  EXPECT_EQ(laptop.fault("battery:0"), "sensor.charging");
}

TEST(Battery, ASocketOfTypeUsbFeedsIt) {
  Laptop laptop("board/laptop-charge");
  laptop.tree.put("/sys/class/power_supply/ucsi-source-psy-USBC000:001/online", "1\n");
  EXPECT_EQ(laptop.fault("battery:0"), "sensor.charging");
}

// hwmon shows the battery again, and a mouse has one, too.
TEST(Battery, OthersAreLeftOut) {
  Laptop laptop("board/laptop-energy");
  for (const auto& sensor : laptop.found.sensors) {
    EXPECT_TRUE(sensor->info().id.starts_with("battery:BAT0")) << sensor->info().id;
  }
  laptop.tree.put(std::string(kBattery) + "present", "0\n");
  laptop.probe();
  EXPECT_THAT(laptop.domains(), IsEmpty());
}

TEST(Battery, WithNothingToCountIsAFinding) {
  Laptop laptop("board/laptop-energy");
  laptop.tree.remove(std::string(kBattery) + "energy_now");
  laptop.probe();
  EXPECT_THAT(laptop.domains(), IsEmpty());
  EXPECT_THAT(laptop.codes(), Contains("sensor.unsupported"));
}

TEST(Battery, StepsAreStated) {
  Laptop laptop("board/laptop-energy");
  EXPECT_THAT(laptop.reason("sensor.coarse").message, HasSubstr("steps of 36 J"));
}

TEST(Battery, IsTheWholeMachine) {
  Laptop laptop("board/laptop-energy");
  EXPECT_THAT(laptop.total().domains, ElementsAre("battery:0"));
  EXPECT_THAT(laptop.info("battery:0.gauge").mirrors, ElementsAre("battery:0"));
}

// Reads every five seconds; 9 W makes 12.5 mWh of it, so each read shows a step.
class Drain {
 public:
  explicit Drain(Laptop& laptop)
      : laptop_(laptop),
        curve_(laptop.info("battery:0"), nullptr, {.max_gap = seconds(60), .capacity = 1024}) {}

  void step() {
    laptop_.clock.advance(seconds(5));
    left_ -= 10'000;
    laptop_.set("energy_now", left_);
    if (auto reading = laptop_.sensor("battery:0").read()) {
      curve_.add(*reading);
    } else {
      curve_.miss(laptop_.clock.now(), reading.error());
    }
  }
  void steps(int n) {
    for (int i = 0; i < n; ++i) step();
  }
  void left(std::int64_t uwh) { left_ = uwh; }
  [[nodiscard]] SteadyTime now() const { return laptop_.clock.now(); }
  [[nodiscard]] Quantity energy(SteadyTime begin, SteadyTime end) const {
    Window window;
    window.begin = begin;
    window.end = end;
    return curve_.figure(window).energy;
  }

 private:
  Laptop& laptop_;
  DomainCurve curve_;
  std::int64_t left_ = 31'270'000;
};

TEST(BatteryWindow, HasItsEnergy) {
  Laptop laptop("board/laptop-energy");
  Drain window(laptop);
  window.steps(4);
  const SteadyTime begin = window.now();
  window.steps(12);
  const SteadyTime end = window.now();
  window.steps(4);
  const Quantity energy = window.energy(begin, end);
  ASSERT_TRUE(energy.present()) << energy.reason->message;
  EXPECT_TRUE(energy.own.contains(12 * 36));
  EXPECT_EQ(energy.boundary, "battery");
  EXPECT_EQ(energy.tier, Tier::measured);
}

// Plugged in for ten seconds: shorter than any gap, yet what the charger gave is in no counter.
TEST(BatteryWindow, MainsInTheMiddleIsAFaultWithItsReason) {
  Laptop laptop("board/laptop-energy");
  Drain window(laptop);
  window.steps(4);
  const SteadyTime begin = window.now();
  window.steps(4);
  laptop.tree.put(kOnline, "1\n");
  window.steps(2);
  laptop.tree.put(kOnline, "0\n");
  window.steps(4);
  const SteadyTime end = window.now();
  window.steps(6);
  const SteadyTime after = window.now();
  window.steps(2);
  const Quantity energy = window.energy(begin, end);
  ASSERT_FALSE(energy.present());
  EXPECT_EQ(energy.reason->code, "sensor.charging");
  EXPECT_TRUE(window.energy(end, after).present());
}

TEST(BatteryWindow, ACorrectionUpwardsRanBackwards) {
  Laptop laptop("board/laptop-energy");
  Drain window(laptop);
  window.steps(4);
  const SteadyTime begin = window.now();
  window.steps(2);
  window.left(31'500'000);
  window.steps(4);
  const SteadyTime end = window.now();
  window.steps(4);
  const Quantity energy = window.energy(begin, end);
  ASSERT_FALSE(energy.present());
  EXPECT_EQ(energy.reason->code, "sensor.backwards");
}

}  // namespace
}  // namespace joulebook
