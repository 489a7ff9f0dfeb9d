#include "sensor/doctor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "fakes/power_plant.h"

namespace joulebook {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class Described final : public Sensor {
 public:
  explicit Described(SensorInfo info) : info_(std::move(info)) {}
  const SensorInfo& info() const override { return info_; }
  Result<RawReading> read() override { return RawReading{}; }

 private:
  SensorInfo info_;
};

Discovery machine(const std::vector<std::string>& domains) {
  Discovery found;
  for (const std::string& domain : domains) {
    SensorInfo info;
    info.id = "test:" + domain;
    info.domain = domain;
    info.tick = std::chrono::milliseconds(100);
    info.accuracy = 0.05;
    info.duty = 0.25;
    found.sensors.push_back(std::make_unique<Described>(info));
  }
  return found;
}

std::vector<Finding> about(const std::vector<Finding>& all, const std::string& code) {
  std::vector<Finding> some;
  for (const Finding& each : all) {
    if (each.reason.code == code) some.push_back(each);
  }
  return some;
}

TEST(Doctor, EverySensorIsWell) {
  const auto all = diagnose(machine({"package:0", "dram:0"}), {});
  const auto well = about(all, "sensor.ok");
  ASSERT_THAT(well, SizeIs(2));
  EXPECT_EQ(well[0].subject, "test:package:0");
  EXPECT_EQ(well[0].level, Finding::Level::ok);
  EXPECT_THAT(well[0].reason.message, HasSubstr("every 100 ms"));
  EXPECT_THAT(well[0].reason.message, HasSubstr("sees 25 % of the time"));
  EXPECT_THAT(about(all, "sensor.total").at(0).reason.message,
              HasSubstr("package+dram (package:0, dram:0)"));
}

TEST(Doctor, ProblemsComeFirstAndKeepTheirOrder) {
  Discovery found = machine({"package:0"});
  for (const char* code : {"a", "b"}) {
    found.findings.push_back({Finding::Level::note, "x", {std::string("note.") + code, "", ""}});
    found.findings.push_back({Finding::Level::problem, "x", {std::string("bad.") + code, "", ""}});
  }
  std::vector<std::string> codes;
  for (const Finding& each : diagnose(found, {})) codes.push_back(each.reason.code);
  EXPECT_THAT(codes, testing::ElementsAre("bad.a", "bad.b", "note.a", "note.b", "sensor.total",
                                          "sensor.ok"));
}

TEST(Doctor, UnusedGpuIsSaidWithItsCure) {
  DoctorFacts facts;
  facts.nvidia_gpu = true;
  const auto idle = about(diagnose(machine({"package:0"}), facts), "engine.no_gpu");
  ASSERT_THAT(idle, SizeIs(1));
  EXPECT_EQ(idle[0].level, Finding::Level::problem);
  EXPECT_THAT(idle[0].reason.cure, HasSubstr("sudo apt install nvidia-cuda-toolkit"));
  facts.engine_cuda = true;
  EXPECT_THAT(about(diagnose(machine({"package:0"}), facts), "engine.no_gpu"), IsEmpty());
  facts = {.nvidia_gpu = true, .engine_embedded = false};
  EXPECT_THAT(about(diagnose(machine({"package:0"}), facts), "engine.no_gpu"), IsEmpty());
  EXPECT_THAT(about(diagnose(machine({"package:0"}), {}), "engine.no_gpu"), IsEmpty());
}

TEST(Doctor, MeteredGpuNeedsNoDeviceFile) {
  EXPECT_THAT(about(diagnose(machine({"gpu:0"}), {}), "engine.no_gpu"), SizeIs(1));
}

TEST(Doctor, AmdGpuIsNotPassedOver) {
  const auto all = diagnose(machine({"package:0"}), {.amd_gpu = true, .engine_vulkan = true});
  EXPECT_THAT(about(all, "sensor.unsupported"), SizeIs(1));
}

TEST(Doctor, OverlapIsExplained) {
  Discovery found = machine({"psys:0", "gpu:0"});
  SensorInfo psys = found.sensors[0]->info();
  psys.may_contain = {"gpu:0"};
  found.sensors[0] = std::make_unique<Described>(psys);
  EXPECT_THAT(about(diagnose(found, {}), "sensor.overlap"), SizeIs(1));
}

TEST(Doctor, ReadsItsFactsFromFiles) {
  const std::string root = testing::TempDir() + "doctor_" + std::to_string(::getpid());
  fakes::put_file(root + "/dev/nvidia0", "");
  fakes::put_file(root + "/dev/kfd", "");
  const DoctorFacts facts = doctor_facts(*real_files(root));
  std::filesystem::remove_all(root);
  EXPECT_TRUE(facts.nvidia_gpu);
  EXPECT_TRUE(facts.amd_gpu);
  EXPECT_FALSE(doctor_facts(*real_files(root)).nvidia_gpu);
}

}  // namespace
}  // namespace joulebook
