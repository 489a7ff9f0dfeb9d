#include "sensor/board/jetson.h"

#include <gmock/gmock.h>

#include "sensor/board/board_test_machine.h"

namespace joulebook {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

TEST(Jetson, OrinNanoInputHoldsItsRails) {
  BoardMachine machine("board/jetson-orin-nano");
  machine.probe();
  EXPECT_THAT(machine.domains(), ElementsAre("node:0", "rail:VDD_CPU_GPU_CV", "rail:VDD_SOC"));
  EXPECT_NEAR(machine.reads("node:0"), 5.040 * 1.240, 1e-9);
  EXPECT_NEAR(machine.reads("rail:VDD_SOC"), 5.040 * 0.280, 1e-9);
  EXPECT_THAT(machine.total().domains, ElementsAre("rail:VDD_CPU_GPU_CV", "rail:VDD_SOC"));
  EXPECT_THAT(machine.info("node:0").contains,
              ElementsAre("rail:VDD_CPU_GPU_CV", "rail:VDD_SOC"));
  EXPECT_THAT(machine.info("node:0").name, HasSubstr("carrier board excluded"));
}

// The converter takes shunt and bus of every enabled channel in turn.
TEST(Jetson, ARailIsSeenForItsShareOfTheInterval) {
  BoardMachine orin("board/jetson-orin-nano");
  orin.probe();
  EXPECT_EQ(orin.info("node:0").tick, milliseconds(27));
  EXPECT_EQ(orin.info("node:0").averaging, milliseconds(27));
  EXPECT_DOUBLE_EQ(orin.info("node:0").duty, 1.0 / 6);
  BoardMachine agx("board/jetson-agx-orin");
  agx.probe();
  EXPECT_DOUBLE_EQ(agx.info("rail:VDDQ_VDD2_1V8AO").duty, 1.0 / 2);  // the others are off
}

// The sum of all four rails counts DDR twice: NVIDIA says that VIN_SYS_5V0 includes it.
TEST(Jetson, AgxOrinMemoryIsInsideTheSystemRail) {
  BoardMachine machine("board/jetson-agx-orin");
  machine.probe();
  EXPECT_THAT(machine.total().domains,
              UnorderedElementsAre("rail:VDD_GPU_SOC", "rail:VDD_CPU_CV", "rail:VIN_SYS_5V0"));
}

// Alumet and Zeus know three layouts of the driver; this is NVIDIA's older one, in mW.
TEST(Jetson, NanoUnderItsOlderDriver) {
  BoardMachine machine("board/jetson-nano");
  machine.probe();
  EXPECT_THAT(machine.domains(), ElementsAre("node:0", "rail:POM_5V_GPU", "rail:POM_5V_CPU"));
  EXPECT_NEAR(machine.reads("node:0"), 2.364, 1e-9);
  EXPECT_EQ(machine.info("node:0").id, "hwmon:ina3221x@6-0040:in_power0");
  EXPECT_EQ(machine.info("node:0").resolution, 1000U);
}

TEST(Jetson, ARailThatIsOffReadsZeroAndSaysSo) {
  BoardMachine machine("board/jetson-agx-xavier");
  machine.probe();
  EXPECT_THAT(machine.total().domains,
              UnorderedElementsAre("rail:GPU", "rail:CPU", "rail:SOC", "rail:CV", "rail:VDDRQ",
                                   "rail:SYS5V"));
  EXPECT_DOUBLE_EQ(machine.reads("rail:CV"), 0);
  EXPECT_THAT(machine.reason("sensor.zero").message, HasSubstr("CV"));
}

// An idle rail's amplifier may say -1 step; a real backward flow is no power.
TEST(Jetson, OffsetsBelowZeroAreZeroAndMoreIsRefused) {
  BoardMachine machine("board/jetson-orin-nano");
  machine.probe();
  machine.tree.put("/sys/class/hwmon/hwmon1/curr3_input", "-1\n");
  EXPECT_DOUBLE_EQ(machine.reads("rail:VDD_SOC"), 0);
  machine.tree.put("/sys/class/hwmon/hwmon1/curr3_input", "-40\n");
  EXPECT_DOUBLE_EQ(machine.reads("rail:VDD_SOC"), 0);
  machine.tree.put("/sys/class/hwmon/hwmon1/curr3_input", "-41\n");
  EXPECT_EQ(machine.fault("rail:VDD_SOC"), "sensor.negative");
  machine.tree.put("/sys/class/hwmon/hwmon1/curr1_input", "0\n");
  EXPECT_EQ(machine.fault("node:0"), "sensor.zero");
}

TEST(Jetson, FoundThroughTheDriversFolderAlone) {
  BoardMachine machine;
  const std::string hwmon = "/sys/bus/i2c/drivers/ina3221/1-0040/hwmon/hwmon3/";
  machine.tree.unpack(hwmon + "name\tina3221\n" + hwmon + "in1_label\tVDD_IN\n" + hwmon +
                      "in1_input\t5000\n" + hwmon + "curr1_input\t1000\n" + hwmon +
                      "in2_label\tVDD_CPU_GPU_CV\n" + hwmon + "in2_input\t5000\n" + hwmon +
                      "curr2_input\t400\n");
  machine.probe();
  EXPECT_THAT(machine.domains(), ElementsAre("node:0", "rail:VDD_CPU_GPU_CV"));
  EXPECT_EQ(machine.info("node:0").id, "hwmon:ina3221@1-0040:in1");
}

// A label alone makes no Jetson: VDD_IN is printed on other boards, too.
TEST(Jetson, AnUnknownSetOfRailsIsNotGuessed) {
  BoardMachine machine("board/jetson-orin-nano");
  machine.tree.put("/sys/class/hwmon/hwmon1/in2_label", "VDD_FPGA\n");
  machine.probe();
  EXPECT_THAT(machine.domains(),
              ElementsAre("chip:ina3221.0", "chip:ina3221.1", "chip:ina3221.2"));
  EXPECT_TRUE(machine.total().domains.empty());
}

}  // namespace
}  // namespace joulebook
