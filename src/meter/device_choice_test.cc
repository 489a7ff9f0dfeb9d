#include "meter/device_choice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "meter/core.h"
#include "meter/record.h"

namespace joulebook {
namespace {

using Answer = DeviceUse::Answer;
using testing::ElementsAre;
using testing::HasSubstr;

SensorInfo counter(const std::string& domain, const std::string& device) {
  SensorInfo info;
  info.id = "test:" + domain;
  info.domain = domain;
  info.device = device;
  info.name = domain;
  info.scale = 1;
  return info;
}

std::vector<SensorInfo> machine() {
  return {counter("package:0", "cpu"), counter("gpu:0", "gpu:GPU-1"),
          counter("gpu:1", "gpu:GPU-10")};
}

DeviceUse use(const std::string& device, Answer answer) {
  return {.device = device, .answer = answer, .evidence = "seen",
          .reason = {"process.device_unknown", "who knows", "look harder"}};
}

// A package of 1 J, gpu:0 of 10 J and gpu:1 of 100 J a second, for three seconds.
MeterCore core_of(const MeterOptions& options = {}) {
  std::vector<Channel> channels;
  for (auto& info : machine()) channels.push_back({std::move(info), nullptr});
  MeterCore core(std::move(channels), options, 1);
  constexpr std::int64_t kSecond = 1'000'000'000;
  const std::uint64_t step[] = {1, 10, 100};
  for (std::int64_t t = 0; t <= 40; ++t) {
    for (std::size_t i = 0; i < 3; ++i) {
      const SteadyTime at{t * kSecond / 10};
      core.reading(i, {static_cast<std::uint64_t>(t) * step[i], at, at});
    }
  }
  return core;
}

const Window kWindow{"w", {1'000'000'000}, {3'000'000'000}};

TEST(DeviceChoice, OnlyWhatIsUsedIsCountedAndTheRestIsApart) {
  MeterCore core = core_of();
  EXPECT_EQ(core.energy(kWindow).devices.size(), 3U);
  DeviceChoice choice;
  choice.rule = DeviceChoice::Rule::used;
  choice.uses = {use("gpu:GPU-1", Answer::used), use("gpu:GPU-10", Answer::unused)};
  core.cover(choice);
  const auto w = core.energy(kWindow);
  EXPECT_THAT(w.devices, ElementsAre("cpu", "gpu:GPU-1"));
  EXPECT_NEAR(*w.total.value, 20 + 200, 1e-9);
  ASSERT_EQ(w.devices_apart.size(), 1U);
  EXPECT_EQ(w.devices_apart[0].device, "gpu:GPU-10");
  EXPECT_NEAR(*w.devices_apart[0].energy.value, 2000, 1e-9);
  EXPECT_EQ(w.domains.size(), 2U);
}

TEST(DeviceChoice, WhatMayBeAnothersIsCountedButNotInTheLowerEnd) {
  MeterCore core = core_of();
  DeviceChoice choice;
  choice.rule = DeviceChoice::Rule::used;
  choice.uses = {use("gpu:GPU-1", Answer::used), use("gpu:GPU-10", Answer::unknown)};
  core.cover(choice);
  const auto w = core.energy(kWindow);
  EXPECT_NEAR(*w.total.value, 2220, 1e-9);
  EXPECT_LE(w.total.interval().lo, 220);
  EXPECT_GT(w.total.interval().lo, 190);
  EXPECT_GE(w.total.interval().hi, 2220);
  ASSERT_FALSE(w.warnings.empty());
  EXPECT_THAT(w.warnings.back(), HasSubstr("process.device_unknown"));
}

TEST(DeviceChoice, TheRecordedChoiceGivesTheSameFigures) {
  MeterCore core = core_of();
  DeviceChoice choice;
  choice.rule = DeviceChoice::Rule::used;
  choice.uses = {use("gpu:GPU-1", Answer::unknown), use("gpu:GPU-10", Answer::unused)};
  core.cover(choice);
  MeterCore again = core_of();
  feed(again, devices_note(choice));
  const auto a = core.energy(kWindow);
  const auto b = again.energy(kWindow);
  EXPECT_EQ(a.total, b.total);
  EXPECT_EQ(a.devices, b.devices);
  EXPECT_EQ(a.warnings, b.warnings);
  EXPECT_EQ(to_json(*a.choice).dump(), to_json(*b.choice).dump());
}

TEST(DeviceChoice, OnceUsedIsUsedForGood) {
  std::vector<DeviceUse> known;
  EXPECT_TRUE(merge(known, {use("gpu:a", Answer::unused)}));
  EXPECT_FALSE(merge(known, {use("gpu:a", Answer::unused)}));
  EXPECT_TRUE(merge(known, {use("gpu:a", Answer::unknown)}));
  EXPECT_FALSE(merge(known, {use("gpu:a", Answer::unused)}));
  EXPECT_EQ(known[0].answer, Answer::unknown);
  EXPECT_TRUE(merge(known, {use("gpu:a", Answer::used)}));
  EXPECT_FALSE(merge(known, {use("gpu:a", Answer::unknown)}));
  EXPECT_EQ(known[0].answer, Answer::used);
}

TEST(DevicesNamed, MeanDevicesDomainsKindsAndBeginnings) {
  const auto sensors = machine();
  const auto meant = [&](std::vector<std::string> names) {
    return devices_named(names, sensors).value_or(std::vector<std::string>{"?"});
  };
  EXPECT_THAT(meant({"gpu:1", "cpu"}), ElementsAre("cpu", "gpu:GPU-10"));
  EXPECT_THAT(meant({"gpu:GPU-1"}), ElementsAre("gpu:GPU-1"));
  EXPECT_THAT(meant({"GPU-10"}), ElementsAre("gpu:GPU-10"));
  EXPECT_THAT(meant({"gpu"}), ElementsAre("gpu:GPU-1", "gpu:GPU-10"));
  EXPECT_THAT(meant({"gpu:GPU-"}), ElementsAre("?"));
  const auto unknown = devices_named({"gpu:7"}, sensors);
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, "device.unknown");
  EXPECT_THAT(unknown.error().cure, HasSubstr("gpu:GPU-10 (gpu:1)"));
}

}  // namespace
}  // namespace joulebook
