// Intel and AMD cards as hwmon shows them.
#include <gmock/gmock.h>

#include "sensor/board/board_test_machine.h"

namespace joulebook {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

TEST(IntelXe, CardHoldsItsPackage) {
  BoardMachine machine("board/arc-xe");
  machine.probe();
  EXPECT_THAT(machine.domains(),
              ElementsAre("gpu:PCI-0000:03:00.0", "gpu-package:PCI-0000:03:00.0"));
  const SensorInfo& card = machine.info("gpu:PCI-0000:03:00.0");
  EXPECT_EQ(card.kind, SensorKind::energy_counter);
  EXPECT_EQ(card.device, "gpu:PCI-0000:03:00.0");
  EXPECT_EQ(card.resolution, 61U);
  EXPECT_NEAR(card.max_watts, 1.5 * 190, 1e-9);
  EXPECT_NEAR(machine.reads("gpu:PCI-0000:03:00.0"), 91234.56789, 1e-6);
  EXPECT_THAT(machine.total().domains, ElementsAre("gpu:PCI-0000:03:00.0"));
  EXPECT_THAT(machine.info("gpu:PCI-0000:03:00.0").contains,
              ElementsAre("gpu-package:PCI-0000:03:00.0"));
}

// The ABI page fixes channel 1 as the card and 2 as the package; labels came later.
TEST(IntelXe, WithoutLabelsTheNumbersTell) {
  BoardMachine machine("board/arc-xe");
  machine.tree.remove("/sys/class/hwmon/hwmon5/energy1_label");
  machine.tree.remove("/sys/class/hwmon/hwmon5/energy2_label");
  machine.probe();
  EXPECT_THAT(machine.domains(),
              ElementsAre("gpu:PCI-0000:03:00.0", "gpu-package:PCI-0000:03:00.0"));
}

TEST(IntelXe, APackageAloneStandsForTheCardAndSaysSo) {
  BoardMachine machine("board/arc-xe");
  machine.tree.remove("/sys/class/hwmon/hwmon5/energy1_input");
  machine.probe();
  EXPECT_THAT(machine.domains(), ElementsAre("gpu:PCI-0000:03:00.0"));
  EXPECT_THAT(machine.info("gpu:PCI-0000:03:00.0").name, HasSubstr("no counter of the card"));
}

TEST(IntelI915, TheTileIsInsideTheCard) {
  BoardMachine machine("board/arc-i915");
  machine.probe();
  EXPECT_THAT(machine.domains(), ElementsAre("gpu:PCI-0000:03:00.0"));
  EXPECT_NEAR(machine.reads("gpu:PCI-0000:03:00.0"), 412.345678, 1e-9);
}

TEST(IntelI915, AnEmptyOrLowerReadIsRepeatedOnceThenJudged) {
  BoardMachine machine("board/arc-i915");
  machine.probe();
  machine.tree.put("/sys/class/hwmon/hwmon3/energy1_input", "");
  EXPECT_EQ(machine.fault("gpu:PCI-0000:03:00.0"), "sensor.malformed");
  machine.tree.put("/sys/class/hwmon/hwmon3/energy1_input", "5\n");
  EXPECT_NEAR(machine.reads("gpu:PCI-0000:03:00.0"), 5e-6, 1e-12);  // the meter says reset
}

// "On APUs this includes the CPU": such a figure is no GPU's.
TEST(AmdGpu, ACardIsAGpuAndAnApuIsNot) {
  BoardMachine machine("board/radeon");
  machine.probe();
  EXPECT_THAT(machine.domains(), UnorderedElementsAre("gpu:PCI-0000:0b:00.0", "chip:amdgpu.0"));
  EXPECT_DOUBLE_EQ(machine.reads("gpu:PCI-0000:0b:00.0"), 43);
  EXPECT_NEAR(machine.info("gpu:PCI-0000:0b:00.0").max_watts, 1.5 * 250, 1e-9);
  EXPECT_THAT(machine.total().domains, ElementsAre("gpu:PCI-0000:0b:00.0"));
}

TEST(AmdGpu, ZeroWattsFromACardIsNoReading) {
  BoardMachine machine("board/radeon");
  machine.probe();
  machine.tree.put("/sys/class/hwmon/hwmon2/power1_average", "0\n");
  EXPECT_EQ(machine.fault("gpu:PCI-0000:0b:00.0"), "sensor.zero");
}

}  // namespace
}  // namespace joulebook
