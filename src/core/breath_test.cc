#include "core/breath.h"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <thread>

namespace joulebook {
namespace {

using std::chrono::microseconds;

TEST(Breath, RestsOnceItHasWorkedLongEnough) {
  FakeClock clock;
  int rests = 0;
  std::optional<Breath> breath(std::in_place, clock, microseconds(250), [&] {
    ++rests;
    clock.advance(microseconds(1000));  // a rest is no work
  });
  breathe();
  clock.advance(microseconds(249));
  breathe();
  EXPECT_EQ(rests, 0);
  clock.advance(microseconds(1));
  breathe();
  breathe();
  EXPECT_EQ(rests, 1);
  clock.advance(microseconds(250));
  std::thread([] { breathe(); }).join();  // did not ask for it
  EXPECT_EQ(rests, 1);
  breathe();
  EXPECT_EQ(rests, 2);
  breath.reset();
  clock.advance(microseconds(250));
  breathe();
  EXPECT_EQ(rests, 2);
}

}  // namespace
}  // namespace joulebook
