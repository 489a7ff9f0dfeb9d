#include "sensor/cpu/amd_hwmon.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fakes/sysfs_tree.h"
#include "sensor/cpu/probe_test_tools.h"

namespace joulebook {
namespace {

using fakes::SysfsTree;
using probe_test::codes;
using probe_test::domains;
using probe_test::finding;
using probe_test::sensor;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(AmdHwmon, NothingWhereNoDriverIs) {
  FakeClock clock;
  const Discovery found = probe_amd_hwmon(*SysfsTree("cpu/intel-client").files(), clock);
  EXPECT_THAT(found.sensors, IsEmpty());
  EXPECT_THAT(found.findings, IsEmpty());
}

// The driver shows one Esocket a NUMA node, and both nodes of a socket read one register.
TEST(AmdEnergy, SocketsOfOnePackageAreCountedOnce) {
  FakeClock clock;
  const SysfsTree tree("cpu/amd-energy-hwmon");
  const Discovery found = probe_amd_hwmon(*tree.files(), clock);
  EXPECT_THAT(domains(found), ElementsAre("package:0", "core:0"));
  EXPECT_EQ(finding(found, "sensor.mirrored").level, Finding::Level::note);
  EXPECT_EQ(sensor(found, "package:0").info().id, "amd_energy:Esocket0");
  EXPECT_EQ(sensor(found, "package:0").read()->counts, 82017334509U);
  EXPECT_EQ(sensor(found, "package:0").info().range, 0U);  // the driver extends it to 64 bits
}

// LIKWID #364: the CORE domain is the sum over cores, never one core for all.
TEST(AmdEnergy, CoresAreAddedUp) {
  FakeClock clock;
  SysfsTree tree("cpu/amd-energy-hwmon");
  const Discovery found = probe_amd_hwmon(*tree.files(), clock);
  Sensor& cores = sensor(found, "core:0");
  EXPECT_EQ(cores.read()->counts, 4100000000UL + 4101000003UL + 4102000006UL + 4103000009UL);
  EXPECT_EQ(cores.info().resolution, 4U * 16);
  tree.put("/sys/class/hwmon/hwmon2/energy3_input", "\n");  // one core went offline
  EXPECT_EQ(cores.read().error().code, "sensor.malformed");
}

TEST(AmdEnergy, TwoSocketsAreTwoPackages) {
  FakeClock clock;
  SysfsTree tree("cpu/amd-energy-hwmon");
  for (const char* cpu : {"2", "3"}) {
    tree.put("/sys/devices/system/cpu/cpu" + std::string(cpu) + "/topology/physical_package_id",
             "1\n");
  }
  EXPECT_THAT(domains(probe_amd_hwmon(*tree.files(), clock)),
              ElementsAre("package:0", "package:1", "core:0", "core:1"));
}

TEST(AmdEnergy, RootsFilesNameTheirCommand) {
  FakeClock clock;
  const SysfsTree tree("cpu/amd-energy-hwmon");
  const Discovery found = probe_amd_hwmon(*tree.as_user(), clock);
  EXPECT_THAT(found.sensors, IsEmpty());
  const Finding denied = finding(found, "sensor.permission");
  EXPECT_EQ(denied.level, Finding::Level::problem);
  EXPECT_THAT(denied.reason.cure, HasSubstr("sudo chmod a+r " + tree.root() +
                                            "/sys/class/hwmon/hwmon2/energy5_input"));
}

TEST(AmdEnergy, ZerosInAVirtualMachineAreNoReading) {
  FakeClock clock;
  SysfsTree tree;
  tree.unpack(
      "/sys/class/hwmon/hwmon0/name\tamd_energy\n"
      "/sys/class/hwmon/hwmon0/energy1_label\tEsocket0\n"
      "/sys/class/hwmon/hwmon0/energy1_input\t0\n"
      "/proc/cpuinfo\tvendor_id\\t: AuthenticAMD\\nflags\\t: hypervisor\n");
  const Discovery found = probe_amd_hwmon(*tree.files(), clock);
  EXPECT_THAT(found.sensors, IsEmpty());
  EXPECT_THAT(codes(found), Contains("sensor.zero"));
}

TEST(AmdHsmp, PowerOfEachSocketInTheOrderOfTheChips) {
  FakeClock clock;
  const SysfsTree tree("cpu/amd-hsmp");  // hwmon9 and hwmon10: by number, not by text
  const Discovery found = probe_amd_hwmon(*tree.files(), clock);
  EXPECT_THAT(domains(found), ElementsAre("package:0", "package:1"));
  Sensor& first = sensor(found, "package:0");
  EXPECT_EQ(first.info().kind, SensorKind::power_gauge);
  EXPECT_EQ(first.read()->counts, 187312000U);
  EXPECT_DOUBLE_EQ(first.info().scale, 1e-6);
  EXPECT_DOUBLE_EQ(first.info().max_watts, 1200);
}

TEST(AmdHsmp, NoWattsOfALiveSocketIsNoReading) {
  FakeClock clock;
  SysfsTree tree("cpu/amd-hsmp");
  const Discovery found = probe_amd_hwmon(*tree.files(), clock);
  tree.put("/sys/class/hwmon/hwmon9/power1_input", "0\n");
  EXPECT_EQ(sensor(found, "package:0").read().error().code, "sensor.malformed");
  tree.remove("/sys/class/hwmon/hwmon9/power1_input");
  EXPECT_EQ(sensor(found, "package:0").read().error().code, "sensor.lost");
}

TEST(AmdHsmp, TheDeviceAloneSaysWhatCouldBeHad) {
  FakeClock clock;
  SysfsTree tree;
  tree.unpack("/dev/hsmp\t\\c\n");
  const Discovery found = probe_amd_hwmon(*tree.files(), clock);
  EXPECT_THAT(finding(found, "sensor.unsupported").reason.cure, HasSubstr("6.16"));
}

}  // namespace
}  // namespace joulebook
