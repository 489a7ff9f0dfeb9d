#include "sensor/cpu/cpu_topology.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "fakes/sysfs_tree.h"
#include "sensor/cpu/perf_pmu.h"

namespace joulebook {
namespace {

using testing::ElementsAre;

TEST(CpuTopology, ListsOfCpus) {
  EXPECT_THAT(parse_cpu_list("0-2,8\n").value(), ElementsAre(0, 1, 2, 8));
  EXPECT_THAT(parse_cpu_list("0,18").value(), ElementsAre(0, 18));
  for (const char* bad : {"", "3-1", "a", "1-", "-1", "0-99999999999", "1,,2", "0-16384"}) {
    EXPECT_FALSE(parse_cpu_list(bad)) << bad;
  }
}

RC_GTEST_PROP(CpuTopology, AListIsWhatItWasWrittenFrom, ()) {
  const auto first = *rc::gen::inRange(0, 5000);
  const auto length = *rc::gen::inRange(1, 1000);
  const auto cpus =
      parse_cpu_list(std::to_string(first) + "-" + std::to_string(first + length - 1));
  RC_ASSERT(cpus.has_value());
  RC_ASSERT(cpus->size() == static_cast<std::size_t>(length));
  RC_ASSERT(cpus->front() == first);
}

TEST(CpuTopology, TheLowestDieKeepsThePackagesNumber) {
  fakes::SysfsTree tree;
  const auto place = [&](int cpu, int package, int die) {
    const std::string base = "/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/";
    tree.put(base + "physical_package_id", std::to_string(package) + "\n");
    tree.put(base + "die_id", std::to_string(die) + "\n");
  };
  place(0, 0, 0);
  place(8, 0, 1);
  place(16, 1, 4);
  place(24, 1, 5);
  EXPECT_THAT(instances_of(*tree.files(), {0, 8, 16, 24}), ElementsAre("0", "0.1", "1", "1.5"));
}

TEST(CpuTopology, WithoutTopologyPlacesCountUp) {
  const fakes::SysfsTree tree;
  EXPECT_FALSE(place_of_cpu(*tree.files(), 0).known);
  EXPECT_THAT(instances_of(*tree.files(), {0, 18}), ElementsAre("0", "1"));
}

TEST(PerfPmu, EventsAreOneHexadecimalTerm) {
  EXPECT_EQ(parse_perf_event("event=0x02\n"), 2U);
  EXPECT_EQ(parse_perf_event("event=0xAf"), 0xafU);
  for (const char* bad : {"", "event=", "event=0x", "event=2", "event=0x123", "event=0x0g",
                          "event=0x02,umask=0x1", "config=0x02"}) {
    EXPECT_FALSE(parse_perf_event(bad)) << bad;
  }
}

TEST(PerfPmu, OtherUnitsAndScalesAreRefusedNeverRescaled) {
  fakes::SysfsTree tree("cpu/intel-client");
  const std::string events = "/sys/bus/event_source/devices/power/events/";
  tree.put(events + "energy-pkg.scale", "1e-6");
  tree.put(events + "energy-gpu.unit", "Watts");
  tree.put(events + "energy-psys", "umask=0x05");
  const auto pmu = read_perf_pmu(*tree.files(), "power");
  ASSERT_TRUE(pmu);
  EXPECT_EQ(pmu->type, 23U);
  ASSERT_EQ(pmu->events.size(), 1U);
  EXPECT_EQ(pmu->events[0].name, "energy-cores");
  ASSERT_EQ(pmu->refused.size(), 3U);
  for (const Reason& reason : pmu->refused) EXPECT_EQ(reason.code, "sensor.malformed");
}

TEST(PerfPmu, AMalformedMaskOrTypeRefusesTheWhole) {
  for (const char* file : {"type", "cpumask"}) {
    fakes::SysfsTree tree("cpu/intel-client");
    tree.put(std::string("/sys/bus/event_source/devices/power/") + file, "x\n");
    const auto pmu = read_perf_pmu(*tree.files(), "power");
    ASSERT_TRUE(pmu);
    EXPECT_TRUE(pmu->events.empty());
    EXPECT_EQ(pmu->refused.size(), 1U);
  }
  EXPECT_FALSE(read_perf_pmu(*fakes::SysfsTree().files(), "power"));
}

}  // namespace
}  // namespace joulebook
