#include "sensor/containment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>

namespace joulebook {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

std::vector<SensorInfo> machine(const std::vector<std::string>& domains) {
  std::vector<SensorInfo> infos;
  for (const std::string& domain : domains) {
    SensorInfo info;
    info.id = "id/" + domain;
    info.domain = domain;
    infos.push_back(info);
  }
  relate(infos);
  return infos;
}

std::vector<std::string> total(const std::vector<std::string>& domains) {
  return plan_total(machine(domains)).domains;
}

TEST(Containment, SplitsDomainNames) {
  EXPECT_EQ(domain_kind("package:0.1"), "package");
  EXPECT_EQ(domain_instance("package:0.1"), "0.1");
  EXPECT_EQ(domain_instance("node"), "");
}

TEST(Containment, ServerWithGpus) {
  EXPECT_THAT(total({"package:0", "core:0", "dram:0", "package:1", "dram:1", "gpu:0", "gpu:1"}),
              ElementsAre("package:0", "dram:0", "package:1", "dram:1", "gpu:0", "gpu:1"));
}

TEST(Containment, CoresOfAnotherSocketAreNotInside) {
  const auto infos = machine({"package:0", "core:0", "core:1", "core:0.1"});
  EXPECT_THAT(infos[0].contains, ElementsAre("core:0"));
}

TEST(Containment, PsysAloneIsTheTotal) {
  EXPECT_THAT(total({"package:0", "core:0", "dram:0", "psys:0"}), ElementsAre("psys:0"));
}

TEST(Containment, PsysBesideAGpuYieldsToItsPartsAndSaysSo) {
  const TopLevel plan =
      plan_total(machine({"package:0", "core:0", "dram:0", "psys:0", "gpu:0", "gpu:0.gauge"}));
  EXPECT_THAT(plan.domains, ElementsAre("package:0", "dram:0", "gpu:0"));
  EXPECT_THAT(plan.boundary, ElementsAre("package", "dram", "gpu"));
  EXPECT_THAT(plan.warnings, SizeIs(1));
}

TEST(Containment, GaugeOnlyCrossChecksItsCounter) {
  EXPECT_THAT(total({"gpu:0", "gpu:0.gauge", "gpu-memory:0"}), ElementsAre("gpu:0"));
  EXPECT_THAT(total({"gpu:0.gauge", "gpu-memory:0"}), ElementsAre("gpu:0.gauge"));
}

TEST(Containment, WhatAMirrorContainsIsNotCountedBesideTheOriginal) {
  auto infos = machine({"package:0", "package:0.1", "core:0", "core:0.1"});
  infos[1].mirrors = {"package:0"};
  EXPECT_THAT(plan_total(infos).domains, ElementsAre("package:0"));
}

TEST(Containment, MeasuredNodeStandsBesideTheParts) {
  EXPECT_THAT(total({"node:0", "package:0", "gpu:0"}), ElementsAre("package:0", "gpu:0"));
  EXPECT_THAT(total({"node:0"}), ElementsAre("node:0"));
  EXPECT_THAT(total({"node:0", "wall:0"}), ElementsAre("wall:0"));
}

TEST(Containment, ModelledNodeKnowsTheCpuSideOnly) {
  auto infos = machine({"core:0", "gpu:0"});
  SensorInfo model;
  model.id = "model";
  model.domain = "node:0";
  model.kind = SensorKind::busy_time;
  infos.push_back(model);
  relate(infos);
  EXPECT_THAT(plan_total(infos).domains, UnorderedElementsAre("node:0", "gpu:0"));
}

TEST(Containment, SuperchipModuleYieldsToItsParts) {
  EXPECT_THAT(total({"module:0", "gpu:0"}), ElementsAre("gpu:0"));
  EXPECT_THAT(total({"module:0"}), ElementsAre("module:0"));
}

TEST(Containment, SuperchipHoldsItsSocketAndYieldsToGpus) {
  EXPECT_THAT(total({"superchip:0", "socket:0", "core:0", "uncore:0"}), ElementsAre("superchip:0"));
  EXPECT_THAT(total({"socket:0", "core:0", "uncore:0", "socket:1"}),
              ElementsAre("socket:0", "socket:1"));
  EXPECT_THAT(total({"superchip:0", "socket:0", "core:0", "gpu:0", "gpu:0.gauge"}),
              ElementsAre("socket:0", "gpu:0"));
  EXPECT_THAT(total({"superchip:0", "socket:0", "module:0", "gpu:0"}),
              ElementsAre("socket:0", "gpu:0"));
}

TEST(Containment, CardHoldsItsPackage) {
  EXPECT_THAT(total({"gpu:PCI-0000:03:00.0", "gpu-package:PCI-0000:03:00.0"}),
              ElementsAre("gpu:PCI-0000:03:00.0"));
}

TEST(Containment, UnnamedChipsNeverCount) {
  EXPECT_THAT(total({"chip:ina226.0", "chip:ina226.1"}), IsEmpty());
  EXPECT_THAT(total({"chip:ina226.0", "package:0"}), ElementsAre("package:0"));
  EXPECT_THAT(total({"node:0", "chip:ina226.0"}), ElementsAre("node:0"));
  const auto infos = machine({"node:0", "chip:ina226.0", "gpu:0"});
  EXPECT_THAT(infos[0].contains, ElementsAre("gpu:0"));
  EXPECT_THAT(infos[1].may_contain, UnorderedElementsAre("node:0", "gpu:0"));
}

TEST(Containment, BatteryHoldsTheMachineButIsInsideNothing) {
  EXPECT_THAT(total({"battery:0", "battery:0.gauge"}), ElementsAre("battery:0"));
  EXPECT_THAT(total({"battery:0", "package:0", "gpu:0"}), ElementsAre("package:0", "gpu:0"));
  EXPECT_THAT(total({"node:0", "battery:0"}), ElementsAre("battery:0"));
  const auto infos = machine({"node:0", "battery:0", "wall:0", "rail:CPU"});
  EXPECT_THAT(infos[0].contains, ElementsAre("rail:CPU"));
  EXPECT_THAT(infos[1].contains, ElementsAre("node:0", "rail:CPU"));
  EXPECT_THAT(infos[2].contains, ElementsAre("node:0", "rail:CPU"));
}

// A server shows the same power through ACPI and through its BMC.
TEST(Containment, TwoMetersOfTheNodeAreOneNode) {
  EXPECT_THAT(total({"node:0", "node:acpi"}), ElementsAre("node:0"));
}

TEST(Containment, NothingIsATotalOfNothing) { EXPECT_THAT(top_level({}), IsEmpty()); }

class Fixed final : public Sensor {
 public:
  explicit Fixed(SensorInfo info) : info_(std::move(info)) {}
  const SensorInfo& info() const override { return info_; }
  Result<RawReading> read() override { return RawReading{.counts = 42}; }

 private:
  SensorInfo info_;
};

TEST(Containment, RelatedSensorsStillRead) {
  std::vector<std::unique_ptr<Sensor>> sensors;
  for (const SensorInfo& info : machine({"package:0"})) {
    sensors.push_back(std::make_unique<Fixed>(info));
  }
  sensors.push_back(std::make_unique<Fixed>(machine({"core:0"})[0]));
  relate(sensors);
  EXPECT_THAT(sensors[0]->info().contains, ElementsAre("core:0"));
  EXPECT_EQ(sensors[0]->read()->counts, 42U);
  EXPECT_EQ(sensors[0]->model(), nullptr);
}

// Over every mixture of domains: no two counted domains overlap by any edge, nothing is counted
// twice, and something is counted wherever there is a sensor.
RC_GTEST_PROP(Containment, TotalsNeverOverlapAndAreNeverEmpty, ()) {
  static const std::vector<std::string> kAll{
      "package:0", "package:0.mmio", "package:1", "core:0", "core:1",      "uncore:0",
      "dram:0",    "dram:0.mmio",    "psys:0",    "gpu:0",  "gpu:0.gauge", "gpu-memory:0",
      "gpu:1",     "module:0",       "node:0",    "wall:0", "node:acpi", "battery:0",
      "socket:0",  "superchip:0",    "rail:CPU",  "chip:ina226.0", "chip:ina226.1"};
  const auto picked = *rc::gen::container<std::set<std::string>>(rc::gen::elementOf(kAll));
  const auto infos = machine({picked.begin(), picked.end()});
  const auto plan = plan_total(infos);
  const bool only_chips = std::all_of(picked.begin(), picked.end(), [](const std::string& domain) {
    return domain.starts_with("chip:");
  });
  RC_ASSERT(plan.domains.empty() == only_chips);
  const std::set<std::string> counted(plan.domains.begin(), plan.domains.end());
  RC_ASSERT(counted.size() == plan.domains.size());
  for (const SensorInfo& info : infos) {
    if (!counted.contains(info.domain)) continue;
    for (const auto* edges : {&info.contains, &info.mirrors, &info.may_contain}) {
      RC_ASSERT(std::none_of(edges->begin(), edges->end(),
                             [&](const std::string& other) { return counted.contains(other); }));
    }
  }
}

}  // namespace
}  // namespace joulebook
