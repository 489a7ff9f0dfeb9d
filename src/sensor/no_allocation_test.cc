// The sampler reads hundreds of times a second: a reading that succeeds must not allocate.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "fakes/count_allocations.h"
#include "fakes/power_plant.h"
#include "fakes/sysfs_tree.h"
#include "sensor/discover.h"
#include "sensor/gpu/nvml.h"

namespace joulebook {
namespace {

using fakes::allocations;

long allocations_of_reads(Sensor& sensor) {
  EXPECT_TRUE(sensor.read()) << sensor.info().id;
  const long before = allocations;
  for (int i = 0; i < 100; ++i) {
    if (!sensor.read()) return -1;
  }
  return allocations - before;
}

TEST(NoAllocation, CounterIsCounted) {
  const long before = allocations;
  const std::vector<std::string> some(3, std::string(100, 'x'));
  EXPECT_EQ(allocations, before + 5);  // the text, the vector, and its three copies
  EXPECT_EQ(some.size(), 3U);
}

TEST(NoAllocation, Powercap) {
  const std::string root = testing::TempDir() + "no_allocation_" + std::to_string(::getpid());
  FakeClock clock;
  fakes::PowerPlant plant(root, clock.now(),
                          {{.directory = "intel-rapl:0", .name = "package-0", .start_uj = 5000}});
  Discovery found = probe_powercap(real_files(root), clock);
  ASSERT_EQ(found.sensors.size(), 1U);
  EXPECT_EQ(allocations_of_reads(*found.sensors[0]), 0);
  std::filesystem::remove_all(root);
}

TEST(NoAllocation, Boards) {
  for (const char* machine :
       {"board/server-acpi", "board/psu-pair", "board/chips", "board/arc-xe", "board/radeon",
        "board/jetson-orin-nano", "board/jetson-nano", "board/laptop-energy",
        "board/laptop-charge"}) {
    const fakes::SysfsTree tree(machine);
    FakeClock clock;
    const Discovery found = probe_board(tree.files(), clock);
    EXPECT_FALSE(found.sensors.empty()) << machine;
    for (const auto& sensor : found.sensors) {
      EXPECT_EQ(allocations_of_reads(*sensor), 0) << sensor->info().id;
    }
  }
}

TEST(NoAllocation, Nvml) {
  const std::string library = FAKE_NVML "/libnvidia-ml.so.1";
  const std::string script = testing::TempDir() + "alloc_" + std::to_string(::getpid()) + ".txt";
  fakes::put_file(script, "device uuid=GPU-a\n");
  ::setenv("JOULEBOOK_FAKE_NVML", script.c_str(), 1);
  FakeClock clock;
  Discovery found = probe_nvml_library(library, clock);
  std::filesystem::remove(script);
  ASSERT_EQ(found.sensors.size(), 2U);
  // The stand-in allocates while it looks its script up; the sensor itself must add nothing, so
  // both sensors cost what the bare call costs.
  void* held = ::dlopen(library.c_str(), RTLD_NOW);
  const auto energy = reinterpret_cast<int (*)(NvmlDevice, unsigned long long*)>(
      ::dlsym(held, "nvmlDeviceGetTotalEnergyConsumption"));
  const auto by_index = reinterpret_cast<int (*)(unsigned, NvmlDevice*)>(
      ::dlsym(held, "nvmlDeviceGetHandleByIndex_v2"));
  NvmlDevice device = nullptr;
  ASSERT_EQ(by_index(0, &device), 0);
  const long before = allocations;
  unsigned long long millijoules = 0;
  for (int i = 0; i < 100; ++i) ASSERT_EQ(energy(device, &millijoules), 0);
  const long bare = allocations - before;
  EXPECT_EQ(allocations_of_reads(*found.sensors[0]), bare);
  ::dlclose(held);
}

}  // namespace
}  // namespace joulebook
