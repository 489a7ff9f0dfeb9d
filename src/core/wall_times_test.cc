#include "core/wall_times.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace joulebook {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

TEST(WallTimes, AStepMovesNothingThatWas) {
  WallTimes times({{10 * kSecond}, 0, 1000 * kSecond});
  EXPECT_EQ(times.wall_ns({5 * kSecond}), 995 * kSecond);
  times.note({{20 * kSecond}, 0, 1010 * kSecond});
  times.note({{30 * kSecond}, 0, 1020 * kSecond + 3600 * kSecond});
  times.note({{40 * kSecond}, 0, 1030 * kSecond});
  EXPECT_EQ(times.wall_ns({25 * kSecond}), 1015 * kSecond);
  EXPECT_EQ(times.wall_ns({35 * kSecond}), 1025 * kSecond + 3600 * kSecond);
  EXPECT_EQ(times.wall_ns({45 * kSecond}), 1035 * kSecond);
  times.note({{20 * kSecond}, 0, 0});  // late: what is known stays
  EXPECT_EQ(times.wall_ns({25 * kSecond}), 1015 * kSecond);
  EXPECT_EQ(times.newest().ns, 40 * kSecond);
  EXPECT_EQ(WallTimes().wall_ns({7}), 0);
}

// Whatever the clock did, an instant's UTC is the one of an anchor that was noted, to 10 ms; memory is bounded.
TEST(WallTimes, EveryInstantHasItsOwnClock) {
  std::mt19937_64 dice(1);
  WallTimes times;
  std::vector<std::int64_t> offsets;
  std::int64_t offset = 0;
  for (std::int64_t s = 1; s <= 500; ++s) {
    if (dice() % 10 == 0) offset += static_cast<std::int64_t>(dice() % 7200) * kSecond - 3600 * kSecond;
    offset += static_cast<std::int64_t>(dice() % 5'000'000) - 2'500'000;
    offsets.push_back(offset);
    times.note({{s * kSecond}, 0, s * kSecond + offset});
  }
  for (std::int64_t s = 1; s <= 500; ++s) {
    const std::int64_t is = times.wall_ns({s * kSecond + kSecond / 2}) - s * kSecond - kSecond / 2;
    EXPECT_NEAR(static_cast<double>(is), static_cast<double>(offsets[static_cast<std::size_t>(s - 1)]), WallTimes::kApart_ns);
  }
  for (std::int64_t s = 501; s <= 5000; ++s) times.note({{s * kSecond}, 0, s * kSecond + s * kSecond});
  EXPECT_EQ(times.wall_ns({5001 * kSecond}), 10'001 * kSecond);
}

}  // namespace
}  // namespace joulebook
