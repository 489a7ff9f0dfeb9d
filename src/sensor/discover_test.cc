// Discovery over all vendors, run with a fake libnvidia-ml.so.1 in front of the linker's search
// path (LD_LIBRARY_PATH), as a person would put one there.
#include "sensor/discover.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "fakes/power_plant.h"
#include "sensor/containment.h"

namespace joulebook {
namespace {

using fakes::PowerFunction;
using fakes::PowerPlant;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

class Discover : public testing::Test {
 protected:
  Discover() : root_(testing::TempDir() + "discover_" + std::to_string(::getpid())) {
    std::filesystem::remove_all(root_);
    std::filesystem::create_directories(root_);
    gpus("");
    ::setenv("JOULEBOOK_FAKE_NVML", (root_ + "/nvml.txt").c_str(), 1);
  }
  ~Discover() override { std::filesystem::remove_all(root_); }

  void gpus(const std::string& script) { fakes::put_file(root_ + "/nvml.txt", script); }
  std::unique_ptr<PowerPlant> server() {
    auto zones = fakes::small_server(PowerFunction::constant(50), PowerFunction::constant(5));
    zones.push_back({.directory = "intel-rapl:1", .name = "psys", .start_uj = 1'000'000});
    return std::make_unique<PowerPlant>(root_, clock_.now(), std::move(zones));
  }
  void guest() {
    fakes::put_file(root_ + "/proc/cpuinfo",
                    "processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: Intel(R) Xeon(R) "
                    "Platinum 8375C CPU @ 2.90GHz\nflags\t\t: fpu hypervisor\n\n");
    fakes::put_file(root_ + "/proc/stat",
                    "cpu  100 0 100 5000 0 0 0 0 0 0\n"
                    "cpu0 100 0 100 5000 0 0 0 0 0 0\n");
  }
  Discovery find(const SensorChoice& choice = {}) {
    return discover(real_files(root_), clock_, choice);
  }
  static std::vector<std::string> domains(const Discovery& found) {
    std::vector<std::string> all;
    for (const auto& sensor : found.sensors) all.push_back(sensor->info().domain);
    return all;
  }
  static std::vector<std::string> codes(const Discovery& found) {
    std::vector<std::string> all;
    for (const Finding& finding : found.findings) all.push_back(finding.reason.code);
    return all;
  }
  static std::vector<std::string> total(const Discovery& found) {
    std::vector<SensorInfo> infos;
    for (const auto& sensor : found.sensors) infos.push_back(sensor->info());
    return plan_total(infos).domains;
  }

  std::string root_;
  FakeClock clock_;
};

TEST_F(Discover, FindsCpuAndGpuInAStableOrder) {
  const auto plant = server();
  gpus("device uuid=GPU-a\n");
  const Discovery found = find();
  EXPECT_THAT(domains(found), ElementsAre("package:0", "dram:0", "psys:0", "gpu:0", "gpu:0.gauge"));
  EXPECT_EQ(domains(found), domains(find()));
}

// The overlap of psys and a GPU is drawn across vendors, and the total keeps out of it.
TEST_F(Discover, PsysMayContainTheGpu) {
  const auto plant = server();
  gpus("device uuid=GPU-a\n");
  const Discovery found = find();
  EXPECT_THAT(found.sensors[2]->info().may_contain, ElementsAre("gpu:0", "gpu:0.gauge"));
  EXPECT_THAT(total(found), ElementsAre("package:0", "dram:0", "gpu:0"));
}

TEST_F(Discover, NoModelWhereThePackageIsMeasured) {
  const auto plant = server();
  EXPECT_THAT(codes(find()), Not(Contains("sensor.modelled")));
}

TEST_F(Discover, ModelStepsInWhereTheCpuSideIsDark) {
  guest();
  gpus("device uuid=GPU-a\n");
  const Discovery found = find();
  EXPECT_THAT(codes(found), Contains("sensor.modelled"));
  ASSERT_FALSE(found.sensors.empty());
  const auto& model = found.sensors.back();
  EXPECT_EQ(model->info().kind, SensorKind::busy_time);
  EXPECT_NE(model->model(), nullptr);
  EXPECT_THAT(total(found), testing::UnorderedElementsAre("gpu:0", model->info().domain));
}

TEST_F(Discover, ModelCanBeDeclined) {
  guest();
  const Discovery found = find({.vendor_libraries = false, .machine_model = false});
  EXPECT_THAT(found.sensors, IsEmpty());
  EXPECT_THAT(codes(found), Contains("sensor.none"));
}

TEST_F(Discover, OnlyKeepsWhatWasChosen) {
  const auto plant = server();
  gpus("device uuid=GPU-a\n");
  EXPECT_THAT(domains(find({.only = {"nvml:"}})), ElementsAre("gpu:0", "gpu:0.gauge"));
  EXPECT_THAT(domains(find({.only = {"powercap:intel-rapl:0:0", "nvml:GPU-a:power"}})),
              ElementsAre("dram:0", "gpu:0.gauge"));
  EXPECT_THAT(codes(find({.only = {"nonsense"}})), Contains("sensor.not_chosen"));
}

TEST_F(Discover, WithoutVendorLibrariesNoneIsOpened) {
  const auto plant = server();
  gpus("device uuid=GPU-a\n");
  EXPECT_THAT(domains(find({.vendor_libraries = false})),
              ElementsAre("package:0", "dram:0", "psys:0"));
}

TEST_F(Discover, BoardsAreFoundAndAChipIsNamedInTheChoice) {
  const auto plant = server();
  const std::string chip = root_ + "/sys/class/hwmon/hwmon0/";
  fakes::put_file(chip + "name", "ina226\n");
  fakes::put_file(chip + "power1_input", "18000000\n");
  EXPECT_THAT(domains(find()), Contains("chip:ina226.0"));
  const Discovery named = find({.only = {"hwmon:ina226@hwmon0:power1=rail:ssd"}});
  EXPECT_THAT(domains(named), Contains("rail:ssd"));
  EXPECT_THAT(domains(named), Contains("package:0"));  // a name chooses nothing
  EXPECT_THAT(codes(find({.only = {"hwmon:ina226@hwmon0:power1=chip:x"}})),
              Contains("sensor.name"));
}

// A battery that is emptied measures the whole machine: no model beside it.
TEST_F(Discover, ABatteryIsBetterThanAModel) {
  guest();
  for (const auto& [file, text] : std::vector<std::pair<std::string, std::string>>{
           {"type", "Battery"}, {"status", "Discharging"}, {"energy_now", "30000000"}}) {
    fakes::put_file(root_ + "/sys/class/power_supply/BAT0/" + file, text + "\n");
  }
  EXPECT_THAT(codes(find()), Not(Contains("sensor.modelled")));
  EXPECT_THAT(total(find()), ElementsAre("battery:0"));
  fakes::put_file(root_ + "/sys/class/power_supply/BAT0/status", "Full\n");
  EXPECT_THAT(codes(find()), Contains("sensor.modelled"));
}

TEST_F(Discover, GpuWithoutADriverIsAProblem) {
  gpus("init 9\n");
  EXPECT_THAT(codes(find()), Contains("sensor.driver"));
}

}  // namespace
}  // namespace joulebook
