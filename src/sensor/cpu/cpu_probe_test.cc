#include "sensor/cpu/cpu_probe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fakes/fake_perf.h"
#include "fakes/sysfs_tree.h"
#include "sensor/cpu/probe_test_tools.h"

namespace joulebook {
namespace {

using fakes::FakePerf;
using fakes::PowerFunction;
using fakes::SysfsTree;
using probe_test::codes;
using probe_test::domains;
using probe_test::finding;
using probe_test::sensor;
using probe_test::total;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::UnorderedElementsAre;

class CpuProbe : public testing::Test {
 protected:
  void wire(std::uint32_t type, const std::vector<std::uint64_t>& configs,
            const std::vector<int>& cpus) {
    for (const auto config : configs) {
      for (const int cpu : cpus) perf_.wire({type, config, cpu}, PowerFunction::constant(40));
    }
  }
  Discovery with_perf(const FileTree& files) { return probe_cpu(files, clock_, {&perf_, {}}); }
  Discovery by_files(const FileTree& files) { return probe_cpu(files, clock_, {}); }
  static std::vector<std::string> problems(const Discovery& found) {
    std::vector<std::string> all;
    for (const Finding& each : found.findings) {
      if (each.level != Finding::Level::ok) all.push_back(each.reason.code);
    }
    return all;
  }

  FakeClock clock_;
  FakePerf perf_{clock_};
};

TEST_F(CpuProbe, PerfLeadsAndPowercapMirrorsIt) {
  const SysfsTree tree("cpu/intel-2s-server");
  wire(17, {2, 3}, {0, 40});
  const Discovery found = with_perf(*tree.files());
  EXPECT_THAT(domains(found),
              ElementsAre("package:0", "package:1", "dram:0", "dram:1", "package:0.powercap",
                          "dram:0.powercap", "package:1.powercap", "dram:1.powercap"));
  EXPECT_EQ(sensor(found, "package:0").info().id, "perf:energy-pkg:0");
  EXPECT_THAT(sensor(found, "package:1.powercap").info().mirrors, ElementsAre("package:1"));
  EXPECT_THAT(total(found), ElementsAre("package:0", "package:1", "dram:0", "dram:1"));
}

TEST_F(CpuProbe, PowercapLeadsWherePerfIsOff) {
  const SysfsTree tree("cpu/intel-2s-server");
  EXPECT_THAT(domains(by_files(*tree.files())),
              ElementsAre("package:0", "dram:0", "package:1", "dram:1"));
}

TEST_F(CpuProbe, ALaptopIsItsPsysWhicheverWayItIsRead) {
  const SysfsTree tree("cpu/intel-client");
  EXPECT_THAT(total(by_files(*tree.files())), ElementsAre("psys:0"));
  wire(23, {1, 2, 4, 5}, {0});
  const Discovery found = with_perf(*tree.files());
  EXPECT_THAT(total(found), ElementsAre("psys:0"));
  EXPECT_THAT(sensor(found, "package:0.mmio").info().mirrors, ElementsAre("package:0"));
  EXPECT_THAT(sensor(found, "package:0").info().contains,
              UnorderedElementsAre("core:0", "uncore:0", "core:0.powercap", "uncore:0.powercap"));
}

// CodeCarbon #1274, #1379: each die repeats the socket's counter, whichever way it is read.
TEST_F(CpuProbe, AmdDiesAreCountedOnce) {
  const SysfsTree tree("cpu/amd-multi-die");
  EXPECT_THAT(total(by_files(*tree.files())), ElementsAre("package:0"));
  wire(11, {2}, {0, 8});
  const Discovery found = with_perf(*tree.files());
  EXPECT_THAT(total(found), ElementsAre("package:0"));
  EXPECT_EQ(sensor(found, "package:0").info().id, "perf:energy-pkg:0");
  EXPECT_THAT(sensor(found, "package:0.1").info().mirrors, ElementsAre("package:0"));
}

TEST_F(CpuProbe, AMaskedContainerReadsThroughPerf) {
  const SysfsTree tree("cpu/masked-container");
  const Discovery dark = by_files(*tree.files());
  EXPECT_THAT(dark.sensors, IsEmpty());
  EXPECT_EQ(finding(dark, "sensor.masked").level, Finding::Level::problem);
  wire(17, {2, 3}, {0, 40});
  const Discovery found = with_perf(*tree.files());
  EXPECT_THAT(total(found), ElementsAre("package:0", "package:1", "dram:0", "dram:1"));
  EXPECT_THAT(problems(found), IsEmpty());  // the mask does no harm then
}

TEST_F(CpuProbe, TheSparePsysOfTwoSocketsIsDropped) {
  const SysfsTree tree("cpu/intel-spr-psys");
  const Discovery found = by_files(*tree.files());
  EXPECT_THAT(domains(found), Not(Contains("psys:1")));
  EXPECT_THAT(total(found), ElementsAre("psys:0"));
}

// One platform meter shown by two sockets is one meter.
TEST_F(CpuProbe, TwoPsysThatReadAlikeAreOne) {
  SysfsTree tree("cpu/intel-spr-psys");
  tree.put("/sys/devices/virtual/powercap/intel-rapl/intel-rapl:3/energy_uj", "400112000000\n");
  const Discovery found = by_files(*tree.files());
  EXPECT_THAT(sensor(found, "psys:1").info().mirrors, ElementsAre("psys:0"));
  EXPECT_THAT(total(found), ElementsAre("psys:0"));
}

TEST_F(CpuProbe, HsmpIsAGaugeBesideTheCounter) {
  const SysfsTree tree("cpu/amd-hsmp");
  const Discovery found = by_files(*tree.files());
  EXPECT_THAT(domains(found),
              ElementsAre("package:0", "package:1", "package:0.gauge", "package:1.gauge"));
  EXPECT_THAT(total(found), ElementsAre("package:0", "package:1"));
  const Discovery user = by_files(*tree.as_user());  // HSMP's files are everybody's
  EXPECT_THAT(total(user), ElementsAre("package:0", "package:1"));
  EXPECT_EQ(sensor(user, "package:0").info().kind, SensorKind::power_gauge);
}

TEST_F(CpuProbe, AmdEnergyMirrorsWhatPowercapReads) {
  SysfsTree tree("cpu/amd-energy-hwmon");
  tree.unpack(
      "/sys/class/powercap/intel-rapl:0/name\tpackage-0\n"
      "/sys/class/powercap/intel-rapl:0/energy_uj\t71\n"
      "/sys/class/powercap/intel-rapl:0/max_energy_range_uj\t65532610987\n");
  const Discovery found = by_files(*tree.files());
  EXPECT_THAT(sensor(found, "package:0.hwmon").info().mirrors, ElementsAre("package:0"));
  EXPECT_THAT(total(found), ElementsAre("package:0"));
}

// The whole ladder, rung by rung.
TEST_F(CpuProbe, EachRungThatFailsSaysWhatItLacks) {
  const SysfsTree tree("cpu/intel-2s-server");
  perf_.refuse("sensor.permission");
  const Discovery none = with_perf(*tree.as_user());
  EXPECT_THAT(none.sensors, IsEmpty());
  EXPECT_THAT(problems(none), ElementsAre("sensor.permission", "sensor.permission"));
  EXPECT_THAT(none.findings[0].reason.cure, HasSubstr("setcap cap_perfmon=ep"));
  EXPECT_THAT(none.findings[1].reason.cure, HasSubstr("chmod a+r"));

  const Discovery powercap = with_perf(*tree.files());
  EXPECT_THAT(total(powercap), ElementsAre("package:0", "dram:0", "package:1", "dram:1"));
  EXPECT_THAT(problems(powercap), IsEmpty());  // perf would only be better

  perf_.refuse("");
  wire(17, {2, 3}, {0, 40});
  const Discovery perf = with_perf(*tree.as_user());
  EXPECT_THAT(total(perf), ElementsAre("package:0", "package:1", "dram:0", "dram:1"));
  EXPECT_THAT(problems(perf), IsEmpty());  // the files are not needed
}

// A part must not stand for its package.
TEST_F(CpuProbe, CoresWithoutTheirPackageAreLeftOut) {
  SysfsTree tree("cpu/intel-client");
  tree.remove("/sys/class/powercap/intel-rapl-mmio:0");
  tree.remove("/sys/class/powercap/intel-rapl:1");  // no psys
  auto files = tree.files();
  fakes::GuardedTree guarded(tree.root());
  guarded.forbid("/sys/class/powercap/intel-rapl:0/energy_uj");
  const Discovery found = by_files(guarded);
  EXPECT_THAT(found.sensors, IsEmpty());
  EXPECT_THAT(codes(found), ElementsAre("sensor.permission", "sensor.partial", "sensor.partial"));
  EXPECT_EQ(finding(found, "sensor.partial").level, Finding::Level::problem);
}

// One socket's package is dark: its cores go, the other socket's stay inside theirs.
TEST_F(CpuProbe, OnlyTheCoresOfTheDarkSocketAreLeftOut) {
  const SysfsTree tree("cpu/amd-epyc");
  fakes::GuardedTree guarded(tree.root());
  guarded.forbid("/sys/class/powercap/intel-rapl:1/energy_uj");
  EXPECT_THAT(domains(by_files(guarded)), ElementsAre("package:0", "core:0"));
}

// Memory is a domain of its own: it may stand alone, under its own name.
TEST_F(CpuProbe, MemoryWithoutItsPackageStays) {
  const SysfsTree tree("cpu/intel-2s-server");
  fakes::GuardedTree guarded(tree.root());
  guarded.forbid("/sys/class/powercap/intel-rapl:0/energy_uj");
  EXPECT_THAT(total(by_files(guarded)), ElementsAre("dram:0", "package:1", "dram:1"));
}

// psys holds the cores, so they are no orphans beside it.
TEST_F(CpuProbe, CoresInsidePsysStay) {
  const SysfsTree tree("cpu/intel-client");
  fakes::GuardedTree guarded(tree.root());
  guarded.forbid("/sys/class/powercap/intel-rapl:0/energy_uj");
  guarded.forbid("/sys/class/powercap/intel-rapl-mmio:0/energy_uj");
  const Discovery found = by_files(guarded);
  EXPECT_THAT(domains(found), ElementsAre("core:0", "uncore:0", "psys:0"));
  EXPECT_THAT(total(found), ElementsAre("psys:0"));
}

// An MMIO zone takes over the name of an MSR zone that cannot be read.
TEST_F(CpuProbe, MmioStandsInForADarkMsrZone) {
  SysfsTree tree("cpu/intel-client");
  tree.put("/sys/devices/virtual/powercap/intel-rapl/intel-rapl:0/energy_uj", "broken\n");
  const Discovery found = by_files(*tree.files());
  EXPECT_THAT(domains(found), Contains("package:0"));
  EXPECT_EQ(sensor(found, "package:0").info().id, "powercap:intel-rapl-mmio:0");
}

TEST_F(CpuProbe, EnergyFilterIsFlaggedForPerfToo) {
  SysfsTree tree("cpu/masked-container");
  tree.put("/proc/cpuinfo", "processor\t: 0\nvendor_id\t: GenuineIntel\nflags\t\t: sgx\n");
  wire(17, {2, 3}, {0, 40});
  EXPECT_EQ(finding(with_perf(*tree.files()), "sensor.filtered").level, Finding::Level::note);
}

}  // namespace
}  // namespace joulebook
