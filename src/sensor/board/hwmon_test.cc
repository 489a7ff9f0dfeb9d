#include "sensor/board/hwmon.h"

#include <gmock/gmock.h>

#include "sensor/board/board_test_machine.h"

namespace joulebook {
namespace {

using std::chrono::milliseconds;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::UnorderedElementsAre;

constexpr const char* kMeter = "/sys/devices/LNXSYSTM:00/LNXSYBUS:00/ACPI000D:00/";

TEST(AcpiMeter, IsTheNodeWithItsStatedTraits) {
  BoardMachine machine("board/server-acpi");
  machine.probe();
  EXPECT_THAT(machine.domains(), ElementsAre("node:acpi"));
  EXPECT_DOUBLE_EQ(machine.reads("node:acpi"), 186);
  const SensorInfo& info = machine.info("node:acpi");
  EXPECT_EQ(info.id, "hwmon:power_meter@ACPI000D:00:power1");
  EXPECT_EQ(info.kind, SensorKind::power_gauge);
  EXPECT_EQ(info.averaging, milliseconds(1000));
  EXPECT_EQ(info.tick, milliseconds(500));
  EXPECT_NEAR(info.accuracy, 0.02, 1e-9);
  EXPECT_NEAR(info.max_watts, 1.5 * 32767, 1e-6);
}

// Kepler #1049: 4294967295000 uW was booked as 4.3 MW.
TEST(AcpiMeter, UnknownPowerIsASentinelAndNoSensor) {
  BoardMachine machine("board/server-acpi-sentinel");
  machine.probe();
  EXPECT_THAT(machine.domains(), IsEmpty());
  EXPECT_THAT(machine.codes(), ElementsAre("sensor.sentinel"));
  EXPECT_THAT(machine.reason("sensor.sentinel").message, HasSubstr("4294967295000"));
}

TEST(AcpiMeter, ASentinelLaterIsAnAbsenceAndTheReadingComesBack) {
  BoardMachine machine("board/server-acpi");
  machine.probe();
  for (const char* mark : {"4294967295000\n", "4294967295\n", "-1\n", "18446744073709551615\n"}) {
    machine.tree.put(std::string(kMeter) + "power1_average", mark);
    EXPECT_THAT(machine.fault("node:acpi"),
                testing::AnyOf("sensor.sentinel", "sensor.malformed"))
        << mark;
  }
  machine.tree.put(std::string(kMeter) + "power1_average", "0\n");
  EXPECT_EQ(machine.fault("node:acpi"), "sensor.zero");
  machine.tree.put(std::string(kMeter) + "power1_average", "190000000\n");
  EXPECT_DOUBLE_EQ(machine.reads("node:acpi"), 190);
  machine.tree.remove(std::string(kMeter) + "power1_average");
  EXPECT_EQ(machine.fault("node:acpi"), "sensor.lost");
}

TEST(AcpiMeter, OfABatteryOrOfPartsIsNotTheNode) {
  BoardMachine machine("board/server-acpi");
  machine.tree.put(std::string(kMeter) + "power1_is_battery", "1\n");
  machine.probe();
  EXPECT_THAT(machine.domains(), ElementsAre("chip:power_meter.0"));
  machine.tree.put(std::string(kMeter) + "power1_is_battery", "0\n");
  machine.tree.put(std::string(kMeter) + "measures/PNP0A08:00", "-\n");
  machine.probe();
  EXPECT_THAT(machine.domains(), ElementsAre("chip:power_meter.0"));
  machine.tree.remove(std::string(kMeter) + "measures/PNP0A08:00");
  machine.tree.put(std::string(kMeter) + "power1_oem_info", "Riser 2\n");
  machine.probe();
  EXPECT_THAT(machine.domains(), ElementsAre("chip:power_meter.0"));
}

TEST(AcpiMeter, FullAccuracyIsNotBelieved) {
  BoardMachine machine("board/server-acpi");
  machine.tree.put(std::string(kMeter) + "power1_accuracy", "100.0%\n");
  machine.probe();
  EXPECT_NEAR(machine.info("node:acpi").accuracy, 0.05, 1e-9);
}

TEST(AcpiMeter, ForbiddenIsAProblemWithItsCure) {
  fakes::SysfsTree tree("board/server-acpi");
  tree.unpack(std::string(kMeter) + "power1_average\t1000000\t0400\n");
  FakeClock clock;
  const auto user = tree.as_user();
  user->forbid("/sys/class/hwmon/hwmon0/device/power1_average");
  const Discovery found = probe_board(user, clock);
  EXPECT_THAT(found.sensors, IsEmpty());
  ASSERT_THAT(found.findings, SizeIs(1));
  EXPECT_EQ(found.findings[0].level, Finding::Level::problem);
  EXPECT_EQ(found.findings[0].reason.code, "sensor.permission");
  EXPECT_THAT(found.findings[0].reason.cure, HasSubstr("sudo chmod a+r"));
}

// Alumet reads Grace from hwmonN/device, where older kernels keep everything, the name too.
TEST(Grace, FourMetersAndWhatLiesInWhat) {
  BoardMachine machine("board/grace-hopper");
  machine.probe();
  EXPECT_THAT(machine.domains(),
              UnorderedElementsAre("superchip:0", "socket:0", "core:0", "uncore:0"));
  EXPECT_DOUBLE_EQ(machine.reads("superchip:0"), 412);
  EXPECT_DOUBLE_EQ(machine.reads("core:0"), 64);
  EXPECT_EQ(machine.info("socket:0").tick, milliseconds(50));
  EXPECT_EQ(machine.info("socket:0").averaging, milliseconds(50));
  EXPECT_THAT(machine.total().domains, ElementsAre("superchip:0"));
  EXPECT_THAT(machine.info("superchip:0").contains,
              UnorderedElementsAre("socket:0", "core:0", "uncore:0"));
  EXPECT_THAT(machine.info("socket:0").contains, UnorderedElementsAre("core:0", "uncore:0"));
}

// CodeCarbon and others add Module, Grace, CPU and SysIO up.
TEST(Grace, ASecondSocketCountsApart) {
  BoardMachine machine("board/grace-hopper");
  machine.tree.put("/sys/class/hwmon/hwmon9/name", "power_meter\n");
  machine.tree.put("/sys/class/hwmon/hwmon9/power1_average", "99000000\n");
  machine.tree.put("/sys/class/hwmon/hwmon9/power1_oem_info", "Grace Power Socket 1\n");
  machine.probe();
  EXPECT_THAT(machine.total().domains, UnorderedElementsAre("superchip:0", "socket:1"));
}

TEST(PowerSupplies, InputsAreOneWallAndTheRegulatorIsNot) {
  BoardMachine machine("board/psu-pair");
  machine.probe();
  EXPECT_THAT(machine.domains(), UnorderedElementsAre("wall:psu", "chip:tps53679.0",
                                                      "chip:tps53679.1"));
  EXPECT_DOUBLE_EQ(machine.reads("wall:psu"), 300);
  EXPECT_NEAR(machine.info("wall:psu").max_watts, 2 * 1.5 * 1100, 1e-6);
  EXPECT_THAT(machine.total().domains, ElementsAre("wall:psu"));
}

TEST(PowerSupplies, OneThatGoesDarkTakesTheSumWithIt) {
  BoardMachine machine("board/psu-pair");
  machine.probe();
  machine.tree.remove("/sys/class/hwmon/hwmon3/power1_input");
  EXPECT_EQ(machine.fault("wall:psu"), "sensor.lost");
}

TEST(Chips, OfUnknownCoverageEnterNoTotalAndSayHowToNameThem) {
  BoardMachine machine("board/chips");
  machine.probe();
  EXPECT_THAT(machine.domains(),
              UnorderedElementsAre("chip:ina219.0", "chip:ina226.0", "chip:ina226.1",
                                   "chip:ina228.0", "chip:ina228.0.gauge"));
  EXPECT_THAT(machine.total().domains, IsEmpty());
  const Reason reason = machine.reason("sensor.unknown_chip");
  EXPECT_THAT(reason.cure, HasSubstr("sensors = \"hwmon:ina219@2-0046:in1="));
  EXPECT_THAT(machine.info("chip:ina226.0").may_contain, Contains("chip:ina226.1"));
}

// Kepler's rule: in0 is the shunt, in1 the bus; equal numbers pair by chip, never by chance.
TEST(Chips, VoltageAndCurrentPairByChip) {
  BoardMachine machine("board/chips");
  machine.probe();
  EXPECT_NEAR(machine.reads("chip:ina219.0"), 3.3 * 0.120, 1e-9);
  EXPECT_THAT(machine.domains(), Not(Contains(HasSubstr("nct6798"))));
}

TEST(Chips, ACounterIsPreferredAndItsGaugeMirrors) {
  BoardMachine machine("board/chips");
  machine.probe();
  EXPECT_EQ(machine.info("chip:ina228.0").kind, SensorKind::energy_counter);
  EXPECT_DOUBLE_EQ(machine.reads("chip:ina228.0"), 5100);
  (void)machine.total();
  EXPECT_THAT(machine.info("chip:ina228.0.gauge").mirrors, ElementsAre("chip:ina228.0"));
}

TEST(Chips, ConvertersAreSeenAsTheyAre) {
  BoardMachine machine("board/chips");
  machine.probe();
  const SensorInfo& info = machine.info("chip:ina226.0");
  EXPECT_EQ(info.tick, milliseconds(140));
  EXPECT_EQ(info.averaging, milliseconds(140));
  EXPECT_DOUBLE_EQ(info.duty, 0.5);  // shunt and bus in turn
}

TEST(Chips, ANameFromTheSettingsMakesThemCount) {
  BoardMachine machine("board/chips");
  machine.probe({{"hwmon:ina226@1-0040:power1", "node:board"},
                 {"hwmon:ina226@1-0041:power1", "rail:ssd"}});
  EXPECT_THAT(machine.total().domains, ElementsAre("rail:ssd"));
  EXPECT_THAT(machine.info("node:board").contains, ElementsAre("rail:ssd"));
}

TEST(Chips, TheSameAtEveryBootWhateverTheNumber) {
  BoardMachine machine("board/chips");
  machine.probe();
  std::vector<std::string> before;
  for (const auto& sensor : machine.found.sensors) before.push_back(sensor->info().id);
  machine.tree.unpack("/sys/class/hwmon/hwmon7/name\tina226\n"
                      "/sys/class/hwmon/hwmon7/device\t-> ../../../1-0040\n"
                      "/sys/class/hwmon/hwmon7/power1_input\t18120000\n");
  machine.tree.remove("/sys/class/hwmon/hwmon0");
  machine.probe();
  std::vector<std::string> after;
  for (const auto& sensor : machine.found.sensors) after.push_back(sensor->info().id);
  EXPECT_EQ(before, after);
}

// Kepler's trees have channels that are switched off or broken; each is a finding, none a watt.
TEST(Chips, BrokenChannelsAreFindings) {
  BoardMachine machine;
  machine.tree.unpack(
      "/sys/class/hwmon/hwmon0/name\tina226\n/sys/class/hwmon/hwmon0/power1_input\t\\c\n"
      "/sys/class/hwmon/hwmon1/name\tltc2945\n/sys/class/hwmon/hwmon1/power1_input\tN/A\n"
      "/sys/class/hwmon/hwmon2/name\tltc2947\n/sys/class/hwmon/hwmon2/power1_input\t-3\n"
      "/sys/class/hwmon/hwmon3/name\tina238\n/sys/class/hwmon/hwmon3/power1_input\t0\n"
      "/sys/class/hwmon/hwmon4/name\t\\c\n/sys/class/hwmon/hwmon4/power01x_input\t7\n");
  machine.probe();
  EXPECT_THAT(machine.domains(), ElementsAre("chip:ina238.0"));
  EXPECT_THAT(machine.codes(),
              UnorderedElementsAre("sensor.malformed", "sensor.malformed", "sensor.negative",
                                   "sensor.zero", "sensor.unknown_chip"));
}

TEST(Chips, NoHwmonIsNoFinding) {
  BoardMachine machine;
  machine.probe();
  EXPECT_THAT(machine.found.sensors, IsEmpty());
  EXPECT_THAT(machine.found.findings, IsEmpty());
}

// The processors' floor reads these.
TEST(Chips, ProcessorCountersAreLeftToTheirFloor) {
  BoardMachine machine;
  machine.tree.unpack(
      "/sys/class/hwmon/hwmon0/name\tamd_energy\n/sys/class/hwmon/hwmon0/energy1_input\t5\n");
  machine.probe();
  EXPECT_THAT(machine.domains(), IsEmpty());
  EXPECT_THAT(machine.codes(), IsEmpty());
}

}  // namespace
}  // namespace joulebook
