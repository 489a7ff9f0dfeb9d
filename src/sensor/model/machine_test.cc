#include "sensor/model/machine.h"

#include <gtest/gtest.h>
// rapidcheck after gtest
#include <rapidcheck/gtest.h>

#include <string>

#include "sensor/model/machine_test_tree.h"

namespace joulebook {
namespace {

// Two threads of a cloud guest that hides its CPU's model, as its /proc/cpuinfo prints them.
constexpr const char* kGuest =
    "processor\t: 0\nvendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel\t\t: 17\n"
    "model name\t: AMD EPYC\nstepping\t: 1\ncache size\t: 1024 KB\nphysical id\t: 0\n"
    "core id\t\t: 0\nflags\t\t: fpu vme hypervisor lahf_lm\npower management:\n\n"
    "processor\t: 1\nvendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel\t\t: 17\n"
    "model name\t: AMD EPYC\nstepping\t: 1\ncache size\t: 1024 KB\nphysical id\t: 0\n"
    "core id\t\t: 1\nflags\t\t: fpu vme hypervisor lahf_lm\npower management:\n\n";

TEST(Machine, AGuestThatHidesItsModelIsKnownByFamilyAndModel) {
  const TestTree tree;
  tree.write("/proc/cpuinfo", kGuest);
  tree.write("/proc/meminfo", "MemTotal:       24684084 kB\nMemFree:  1 kB\n");
  tree.write("/proc/sys/kernel/osrelease", "6.1.0-18-amd64\n");
  tree.write("/proc/sys/kernel/ostype", "Linux\n");
  tree.write("/sys/class/dmi/id/sys_vendor", "QEMU\n");
  tree.write("/sys/fs/cgroup/cpu.max", "150000 100000\n");
  tree.write("/sys/fs/cgroup/cpuset.cpus.effective", "0-1\n");
  const MachineDescription m = describe_machine(*tree.files());
  EXPECT_EQ(m.cpu, "AMD EPYC");
  EXPECT_EQ(m.family, 25);
  EXPECT_EQ(m.model, 17);
  EXPECT_EQ(m.threads, 2);
  EXPECT_EQ(m.cores, 2);
  EXPECT_EQ(m.sockets, 1);
  EXPECT_EQ(m.cache_kib, 1024);
  EXPECT_EQ(m.memory_bytes, 24684084LL * 1024);
  EXPECT_TRUE(m.is_virtual);
  EXPECT_EQ(m.hypervisor, "QEMU");
  EXPECT_EQ(m.kernel, "6.1.0-18-amd64");
  EXPECT_EQ(m.os, "Linux");
  EXPECT_EQ(m.generation, "zen4");
  EXPECT_EQ(m.generation_basis, "family and model");
  EXPECT_EQ(m.quota_cpus, 1.5);
  EXPECT_EQ(m.cpuset_threads, 2);
}

TEST(Machine, TheHypervisorWordMustStandAlone) {
  const TestTree tree;
  tree.write("/proc/cpuinfo", "processor : 0\ncpu family : 6\nflags : nohypervisorx fpu\n");
  tree.write("/sys/class/dmi/id/sys_vendor", "Amazon EC2\n");  // a bare-metal instance
  EXPECT_FALSE(describe_machine(*tree.files()).is_virtual);
}

TEST(Machine, Arm64IsNamedByImplementerAndPart) {
  const TestTree tree;
  tree.write("/proc/cpuinfo",
             "processor\t: 0\nBogoMIPS\t: 243.75\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n\n"
             "processor\t: 1\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n");
  tree.write("/sys/class/dmi/id/sys_vendor", "Amazon EC2\n");
  const MachineDescription m = describe_machine(*tree.files());
  EXPECT_EQ(m.cpu, "ARM Neoverse-N1");
  EXPECT_EQ(m.vendor, "arm:0x41");
  EXPECT_EQ(m.model, 0xd0c);
  EXPECT_EQ(m.threads, 2);
  EXPECT_EQ(m.sockets, 0);
  EXPECT_TRUE(m.is_virtual);
  EXPECT_EQ(m.generation, "neoverse-n1");
}

TEST(Machine, TwoSocketsAndSmtAreCountedByIds) {
  const TestTree tree;
  std::string text;
  for (int thread = 0; thread < 8; ++thread)
    text += "processor : " + std::to_string(thread) +
            "\nphysical id : " + std::to_string(thread / 4) +
            "\ncore id : " + std::to_string(thread % 2) + "\n\n";
  tree.write("/proc/cpuinfo", text);
  const MachineDescription m = describe_machine(*tree.files());
  EXPECT_EQ(m.threads, 8);
  EXPECT_EQ(m.sockets, 2);
  EXPECT_EQ(m.cores, 4);
}

TEST(Machine, AnEmptyTreeIsAllUnknownAndUnknownIsNull) {
  const TestTree tree;
  const MachineDescription m = describe_machine(*tree.files());
  EXPECT_EQ(m, MachineDescription{});
  const Json json = to_json(m);
  for (const auto& [name, value] : json.members())
    EXPECT_TRUE(value.is_null() || name == "virtual") << name;
  EXPECT_TRUE(json.has("cpu"));
  EXPECT_TRUE(json.has("quota_cpus"));
}

TEST(Machine, AnUnlimitedQuotaIsNone) {
  const TestTree tree;
  tree.write("/sys/fs/cgroup/cpu.max", "max 100000\n");
  EXPECT_FALSE(describe_machine(*tree.files()).quota_cpus);
  tree.write("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "200000\n");
  tree.write("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(describe_machine(*tree.files()).quota_cpus, 2);
}

TEST(CpuList, CountsRangesAndRefusesNonsense) {
  EXPECT_EQ(count_cpu_list("0-3,8,10-11\n"), 7);
  EXPECT_EQ(count_cpu_list("5"), 1);
  for (const char* bad : {"", "3-1", "a", "1-", "0-99999999999", "1,,2"})
    EXPECT_FALSE(count_cpu_list(bad)) << bad;
}

RC_GTEST_PROP(Machine, AnyCpuinfoIsReadWithoutCrash, (const std::string& text)) {
  const TestTree tree;
  tree.write("/proc/cpuinfo", text + "\nprocessor: 0\nCPU part: 0xzz" + text);
  RC_ASSERT(describe_machine(*tree.files()).threads >= 0);
}

}  // namespace
}  // namespace joulebook
