#include "sensor/model/busy_time.h"

#include <gtest/gtest.h>
#include <unistd.h>
// rapidcheck after gtest
#include <rapidcheck/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <string>

#include "sensor/discover.h"
#include "sensor/model/machine_model.h"
#include "sensor/model/machine_test_tree.h"

// Counts every allocation of this test program.
static std::atomic<std::size_t> allocations{0};

[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace joulebook {
namespace {

TEST(BusyTicks, LeavesOutIdleWaitingGuestAndSteal) {
  //            user nice system idle iowait irq softirq steal guest guest_nice
  EXPECT_EQ(busy_ticks("cpu  100 20 3 9000 800 7 4 5000 60 10\ncpu0 1 2 3\n"), 134U);
}

TEST(BusyTicks, TakesOldKernelsWithSevenFields) {
  EXPECT_EQ(busy_ticks("cpu 1 2 3 4 5 6 7\n"), 19U);
}

TEST(BusyTicks, RefusesWhatIsNotTheMachinesLine) {
  for (const char* text : {"", "cpu", "cpu ", "cpu 1 2 3", "cpu  1 2 3 4 5 6 x\n",
                           "cpu0 1 2 3 4 5 6 7\n", "cpu  1 2 3 4 5 6 7", "cpu  1 -2 3 4 5 6 7\n",
                           "\ncpu  1 2 3 4 5 6 7\n", "cpu  99999999999999999999 1 2 3 4 5 6\n"})
    EXPECT_FALSE(busy_ticks(text)) << '"' << text << '"';
}

RC_GTEST_PROP(BusyTicks, IsTheSumOfTheWorkingFieldsWhateverTheOthers, ()) {
  std::uint64_t f[10];
  std::string line = "cpu ";
  for (std::uint64_t& value : f) {
    value = *rc::gen::inRange<std::uint64_t>(0, 1'000'000'000'000);
    line += " " + std::to_string(value);
  }
  RC_ASSERT(busy_ticks(line + "\n") == f[0] + f[1] + f[2] + f[5] + f[6]);
}

RC_GTEST_PROP(BusyTicks, NeverCrashesOnAnyText, (const std::string& text)) {
  static_cast<void>(busy_ticks(text));
  static_cast<void>(busy_ticks("cpu " + text));
}

ModelParameters plain_model() {
  ModelParameters p;
  p.cpu = "Test CPU";
  p.threads = 4;
  p.idle_w = 10;
  p.active_w = 5;
  p.max_watts = 30;
  p.load_curve.at_tenths.fill({1, 1});
  p.load_curve.unknown = {1, 1};
  p.method = "model of the machine: test";
  return p;
}

TEST(BusyTimeSensor, ReadsTicksBetweenTwoInstantsAndSaysWhatItIs) {
  const TestTree tree;
  tree.write("/proc/stat", "cpu  10 0 5 100 0 0 0 0 0 0\n");
  FakeClock clock;
  const auto sensor = make_busy_time_sensor(*tree.files(), clock, make_model(plain_model()));
  ASSERT_TRUE(sensor) << sensor.error().message;
  const SensorInfo& info = (*sensor)->info();
  EXPECT_EQ(info.id, "model:cpu");
  EXPECT_EQ(info.domain, "node:0");
  EXPECT_EQ(info.kind, SensorKind::busy_time);
  EXPECT_EQ(info.tier, Tier::modelled);
  EXPECT_DOUBLE_EQ(info.scale, 1.0 / static_cast<double>(::sysconf(_SC_CLK_TCK)));
  EXPECT_EQ(info.method, "model of the machine: test");
  EXPECT_EQ(info.max_watts, 30);
  ASSERT_NE((*sensor)->model(), nullptr);
  const auto first = (*sensor)->read();
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(first->counts, 15U);
  EXPECT_EQ(first->begin, clock.now());
  tree.write("/proc/stat", "cpu  14 0 6 100 0 0 0 0 0 0\n");
  EXPECT_EQ((*sensor)->read()->counts, 20U);
}

TEST(BusyTimeSensor, ReadsWithoutAllocating) {
  const TestTree tree;
  tree.write("/proc/stat", "cpu  10 0 5 100 0 0 0 0 0 0\n");
  FakeClock clock;
  const auto sensor = make_busy_time_sensor(*tree.files(), clock, make_model(plain_model()));
  ASSERT_TRUE(sensor && (*sensor)->read());
  const std::size_t before = allocations;
  std::uint64_t sum = 0;
  for (int i = 0; i < 100; ++i) sum += (*sensor)->read()->counts;
  EXPECT_EQ(allocations, before);
  EXPECT_EQ(sum, 1500U);
}

TEST(BusyTimeSensor, NamesMalformedAndLostFilesAndComesBack) {
  const TestTree tree;
  tree.write("/proc/stat", "cpu  10 0 5 100 0 0 0 0 0 0\n");
  FakeClock clock;
  const auto sensor = make_busy_time_sensor(*tree.files(), clock, make_model(plain_model()));
  ASSERT_TRUE(sensor);
  tree.write("/proc/stat", "");
  EXPECT_EQ((*sensor)->read().error().code, "sensor.malformed");
  tree.remove("/proc/stat");
  EXPECT_EQ((*sensor)->read().error().code, "sensor.lost");
  tree.write("/proc/stat", "cpu  11 0 5 100 0 0 0 0 0 0\n");
  EXPECT_EQ((*sensor)->read()->counts, 16U);
}

TEST(ProbeMachineModel, FindsAModelWhereProcTellsTheCpu) {
  const TestTree tree;
  tree.write("/proc/stat", "cpu  10 0 5 100 0 0 0 0 0 0\n");
  tree.write("/proc/cpuinfo",
             "processor\t: 0\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 106\n"
             "model name\t: Intel(R) Xeon(R) Platinum 8380 CPU @ 2.30GHz\nphysical id\t: 0\n");
  FakeClock clock;
  const Discovery found = probe_machine_model(tree.files(), clock);
  ASSERT_EQ(found.sensors.size(), 1U);
  ASSERT_EQ(found.findings.size(), 1U);
  EXPECT_EQ(found.findings[0].reason.code, "sensor.modelled");
  EXPECT_NE(found.sensors[0]->info().method.find("8380"), std::string::npos);
  EXPECT_NE(found.sensors[0]->info().method.find("SPECpower_ssj2008"), std::string::npos);
}

TEST(ProbeMachineModel, SaysWhatIsMissing) {
  const TestTree tree;
  FakeClock clock;
  const Discovery none = probe_machine_model(tree.files(), clock);
  EXPECT_TRUE(none.sensors.empty());
  ASSERT_EQ(none.findings.size(), 1U);
  EXPECT_EQ(none.findings[0].reason.code, "sensor.machine");
  EXPECT_FALSE(none.findings[0].reason.cure.empty());
  tree.write("/proc/cpuinfo", "processor : 0\n");
  EXPECT_EQ(probe_machine_model(tree.files(), clock).findings[0].reason.code, "sensor.missing");
}

}  // namespace
}  // namespace joulebook
