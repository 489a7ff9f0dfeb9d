// AMD GPUs against stand-ins for libamd_smi.so and librocm_smi64.so, whole and old.
#include "sensor/gpu/amd.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fakes/vendor/stand_in.h"
#include "sensor/containment.h"
#include "sensor/discover.h"

namespace joulebook {
namespace {

using fakes::codes;
using fakes::domains;
using fakes::ids;
using fakes::PlantClock;
using fakes::StandIn;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string kFakes = JOULEBOOK_FAKES;
constexpr const char* kMissing = "libno-such-smi.so";

struct AmdSmi {
  explicit AmdSmi(const std::string& age = "")
      : library(kFakes + "/amd_smi" + age + "/libamd_smi.so", "JOULEBOOK_FAKE_AMD_SMI",
                "joulebook_fake_amd_smi_set_time"),
        clock(library) {}
  Discovery probe(const std::string& script) {
    library.script(script);
    return probe_amd_library(*open_amd_smi(library.path()), clock);
  }
  StandIn library;
  PlantClock clock;
};

struct RocmSmi {
  explicit RocmSmi(const std::string& age = "")
      : library(kFakes + "/rocm_smi" + age + "/librocm_smi64.so", "JOULEBOOK_FAKE_ROCM_SMI",
                "joulebook_fake_rocm_smi_set_time"),
        clock(library) {}
  Discovery probe(const std::string& script) {
    library.script(script);
    return probe_amd_library(*open_rocm_smi(library.path()), clock);
  }
  StandIn library;
  PlantClock clock;
};

double joules(const SensorInfo& info, const RawReading& begin, const RawReading& end) {
  return static_cast<double>(end.counts - begin.counts) * info.scale;
}

// ROCm/rocm-systems PR #6654: accumulator taken for microjoules, a factor of 15.3.
TEST(Amd, AccumulatorTimesResolutionIsTheEnergy) {
  AmdSmi smi;
  Discovery found = smi.probe(
      "device pci=0000:03:00.0 name=AMD_Instinct_MI300X limit=750 tick=1 "
      "power=square:200:600:0.5\n");
  ASSERT_THAT(ids(found), ElementsAre("amdsmi:0000:03:00.0:energy", "amdsmi:0000:03:00.0:power"));
  EXPECT_THAT(codes(found), IsEmpty());
  const SensorInfo& info = found.sensors[0]->info();
  EXPECT_EQ(info.domain, "gpu:PCI-0000:03:00.0");
  EXPECT_EQ(info.device, "gpu:PCI-0000:03:00.0");
  EXPECT_EQ(info.name, "AMD Instinct MI300X");
  EXPECT_NEAR(info.scale, 15.259e-6, 1e-10);
  EXPECT_DOUBLE_EQ(info.max_watts, 1125);
  EXPECT_THAT(found.sensors[1]->info().mirrors, ElementsAre("gpu:PCI-0000:03:00.0"));
  const auto begin = found.sensors[0]->read();
  smi.clock.advance(10);
  EXPECT_NEAR(joules(info, *begin, *found.sensors[0]->read()), 4000, 0.1);
}

TEST(Amd, RampIsCountedInClosedForm) {
  AmdSmi smi;
  Discovery found = smi.probe("device tick=1 power=ramp:100:500:40\n");
  const double t0 = static_cast<double>(smi.clock.now().ns) * 1e-9;
  const auto begin = found.sensors[0]->read();
  smi.clock.advance(20);
  const double slope = 10;  // W/s
  const double expected = 100 * 20 + slope / 2 * ((t0 + 20) * (t0 + 20) - t0 * t0);
  EXPECT_NEAR(joules(found.sensors[0]->info(), *begin, *found.sensors[0]->read()), expected, 0.5);
}

TEST(Amd, CounterWithoutAResolutionIsRefused) {
  AmdSmi smi;
  Discovery found = smi.probe("device resolution=0\n");
  EXPECT_THAT(domains(found), ElementsAre("gpu:PCI-0000:01:00.0"));
  EXPECT_EQ(found.sensors[0]->info().kind, SensorKind::power_gauge);
  EXPECT_THAT(codes(found), ElementsAre("sensor.malformed"));
}

// amdsmi #22, #38: counters that stand still.
TEST(Amd, FrozenCounterGivesWayToTheGauge) {
  AmdSmi smi;
  Discovery found = smi.probe("device power=constant:300 freeze=0:1000\n");
  EXPECT_THAT(ids(found), ElementsAre("amdsmi:0000:01:00.0:power"));
  EXPECT_THAT(domains(found), ElementsAre("gpu:PCI-0000:01:00.0"));
  EXPECT_THAT(codes(found), ElementsAre("sensor.stuck"));
  EXPECT_EQ(found.sensors[0]->read()->counts, 300U);
}

// A counter of a slow firmware is looked at for longer before it is called frozen.
TEST(Amd, SlowCounterIsNotFrozen) {
  AmdSmi smi;
  Discovery found = smi.probe("device power=constant:300 tick=900\n");
  EXPECT_THAT(ids(found), ElementsAre("amdsmi:0000:01:00.0:energy", "amdsmi:0000:01:00.0:power"));
  EXPECT_THAT(codes(found), IsEmpty());
}

// amdsmi #115: counters that run backwards.
TEST(Amd, BackwardCounterGivesWayToTheGauge) {
  AmdSmi smi;
  Discovery found = smi.probe("device power=constant:300 start=5000000 jump=1.1:-4000000\n");
  EXPECT_THAT(ids(found), ElementsAre("amdsmi:0000:01:00.0:power"));
  EXPECT_THAT(codes(found), ElementsAre("sensor.backwards"));
}

TEST(Amd, CounterFarFromItsGaugeIsRefused) {
  AmdSmi smi;
  EXPECT_THAT(codes(smi.probe("device power=constant:300 gain=0.065\n")),
              ElementsAre("sensor.disagree"));
  EXPECT_THAT(codes(smi.probe("device power=constant:300 gain=15.3\n")),
              ElementsAre("sensor.disagree"));
  EXPECT_THAT(codes(smi.probe("device power=constant:300 gain=0.9\n")), IsEmpty());
}

TEST(Amd, JudgesByTwoLooks) {
  const auto look = [](std::uint64_t first, std::uint64_t second, double resolution,
                       std::optional<double> watts) {
    const auto doubt = judge_amd_counter({.first = {first, resolution, 0},
                                          .second = {second, resolution, 0},
                                          .seconds = 0.5,
                                          .watts = watts});
    return doubt ? doubt->code : "";
  };
  EXPECT_EQ(look(0, 0, 15.3, 100), "sensor.zero");
  EXPECT_EQ(look(9, 8, 15.3, 100), "sensor.backwards");
  EXPECT_EQ(look(9, 9, 15.3, 100), "sensor.stuck");
  EXPECT_EQ(look(9, 9, 15.3, std::nullopt), "");  // nothing to hold it against
  EXPECT_EQ(look(0, 3'267'973, 15.3, 100), "");   // 50 J in half a second
  EXPECT_EQ(look(0, 300'000, 15.3, 100), "sensor.disagree");
  EXPECT_EQ(look(1, 2, -1, 100), "sensor.malformed");
}

// Zeus refuses the odd dies of an MI250 by their index; here they are found by what they read.
TEST(Amd, SecondDieIsPartOfTheFirstOnesDevice) {
  AmdSmi smi;
  Discovery found = smi.probe(
      "device pci=0000:29:00.0 name=AMD_Instinct_MI250X power=constant:400\n"
      "device pci=0000:2c:00.0 name=AMD_Instinct_MI250X second_die=1 start=0\n"
      "device pci=0000:49:00.0 name=AMD_Instinct_MI250X power=constant:400\n"
      "device pci=0000:4c:00.0 name=AMD_Instinct_MI250X second_die=1 start=0\n");
  EXPECT_EQ(found.sensors.size(), 4U);
  EXPECT_THAT(codes(found), ElementsAre("sensor.mirrored", "sensor.mirrored"));
  EXPECT_THAT(found.findings[1].reason.message, HasSubstr("gpu:PCI-0000:49:00.0 meters"));
  const auto library = *open_amd_smi(smi.library.path());
  EXPECT_EQ(amd_device(*library, 0), "gpu:PCI-0000:29:00.0");
  EXPECT_EQ(amd_device(*library, 1), "gpu:PCI-0000:29:00.0");
  EXPECT_EQ(amd_device(*library, 3), "gpu:PCI-0000:49:00.0");
}

TEST(Amd, PartitionsOfOneChipAreOneDevice) {
  AmdSmi smi;
  Discovery found = smi.probe("device pci=0000:05:00.0\ndevice pci=0000:05:00.1\n");
  EXPECT_EQ(found.sensors.size(), 2U);
  EXPECT_THAT(codes(found), ElementsAre("sensor.shared"));
  EXPECT_EQ(amd_device(**open_amd_smi(smi.library.path()), 1), "gpu:PCI-0000:05:00.0");
}

TEST(Amd, CardThatReadsNothingIsNoReading) {
  AmdSmi smi;
  Discovery found = smi.probe("device second_die=1 start=0\n");
  EXPECT_THAT(found.sensors, IsEmpty());
  EXPECT_THAT(codes(found), ElementsAre("sensor.zero"));
}

TEST(Amd, GuestWithoutACounterHasItsGauge) {
  AmdSmi smi;
  Discovery found = smi.probe("device energy=0 power=constant:120\n");
  EXPECT_THAT(domains(found), ElementsAre("gpu:PCI-0000:01:00.0"));
  EXPECT_THAT(codes(found), ElementsAre("sensor.unsupported"));
}

TEST(Amd, SilentCardsSayWhy) {
  AmdSmi smi;
  EXPECT_THAT(codes(smi.probe("device energy=0 usage=0\n")), ElementsAre("sensor.unsupported"));
  Discovery forbidden = smi.probe("device\nerror 0 any 10 0 9\n");
  EXPECT_THAT(codes(forbidden), ElementsAre("sensor.permission"));
  EXPECT_THAT(forbidden.findings[0].reason.cure, HasSubstr("render"));
}

TEST(Amd, AverageServesWhereNoCurrentPowerIs) {
  for (const char* age : {"", "-old"}) {
    AmdSmi smi(age);
    Discovery found = smi.probe("device current=0 power=constant:140\n");
    ASSERT_FALSE(found.sensors.empty()) << age;
    EXPECT_EQ(found.sensors.back()->read()->counts, 140U) << age;
  }
}

// ROCm 6.0's library: shorter records, and here without the counter.
TEST(Amd, OldLibraryLosesOnlyWhatItLacks) {
  AmdSmi smi("-old");
  Discovery found = smi.probe("device pids=41,7 power=constant:250\n");
  EXPECT_THAT(ids(found), ElementsAre("amdsmi:0000:01:00.0:power"));
  EXPECT_EQ(found.sensors[0]->read()->counts, 250U);
  EXPECT_THAT(*(*open_amd_smi(smi.library.path()))->processes(0), ElementsAre(7, 41));
}

TEST(Amd, ListsProcesses) {
  AmdSmi smi;
  std::string pids = "1";
  for (int pid = 2; pid <= 300; ++pid) pids += "," + std::to_string(pid);
  smi.library.script("device pids=" + pids +
                     "\ndevice pci=0000:02:00.0\n"
                     "device pci=0000:04:00.0 pids=3\nerror 2 processes 10 0 9\n");
  const auto library = *open_amd_smi(smi.library.path());
  EXPECT_EQ(library->processes(0)->size(), 300U);
  EXPECT_EQ(library->processes(0)->back(), 300);
  EXPECT_THAT(*library->processes(1), IsEmpty());
  EXPECT_FALSE(library->processes(2));
}

TEST(Amd, DriverReloadIsALossThenAFreshCounter) {
  AmdSmi smi;
  Discovery found = smi.probe("device power=constant:100 tick=1\nreload 5 7\n");
  Sensor& counter = *found.sensors[0];
  EXPECT_TRUE(counter.read());
  smi.clock.advance(4.5);
  EXPECT_EQ(counter.read().error().code, "sensor.lost");
  EXPECT_EQ(counter.read().error().code, "sensor.lost");
  smi.clock.advance(2.5);
  const auto fresh = counter.read();
  ASSERT_TRUE(fresh);
  const double since = static_cast<double>(smi.clock.now().ns) * 1e-9 - 7;
  EXPECT_NEAR(static_cast<double>(fresh->counts) * counter.info().scale, 100 * since, 0.2);
}

TEST(Amd, TransientErrorsCarryTheLibrarysWords) {
  AmdSmi smi;
  Discovery found = smi.probe("device\nerror 0 energy 10 5 6\nerror 0 power 2 5 6\n");
  smi.clock.advance(4);
  EXPECT_EQ(found.sensors[0]->read().error().code, "sensor.permission");
  EXPECT_THAT(found.sensors[0]->read().error().message, HasSubstr("AMDSMI_STATUS_NO_PERM"));
  EXPECT_EQ(found.sensors[1]->read().error().code, "sensor.unsupported");
  smi.clock.advance(2);
  EXPECT_TRUE(found.sensors[0]->read());
}

TEST(Amd, RocmSmiReadsTheSameCards) {
  RocmSmi smi;
  Discovery found = smi.probe("device pci=0000:c3:00.0 limit=300 tick=1 power=constant:275\n");
  ASSERT_THAT(ids(found), ElementsAre("rocmsmi:0000:c3:00.0:energy", "rocmsmi:0000:c3:00.0:power"));
  EXPECT_DOUBLE_EQ(found.sensors[1]->info().scale, 1e-6);
  EXPECT_EQ(found.sensors[1]->read()->counts, 275'000'000U);
  const auto begin = found.sensors[0]->read();
  smi.clock.advance(4);
  EXPECT_NEAR(joules(found.sensors[0]->info(), *begin, *found.sensors[0]->read()), 1100, 0.1);
}

TEST(Amd, OldRocmSmiLosesOnlyWhatItLacks) {
  RocmSmi smi("-old");
  Discovery found = smi.probe("device power=constant:90\n");
  EXPECT_THAT(ids(found), ElementsAre("rocmsmi:0000:01:00.0:power"));
  EXPECT_EQ(found.sensors[0]->read()->counts, 90'000'000U);
}

TEST(Amd, OneLibraryCountsACardNeverTwo) {
  AmdSmi amd;
  RocmSmi rocm;
  amd.library.script("device\n");
  rocm.library.script("device\n");
  EXPECT_EQ((*open_amd(amd.library.path(), rocm.library.path()))->prefix(), "amdsmi");
  EXPECT_EQ((*open_amd(kMissing, rocm.library.path()))->prefix(), "rocmsmi");
  amd.library.script("init 34\n");
  EXPECT_EQ((*open_amd(amd.library.path(), rocm.library.path()))->prefix(), "rocmsmi");
  EXPECT_EQ(open_amd(amd.library.path(), kMissing).error().code, "sensor.driver");
  EXPECT_EQ(open_amd(kMissing, kMissing).error().code, "sensor.library_missing");
  rocm.library.script("init 8\n");
  EXPECT_THAT(open_amd(kMissing, rocm.library.path()).error().message, HasSubstr("ROCm SMI"));
}

}  // namespace
}  // namespace joulebook
