#include "meter/delta.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace joulebook {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t kRange = 262'143'328'850;
constexpr CounterLimits kPackage{1e-6, kRange, 300, milliseconds(1)};

TEST(Delta, TellsTheSixCasesApart) {
  const auto judge = [](std::uint64_t a, std::uint64_t b) {
    return counter_delta(a, b, milliseconds(10), kPackage);
  };
  EXPECT_EQ(judge(1000, 1000), (Delta{DeltaKind::unchanged, 0}));
  EXPECT_EQ(judge(1000, 5000), (Delta{DeltaKind::value, 4000}));
  EXPECT_EQ(judge(kRange - 100, 900), (Delta{DeltaKind::wrap, 1000}));
  EXPECT_EQ(judge(100'000'000'000, 500), (Delta{DeltaKind::reset, 0}));
  EXPECT_EQ(judge(100'000'000'000, 99'999'999'000), (Delta{DeltaKind::backwards, 0}));
  EXPECT_EQ(judge(1000, 100'000'000'000), (Delta{DeltaKind::reset, 0}));
}

TEST(Delta, AGapInWhichTwoTurnsFitIsAmbiguous) {
  EXPECT_EQ(counter_delta(0, 5000, seconds(2000), kPackage).kind, DeltaKind::ambiguous);
  EXPECT_EQ(counter_delta(5000, 5000, seconds(2000), kPackage).kind, DeltaKind::ambiguous);
  EXPECT_EQ(counter_delta(5000, 10, seconds(2000), kPackage).kind, DeltaKind::ambiguous);
  EXPECT_EQ(counter_delta(0, 5000, seconds(200), kPackage).kind, DeltaKind::value);
}

TEST(Delta, WithoutARangeAFallIsNeverAWrap) {
  const CounterLimits endless{1e-3, 0, 700, milliseconds(20)};
  EXPECT_EQ(counter_delta(9'000'000, 3, milliseconds(10), endless).kind, DeltaKind::reset);
  EXPECT_EQ(counter_delta(9'000'000, 8'999'000, milliseconds(10), endless).kind,
            DeltaKind::backwards);
}

TEST(Delta, AnUnknownGreatestPowerStillRefusesNonsense) {
  const CounterLimits limits{1e-6, kRange, 0, Nanos{0}};
  EXPECT_EQ(counter_delta(100'000'000'000, 1000, milliseconds(10), limits).kind, DeltaKind::reset);
  EXPECT_EQ(counter_delta(kRange - 5, 5, milliseconds(10), limits), (Delta{DeltaKind::wrap, 10}));
}

RC_GTEST_PROP(Delta, RecoversEveryPlausibleMovementAcrossTheWrap, ()) {
  const auto range = *rc::gen::inRange<std::uint64_t>(1'000'000, 1ULL << 40);
  const CounterLimits limits{1e-6, range, 300, milliseconds(1)};
  const auto elapsed = milliseconds(*rc::gen::inRange(1, 500));
  const auto most = std::min(limits.plausible(elapsed), static_cast<double>(range) * 0.99);
  RC_PRE(limits.plausible(elapsed) < static_cast<double>(range));
  const auto moved = *rc::gen::inRange<std::uint64_t>(0, static_cast<std::uint64_t>(most));
  const auto before = *rc::gen::inRange<std::uint64_t>(0, range);
  const Delta delta = counter_delta(before, (before + moved) % range, elapsed, limits);
  RC_ASSERT(delta.known());
  RC_ASSERT(delta.counts == moved);
}

RC_GTEST_PROP(Delta, NeverCreditsMoreThanIsPlausible, (std::uint64_t a, std::uint64_t b)) {
  const auto elapsed = milliseconds(*rc::gen::inRange(0, 10'000));
  const Delta delta = counter_delta(a, b, elapsed, kPackage);
  RC_ASSERT(static_cast<double>(delta.counts) <= kPackage.plausible(elapsed));
  RC_ASSERT(delta.known() || delta.counts == 0);
}

}  // namespace
}  // namespace joulebook
