#include "sensor/cpu/powercap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <filesystem>

#include "fakes/power_plant.h"
#include "fakes/sysfs_tree.h"
#include "sensor/containment.h"
#include "sensor/cpu/counter_source.h"
#include "sensor/discover.h"

namespace joulebook {
namespace {

using fakes::GuardedTree;
using fakes::PowerFunction;
using fakes::PowerPlant;
using fakes::put_file;
using fakes::ZoneSpec;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Powercap : public testing::Test {
 protected:
  Powercap() {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    root_ = testing::TempDir() + "powercap_" + test->name() + "_" + std::to_string(::getpid());
    std::filesystem::remove_all(root_);
    std::filesystem::create_directories(root_);
  }
  ~Powercap() override { std::filesystem::remove_all(root_); }

  void zone(const std::string& directory, const std::string& name, const std::string& energy,
            const std::string& range = "262143328850\n") {
    const std::string path = root_ + "/sys/class/powercap/" + directory;
    put_file(path + "/name", name + "\n");
    if (!energy.empty()) put_file(path + "/energy_uj", energy);
    if (!range.empty()) put_file(path + "/max_energy_range_uj", range);
  }
  void cpu(const std::string& vendor, const std::string& flags) {
    put_file(root_ + "/proc/cpuinfo",
             "processor\t: 0\nvendor_id\t: " + vendor + "\nflags\t\t: fpu " + flags + "\n\n");
  }
  Discovery probe() { return probe_powercap(real_files(root_), clock_); }

  static std::vector<std::string> domains(const Discovery& found) {
    std::vector<std::string> names;
    for (const auto& sensor : found.sensors) names.push_back(sensor->info().domain);
    return names;
  }
  static const SensorInfo& info(const Discovery& found, const std::string& domain) {
    for (const auto& sensor : found.sensors) {
      if (sensor->info().domain == domain) return sensor->info();
    }
    ADD_FAILURE() << "no sensor of " << domain;
    static const SensorInfo none;
    return none;
  }
  static Finding finding(const Discovery& found, const std::string& code) {
    for (const Finding& each : found.findings) {
      if (each.reason.code == code) return each;
    }
    return {Finding::Level::ok, "", {"no finding " + code, "", ""}};
  }
  static std::vector<std::string> total(const Discovery& found) {
    std::vector<SensorInfo> infos;
    for (const auto& sensor : found.sensors) infos.push_back(sensor->info());
    return plan_total(infos).domains;
  }

  std::string root_;
  FakeClock clock_;
};

TEST_F(Powercap, ReadsEveryZoneByNameNotByIndex) {
  zone("intel-rapl:0", "package-1", "5000\n");  // index and number disagree on purpose
  zone("intel-rapl:0/intel-rapl:0:0", "core", "3000\n");
  zone("intel-rapl:0/intel-rapl:0:1", "uncore", "200\n");
  zone("intel-rapl:0/intel-rapl:0:2", "dram", "700\n");
  zone("intel-rapl:1", "package-0", "6000\n");
  Discovery found = probe();
  EXPECT_THAT(domains(found),
              ElementsAre("package:1", "core:1", "uncore:1", "dram:1", "package:0"));
  EXPECT_EQ(found.sensors[0]->info().id, "powercap:intel-rapl:0");
  EXPECT_EQ(found.sensors[3]->info().id, "powercap:intel-rapl:0:2");
  EXPECT_EQ(found.sensors[3]->read()->counts, 700U);
  EXPECT_DOUBLE_EQ(found.sensors[3]->info().scale, 1e-6);
  EXPECT_EQ(found.sensors[3]->info().tick, Nanos(976'562));
}

TEST_F(Powercap, ZoneSeenFlatAndNestedIsOneZone) {
  zone("intel-rapl:0", "package-0", "5000\n");
  zone("intel-rapl:0/intel-rapl:0:0", "dram", "700\n");
  std::filesystem::create_directory_symlink("intel-rapl:0/intel-rapl:0:0",
                                            root_ + "/sys/class/powercap/intel-rapl:0:0");
  EXPECT_THAT(domains(probe()), ElementsAre("package:0", "dram:0"));
}

TEST_F(Powercap, FallsBackToTheDeviceFolder) {
  const std::string path = root_ + "/sys/devices/virtual/powercap/intel-rapl/intel-rapl:0";
  put_file(path + "/name", "package-0\n");
  put_file(path + "/energy_uj", "1\n");
  put_file(path + "/max_energy_range_uj", "1000\n");
  EXPECT_THAT(domains(probe()), ElementsAre("package:0"));
}

TEST_F(Powercap, ZonesSortByNumberNotByText) {
  for (const int index : {10, 2, 1}) {
    zone("intel-rapl:" + std::to_string(index), "package-" + std::to_string(index),
         std::to_string(1000000 * index) + "\n");
  }
  EXPECT_THAT(domains(probe()), ElementsAre("package:1", "package:2", "package:10"));
}

// Alumet: `package-0-die-1` failed integer parsing and disabled powercap altogether.
TEST_F(Powercap, IntelDiesCountApart) {
  cpu("GenuineIntel", "sse");
  zone("intel-rapl:0", "package-0-die-0", "5000000000\n");
  zone("intel-rapl:1", "package-0-die-1", "7000000000\n");
  const Discovery found = probe();
  EXPECT_THAT(domains(found), ElementsAre("package:0", "package:0.1"));
  EXPECT_THAT(total(found), ElementsAre("package:0", "package:0.1"));
}

// CodeCarbon #1274, #1379: 137 W reported for a 68 W CPU.
TEST_F(Powercap, AmdDiesMirrorTheSocket) {
  cpu("AuthenticAMD", "sse");
  zone("intel-rapl:0", "package-0-die-0", "5000000000\n");
  zone("intel-rapl:0/intel-rapl:0:0", "core", "100000\n");
  zone("intel-rapl:1", "package-0-die-1", "5000000100\n");
  zone("intel-rapl:1/intel-rapl:1:0", "core", "100900\n");
  const Discovery found = probe();
  EXPECT_THAT(info(found, "package:0.1").mirrors, ElementsAre("package:0"));
  EXPECT_THAT(info(found, "package:0").mirrors, IsEmpty());
  EXPECT_THAT(total(found), ElementsAre("package:0"));
  EXPECT_EQ(finding(found, "sensor.mirrored").level, Finding::Level::note);
}

// Files of one register, of which the second reading of one is held up for 100 ms.
class SlowTree final : public FileTree {
 public:
  SlowTree(std::string root, FakeClock& clock) : files_(real_files(std::move(root))), clock_(clock) {}
  Result<std::string> read(const std::string& path) const override { return files_->read(path); }
  Result<std::vector<std::string>> list(const std::string& path) const override {
    return files_->list(path);
  }
  Result<std::string> link(const std::string& path) const override { return files_->link(path); }
  bool exists(const std::string& path) const override { return files_->exists(path); }
  std::string root() const override { return files_->root(); }
  Result<std::unique_ptr<KeptFile>> keep(const std::string& path) const override {
    return std::make_unique<Register>(clock_, path.find("rapl:1") != std::string::npos);
  }

 private:
  struct Register final : KeptFile {
    Register(FakeClock& clock_in, bool slow_in) : clock(clock_in), slow(slow_in) {}
    Result<std::size_t> read(char* buffer, std::size_t capacity) override {
      if (slow && ++reads == 2) clock.advance(std::chrono::milliseconds(100));
      const auto microjoules = static_cast<std::uint64_t>(clock.now().ns) * 68 / 1000;  // 68 W
      return std::to_string(microjoules).copy(buffer, capacity);
    }
    FakeClock& clock;
    bool slow;
    int reads = 0;
  };
  std::unique_ptr<FileTree> files_;
  FakeClock& clock_;
};

TEST_F(Powercap, DiesReadFarApartAreStillOneRegister) {
  cpu("AuthenticAMD", "sse");
  zone("intel-rapl:0", "package-0-die-0", "0\n");
  zone("intel-rapl:1", "package-0-die-1", "0\n");
  const auto files = std::make_shared<SlowTree>(root_, clock_);
  EXPECT_THAT(total(probe_powercap(files, clock_)), ElementsAre("package:0"));
}

// Kernels from before die names wrote the same name twice.
TEST_F(Powercap, TwoZonesOfOneNameThatReadAlikeAreCountedOnce) {
  zone("intel-rapl:0", "package-0", "5000000000\n");
  zone("intel-rapl:1", "package-0", "5000000000\n");
  zone("intel-rapl:2", "package-0", "9000000000\n");
  EXPECT_THAT(total(probe()), ElementsAre("package:0", "package:0.intel-rapl:2"));
}

TEST_F(Powercap, SocketsAreNeverMirrors) {
  zone("intel-rapl:0", "package-0", "5000000000\n");
  zone("intel-rapl:1", "package-1", "5000000000\n");
  EXPECT_THAT(total(probe()), ElementsAre("package:0", "package:1"));
}

TEST_F(Powercap, MmioMirrorsTheMsrZoneOfItsName) {
  zone("intel-rapl-mmio:0", "package-0", "900\n");
  zone("intel-rapl:0", "package-0", "5000\n");
  const Discovery found = probe();
  EXPECT_THAT(domains(found), ElementsAre("package:0", "package:0.mmio"));
  EXPECT_THAT(info(found, "package:0.mmio").mirrors, ElementsAre("package:0"));
  EXPECT_THAT(total(found), ElementsAre("package:0"));
}

// AMD kernels that number the second socket's dies on from the first's.
TEST_F(Powercap, TheLowestDieOfASocketIsItsPackage) {
  cpu("AuthenticAMD", "sse");
  zone("intel-rapl:0", "package-0-die-0", "5000000000\n");
  zone("intel-rapl:1", "package-0-die-1", "5000000000\n");
  zone("intel-rapl:2", "package-1-die-2", "7000000000\n");
  zone("intel-rapl:3", "package-1-die-3", "7000000000\n");
  EXPECT_THAT(total(probe()), ElementsAre("package:0", "package:1"));
}

TEST_F(Powercap, MmioAloneIsThePackage) {
  zone("intel-rapl-mmio:0", "package-0", "900\n");
  EXPECT_THAT(total(probe()), ElementsAre("package:0"));
}

// powercap nests dram under the package; its energy is not inside.
TEST_F(Powercap, ContainmentComesFromTheTableNotTheTree) {
  zone("intel-rapl:0", "package-0", "5000\n");
  zone("intel-rapl:0/intel-rapl:0:0", "core", "3000\n");
  zone("intel-rapl:0/intel-rapl:0:2", "dram", "700\n");
  const Discovery found = probe();
  EXPECT_THAT(info(found, "package:0").contains, ElementsAre("core:0"));
  EXPECT_THAT(total(found), ElementsAre("package:0", "dram:0"));
}

// Zeus counts any intel-rapl:N as a CPU, psys included.
TEST_F(Powercap, PsysContainsTheCpuSide) {
  zone("intel-rapl:0", "package-0", "5000\n");
  zone("intel-rapl:0/intel-rapl:0:2", "dram", "700\n");
  zone("intel-rapl:1", "psys", "9000\n");
  const Discovery found = probe();
  EXPECT_THAT(info(found, "psys:0").contains, ElementsAre("package:0", "dram:0"));
  EXPECT_THAT(total(found), ElementsAre("psys:0"));
}

TEST_F(Powercap, ForeignZonesAreNamedAndLeftOut) {
  zone("intel-rapl:0", "package-0", "5000\n");
  zone("intel-rapl:1", "mystery", "5000\n");
  const Discovery found = probe();
  EXPECT_THAT(domains(found), ElementsAre("package:0"));
  EXPECT_THAT(finding(found, "sensor.unknown_zone").reason.message, HasSubstr("mystery"));
}

TEST_F(Powercap, RangeAndResolutionFollowFromTheRegister) {
  zone("intel-rapl:0", "package-0", "5000\n");                      // 61.035 uJ a count
  zone("intel-rapl:1", "package-1", "9000000\n", "65532610987\n");  // 15.258 uJ
  const Discovery found = probe();
  EXPECT_EQ(info(found, "package:0").range, 262143328850U + 61U);
  EXPECT_EQ(info(found, "package:0").resolution, 62U);
  EXPECT_EQ(info(found, "package:1").resolution, 16U);
}

// CodeCarbon #1309: negative energy when the max file is unreadable.
TEST_F(Powercap, UnknownRangeIsSaidNotGuessed) {
  for (const std::string range : {"", "0\n", "many\n", "-1\n"}) {
    std::filesystem::remove_all(root_);
    zone("intel-rapl:0", "package-0", "5000\n", range);
    const Discovery found = probe();
    EXPECT_EQ(info(found, "package:0").range, 0U) << range;
    EXPECT_EQ(finding(found, "sensor.range_unknown").level, Finding::Level::note) << range;
  }
}

TEST_F(Powercap, PermissionDeniedNamesTheExactCommand) {
  zone("intel-rapl:0", "package-0", "5000\n");
  zone("intel-rapl:0/intel-rapl:0:0", "dram", "700\n");
  auto files = std::make_shared<GuardedTree>(root_);
  files->forbid("/sys/class/powercap/intel-rapl:0/energy_uj");
  const Discovery found = probe_powercap(files, clock_);
  EXPECT_THAT(domains(found), ElementsAre("dram:0"));
  const Finding denied = finding(found, "sensor.permission");
  EXPECT_EQ(denied.level, Finding::Level::problem);
  EXPECT_THAT(denied.reason.cure,
              HasSubstr("sudo chmod a+r " + root_ + "/sys/class/powercap/intel-rapl:0/energy_uj"));
}

TEST_F(Powercap, MaskedFolderNamesTheMount) {
  std::filesystem::create_directories(root_ + "/sys/class/powercap");
  EXPECT_THAT(finding(probe(), "sensor.masked").reason.cure, HasSubstr("-v /sys"));
  std::filesystem::create_directory_symlink("../../devices/virtual/powercap/intel-rapl:0",
                                            root_ + "/sys/class/powercap/intel-rapl:0");
  cpu("GenuineIntel", "hypervisor");
  EXPECT_EQ(finding(probe(), "sensor.masked").level, Finding::Level::problem);
}

TEST_F(Powercap, VirtualMachineSaysSo) {
  cpu("GenuineIntel", "hypervisor");
  EXPECT_EQ(finding(probe(), "sensor.vm").level, Finding::Level::note);
}

TEST_F(Powercap, NothingAtAllSaysWhatToLoad) {
  EXPECT_THAT(finding(probe(), "sensor.missing").reason.cure, HasSubstr("modprobe"));
}

// LIKWID #232: a zero-filled VM read as success.
TEST_F(Powercap, ZerosInAVirtualMachineAreNoReading) {
  cpu("GenuineIntel", "hypervisor");
  zone("intel-rapl:0", "package-0", "0\n");
  const Discovery found = probe();
  EXPECT_THAT(found.sensors, IsEmpty());
  EXPECT_EQ(finding(found, "sensor.zero").level, Finding::Level::problem);
}

TEST_F(Powercap, ZerosOnBareMetalAreDoubtedNotDropped) {
  zone("intel-rapl:0", "package-0", "0\n");
  zone("intel-rapl:1", "psys", "0\n");
  const Discovery found = probe();
  EXPECT_THAT(domains(found), ElementsAre("package:0"));
}

TEST_F(Powercap, EnergyFilterIsFlagged) {
  cpu("GenuineIntel", "sgx sse");
  zone("intel-rapl:0", "package-0", "5000\n");
  EXPECT_EQ(finding(probe(), "sensor.filtered").level, Finding::Level::note);
}

TEST_F(Powercap, MalformedCountersAreNoReading) {
  for (const std::string text : {"\n", "12x\n", "-5\n", "1e9\n", "18446744073709551616\n"}) {
    zone("intel-rapl:0", "package-0", text);
    const Discovery found = probe();
    EXPECT_THAT(found.sensors, IsEmpty()) << text;
    EXPECT_EQ(finding(found, "sensor.malformed").level, Finding::Level::note) << text;
  }
}

TEST_F(Powercap, PowerLimitsRaiseWhatIsPlausible) {
  zone("intel-rapl:0", "package-0", "5000\n");
  put_file(root_ + "/sys/class/powercap/intel-rapl:0/constraint_1_power_limit_uw", "900000000\n");
  EXPECT_DOUBLE_EQ(info(probe(), "package:0").max_watts, 1800);
}

TEST_F(Powercap, WhatIsPlausibleIsWhatTheMachineSays) {
  const auto limit = [&](const std::string& zone, const std::string& file, std::uint64_t watts) {
    put_file(root_ + "/sys/class/powercap/" + zone + "/constraint_" + file, std::to_string(watts * 1'000'000) + "\n");
  };
  zone("intel-rapl:0", "package-0", "5000\n");
  zone("intel-rapl:0/intel-rapl:0:0", "core", "3000\n");
  zone("intel-rapl:0/intel-rapl:0:1", "dram", "700\n");
  zone("intel-rapl:1", "package-1", "5000\n");
  EXPECT_DOUBLE_EQ(info(probe(), "package:0").max_watts, 1200) << "nothing is said: the wide allowance";
  limit("intel-rapl:0", "0_power_limit_uw", 125);
  limit("intel-rapl:0", "1_power_limit_uw", 253);
  limit("intel-rapl:0", "0_max_power_uw", 125);
  limit("intel-rapl:0/intel-rapl:0:0", "0_power_limit_uw", 0);
  Discovery found = probe();
  EXPECT_DOUBLE_EQ(info(found, "package:0").max_watts, 506);
  EXPECT_DOUBLE_EQ(info(found, "core:0").max_watts, 506) << "its package's";
  EXPECT_DOUBLE_EQ(info(found, "dram:0").max_watts, 500) << "no package holds it";
  EXPECT_DOUBLE_EQ(info(found, "package:1").max_watts, 1200);
  // A board that writes 4095 W for none, and the CPU's own word.
  for (const char* file : {"0_power_limit_uw", "1_power_limit_uw"}) limit("intel-rapl:0", file, 4095);
  EXPECT_DOUBLE_EQ(info(probe(), "package:0").max_watts, 500);
  limit("intel-rapl:0", "0_max_power_uw", 0);
  EXPECT_DOUBLE_EQ(info(probe(), "package:0").max_watts, 1200);
  // Somebody throttles it for a while.
  for (const char* file : {"0_power_limit_uw", "1_power_limit_uw"}) limit("intel-rapl:0", file, 15);
  EXPECT_DOUBLE_EQ(info(probe(), "package:0").max_watts, 250);
}

TEST_F(Powercap, FollowsThePlantThroughReplacedFilesAndFaults) {
  PowerPlant plant(root_, clock_.now(),
                   {{.directory = "intel-rapl:0",
                     .name = "package-0",
                     .power = PowerFunction::constant(50),
                     .start_uj = 5'000'000}});
  Discovery found = probe();
  ASSERT_EQ(found.sensors.size(), 1U);
  Sensor& sensor = *found.sensors[0];
  clock_.advance(std::chrono::seconds(2));
  plant.tick(clock_.now());
  const auto reading = sensor.read();
  ASSERT_TRUE(reading);
  EXPECT_EQ(reading->counts, plant.counter_at("package-0", clock_.now()));
  EXPECT_LE(reading->begin, reading->end);
  plant.publish("package-0", "");
  EXPECT_EQ(sensor.read().error().code, "sensor.malformed");
  plant.remove("package-0");
  EXPECT_EQ(sensor.read().error().code, "sensor.missing");
  plant.heal("package-0");
  plant.tick(clock_.now());
  EXPECT_EQ(sensor.read()->counts, reading->counts);
}

// A kept file whose reads are scripted one by one.
class ScriptedFile final : public KeptFile {
 public:
  explicit ScriptedFile(std::vector<std::string> reads) : reads_(std::move(reads)) {}
  Result<std::size_t> read(char* buffer, std::size_t capacity) override {
    const std::string& text = reads_[std::min(next_++, reads_.size() - 1)];
    return text.copy(buffer, capacity);
  }

 private:
  std::vector<std::string> reads_;
  std::size_t next_ = 0;
};

TEST_F(Powercap, EmptyMalformedAndBackwardReadsAreRepeatedOnce) {
  const auto scripted = [&](std::vector<std::string> reads) {
    return make_counter_sensor(
        {}, file_counter(std::make_unique<ScriptedFile>(std::move(reads)), clock_));
  };
  EXPECT_EQ(scripted({"", "7\n"})->read()->counts, 7U);
  EXPECT_EQ(scripted({"1x", "7\n"})->read()->counts, 7U);
  EXPECT_EQ(scripted({"", "", "7\n"})->read().error().code, "sensor.malformed");
  const auto glitch = scripted({"100", "3", "101"});
  EXPECT_EQ(glitch->read()->counts, 100U);
  EXPECT_EQ(glitch->read()->counts, 101U);
  const auto reset = scripted({"100", "3", "4"});
  EXPECT_EQ(reset->read()->counts, 100U);
  EXPECT_EQ(reset->read()->counts, 4U);  // twice lower: the meter judges
  EXPECT_EQ(scripted({std::string(100, '1')})->read().error().code, "sensor.malformed");
}

RC_GTEST_PROP(ParseCounter, TakesExactlyWholeNumbers, (std::uint64_t number)) {
  RC_ASSERT(parse_counter(std::to_string(number) + "\n") == number);
  RC_ASSERT(!parse_counter("-" + std::to_string(number)));
  RC_ASSERT(!parse_counter(std::to_string(number) + ".5"));
}

}  // namespace
}  // namespace joulebook
