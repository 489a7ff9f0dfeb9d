#include "sensor/cpu/perf_probe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

#include "fakes/fake_perf.h"
#include "fakes/sysfs_tree.h"
#include "sensor/cpu/perf_pmu.h"
#include "sensor/cpu/probe_test_tools.h"

namespace joulebook {
namespace {

using fakes::FakePerf;
using fakes::PowerFunction;
using fakes::SysfsTree;
using probe_test::domains;
using probe_test::finding;
using probe_test::sensor;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class PerfProbe : public testing::Test {
 protected:
  Discovery probe(const SysfsTree& tree) { return probe_perf(*tree.files(), clock_, perf_); }
  // Every socket event of a PMU on these CPUs.
  void wire(std::uint32_t type, const std::vector<std::uint64_t>& configs,
            const std::vector<int>& cpus, double watts = 50) {
    for (const auto config : configs) {
      for (const int cpu : cpus) perf_.wire({type, config, cpu}, PowerFunction::constant(watts));
    }
  }

  FakeClock clock_;
  FakePerf perf_{clock_};
};

TEST_F(PerfProbe, OneSensorAnEventAndSocketNamedAsPowercapDoes) {
  const SysfsTree tree("cpu/intel-2s-server");
  wire(17, {2, 3}, {0, 40});
  const Discovery found = probe(tree);
  EXPECT_THAT(domains(found), ElementsAre("package:0", "package:1", "dram:0", "dram:1"));
  const SensorInfo& info = found.sensors[1]->info();
  EXPECT_EQ(info.id, "perf:energy-pkg:1");
  EXPECT_EQ(info.name, "package-1");
  EXPECT_EQ(info.scale, std::ldexp(1, -32));
  EXPECT_EQ(info.range, 0U);  // 64 bits
  EXPECT_EQ(info.resolution, 1U << (32 - 14));
  EXPECT_EQ(info.tick, Nanos(976'562));
  EXPECT_THAT(found.findings, IsEmpty());
}

TEST_F(PerfProbe, ClientHasCoreUncoreAndPsys) {
  const SysfsTree tree("cpu/intel-client");
  wire(23, {1, 2, 4, 5}, {0});
  EXPECT_THAT(domains(probe(tree)), ElementsAre("core:0", "uncore:0", "package:0", "psys:0"));
}

// The joules read are those of the plant, to within one step of the register.
RC_GTEST_PROP(PerfProbeProperty, ReadsThePlantsEnergy, ()) {
  const double low = *rc::gen::inRange(1, 100);
  const double high = low + *rc::gen::inRange(1, 300);
  const int unit = *rc::gen::inRange(10, 17);
  FakeClock clock;
  FakePerf perf(clock);
  const PerfEvent package{17, 2, 0};
  perf.wire(package, PowerFunction::square(low, high, 0.037), unit);
  static const SysfsTree tree("cpu/intel-2s-server");
  const Discovery found = probe_perf(*tree.files(), clock, perf);
  Sensor& meter = sensor(found, "package:0");
  clock.sleep_until(SteadyTime{(clock.now().ns / 1'000'000 + 1) * 1'000'000});
  const SteadyTime begin = clock.now();
  const auto first = meter.read();
  clock.advance(std::chrono::milliseconds(*rc::gen::inRange(1, 5000)));
  const auto second = meter.read();
  RC_ASSERT(first && second);
  const double joules = static_cast<double>(second->counts - first->counts) * kPerfJoules;
  const double truth = perf.energy(package, begin, clock.now()).value();
  RC_ASSERT(std::abs(joules - truth) <= std::ldexp(1.0, -unit) + 1e-9);
}

// A read every minute at 1 kW: powercap's 32-bit register would have wrapped long ago.
TEST_F(PerfProbe, NeverWraps) {
  const SysfsTree tree("cpu/intel-2s-server");
  wire(17, {2, 3}, {0, 40}, 1000);
  const Discovery found = probe(tree);
  Sensor& package = sensor(found, "package:0");
  const auto first = package.read();
  clock_.advance(std::chrono::hours(24));
  const double joules =
      static_cast<double>(package.read()->counts - first->counts) * kPerfJoules;
  EXPECT_NEAR(joules, 86'400'000, 1);
}

TEST_F(PerfProbe, WithoutTheRightTheLeastGrantIsNamed) {
  SysfsTree tree("cpu/intel-client");
  perf_.refuse("sensor.permission");
  const Discovery found = probe(tree);
  EXPECT_THAT(found.sensors, IsEmpty());
  EXPECT_EQ(perf_.asked().size(), 1U);  // once is enough
  ASSERT_EQ(found.findings.size(), 1U);
  const Finding denied = finding(found, "sensor.permission");
  EXPECT_EQ(denied.level, Finding::Level::problem);
  EXPECT_THAT(denied.reason.message, HasSubstr("perf_event_paranoid is 3"));
  EXPECT_THAT(denied.reason.cure, HasSubstr("sudo setcap cap_perfmon=ep build/bin/joulebook"));
  tree.link("/proc/self/exe", "/opt/jb/bin/joulebook");
  EXPECT_THAT(perf_cure(*tree.files()), HasSubstr("cap_perfmon=ep /opt/jb/bin/joulebook "));
  tree.put("/proc/sys/kernel/osrelease", "5.4.0-generic\n");  // no CAP_PERFMON yet
  EXPECT_THAT(perf_cure(*tree.files()), Not(HasSubstr("setcap")));
}

TEST_F(PerfProbe, ContainersAreToldHowTheRightIsPassedOn) {
  const SysfsTree tree("cpu/masked-container");
  perf_.refuse("sensor.permission");
  EXPECT_THAT(finding(probe(tree), "sensor.permission").reason.cure,
              HasSubstr("--cap-add PERFMON"));
}

// Alumet: before 5.17 every event is listed on AMD, and energy-cores would be one core for all.
TEST_F(PerfProbe, AmdCoresOfOldKernelsAreRefusedNotRead) {
  const SysfsTree tree("cpu/amd-multi-die");
  wire(11, {1, 2, 3, 4, 5}, {0, 8});  // even where the kernel would answer
  const Discovery found = probe(tree);
  EXPECT_THAT(domains(found), ElementsAre("package:0"));
  EXPECT_THAT(perf_.asked(), ElementsAre(PerfEvent{11, 2, 0}));
  EXPECT_THAT(finding(found, "sensor.unsupported").reason.message,
              HasSubstr("one core for all"));
  EXPECT_THAT(finding(found, "sensor.unsupported").reason.cure, HasSubstr("5.17"));
}

// AMD's dies read one register: only one CPU of a package is asked.
TEST_F(PerfProbe, AmdDiesAreOneSocket) {
  const SysfsTree tree("cpu/amd-multi-die");
  wire(11, {2}, {0, 8});
  EXPECT_THAT(domains(probe(tree)), ElementsAre("package:0"));
}

// Intel's dies (Cascade Lake AP) count apart.
TEST_F(PerfProbe, IntelDiesCountApart) {
  SysfsTree tree("cpu/intel-2s-server");
  tree.put("/sys/devices/system/cpu/cpu40/topology/physical_package_id", "0\n");
  tree.put("/sys/devices/system/cpu/cpu40/topology/die_id", "1\n");
  wire(17, {2}, {0, 40});
  EXPECT_THAT(domains(probe(tree)), ElementsAre("package:0", "package:0.1"));
}

// LIKWID #364, #365, #402: AMD's CORE counter is one core's; the domain is their sum.
TEST_F(PerfProbe, AmdCoresAreAddedUpForEachPackage) {
  const SysfsTree tree("cpu/amd-epyc");
  wire(11, {2}, {0, 4}, 100);
  for (int cpu = 0; cpu < 8; ++cpu) {
    perf_.wire({12, 1, cpu}, PowerFunction::constant(cpu < 4 ? 5 : 7 + 0.37 * cpu), 16);
  }
  const Discovery found = probe(tree);
  EXPECT_THAT(domains(found), ElementsAre("package:0", "package:1", "core:0", "core:1"));
  Sensor& cores = sensor(found, "core:1");
  EXPECT_EQ(cores.info().resolution, 4 * (1U << (32 - 16)));
  const auto first = cores.read();
  clock_.advance(std::chrono::seconds(10));
  const auto second = cores.read();
  EXPECT_NEAR(static_cast<double>(second->counts - first->counts) * kPerfJoules,
              10 * (4 * 7 + 0.37 * (4 + 5 + 6 + 7)), 0.1);
}

TEST_F(PerfProbe, ASumWithoutOneOfItsCoresIsNoSum) {
  const SysfsTree tree("cpu/amd-epyc");
  wire(11, {2}, {0, 4}, 100);
  for (int cpu = 0; cpu < 7; ++cpu) perf_.wire({12, 1, cpu}, PowerFunction::constant(5), 16);
  const Discovery found = probe(tree);
  EXPECT_THAT(domains(found), ElementsAre("package:0", "package:1", "core:0"));
  EXPECT_EQ(finding(found, "sensor.unsupported").level, Finding::Level::note);
}

TEST_F(PerfProbe, ManyCoresAreNotInterruptedForASum) {
  SysfsTree tree("cpu/amd-epyc");
  tree.put("/sys/bus/event_source/devices/power_core/cpumask", "0-63\n");
  wire(11, {2}, {0, 4}, 100);
  wire(12, {1}, {0, 1, 2, 3}, 5);
  const Discovery found = probe(tree);
  EXPECT_THAT(domains(found), Not(Contains("core:0")));
  EXPECT_EQ(finding(found, "sensor.costly").level, Finding::Level::ok);
}

// LIKWID #232: a virtual machine whose counter stands at 0 read as success.
TEST_F(PerfProbe, ACounterThatStandsStillIsNoReading) {
  SysfsTree tree("cpu/intel-client");
  wire(23, {1, 2, 4, 5}, {0}, 0);
  Discovery found = probe(tree);
  EXPECT_THAT(domains(found), ElementsAre("uncore:0"));  // graphics may sleep
  EXPECT_EQ(finding(found, "sensor.zero").level, Finding::Level::note);
  tree.put("/proc/cpuinfo", "processor\t: 0\nvendor_id\t: GenuineIntel\nflags\t\t: hypervisor\n");
  found = probe(tree);
  EXPECT_THAT(found.sensors, IsEmpty());
  EXPECT_EQ(finding(found, "sensor.zero").level, Finding::Level::problem);
}

// Sapphire Rapids: psys answers on its master package only, in steps of 1 J.
TEST_F(PerfProbe, PsysOfTheMasterPackageAlone) {
  const SysfsTree tree("cpu/intel-spr-psys");
  wire(17, {2, 3}, {0, 56}, 200);
  perf_.wire({17, 5, 0}, PowerFunction::constant(700), 0);
  perf_.wire({17, 5, 56}, PowerFunction::constant(0), 0);
  const Discovery found = probe(tree);
  EXPECT_THAT(domains(found),
              ElementsAre("package:0", "package:1", "psys:0", "dram:0", "dram:1"));
  EXPECT_EQ(sensor(found, "psys:0").info().resolution, std::uint64_t{1} << 32);
}

TEST_F(PerfProbe, EventsOfUnknownNameAreNamedAndLeftOut) {
  SysfsTree tree("cpu/intel-client");
  const std::string event = "/sys/bus/event_source/devices/power/events/energy-npu";
  tree.put(event, "event=0x09");
  tree.put(event + ".unit", "Joules");
  tree.put(event + ".scale", "2.3283064365386962890625e-10");
  wire(23, {1, 2, 4, 5, 9}, {0});
  const Discovery found = probe(tree);
  EXPECT_EQ(found.sensors.size(), 4U);
  EXPECT_THAT(finding(found, "sensor.unknown_zone").reason.message, HasSubstr("energy-npu"));
}

TEST_F(PerfProbe, AnEventWhoseCpuWentAwayIsLost) {
  const SysfsTree tree("cpu/intel-2s-server");
  wire(17, {2, 3}, {0, 40});
  const Discovery found = probe(tree);
  perf_.unplug();
  const auto reading = sensor(found, "package:0").read();
  ASSERT_FALSE(reading);
  EXPECT_EQ(reading.error().code, "sensor.lost");
  EXPECT_THAT(reading.error().message, HasSubstr("perf:energy-pkg:0"));
}

// The kernel's own door, whatever stands behind it here: an answer or a reason, never a crash.
TEST(KernelPerfEvents, AnswersOrGivesAReason) {
  const auto counter = kernel_perf_events().open({0xffff'fff0U, 2, 0});
  ASSERT_FALSE(counter);
  EXPECT_THAT(counter.error().code, testing::AnyOf("sensor.unsupported", "sensor.permission"));
  const auto clock = kernel_perf_events().open({1, 0, 0});  // PERF_TYPE_SOFTWARE, CPU clock
  if (!clock) GTEST_SKIP() << clock.error().message;
  EXPECT_TRUE((*clock)->read());
}

}  // namespace
}  // namespace joulebook
