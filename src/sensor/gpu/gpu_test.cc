// What is said of GPUs once every library was asked, and cards that two sources see.
#include "sensor/gpu/gpu.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "fakes/power_plant.h"
#include "sensor/containment.h"

namespace joulebook {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Described final : public Sensor {
 public:
  Described(std::string id, std::string domain) {
    info_.id = std::move(id);
    info_.domain = std::move(domain);
  }
  [[nodiscard]] const SensorInfo& info() const override { return info_; }
  [[nodiscard]] Result<RawReading> read() override { return RawReading{}; }

 private:
  SensorInfo info_;
};

class Cards : public testing::Test {
 protected:
  Cards() : root_(testing::TempDir() + "cards_" + std::to_string(::getpid())) {
    std::filesystem::create_directories(root_);
  }
  ~Cards() override { std::filesystem::remove_all(root_); }

  void card(int minor, const std::string& address, const std::string& vendor) {
    const std::string node = root_ + "/sys/class/drm/renderD" + std::to_string(minor);
    fakes::put_file(root_ + "/sys/devices/" + address + "/vendor", vendor + "\n");
    std::filesystem::create_directories(node);
    std::filesystem::create_symlink("../../../devices/" + address, node + "/device");
  }
  static Discovery missing() {
    Discovery found;
    found.findings.push_back(
        {Finding::Level::note, "x", {"sensor.library_missing", "gone", "get it"}});
    return found;
  }
  [[nodiscard]] std::unique_ptr<FileTree> files() const { return real_files(root_); }

  std::string root_;
};

TEST_F(Cards, MissingLibraryMattersWhereItsCardIs) {
  Discovery amd = missing(), intel = missing();
  reconcile_amd(amd, *files());
  reconcile_intel(intel, *files());
  EXPECT_THAT(amd.findings, IsEmpty());
  EXPECT_THAT(intel.findings, IsEmpty());
  card(128, "0000:00:02.0", "0x8086");  // integrated: counted with its package
  card(129, "0000:03:00.0", "0x1002");
  amd = missing(), intel = missing();
  reconcile_amd(amd, *files());
  reconcile_intel(intel, *files());
  ASSERT_EQ(amd.findings.size(), 1U);
  EXPECT_EQ(amd.findings[0].level, Finding::Level::problem);
  EXPECT_EQ(amd.findings[0].reason.message, "an AMD GPU is here, but gone");
  EXPECT_THAT(intel.findings, IsEmpty());
  card(130, "0000:04:00.0", "0x8086");
  intel = missing();
  reconcile_intel(intel, *files());
  EXPECT_EQ(intel.findings.size(), 1U);
}

// Level Zero and the kernel's hwmon see one card: the later one mirrors.
TEST(Twins, OneCardSeenTwiceIsCountedOnce) {
  std::vector<std::unique_ptr<Sensor>> sensors;
  for (const char* id : {"ze:0000:03:00.0:energy", "hwmon:xe:energy1", "hwmon:xe:energy2"}) {
    sensors.push_back(std::make_unique<Described>(id, "gpu:PCI-0000:03:00.0"));
  }
  sensors.push_back(std::make_unique<Described>("hwmon:chip:energy1", "package:0"));
  mirror_twins(sensors);
  mirror_twins(sensors);
  relate(sensors);
  EXPECT_EQ(sensors[1]->info().domain, "gpu:PCI-0000:03:00.0.hwmon");
  EXPECT_THAT(sensors[1]->info().mirrors, ElementsAre("gpu:PCI-0000:03:00.0"));
  std::vector<SensorInfo> infos;
  for (const auto& sensor : sensors) infos.push_back(sensor->info());
  EXPECT_THAT(top_level(infos), ElementsAre("ze:0000:03:00.0:energy", "hwmon:chip:energy1"));
}

}  // namespace
}  // namespace joulebook
