#include "export/sink.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>

#include "core/text.h"

namespace joulebook {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr SteadyTime kStart{1'000'000'000'000};
const SinkFrame kLines{"", ",", ""};

SinkLimits small() {
  SinkLimits limits;
  limits.most_rows = 10;
  limits.most_bytes = 100;
  limits.batch_rows = 4;
  limits.batch_bytes = 40;
  return limits;
}

SinkQueue filled(int rows, SinkLimits limits = small()) {
  SinkQueue queue(limits, kLines, 1);
  for (int i = 0; i < rows; ++i) queue.push(std::to_string(i), kStart);
  return queue;
}

TEST(SinkQueue, ABatchThatIsNotFullLingersAndAFullOneDoesNot) {
  SinkQueue queue = filled(2);
  EXPECT_EQ(queue.due(), kStart + seconds(1));
  EXPECT_EQ(queue.take(kStart), std::nullopt);
  EXPECT_EQ(queue.take(kStart, true), "0,1");
  queue.answered({200, "", {}}, kStart);
  EXPECT_EQ(queue.counts().sent, 2U);
  EXPECT_EQ(queue.due(), std::nullopt);
  SinkQueue full = filled(5);
  EXPECT_EQ(full.take(kStart), "0,1,2,3");
  EXPECT_EQ(full.take(kStart), std::nullopt) << "one batch at a time";
}

TEST(SinkQueue, BatchesHoldTheirBytesAndALongRowGoesAlone) {
  SinkQueue queue = filled(0);
  queue.push(std::string(30, 'a'), kStart);
  queue.push(std::string(30, 'b'), kStart);
  EXPECT_EQ(queue.take(kStart), std::string(30, 'a'));
  queue.answered({204, "", {}}, kStart);
  SinkQueue large = filled(0);
  large.push(std::string(90, 'a'), kStart);
  EXPECT_EQ(large.take(kStart, true), std::string(90, 'a'));
}

TEST(SinkQueue, AFullQueueLetsTheOldestGoButNotWhatIsOnItsWay) {
  SinkQueue queue = filled(10);
  ASSERT_EQ(queue.take(kStart), "0,1,2,3");
  queue.push("10", kStart);
  EXPECT_EQ(queue.counts().dropped, 1U);
  queue.answered({503, "", {}}, kStart);
  EXPECT_EQ(queue.take(kStart + seconds(2)), "0,1,2,3") << "it comes again, whole and first";
  queue.answered({200, "", {}}, kStart + seconds(2));
  EXPECT_EQ(queue.take(kStart + seconds(2)), "5,6,7,8") << "4 was the oldest that waited";
  SinkQueue bytes = filled(0);
  for (int i = 0; i < 5; ++i) bytes.push(std::string(30, static_cast<char>('a' + i)), kStart);
  EXPECT_EQ(bytes.counts().dropped, 2U);
  EXPECT_LE(bytes.counts().queued_bytes, 100U);
}

// The waits after so many failures in a row, in seconds.
std::vector<double> waits(std::uint64_t seed, int n, std::optional<double> retry_after = {}) {
  SinkQueue queue(small(), kLines, seed);
  queue.push("x", kStart);
  std::vector<double> out;
  SteadyTime now = kStart + seconds(1);
  for (int i = 0; i < n; ++i) {
    EXPECT_TRUE(queue.take(now));
    queue.answered({503, "", retry_after}, now);
    out.push_back(Seconds(*queue.due() - now).count());
    EXPECT_EQ(queue.take(*queue.due() - Nanos(1)), std::nullopt);
    now = *queue.due();
  }
  return out;
}

TEST(SinkQueue, WaitsDoubleUpToTheLongestWithJitterBelow) {
  const auto some = waits(1, 12);
  for (int i = 0; i < 12; ++i) {
    const double whole = std::min(60.0, static_cast<double>(1 << i));
    EXPECT_GE(some[static_cast<std::size_t>(i)], whole / 2) << i;
    EXPECT_LE(some[static_cast<std::size_t>(i)], whole) << i;
  }
  EXPECT_EQ(waits(1, 12), some) << "a seed gives the same waits again";
  EXPECT_NE(waits(2, 12), some);
  for (const double wait : waits(1, 5, 90.0)) EXPECT_EQ(wait, 90) << "Retry-After is kept to";
  EXPECT_EQ(waits(1, 1, 1e9)[0], 600) << "within reason";
  EXPECT_GE(waits(1, 1, -5.0)[0], 0.5);
}

TEST(SinkQueue, ARefusalIsNotRepeatedAndOneThatIsTooLargeIsHalved) {
  for (const int status : {301, 400, 401, 403, 404, 422}) {
    SinkQueue queue = filled(6);
    ASSERT_TRUE(queue.take(kStart));
    queue.answered({status, "", {}}, kStart);
    EXPECT_EQ(queue.counts().refused, 4U) << status;
    EXPECT_EQ(queue.counts().queued, 2U) << status;
    EXPECT_NE(queue.counts().last_failure.find(std::to_string(status)), std::string::npos);
    EXPECT_EQ(queue.take(kStart, true), "4,5") << "the next goes without a wait";
  }
  SinkQueue queue = filled(6);
  ASSERT_EQ(queue.take(kStart), "0,1,2,3");
  queue.answered({413, "", {}}, kStart);
  ASSERT_EQ(queue.take(kStart), "0,1");
  queue.answered({413, "", {}}, kStart);
  ASSERT_EQ(queue.take(kStart), "0");
  queue.answered({413, "", {}}, kStart);
  EXPECT_EQ(queue.counts().refused, 1U) << "one row alone that is too large will always be";
  EXPECT_EQ(queue.take(kStart), "1");
}

TEST(SinkQueue, WhatIsGivenUpIsCounted) {
  SinkQueue queue = filled(6);
  ASSERT_TRUE(queue.take(kStart));
  queue.give_up();
  EXPECT_EQ(queue.counts().dropped, 6U);
  EXPECT_EQ(queue.counts().queued, 0U);
  EXPECT_EQ(queue.counts().queued_bytes, 0U);
}

// Any traffic, any answers: nothing is lost uncounted, the bound holds, and what the server took came
// in order and once.
RC_GTEST_PROP(SinkQueue, EveryRowIsSentOrCountedAndComesInOrder, ()) {
  SinkLimits limits;
  limits.most_rows = *rc::gen::inRange<std::size_t>(1, 20);
  limits.most_bytes = *rc::gen::inRange<std::size_t>(20, 200);
  limits.batch_rows = *rc::gen::inRange<std::size_t>(1, 8);
  limits.batch_bytes = *rc::gen::inRange<std::size_t>(1, 60);
  SinkQueue queue(limits, kLines, 7);
  SteadyTime now = kStart;
  std::optional<std::string> flying;
  std::vector<int> taken;
  int next = 1000;
  for (int step = 0; step < 120; ++step) {
    now = now + milliseconds(*rc::gen::inRange(0, 700));
    const int what = *rc::gen::inRange(0, 4);
    if (what < 2) {
      queue.push(std::to_string(next++), now);
    } else if (!flying) {
      flying = queue.take(now, what == 3);
    } else {
      const int status = *rc::gen::element(200, 200, 204, 0, 429, 503, 400, 413);
      queue.answered({status, status == 0 ? "no route" : "", {}}, now);
      if (status == 200 || status == 204) {
        for (const auto part : split(*flying, ',')) taken.push_back(static_cast<int>(*parse_int(part)));
      }
      flying.reset();
    }
    const auto& c = queue.counts();
    RC_ASSERT(c.taken == c.sent + c.dropped + c.refused + c.queued);
    if (!flying) RC_ASSERT(c.queued <= limits.most_rows && c.queued_bytes <= limits.most_bytes);
  }
  RC_ASSERT(queue.counts().sent == taken.size());
  RC_ASSERT(std::adjacent_find(taken.begin(), taken.end(), std::greater_equal<>()) == taken.end());
}

// A server away for less than the queue holds loses nothing.
TEST(SinkQueue, AnOutageWithinTheBoundLosesNothing) {
  SinkLimits limits;
  limits.most_rows = 1000;
  limits.batch_rows = 50;
  SinkQueue queue(limits, kLines, 3);
  SteadyTime now = kStart;
  int tries = 0;
  for (int i = 0; i < 6000; ++i, now = now + milliseconds(100)) {  // ten minutes, ten rows a second
    queue.push("r" + std::to_string(i), now);
    const bool away = i > 1000 && i < 1900;
    while (queue.take(now)) {
      tries += away ? 1 : 0;
      queue.answered({away ? 0 : 200, "away", {}}, now);
    }
  }
  EXPECT_EQ(queue.counts().dropped, 0U);
  EXPECT_GE(queue.counts().sent, 5980U);
  EXPECT_LT(tries, 12) << "it does not hammer";
}

}  // namespace
}  // namespace joulebook
