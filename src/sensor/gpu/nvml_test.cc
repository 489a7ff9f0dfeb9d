#include "sensor/gpu/nvml.h"

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "fakes/power_plant.h"
#include "sensor/containment.h"
#include "sensor/discover.h"

namespace joulebook {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string kWhole = JOULEBOOK_FAKES "/nvml/libnvidia-ml.so.1";
const std::string kOld = JOULEBOOK_FAKES "/nvml-old/libnvidia-ml.so.1";

// Each test scripts the fake library and holds its clock.
class Nvml : public testing::Test {
 protected:
  Nvml() : script_(testing::TempDir() + "nvml_" + std::to_string(::getpid()) + ".txt") {
    ::setenv("JOULEBOOK_FAKE_NVML", script_.c_str(), 1);
    use(kWhole);
  }
  ~Nvml() override {
    at(-1);
    ::dlclose(held_);
    std::filesystem::remove(script_);
  }

  void use(const std::string& library) {
    if (held_ != nullptr) ::dlclose(held_);
    library_ = library;
    held_ = ::dlopen(library.c_str(), RTLD_NOW);
    ASSERT_NE(held_, nullptr) << ::dlerror();
    at(1);
  }
  void at(double seconds) {
    using SetTime = void (*)(double);
    reinterpret_cast<SetTime>(::dlsym(held_, "joulebook_fake_nvml_set_time"))(seconds);
  }
  Discovery probe(const std::string& script) {
    fakes::put_file(script_, script);
    return probe_nvml_library(library_, clock_);
  }
  static std::vector<std::string> ids(const Discovery& found) {
    std::vector<std::string> all;
    for (const auto& sensor : found.sensors) all.push_back(sensor->info().id);
    return all;
  }
  static std::vector<std::string> codes(const Discovery& found) {
    std::vector<std::string> all;
    for (const Finding& finding : found.findings) all.push_back(finding.reason.code);
    return all;
  }

  std::string script_;
  std::string library_;
  void* held_ = nullptr;
  FakeClock clock_;
};

TEST_F(Nvml, BoardHasACounterAndAGaugeThatMirrorsIt) {
  Discovery found = probe(
      "device uuid=GPU-a name=NVIDIA_H100 cc=9.0 limit=700 power=constant:300 start=5000 "
      "tick=20\n");
  ASSERT_THAT(ids(found), ElementsAre("nvml:GPU-a:energy", "nvml:GPU-a:power"));
  const SensorInfo& counter = found.sensors[0]->info();
  EXPECT_EQ(counter.domain, "gpu:0");
  EXPECT_EQ(counter.name, "NVIDIA H100");
  EXPECT_EQ(counter.device, "gpu:GPU-a");
  EXPECT_EQ(counter.kind, SensorKind::energy_counter);
  EXPECT_DOUBLE_EQ(counter.scale, 1e-3);
  EXPECT_EQ(counter.range, 0U);
  EXPECT_DOUBLE_EQ(counter.max_watts, 1050);
  const SensorInfo& gauge = found.sensors[1]->info();
  EXPECT_THAT(gauge.mirrors, ElementsAre("gpu:0"));
  EXPECT_EQ(gauge.averaging, Nanos(0));
  EXPECT_DOUBLE_EQ(gauge.duty, 0.25);
  EXPECT_EQ(found.sensors[0]->read()->counts, 305'000U);
  EXPECT_EQ(found.sensors[1]->read()->counts, 300'000U);
  at(3);
  EXPECT_EQ(found.sensors[0]->read()->counts, 905'000U);
}

TEST_F(Nvml, CounterFollowsASquareWaveInClosedForm) {
  Discovery found = probe("device power=square:10:90:0.5 start=1 tick=1\n");
  at(10);
  const auto begin = found.sensors[0]->read();
  at(20.25);
  const auto end = found.sensors[0]->read();
  EXPECT_NEAR(static_cast<double>(end->counts - begin->counts), 20 * 25'000 + 22'500, 2);
}

TEST_F(Nvml, SeveralBoardsKeepTheirOrder) {
  Discovery found = probe("device uuid=GPU-b\ndevice uuid=GPU-a\n");
  EXPECT_THAT(ids(found), ElementsAre("nvml:GPU-b:energy", "nvml:GPU-b:power", "nvml:GPU-a:energy",
                                      "nvml:GPU-a:power"));
  EXPECT_EQ(found.sensors[2]->info().domain, "gpu:1");
}

// CodeCarbon #1316, #393: GPUs without a counter were billed 0 kWh.
TEST_F(Nvml, WithoutACounterTheGaugeStandsAlone) {
  Discovery found = probe("device uuid=GPU-a energy=0 power=constant:250\n");
  ASSERT_THAT(ids(found), ElementsAre("nvml:GPU-a:power"));
  EXPECT_EQ(found.sensors[0]->info().domain, "gpu:0");
  EXPECT_THAT(found.sensors[0]->info().mirrors, IsEmpty());
  EXPECT_THAT(codes(found), ElementsAre("sensor.unsupported"));
}

TEST_F(Nvml, CounterAtZeroIsNone) {
  Discovery found = probe("device uuid=GPU-a start=0 power=constant:0.000001\n");
  EXPECT_THAT(found.sensors, IsEmpty());
  EXPECT_EQ(found.findings.at(0).level, Finding::Level::problem);
}

TEST_F(Nvml, PowerUsageAveragesByArchitecture) {
  const auto averaging = [&](const std::string& cc) {
    return probe("device energy=0 fields=0 cc=" + cc + "\n").sensors.at(0)->info().averaging;
  };
  EXPECT_EQ(averaging("7.0"), Nanos(0));                 // Volta
  EXPECT_EQ(averaging("8.0"), Nanos(0));                 // GA100
  EXPECT_EQ(averaging("8.6"), std::chrono::seconds(1));  // other Ampere
  EXPECT_EQ(averaging("9.0"), std::chrono::seconds(1));
}

TEST_F(Nvml, MemoryAndModuleScopesAreDomainsOfTheirOwn) {
  Discovery found = probe("device uuid=GPU-a memory=60 module=500\n");
  ASSERT_EQ(found.sensors.size(), 4U);
  EXPECT_EQ(found.sensors[2]->info().domain, "gpu-memory:0");
  EXPECT_EQ(found.sensors[3]->info().domain, "module:0");
  std::vector<SensorInfo> infos;
  for (const auto& sensor : found.sensors) infos.push_back(sensor->info());
  EXPECT_THAT(top_level(infos), ElementsAre("nvml:GPU-a:energy"));
}

TEST_F(Nvml, OldLibraryLosesOnlyWhatItLacks) {
  use(kOld);
  Discovery found = probe("device uuid=GPU-a power=constant:120 pids=77 cc=8.6\n");
  ASSERT_THAT(ids(found), ElementsAre("nvml:GPU-a:power"));
  EXPECT_EQ(found.sensors[0]->read()->counts, 120'000U);
  EXPECT_EQ(found.sensors[0]->info().method, "NVML power usage");
  const NvmlGpus gpus(*open_nvml(kOld));
  EXPECT_THAT(gpus.used_by(std::vector<int>{77}), ElementsAre("gpu:GPU-a"));
}

TEST_F(Nvml, LostBoardIsAReasonAndTheOthersReadOn) {
  Discovery found = probe("device uuid=GPU-a\ndevice uuid=GPU-b\nerror 0 any 15 5 9\n");
  ASSERT_EQ(found.sensors.size(), 4U);
  at(6);
  const auto lost = found.sensors[0]->read();
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, "sensor.lost");
  EXPECT_THAT(lost.error().message, HasSubstr("GPU is lost"));
  EXPECT_TRUE(found.sensors[2]->read());
}

TEST_F(Nvml, BoardLostFromTheStartIsSaid) {
  Discovery found = probe("device uuid=GPU-a\ndevice uuid=GPU-b\nerror 0 any 15 0 9\n");
  EXPECT_THAT(ids(found), ElementsAre("nvml:GPU-b:energy", "nvml:GPU-b:power"));
  EXPECT_THAT(codes(found), ElementsAre("sensor.lost"));
}

// Alumet: an NVML driver reload turned into about 1.8e19 mJ. Here the value simply starts anew, and
// the meter sees a fall.
TEST_F(Nvml, DriverReloadIsALossThenAFreshCounter) {
  Discovery found = probe("device uuid=GPU-a power=constant:100 start=9000000\nreload 5 7\n");
  Sensor& counter = *found.sensors[0];
  EXPECT_EQ(counter.read()->counts, 9'100'000U);
  at(6);
  EXPECT_EQ(counter.read().error().code, "sensor.lost");
  at(8);
  clock_.advance(std::chrono::seconds(2));
  EXPECT_EQ(counter.read()->counts, 100'000U);
}

TEST_F(Nvml, TransientErrorsCarryNvmlsOwnWords) {
  Discovery found = probe("device uuid=GPU-a\nerror 0 energy 4 5 6\nerror 0 energy 3 7 8\n");
  at(5.5);
  EXPECT_EQ(found.sensors[0]->read().error().code, "sensor.permission");
  at(7.5);
  EXPECT_EQ(found.sensors[0]->read().error().code, "sensor.unsupported");
  at(9);
  EXPECT_TRUE(found.sensors[0]->read());
}

TEST_F(Nvml, GaugeThatAnswersZeroIsNoReading) {
  Discovery found = probe("device uuid=GPU-a power=square:0:90:4\n");
  at(3.5);
  ASSERT_EQ(found.sensors.size(), 2U);
  EXPECT_EQ(found.sensors[1]->read().error().code, "sensor.malformed");
}

// dcgm-exporter #317: the same 52.6 W on each MIG slice.
TEST_F(Nvml, MigBoardIsOneSensor) {
  Discovery found = probe("device uuid=GPU-a mig=1\n");
  EXPECT_THAT(ids(found), ElementsAre("nvml:GPU-a:energy", "nvml:GPU-a:power"));
  EXPECT_THAT(codes(found), ElementsAre("sensor.shared"));
}

TEST_F(Nvml, FindsTheDevicesThatProcessesUse) {
  fakes::put_file(script_,
                  "device uuid=GPU-a pids=10,11 limit=400 pci=00000000:17:00.0\n"
                  "device uuid=GPU-b graphics=12\n"
                  "device uuid=GPU-c pids=13\nerror 2 processes 4 0 99\n");
  const NvmlGpus gpus(*open_nvml(kWhole));
  EXPECT_THAT(gpus.used_by(std::vector<int>{11}), ElementsAre("gpu:GPU-a"));
  EXPECT_THAT(gpus.used_by(std::vector<int>{12, 10}), ElementsAre("gpu:GPU-a", "gpu:GPU-b"));
  EXPECT_THAT(gpus.used_by(std::vector<int>{13, 99}), IsEmpty());
  EXPECT_FALSE(gpus.processes_of("gpu:GPU-c"));
  EXPECT_THAT(*gpus.processes_of("gpu:GPU-b"), ElementsAre(12));
  EXPECT_EQ(gpus.boards()[0].pci_bus_id, "00000000:17:00.0");
  EXPECT_DOUBLE_EQ(gpus.boards()[0].max_watts, 400);
}

TEST_F(Nvml, LongProcessListsAreReadWhole) {
  std::string pids = "1";
  for (int pid = 2; pid <= 500; ++pid) pids += "," + std::to_string(pid);
  fakes::put_file(script_, "device uuid=GPU-a pids=" + pids + "\n");
  EXPECT_THAT(NvmlGpus(*open_nvml(kWhole)).used_by(std::vector<int>{500}),
              ElementsAre("gpu:GPU-a"));
}

TEST_F(Nvml, MissingLibraryAndMissingDriverAreToldApart) {
  EXPECT_THAT(codes(probe_nvml_library("libno-such-nvml.so.1", clock_)),
              ElementsAre("sensor.library_missing"));
  EXPECT_THAT(codes(probe("init 18\n")), ElementsAre("sensor.driver"));
  EXPECT_THAT(probe("init 9\n").findings.at(0).reason.cure, HasSubstr("modprobe nvidia"));
}

TEST_F(Nvml, MissingLibraryMattersWhereAGpuIs) {
  Discovery beside = probe_nvml_library("libno-such-nvml.so.1", clock_);
  reconcile_gpu(beside, true, true);
  EXPECT_EQ(beside.findings.at(0).level, Finding::Level::problem);
  EXPECT_THAT(beside.findings.at(0).reason.cure, HasSubstr("apt install"));
  Discovery without = probe_nvml_library("libno-such-nvml.so.1", clock_);
  reconcile_gpu(without, false, true);
  EXPECT_EQ(without.findings.at(0).level, Finding::Level::note);
  EXPECT_THAT(without.findings.at(0).reason.cure, IsEmpty());
}

TEST_F(Nvml, GpuThatOnlyTheLibrarySeesIsRemarked) {
  Discovery found = probe("device uuid=GPU-a\n");
  reconcile_gpu(found, false, false);
  EXPECT_THAT(codes(found), IsEmpty());
  reconcile_gpu(found, true, true);
  EXPECT_THAT(codes(found), IsEmpty());
  reconcile_gpu(found, false, true);
  EXPECT_THAT(codes(found), ElementsAre("sensor.gpu_unseen"));
}

// NVML_ERROR_UNINITIALIZED after a reload: the library is started again, and the board found by its
// UUID.
TEST_F(Nvml, UninitializedLibraryIsStartedAgain) {
  Discovery found = probe("device uuid=GPU-a power=constant:100\nerror 0 energy 1 5 5.5\n");
  at(5.2);
  EXPECT_EQ(found.sensors[0]->read().error().code, "sensor.lost");
  at(6);
  clock_.advance(std::chrono::seconds(1));
  EXPECT_TRUE(found.sensors[0]->read());
}

TEST_F(Nvml, ReplacedDriverAsksForANewStart) {
  Discovery found = probe("device uuid=GPU-a\nerror 0 energy 18 5 9\n");
  at(6);
  EXPECT_THAT(found.sensors[0]->read().error().cure, HasSubstr("start again"));
}

// Zeus #45: instant and average power are two things. The instant one is preferred, and the one
// that averages says over how long.
TEST_F(Nvml, InstantPowerIsPreferredAndAnAverageSaysSo) {
  Discovery both = probe("device power=square:100:300:8 tick=1\n");
  at(4.5);  // just fell to 100 W; the mean of the last second is 200 W
  EXPECT_EQ(both.sensors[1]->read()->counts, 100'000U);
  at(1);
  Discovery average = probe("device instant=0 power=square:100:300:8 tick=1\n");
  EXPECT_EQ(average.sensors[1]->info().averaging, std::chrono::seconds(1));
  EXPECT_THAT(average.sensors[1]->info().method, HasSubstr("185"));
  at(4.5);
  EXPECT_EQ(average.sensors[1]->read()->counts, 200'000U);
}

// Atlas PR #1197: a trailing average of the batch before was taken for this batch's power. Here the
// window is stated, so that the curve widens its edges by it.
TEST_F(Nvml, TrailingAverageIsNeverInstant) {
  for (const char* keys : {"instant=0", "fields=0 cc=8.6", "fields=0 cc=9.0"}) {
    Discovery found = probe("device " + std::string(keys) + "\n");
    EXPECT_EQ(found.sensors.at(1)->info().averaging, std::chrono::seconds(1)) << keys;
  }
}

// Zeus drops readings equal to the one before, so that its trapezoid turns a step into a ramp. Here
// every reading is handed on.
TEST_F(Nvml, EqualReadingsAreAllHandedOn) {
  Discovery found = probe("device power=square:100:300:8\n");
  for (int i = 0; i < 5; ++i) {
    const auto reading = found.sensors[1]->read();
    ASSERT_TRUE(reading);
    EXPECT_EQ(reading->counts, 300'000U);
    EXPECT_EQ(reading->begin, clock_.now());
    clock_.advance(std::chrono::milliseconds(10));
  }
}

// Zeus #181: 187 J by the counter, 327 J by the power, over the same window. Both are read, the
// gauge only mirrors, and nothing adds or mixes them.
TEST_F(Nvml, CounterAndPowerThatDisagreeStayApart) {
  Discovery found = probe("device power=constant:65.4 gain=0.572 tick=1\n");
  const auto begin = found.sensors[0]->read();
  at(6);
  const auto end = found.sensors[0]->read();
  EXPECT_NEAR(static_cast<double>(end->counts - begin->counts) * 1e-3, 187, 0.1);
  EXPECT_NEAR(static_cast<double>(found.sensors[1]->read()->counts) * 1e-3 * 5, 327, 0.1);
  std::vector<SensorInfo> infos;
  for (const auto& sensor : found.sensors) infos.push_back(sensor->info());
  EXPECT_THAT(top_level(infos), ElementsAre("nvml:GPU-fake-0:energy"));
}

// Zeus #109: identifiers of MIG slices crashed the parser. They are opaque here.
TEST_F(Nvml, MigIdentifiersAreOpaque) {
  Discovery found = probe("device uuid=MIG-GPU-5f1a/7/0 mig=1\n");
  EXPECT_EQ(found.sensors.at(0)->info().device, "gpu:MIG-GPU-5f1a/7/0");
  EXPECT_TRUE(found.sensors[0]->read());
}

// Kepler #1198: H100 in MIG mode has no utilisation by process; the board is read all the same.
TEST_F(Nvml, MigBoardNeedsNoUtilisationByProcess) {
  Discovery found = probe("device uuid=GPU-a mig=1 cc=9.0\nerror 0 processes 3 0 99\n");
  EXPECT_TRUE(found.sensors.at(0)->read());
  EXPECT_EQ(NvmlGpus(*open_nvml(kWhole)).processes_of("gpu:GPU-a"), std::nullopt);
}

// dcgm-exporter #582, #642: each pod on a shared board was given the board's whole power. Two
// processes on one board are one device, read once.
TEST_F(Nvml, TwoProcessesOnOneBoardAreOneDevice) {
  Discovery found = probe("device uuid=GPU-a pids=10,11\n");
  EXPECT_EQ(found.sensors.size(), 2U);
  const NvmlGpus gpus(*open_nvml(kWhole));
  EXPECT_THAT(gpus.used_by(std::vector<int>{10, 11}), ElementsAre("gpu:GPU-a"));
}

// CodeCarbon #1316: a vGPU's counter answers 0 and must not be billed as 0 kWh.
TEST_F(Nvml, CounterThatAnswersZeroLeavesTheGauge) {
  Discovery found = probe("device uuid=GPU-a zero=1 power=constant:250\n");
  EXPECT_THAT(ids(found), ElementsAre("nvml:GPU-a:power"));
  EXPECT_EQ(found.sensors[0]->info().domain, "gpu:0");
  EXPECT_THAT(codes(found), ElementsAre("sensor.unsupported"));
}

}  // namespace
}  // namespace joulebook
