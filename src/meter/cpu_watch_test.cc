#include "meter/cpu_watch.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <latch>
#include <thread>

#include "fakes/power_plant.h"

namespace joulebook {
namespace {

std::string stat_line(int pid, int parent, int utime, int cutime) {
  const auto n = [](int x) { return std::to_string(x); };
  return n(pid) + " (a (b) c) S " + n(parent) + " 1 1 0 -1 4194304 1 2 3 4 " + n(utime) + " 0 " +
         n(cutime) + " 0 20 0 1 0 100 0 0\n";
}

TEST(ProcStat, ReadsACommandWithParentheses) {
  const auto stat = parse_proc_stat(stat_line(7, 3, 120, 40));
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->parent, 3);
  EXPECT_EQ(stat->utime, 120U);
  EXPECT_EQ(stat->cutime, 40U);
  EXPECT_FALSE(parse_proc_stat(""));
  EXPECT_FALSE(parse_proc_stat("7 (x) S 1 2"));
}

TEST(ProcStat, BusyIsEverythingButIdleWaitingAndStolen) {
  const auto stat = parse_machine_stat(
      "cpu  100 10 50 9999 777 3 4 5 60 0\ncpu0 1 1 1 1\ncpu1 1 1 1 1\nintr 5\n");
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->busy, 167U);  // 100 + 10 + 50 + 3 + 4
  EXPECT_EQ(stat->threads, 2);
  EXPECT_FALSE(parse_machine_stat("intr 5\n"));
}

// A process tree in a folder: 100 -> 101 -> 102, and a stranger.
class Tree : public testing::Test {
 protected:
  Tree() {
    EXPECT_NE(::mkdtemp(root_.data()), nullptr);
    fakes::put_file(root_ + "/proc/stat", "cpu 1000 0 0 5 0 0 0 0 0 0\ncpu0 1 1 1 1\n");
    put(100, 1, 50, 0);
    put(900, 1, 5000, 0);
    watch_ = std::make_unique<CpuWatch>(clock_, real_files(root_));
    watch_->watch({100});
  }
  ~Tree() override { std::filesystem::remove_all(root_); }
  void put(int pid, int parent, int utime, int cutime) const {
    fakes::put_file(root_ + "/proc/" + std::to_string(pid) + "/stat",
                    stat_line(pid, parent, utime, cutime));
  }
  void end(int pid) const { std::filesystem::remove_all(root_ + "/proc/" + std::to_string(pid)); }
  double jiffies() { return watch_->sample(true).tree * static_cast<double>(sysconf(_SC_CLK_TCK)); }

  std::string root_ = testing::TempDir() + "/tree-XXXXXX";
  FakeClock clock_;
  std::unique_ptr<CpuWatch> watch_;
};

TEST_F(Tree, CountsDescendantsFromBirthAndRootsFromTheWatch) {
  EXPECT_NEAR(jiffies(), 0, 1e-9);
  put(100, 1, 60, 0);
  put(101, 100, 7, 0);
  put(102, 101, 5, 0);
  EXPECT_NEAR(jiffies(), 22, 1e-9);
}

TEST_F(Tree, WhatRanBeforeCountsFromTheWatchOn) {
  put(200, 1, 1000, 500);
  put(201, 200, 3000, 0);
  watch_ = std::make_unique<CpuWatch>(clock_, real_files(root_));
  watch_->watch({200});
  EXPECT_NEAR(jiffies(), 0, 1e-9);
  put(201, 200, 3004, 0);
  EXPECT_NEAR(jiffies(), 4, 1e-9);
  end(201);
  put(200, 1, 1000, 500 + 3006);  // waited for: its whole life is in its parent's cutime
  EXPECT_NEAR(jiffies(), 6, 1e-9);
  put(200, 1, 1000, 500 + 3006 + 9);  // a child too short to be seen
  EXPECT_NEAR(jiffies(), 15, 1e-9);
}

TEST_F(Tree, AnotherProcessUnderAnOldNumberIsNotTheOldOne) {
  put(101, 100, 7, 0);
  EXPECT_NEAR(jiffies(), 7, 1e-9);
  std::string line = stat_line(101, 1, 5000, 0);
  line.replace(line.find(" 100 0 0\n"), 5, " 200 ");
  fakes::put_file(root_ + "/proc/101/stat", line);
  EXPECT_NEAR(jiffies(), 7, 1e-9);
}

TEST_F(Tree, EndedChildrenAreCreditedOnce) {
  put(101, 100, 7, 0);
  EXPECT_NEAR(jiffies(), 7, 1e-9);
  end(101);  // not waited for yet: its last known value
  EXPECT_NEAR(jiffies(), 7, 1e-9);
  put(100, 1, 50, 9);  // waited for: it had spent 9
  EXPECT_NEAR(jiffies(), 9, 1e-9);
  end(100);
  EXPECT_NEAR(jiffies(), 9, 1e-9);
}

TEST_F(Tree, TheMachineIsReadWithTheTree) {
  EXPECT_NEAR(watch_->sample(true).machine, 1000.0 / static_cast<double>(sysconf(_SC_CLK_TCK)),
              1e-9);
  EXPECT_LT(watch_->sample(false).machine, 0);
  EXPECT_EQ(watch_->hardware_threads(), 1);
}

TEST(CpuWatch, SeesThisVeryProcessWork) {
  CpuWatch watch(system_clock(), real_files());
  watch.register_thread();
  watch.watch({::getpid()});
  const CpuSample before = watch.sample(true);
  volatile double x = 1;
  for (int i = 0; i < 20'000'000; ++i) x = x * 1.0000001;
  const CpuSample after = watch.sample(true);
  EXPECT_GT(after.self, before.self);
  EXPECT_GE(after.tree - before.tree, (after.self - before.self) * 0.9);
}

double spent_here() {
  timespec ts{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
  return static_cast<double>(ts.tv_sec) + static_cast<double>(ts.tv_nsec) * 1e-9;
}

// A thread that burns a known CPU time, by its own clock, then waits to be let go.
class Burner {
 public:
  Burner(CpuWatch& watch, double seconds)
      : thread_([this, &watch, seconds] {
          const double before = spent_here();
          watch.register_thread();
          volatile double x = 1;
          while (spent_here() - before < seconds) x = x * 1.0000001;
          burnt_ = spent_here() - before;
          done_.count_down();
          leave_.wait();
          most_ = spent_here();
        }) {}
  // CPU seconds burnt, once they are.
  double burnt() {
    done_.wait();
    return burnt_;
  }
  // All that the thread ever spent.
  double end() {
    leave_.count_down();
    thread_.join();
    return most_;
  }

 private:
  double burnt_ = 0;
  double most_ = 0;
  std::latch done_{1};
  std::latch leave_{1};
  std::thread thread_;
};

// The observer pays (Law 6): whatever each own thread burns, and no more, is found in `self`, also
// after the thread ended.
TEST(CpuWatch, EachOwnThreadIsFoundInSelf) {
  CpuWatch watch(system_clock(), real_files());
  Burner threads[] = {{watch, 0.01}, {watch, 0.02}, {watch, 0.03}, {watch, 0.04}};
  double least = 0;
  for (auto& thread : threads) least += thread.burnt();
  const double self = watch.sample(true).self;
  double most = 0;
  for (auto& thread : threads) most += thread.end();
  EXPECT_GE(self, least);
  EXPECT_LE(self, most);
  EXPECT_GE(watch.sample(true).self, self);
  EXPECT_LE(watch.sample(true).self, most);
}

TEST(CpuWatch, ThreadsThatDidNotRegisterAreNotSelf) {
  CpuWatch watch(system_clock(), real_files());
  Burner own(watch, 0.01);
  const double burnt = own.burnt();
  std::thread stranger([] {
    volatile double x = 1;
    while (spent_here() < 0.05) x = x * 1.0000001;
  });
  stranger.join();
  const double self = watch.sample(true).self;
  EXPECT_GE(self, burnt);
  EXPECT_LE(self, own.end());
}

TEST(Pace, RestsAThousandTimesTheCostWithinLimits) {
  Pace pace(std::chrono::milliseconds(10), std::chrono::milliseconds(500));
  const SteadyTime start{1'000'000'000};
  EXPECT_TRUE(pace.due(start));
  for (const auto& [cost, rest_ms] : {std::pair{0.0, 10}, {50e-6, 50}, {1.0, 500}}) {
    pace.done(start, cost);
    EXPECT_FALSE(pace.due(start + std::chrono::milliseconds(rest_ms) - Nanos(1000)));
    EXPECT_TRUE(pace.due(start + std::chrono::milliseconds(rest_ms)));
  }
}

}  // namespace
}  // namespace joulebook
