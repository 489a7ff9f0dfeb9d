// The real load: threads that work when told to and rest when told to. Nothing here is timed.
#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "fakes/power_plant.h"
#include "meter/calibration/cpu_load.h"
#include "meter/calibration/kernels.h"
#include "meter/calibration/thermometer.h"

namespace joulebook {
namespace {

TEST(Kernels, ComputeWhatTheySay) {
  std::vector<std::uint8_t> a(kernels::kDot, 3);
  std::vector<std::int8_t> b(kernels::kDot, -2);
  EXPECT_EQ(kernels::dot_int8(a.data(), b.data()), -6 * static_cast<int>(kernels::kDot));
  std::vector<double> x(101), y(101, 1), z(101, 2);
  EXPECT_DOUBLE_EQ(kernels::triad(x, y, z, 3), 7);
  EXPECT_DOUBLE_EQ(x.back(), 7);
  // One round from y, y + 1, ... y + 9 with y = 0: eight lanes of 0.999999 x (0 + 1 + ... + 9).
  EXPECT_NEAR(kernels::fma_f64(1, 0), 8 * 45 * 0.999999, 1e-9);
  EXPECT_NEAR(kernels::fma_f32(1, 0), 16 * 45 * 0.999999, 1e-2);
}

TEST(CpuLoad, WorksWhenToldToAndRestsAfter) {
  const auto load = make_cpu_load(*real_files("/nonexistent"), 2);
  EXPECT_EQ(load->threads(), 2);
  EXPECT_EQ(load->work(), 0);
  for (const WorkKind kind : {WorkKind::spin, WorkKind::dot_int8, WorkKind::fma_f32}) {
    ASSERT_TRUE(load->prepare(kind));
    const double before = load->work();
    load->set(kind, 2);
    while (load->work() == before) std::this_thread::yield();
    load->set(kind, 0);
    ASSERT_TRUE(load->prepare(WorkKind::spin));  // returns once all rest
    const double done = load->work();
    EXPECT_GT(done, before);
    EXPECT_EQ(load->work(), done);
  }
}

TEST(CpuLoad, TriadIsLargerThanTheCachesAndCountsBytes) {
  const std::string root = testing::TempDir() + "caches_" + std::to_string(::getpid());
  for (const std::string cpu : {"cpu0", "cpu1", "cpu2"}) {
    const std::string at = root + "/sys/devices/system/cpu/" + cpu + "/cache/index3/";
    fakes::put_file(at + "size", "1024K\n");
    fakes::put_file(at + "shared_cpu_list", cpu == "cpu2" ? "2\n" : "0-1\n");
  }
  const auto files = real_files(root);
  EXPECT_EQ(last_level_cache(*files), 2 << 20);
  const auto load = make_cpu_load(*files, 1);
  EXPECT_NEAR(static_cast<double>(load->working_set(WorkKind::triad)), 3 * 4 * (2 << 20), 24);
  ASSERT_TRUE(load->prepare(WorkKind::triad));
  load->set(WorkKind::triad, 1);
  while (load->work() == 0) std::this_thread::yield();
  load->set(WorkKind::spin, 0);
  std::filesystem::remove_all(root);
  EXPECT_EQ(last_level_cache(*files), 32 << 20);
}

TEST(Thermometer, PrefersThePackageAndRefusesSentinels) {
  const std::string root = testing::TempDir() + "warm_" + std::to_string(::getpid());
  const auto at = [&] { return Thermometer(real_files(root)).celsius("cpu"); };
  fakes::put_file(root + "/sys/class/thermal/thermal_zone0/type", "acpitz\n");
  fakes::put_file(root + "/sys/class/thermal/thermal_zone0/temp", "20000\n");
  EXPECT_FALSE(at());
  fakes::put_file(root + "/sys/class/thermal/thermal_zone1/type", "x86_pkg_temp\n");
  fakes::put_file(root + "/sys/class/thermal/thermal_zone1/temp", "51000\n");
  EXPECT_DOUBLE_EQ(at().value(), 51);
  fakes::put_file(root + "/sys/class/hwmon/hwmon3/name", "coretemp\n");
  fakes::put_file(root + "/sys/class/hwmon/hwmon3/temp1_input", "47500\n");
  fakes::put_file(root + "/sys/class/hwmon/hwmon4/name", "coretemp\n");
  fakes::put_file(root + "/sys/class/hwmon/hwmon4/temp1_input", "48500\n");
  EXPECT_DOUBLE_EQ(at().value(), 48);
  fakes::put_file(root + "/sys/class/hwmon/hwmon4/temp1_input", "-2147483648\n");
  EXPECT_DOUBLE_EQ(at().value(), 47.5);
  fakes::put_file(root + "/sys/class/hwmon/hwmon3/temp1_input", "\n");
  EXPECT_FALSE(at());
  EXPECT_FALSE(Thermometer(real_files(root)).celsius("gpu:GPU-1"));
  std::filesystem::remove_all(root);
}

}  // namespace
}  // namespace joulebook
