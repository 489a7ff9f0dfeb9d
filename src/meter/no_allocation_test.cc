// A round of the sampler, from the files to the curves, allocates nothing.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "fakes/count_allocations.h"
#include "fakes/power_plant.h"
#include "meter/sampler.h"
#include "sensor/discover.h"

namespace joulebook {
namespace {

std::vector<fakes::ZoneSpec> eight_zones() {
  std::vector<fakes::ZoneSpec> zones;
  for (int socket = 0; socket < 2; ++socket) {
    const std::string package = "intel-rapl:" + std::to_string(socket);
    // The plant tells zones apart by name; a blank more names the same domain.
    const std::string blank(static_cast<std::size_t>(socket), ' ');
    zones.push_back({.directory = package, .name = "package-" + std::to_string(socket)});
    int child = 0;
    for (const char* name : {"core", "uncore", "dram"}) {
      zones.push_back({.directory = package + "/" + package + ":" + std::to_string(child++),
                       .name = name + blank});
    }
  }
  for (std::size_t i = 0; i < zones.size(); ++i) {
    zones[i].power = fakes::PowerFunction::constant(10.0 * static_cast<double>(i + 1));
    zones[i].start_uj = 5'000'000 * (i + 1);
  }
  return zones;
}

class Rounds : public testing::Test {
 protected:
  Rounds() : plant_(root_, clock_.now(), eight_zones()) {
    fakes::put_file(root_ + "/proc/stat", "cpu 1000 0 0 5 0 0 0 0 0 0\ncpu0 1 1 1 1\n");
  }
  ~Rounds() override { std::filesystem::remove_all(root_); }

  // Operators new in `rounds` rounds a millisecond apart, those of the plant left out.
  long allocations_of(Sampler& sampler, int rounds) {
    long sum = 0;
    for (int i = 0; i < rounds; ++i) {
      clock_.advance(std::chrono::milliseconds(1));
      plant_.tick(clock_.now());
      const long before = fakes::allocations;
      for (const auto& event : sampler.read_all(false)) sampler.apply(event);
      sum += fakes::allocations - before;
    }
    return sum;
  }

  std::string root_ = testing::TempDir() + "rounds_" + std::to_string(::getpid());
  FakeClock clock_;
  fakes::PowerPlant plant_;
};

TEST_F(Rounds, OfEightZonesAllocateNothing) {
  for (const bool in_place : {true, false}) {
    plant_.in_place(in_place);
    const std::shared_ptr<const FileTree> files = real_files(root_);
    Discovery found = probe_powercap(files, clock_);
    ASSERT_EQ(found.sensors.size(), 8U);
    Sampler sampler(std::move(found.sensors), {}, clock_, files);
    sampler.cpu().register_thread();
    allocations_of(sampler, 1);
    EXPECT_EQ(allocations_of(sampler, 250), 0) << (in_place ? "rewritten" : "replaced");
    const auto begin = clock_.now() - std::chrono::milliseconds(200);
    const auto energy = sampler.core().energy({"all", begin, begin + std::chrono::milliseconds(100)});
    EXPECT_NEAR(energy.domains[0].energy.value.value_or(0), 1.0, 0.05);  // 10 W x 100 ms
  }
}

}  // namespace
}  // namespace joulebook
