// Who settles, and when: marks, and turns that are taken one at a time.
#include <gtest/gtest.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "gateway/settling_turns.h"

namespace joulebook::gateway {
namespace {

TEST(Pressure, BeginsAtTheHighMarkAndEndsAtTheLowOne) {
  Pressure pressure(Pressure::of(1600));
  const auto next = [&](std::uint64_t bytes, int seconds = 0) { return pressure.next({1, bytes, std::chrono::seconds(seconds)}); };
  EXPECT_FALSE(next(399));
  EXPECT_TRUE(next(400));
  EXPECT_TRUE(next(101));
  EXPECT_FALSE(next(100));
  EXPECT_FALSE(next(399));
  EXPECT_FALSE(next(1, 9));
  EXPECT_TRUE(next(1, 10));  // little, and for long
  EXPECT_TRUE(next(1, 2));
  EXPECT_FALSE(next(1, 1));
}

// A settler in which each part takes 100 bytes off what waits.
struct Pretended {
  std::mutex mutex;
  std::condition_variable changed;
  std::uint64_t bytes = 0;
  std::map<std::thread::id, int> settled;
  std::thread::id stepped_back;
  bool at_it = false;
  bool both = false;

  SettlingTurns::Parts parts() {
    return {[this] { return settle(); },
            [this] {
              const std::lock_guard lock(mutex);
              return Backlog{bytes / 100, bytes, Nanos(0)};
            },
            [this] {
              const std::lock_guard lock(mutex);
              stepped_back = std::this_thread::get_id();
              changed.notify_all();
            }};
  }
  bool settle() {
    {
      const std::lock_guard lock(mutex);
      both = both || at_it;
      at_it = true;
    }
    std::this_thread::yield();
    const std::lock_guard lock(mutex);
    at_it = false;
    ++settled[std::this_thread::get_id()];
    bytes -= std::min<std::uint64_t>(bytes, 100);
    changed.notify_all();
    return bytes > 0;
  }
  void grow(std::uint64_t by) {
    const std::lock_guard lock(mutex);
    bytes += by;
  }
  void until_empty() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return bytes == 0; });
  }
};

TEST(SettlingTurns, TheOtherThreadSettlesWhatIsDue) {
  Pretended settler;
  SettlingTurns turns(settler.parts(), Pressure::of(16'000));
  settler.grow(3000);
  turns.tick();
  settler.until_empty();
  turns.stop();
  EXPECT_FALSE(turns.hurries());
  EXPECT_EQ(settler.settled.size(), 1U);
  EXPECT_TRUE(settler.settled.contains(settler.stepped_back));
  EXPECT_NE(settler.stepped_back, std::this_thread::get_id());
}

TEST(SettlingTurns, WhereThatFallsBehindTheOwnerSettlesToTheLowMark) {
  Pretended settler;
  SettlingTurns turns(settler.parts(), Pressure::of(16'000));
  settler.grow(10'000);
  while (turns.tick() || turns.hurries()) {
  }
  {
    const std::lock_guard lock(settler.mutex);
    EXPECT_LE(settler.bytes, 1000U);
    EXPECT_GE(settler.settled[std::this_thread::get_id()], 90);
  }
  turns.tick();
  settler.until_empty();
  turns.stop();
  EXPECT_FALSE(settler.both);
}

TEST(SettlingTurns, TheyNeverSettleAtOnceAndNothingIsLeft) {
  Pretended settler;
  SettlingTurns turns(settler.parts(), Pressure::of(16'000));
  std::uint64_t given = 0;
  for (int i = 0; i < 120; ++i) {
    settler.grow(i % 50 == 0 ? 6000 : 100);
    given += i % 50 == 0 ? 60 : 1;
    turns.tick();
  }
  while (turns.hurries()) turns.tick();
  turns.tick();
  settler.until_empty();
  turns.stop();
  EXPECT_FALSE(settler.both);
  std::uint64_t settled = 0;
  for (const auto& [thread, count] : settler.settled) settled += static_cast<std::uint64_t>(count);
  EXPECT_GE(settled, given);
}

}  // namespace
}  // namespace joulebook::gateway
