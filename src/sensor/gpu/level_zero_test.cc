// Intel GPUs against a stand-in for libze_loader.so.1, whole and old.
#include "sensor/gpu/level_zero.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "fakes/vendor/stand_in.h"
#include "sensor/containment.h"

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

struct LevelZero {
  explicit LevelZero(const std::string& age = "")
      : library(std::string(JOULEBOOK_FAKES) + "/level_zero" + age + "/libze_loader.so.1",
                "JOULEBOOK_FAKE_LEVEL_ZERO", "joulebook_fake_level_zero_set_time"),
        clock(library) {}
  Discovery probe(const std::string& script) {
    library.script(script);
    return probe_level_zero_library(*open_level_zero(library.path()), clock);
  }
  StandIn library;
  PlantClock clock;
};

std::vector<std::string> total(const Discovery& found) {
  std::vector<SensorInfo> infos;
  for (const auto& sensor : found.sensors) infos.push_back(sensor->info());
  return plan_total(infos).domains;
}

TEST(LevelZero, CardContainsItsTiles) {
  LevelZero ze;
  Discovery found =
      ze.probe("device pci=0000:3a:00.0 tiles=2 limit=600 tick=1 power=square:200:400:2\n");
  ASSERT_THAT(ids(found), ElementsAre("ze:0000:3a:00.0:energy", "ze:0000:3a:00.0:tile-0",
                                      "ze:0000:3a:00.0:tile-1"));
  const SensorInfo& card = found.sensors[0]->info();
  EXPECT_EQ(card.domain, "gpu:PCI-0000:3a:00.0");
  EXPECT_EQ(card.device, "gpu:PCI-0000:3a:00.0");
  EXPECT_EQ(card.name, "Intel(R) Data Center GPU Max 1550");
  EXPECT_DOUBLE_EQ(card.max_watts, 900);
  EXPECT_THAT(card.contains,
              ElementsAre("gpu-tile:PCI-0000:3a:00.0/0", "gpu-tile:PCI-0000:3a:00.0/1"));
  EXPECT_THAT(total(found), ElementsAre("gpu:PCI-0000:3a:00.0"));
  const auto begin = found.sensors[0]->read();
  ze.clock.advance(10);
  const auto end = found.sensors[0]->read();
  EXPECT_NEAR(static_cast<double>(end->counts - begin->counts) * card.scale, 3000, 0.01);
}

TEST(LevelZero, TilesStandAloneWhereTheCardIsDark) {
  LevelZero ze;
  Discovery found = ze.probe("device pci=0000:3a:00.0 tiles=2 card=0\n");
  EXPECT_THAT(total(found),
              ElementsAre("gpu-tile:PCI-0000:3a:00.0/0", "gpu-tile:PCI-0000:3a:00.0/1"));
  EXPECT_THAT(codes(found), ElementsAre("sensor.unsupported"));
}

// Loaders before 1.8: Sysman only where the environment asks for it, no call for the card's domain.
TEST(LevelZero, OldLoaderLosesOnlyWhatItLacks) {
  ::unsetenv("ZES_ENABLE_SYSMAN");
  LevelZero ze("-old");
  Discovery found = ze.probe("device pci=0000:03:00.0 tiles=2\n");
  EXPECT_THAT(domains(found), ElementsAre("gpu:PCI-0000:03:00.0", "gpu-tile:PCI-0000:03:00.0/0",
                                          "gpu-tile:PCI-0000:03:00.0/1"));
  EXPECT_TRUE(found.sensors[0]->read());
}

TEST(LevelZero, ReasonsAreToldApart) {
  LevelZero ze;
  EXPECT_THAT(codes(ze.probe("device energy=0\n")), ElementsAre("sensor.unsupported"));
  EXPECT_THAT(codes(ze.probe("device\nerror 0 energy 0x70010000 0 9\n")),
              ElementsAre("sensor.permission"));
  EXPECT_THAT(codes(ze.probe("device\nerror 0 energy 0x70000001 0 9\n")),
              ElementsAre("sensor.lost"));
  EXPECT_THAT(codes(ze.probe("device start=0 power=constant:0\n")), ElementsAre("sensor.zero"));
  EXPECT_THAT(codes(ze.probe("device type=5\n")), IsEmpty());  // an NPU is no GPU
}

TEST(LevelZero, LostCardIsAReasonAndComesBack) {
  LevelZero ze;
  Discovery found = ze.probe("device\ndevice\nerror 0 energy 0x70000001 5 6\n");
  ASSERT_EQ(found.sensors.size(), 2U);
  ze.clock.advance(4.5);
  EXPECT_EQ(found.sensors[0]->read().error().code, "sensor.lost");
  EXPECT_THAT(found.sensors[0]->read().error().message, HasSubstr("device lost"));
  EXPECT_TRUE(found.sensors[1]->read());
  ze.clock.advance(1);
  EXPECT_TRUE(found.sensors[0]->read());
}

TEST(LevelZero, MissingLibraryAndMissingDriverAreToldApart) {
  EXPECT_EQ(open_level_zero("libno-such-ze.so.1").error().code, "sensor.library_missing");
  LevelZero ze;
  ze.library.script("init 0x78000001\n");
  const auto refused = open_level_zero(ze.library.path());
  EXPECT_EQ(refused.error().code, "sensor.driver");
  EXPECT_THAT(refused.error().message, HasSubstr("not initialised"));
}

}  // namespace
}  // namespace joulebook
