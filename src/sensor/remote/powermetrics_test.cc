#include "sensor/remote/powermetrics.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

#include "core/file_tree.h"
#include "sensor/containment.h"

namespace joulebook {
namespace {

std::string sample(const std::string& name) {
  return read_file(std::string(SENSOR_SAMPLES) + "/remote/" + name).value();
}

std::vector<PowermetricsSample> samples_of(std::string_view bytes, std::size_t step = 1 << 20) {
  std::vector<PowermetricsSample> out;
  const auto keep = [&](const PowermetricsSample& s) { out.push_back(s); };
  PowermetricsParser parser;
  for (std::size_t at = 0; at < bytes.size(); at += step) parser.feed(bytes.substr(at, step), keep);
  parser.finish(keep);
  return out;
}

TEST(Powermetrics, TextIsReadHoweverItIsCut) {
  const std::string text = sample("powermetrics.txt");
  for (const std::size_t step : {std::size_t{1}, std::size_t{13}, text.size()}) {
    const auto samples = samples_of(text, step);
    ASSERT_EQ(samples.size(), 2U);
    EXPECT_DOUBLE_EQ(samples[0].cpu_mw, 2513);
    EXPECT_DOUBLE_EQ(samples[0].gpu_mw, 480);
    EXPECT_DOUBLE_EQ(samples[0].ane_mw, 0);
    EXPECT_DOUBLE_EQ(samples[0].combined_mw, 2993);
    EXPECT_EQ(samples[0].elapsed, Nanos(1'003'420'000));
    EXPECT_EQ(samples[1].wall_ns, 1'730'916'001'000'000'000);
  }
}

TEST(Powermetrics, PlistsAreReadToo) {
  const auto samples = samples_of(sample("powermetrics.plist"));
  ASSERT_EQ(samples.size(), 2U);
  EXPECT_DOUBLE_EQ(samples[1].cpu_mw, 1234.5);
  EXPECT_DOUBLE_EQ(samples[1].combined_mw, 1534.75);
  EXPECT_EQ(samples[1].elapsed, Nanos(1'001'000'000));
  EXPECT_EQ(samples[1].wall_ns, 1'730'916'001'000'000'000);
}

TEST(Powermetrics, AnIntelMachineStatesItsPackageInWatts) {
  const auto samples = samples_of(
      "*** Sampled system activity (Wed Nov  6 10:00:00 2024 -0800) (1000.00ms elapsed) ***\n"
      "Intel energy model derived package power (CPUs+GT+SA): 2.54W\n");
  ASSERT_EQ(samples.size(), 1U);
  EXPECT_DOUBLE_EQ(samples[0].combined_mw, 2540);
}

TEST(Powermetrics, HalfASampleAndNonsenseAreNone) {
  EXPECT_TRUE(samples_of("CPU Power: 12 mW\n").empty());  // of no known length
  EXPECT_TRUE(samples_of("*** Sampled system activity (x) (nanms elapsed) ***\nCPU Power: 1 mW\n").empty());
  EXPECT_TRUE(samples_of(std::string(1 << 20, 'x')).empty());
  const auto odd = samples_of(
      "*** Sampled system activity (now) (1000ms elapsed) ***\nCPU Power: -4 mW\nGPU Power: 7 mW\n"
      "ANE Power: many mW\n");
  ASSERT_EQ(odd.size(), 1U);
  EXPECT_LT(odd[0].cpu_mw, 0);
  EXPECT_LT(odd[0].ane_mw, 0);
  EXPECT_DOUBLE_EQ(odd[0].gpu_mw, 7);
}

class Readings final : public ReadingSink {
 public:
  void reading(std::size_t channel, const RawReading& r) override { of[channel].push_back(r); }
  void absence(std::size_t, const Error&) override { ++absences; }
  std::map<std::size_t, std::vector<RawReading>> of;
  int absences = 0;
};

std::string text_sample(int second, int cpu, int combined) {
  char buffer[512];
  std::snprintf(buffer, sizeof buffer,
                "*** Sampled system activity (Wed Nov  6 10:00:%02d 2024 -0800) (1000.00ms elapsed) ***\n\n"
                "CPU Power: %d mW\nGPU Power: 10 mW\nANE Power: 0 mW\n"
                "Combined Power (CPU + GPU + ANE): %d mW\n\n",
                second, cpu, combined);
  return buffer;
}

TEST(Powermetrics, AGrowingLogIsFollowed) {
  const std::string path = testing::TempDir() + "powermetrics_" + std::to_string(::getpid());
  std::ofstream(path) << text_sample(0, 100, 110);
  FakeClock clock;
  clock.advance(std::chrono::seconds(100));
  auto source = open_powermetrics(parse_sensor_spec("powermetrics:" + path).value(), clock);
  ASSERT_TRUE(source) << source.error().message;
  std::vector<SensorInfo> infos = (*source)->infos();
  ASSERT_EQ(infos.size(), 4U);
  EXPECT_EQ(infos[0].tier, Tier::modelled);
  EXPECT_EQ(plan_total(infos).domains, std::vector<std::string>{"soc:0"});
  Readings readings;
  const StopSignal stop;
  (*source)->exchange(readings, stop);
  EXPECT_TRUE(readings.of.empty());  // what was there before is over
  std::ofstream(path, std::ios::app) << text_sample(1, 200, 210) << text_sample(2, 300, 310);
  (*source)->exchange(readings, stop);
  ASSERT_EQ(readings.of[0].size(), 2U);
  EXPECT_EQ(readings.of[0][1].counts, 310U);
  // The two ended a second apart, whenever they were seen.
  const Nanos apart = readings.of[0][1].begin - readings.of[0][0].begin;
  EXPECT_NEAR(static_cast<double>(apart.count()), 1e9, 2e6);
  EXPECT_EQ(readings.of[0][1].end, clock.now());
  // Written anew from its start.
  std::ofstream(path) << text_sample(9, 50, 60);
  clock.advance(std::chrono::seconds(1));
  (*source)->exchange(readings, stop);
  (*source)->exchange(readings, stop);
  EXPECT_EQ(readings.of[0].back().counts, 60U);
  std::remove(path.c_str());
}

TEST(Powermetrics, WhatIsNoLogIsSaid) {
  const std::string path = testing::TempDir() + "nolog_" + std::to_string(::getpid());
  std::ofstream(path) << "hello\n";
  EXPECT_EQ(open_powermetrics(parse_sensor_spec("powermetrics:" + path).value(), system_clock()).error().code,
            "sensor.malformed");
  std::remove(path.c_str());
  EXPECT_EQ(open_powermetrics(parse_sensor_spec("powermetrics:" + path).value(), system_clock()).error().code,
            "sensor.missing");
}

}  // namespace
}  // namespace joulebook
