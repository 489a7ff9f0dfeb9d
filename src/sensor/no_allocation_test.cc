// The sampler reads hundreds of times a second: a reading that succeeds must not allocate.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "fakes/count_allocations.h"
#include "fakes/power_plant.h"
#include "fakes/sysfs_tree.h"
#include "fakes/vendor/stand_in.h"
#include "sensor/discover.h"
#include "sensor/gpu/amd.h"
#include "sensor/gpu/level_zero.h"
#include "sensor/gpu/nvml.h"
#include "sensor/remote/poller.h"

namespace joulebook {
namespace {

using fakes::allocations;
using fakes::PlantClock;
using fakes::StandIn;

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

// Vendors' stand-ins allocate while they look their script up; a sensor must add nothing, so its
// reads cost what as many bare calls cost.
template <class Call>
long allocations_of_calls(Call call) {
  EXPECT_EQ(call(), 0);
  const long before = allocations;
  for (int i = 0; i < 100; ++i) EXPECT_EQ(call(), 0);
  return allocations - before;
}

class Library {
 public:
  Library(const std::string& path, const char* variable, const char* set_time)
      : stand_in(FAKES + path, variable, set_time),
        clock(stand_in),
        held_(::dlopen((FAKES + path).c_str(), RTLD_NOW)) {}
  ~Library() { ::dlclose(held_); }
  template <class... Arguments>
  auto call(const char* name) {
    return reinterpret_cast<int (*)(Arguments...)>(::dlsym(held_, name));
  }
  StandIn stand_in;
  PlantClock clock;

 private:
  void* held_;
};

TEST(NoAllocation, Nvml) {
  Library nvml("/nvml/libnvidia-ml.so.1", "JOULEBOOK_FAKE_NVML", "joulebook_fake_nvml_set_time");
  nvml.stand_in.script("device uuid=GPU-a\n");
  Discovery found = probe_nvml_library(nvml.stand_in.path(), nvml.clock);
  ASSERT_EQ(found.sensors.size(), 2U);
  NvmlDevice device = nullptr;
  ASSERT_EQ((nvml.call<unsigned, NvmlDevice*>("nvmlDeviceGetHandleByIndex_v2")(0, &device)), 0);
  const auto energy = nvml.call<NvmlDevice, unsigned long long*>("nvmlDeviceGetTotalEnergyConsumption");
  unsigned long long millijoules = 0;
  EXPECT_EQ(allocations_of_reads(*found.sensors[0]),
            allocations_of_calls([&] { return energy(device, &millijoules); }));
}

// The driver's history: each look hands over the samples since the last one.
TEST(NoAllocation, NvmlHistory) {
  Library nvml("/nvml/libnvidia-ml.so.1", "JOULEBOOK_FAKE_NVML", "joulebook_fake_nvml_set_time");
  nvml.stand_in.script("device uuid=GPU-a sample=20 tick=1\nwall 1800000000000000000\n");
  Discovery found = probe_nvml_library(nvml.stand_in.path(), nvml.clock);
  ASSERT_EQ(found.sensors.size(), 3U);
  Sensor& history = *found.sensors[2];
  ASSERT_EQ(history.info().domain, "gpu:0.history");
  NvmlDevice device = nullptr;
  ASSERT_EQ((nvml.call<unsigned, NvmlDevice*>("nvmlDeviceGetHandleByIndex_v2")(0, &device)), 0);
  const auto samples = nvml.call<NvmlDevice, int, unsigned long long, int*, unsigned*, NvmlSample*>(
      "nvmlDeviceGetSamples");
  std::vector<NvmlSample> room(200);
  unsigned long long newest = 0;
  long ours = 0;
  long theirs = 0;
  int handed_over = 0;
  for (int look = 0; look < 20; ++look) {
    nvml.clock.advance(0.1);
    long before = allocations;
    SteadyTime last;
    for (auto reading = history.read(); reading && reading->begin != last; reading = history.read()) {
      last = reading->begin;
      ++handed_over;
    }
    if (look > 0) ours += allocations - before;  // the first look of the bare call takes all
    unsigned count = 200;
    int type = 0;
    before = allocations;
    ASSERT_EQ(samples(device, 0, newest, &type, &count, room.data()), 0);
    if (look > 0) theirs += allocations - before;
    newest = room[count - 1].wall_us;
  }
  EXPECT_GE(handed_over, 100);
  EXPECT_EQ(ours, theirs);
}

TEST(NoAllocation, AmdSmi) {
  Library smi("/amd_smi/libamd_smi.so", "JOULEBOOK_FAKE_AMD_SMI", "joulebook_fake_amd_smi_set_time");
  smi.stand_in.script("device pci=0000:03:00.0 tick=1\n");
  Discovery found = probe_amd_library(*open_amd_smi(smi.stand_in.path()), smi.clock);
  ASSERT_EQ(found.sensors.size(), 2U);
  void* card = nullptr;
  std::uint32_t one = 1;
  ASSERT_EQ((smi.call<std::uint32_t*, void**>("amdsmi_get_socket_handles")(&one, &card)), 0);
  const auto energy =
      smi.call<void*, std::uint64_t*, float*, std::uint64_t*>("amdsmi_get_energy_count");
  std::uint64_t counts = 0;
  std::uint64_t stamp = 0;
  float resolution = 0;
  EXPECT_EQ(allocations_of_reads(*found.sensors[0]),
            allocations_of_calls([&] { return energy(card, &counts, &resolution, &stamp); }));
  const auto power = smi.call<void*, void*>("amdsmi_get_power_info");
  std::array<std::uint32_t, 128> words{};
  EXPECT_EQ(allocations_of_reads(*found.sensors[1]),
            allocations_of_calls([&] { return power(card, words.data()); }));
}

TEST(NoAllocation, LevelZero) {
  Library ze("/level_zero/libze_loader.so.1", "JOULEBOOK_FAKE_LEVEL_ZERO",
             "joulebook_fake_level_zero_set_time");
  ze.stand_in.script("device pci=0000:3a:00.0 tick=1\n");
  Discovery found = probe_level_zero_library(*open_level_zero(ze.stand_in.path()), ze.clock);
  ASSERT_EQ(found.sensors.size(), 1U);
  std::uint32_t one = 1;
  void* device = nullptr;
  void* card = nullptr;
  ASSERT_EQ((ze.call<void*, std::uint32_t*, void**>("zesDeviceGet")(nullptr, &one, &device)), 0);
  ASSERT_EQ((ze.call<void*, void**>("zesDeviceGetCardPowerDomain")(device, &card)), 0);
  const auto energy = ze.call<void*, ZesEnergyCounter*>("zesPowerGetEnergyCounter");
  ZesEnergyCounter counter{};
  EXPECT_EQ(allocations_of_reads(*found.sensors[0]),
            allocations_of_calls([&] { return energy(card, &counter); }));
}

// A plug or a BMC: what the sampler reads is a mailbox, whatever its source allocates elsewhere.
class Mains final : public RemoteSource {
 public:
  explicit Mains(Clock& clock) : clock_(clock), infos_(2) {
    for (SensorInfo& info : infos_) info.sentinels = {0xffff, 0xffff'ffff};
  }
  [[nodiscard]] const std::vector<SensorInfo>& infos() const override { return infos_; }
  [[nodiscard]] Nanos pace() const override { return std::chrono::seconds(1); }
  void exchange(ReadingSink& sink, const StopSignal&) override {
    for (std::size_t i = 0; i < infos_.size(); ++i) sink.reading(i, {230, clock_.now(), clock_.now()});
  }

 private:
  Clock& clock_;
  std::vector<SensorInfo> infos_;
};

TEST(NoAllocation, PolledMeters) {
  FakeClock clock;
  const ManualPoll poll = poll_by_hand(std::make_unique<Mains>(clock), clock);
  long sum = 0;
  for (int i = 0; i < 300; ++i) {
    clock.advance(std::chrono::milliseconds(100));
    const long before = allocations;
    poll.exchange();
    for (const auto& sensor : poll.sensors) {
      const bool both = sensor->read() && sensor->read();  // a new one, then one more or the same
      if (!both) sum += 1000;
    }
    sum += allocations - before;
  }
  EXPECT_EQ(sum, 0);
}

}  // namespace
}  // namespace joulebook
