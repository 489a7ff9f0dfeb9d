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

struct Seen {
  std::vector<SensorInfo> sensors;
  std::vector<Finding> findings;
};

Seen machine(const std::vector<std::string>& domains) {
  Seen seen;
  for (const std::string& domain : domains) {
    SensorInfo info;
    info.id = "test:" + domain;
    info.domain = domain;
    info.tick = std::chrono::milliseconds(100);
    info.accuracy = 0.05;
    info.duty = 0.25;
    seen.sensors.push_back(info);
  }
  return seen;
}

std::vector<Finding> told(const Seen& seen, const DoctorFacts& facts) { return diagnose(seen.sensors, seen.findings, facts); }

std::vector<Finding> about(const std::vector<Finding>& all, const std::string& code) {
  std::vector<Finding> some;
  for (const Finding& each : all) {
    if (each.reason.code == code) some.push_back(each);
  }
  return some;
}

TEST(Doctor, EverySensorIsWell) {
  const auto all = told(machine({"package:0", "dram:0"}), {});
  const auto well = about(all, "sensor.ok");
  ASSERT_THAT(well, SizeIs(2));
  EXPECT_EQ(well[0].subject, "test:package:0");
  EXPECT_EQ(well[0].level, Finding::Level::ok);
  EXPECT_THAT(well[0].reason.message, HasSubstr("every 100 ms"));
  EXPECT_THAT(well[0].reason.message, HasSubstr("sees 25 % of the time"));
  EXPECT_THAT(about(all, "sensor.total").at(0).reason.message,
              HasSubstr("package+dram (package:0, dram:0)"));
}

TEST(Doctor, WhatAReadingCostsIsSaidWithThePaceThatFollows) {
  using std::chrono::microseconds;
  using std::chrono::milliseconds;
  const DoctorFacts facts{.reads = {{microseconds(3100), milliseconds(155)}, {microseconds(12), milliseconds(10)}, {}, {.elsewhere = true}}};
  const auto well = about(told(machine({"gpu:0", "package:0", "dram:0", "wall:0"}), facts), "sensor.ok");
  ASSERT_THAT(well, SizeIs(4));
  EXPECT_THAT(well[0].reason.message, HasSubstr("a reading takes 3.1 ms of CPU time: read every 155 ms (2 % of a core)"));
  EXPECT_THAT(well[1].reason.message, HasSubstr("a reading takes 12 µs of CPU time: read every 10 ms (0.12 % of a core)"));
  EXPECT_THAT(well[2].reason.message, testing::Not(HasSubstr("reading")));
  EXPECT_THAT(well[3].reason.message, HasSubstr("read by a poller of its own"));
}

TEST(Doctor, ProblemsComeFirstAndKeepTheirOrder) {
  Seen found = machine({"package:0"});
  for (const char* code : {"a", "b"}) {
    found.findings.push_back({Finding::Level::note, "x", {std::string("note.") + code, "", ""}});
    found.findings.push_back({Finding::Level::problem, "x", {std::string("bad.") + code, "", ""}});
  }
  std::vector<std::string> codes;
  for (const Finding& each : told(found, {})) codes.push_back(each.reason.code);
  EXPECT_THAT(codes, testing::ElementsAre("bad.a", "bad.b", "note.a", "note.b", "sensor.total",
                                          "sensor.ok"));
}

TEST(Doctor, UnusedGpuIsSaidWithItsCure) {
  DoctorFacts facts;
  facts.nvidia_gpu = true;
  const auto idle = about(told(machine({"package:0"}), facts), "engine.no_gpu");
  ASSERT_THAT(idle, SizeIs(1));
  EXPECT_EQ(idle[0].level, Finding::Level::problem);
  EXPECT_THAT(idle[0].reason.cure, HasSubstr("sudo apt install nvidia-cuda-toolkit"));
  facts.engine_cuda = true;
  EXPECT_THAT(about(told(machine({"package:0"}), facts), "engine.no_gpu"), IsEmpty());
  facts = {.nvidia_gpu = true, .engine_embedded = false};
  EXPECT_THAT(about(told(machine({"package:0"}), facts), "engine.no_gpu"), IsEmpty());
  EXPECT_THAT(about(told(machine({"package:0"}), {}), "engine.no_gpu"), IsEmpty());
}

TEST(Doctor, MeteredGpuNeedsNoDeviceFile) {
  EXPECT_THAT(about(told(machine({"gpu:0"}), {}), "engine.no_gpu"), SizeIs(1));
}

TEST(Doctor, AmdGpuIsNotPassedOver) {
  const auto all = told(machine({"package:0"}), {.amd_gpu = true, .engine_vulkan = true});
  EXPECT_THAT(about(all, "sensor.unsupported"), SizeIs(1));
}

TEST(Doctor, OverlapIsExplained) {
  Seen found = machine({"psys:0", "gpu:0"});
  found.sensors[0].may_contain = {"gpu:0"};
  EXPECT_THAT(about(told(found, {}), "sensor.overlap"), SizeIs(1));
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
