#include "sensor/remote/foreign_clock.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

#include "sensor/remote/times.h"

namespace joulebook {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

// A clock whose reading is a known function of steady time: it drifts, its drift changes, and it is
// stepped once.
struct OtherClock {
  double drift = 0;      // s per s, at first
  double bend_at = 1e9;  // s of steady time after which the drift is the other way
  double step_at = 1e9;
  double step = 0;  // s

  [[nodiscard]] std::int64_t shows(double t) const {
    double reading = t + drift * std::min(t, bend_at) - drift * std::max(0.0, t - bend_at);
    if (t >= step_at) reading += step;
    return std::llround(reading * 1e9) + 1'700'000'000 * kSecond;
  }
};

SteadyTime steady(double t) { return {std::llround(t * 1e9) + 5 * kSecond}; }

TEST(ForeignClock, NeedsAnAnchor) { EXPECT_FALSE(ForeignClock().join(0)); }

TEST(ForeignClock, OneAnchorCarriesItsUncertaintyAndDrift) {
  ForeignClock clock;
  clock.anchor(100 * kSecond, {1 * kSecond}, {2 * kSecond});
  const auto span = clock.join(100 * kSecond).value();
  EXPECT_NEAR(static_cast<double>(span.begin.ns), 1e9, 2);
  EXPECT_NEAR(static_cast<double>(span.end.ns), 2e9, 2);
  const auto later = clock.join(110 * kSecond).value();
  EXPECT_NEAR(static_cast<double>((later.end - later.begin).count()),
              1e9 + 2 * 10e9 * ForeignClock::kMostDrift, 10);
}

TEST(ForeignClock, AStepBetweenTwoAnchorsWidensTheEdge) {
  ForeignClock clock;
  clock.anchor(100 * kSecond, {10 * kSecond}, {10 * kSecond});
  clock.anchor(170 * kSecond, {20 * kSecond}, {20 * kSecond});  // an hour's worth of NTP at once
  const auto span = clock.join(105 * kSecond).value();
  EXPECT_TRUE(span.contains({15 * kSecond}));  // before the step
  EXPECT_LE(span.end.ns, 20 * kSecond);        // and never outside of what surrounds it
  EXPECT_GE(span.begin.ns, 10 * kSecond);
}

TEST(ForeignClock, NonsenseDoesNotOverflow) {
  ForeignClock clock;
  clock.anchor(0, {0}, {0});
  const auto span = clock.join(std::numeric_limits<std::int64_t>::max());
  ASSERT_TRUE(span);
  EXPECT_GE(span->end, span->begin);
}

// The law: whatever the other clock does within its limits, the true instant lies in the span.
RC_GTEST_PROP(ForeignClock, TheTrueInstantIsInside, ()) {
  OtherClock other;
  other.drift = *rc::gen::inRange(-1000, 1001) * 1e-6;
  other.bend_at = *rc::gen::inRange(0, 200);
  if (*rc::gen::arbitrary<bool>()) {
    other.step_at = *rc::gen::inRange(1, 200) + 0.37;
    other.step = *rc::gen::inRange(-5000, 5001) * 1e-3;
  }
  ForeignClock clock;
  double t = 0;
  double stamped = 0;  // when the reading was made that is joined next
  for (int i = 0; i < 40; ++i) {
    const double gap = *rc::gen::inRange(1, 8000) * 1e-3;
    const double before = t;
    t += gap;
    const double slack = *rc::gen::inRange(0, 500) * 1e-3;
    const double inside = *rc::gen::inRange(0, 1001) * 1e-3;
    clock.anchor(other.shows(t), steady(t - slack * inside), steady(t + slack * (1 - inside)));
    stamped = before + gap * *rc::gen::inRange(0, 1001) * 1e-3;
    // A time that the other clock showed twice, or skipped over a step back, has no one answer; nor
    // can a step before the first anchor be seen.
    const bool stepped = stamped < other.step_at && t >= other.step_at;
    if (stepped && (other.step < 0 || i == 0)) continue;
    const auto span = clock.join(other.shows(stamped));
    RC_ASSERT(span.has_value());
    RC_ASSERT(span->begin <= steady(stamped));
    RC_ASSERT(span->end >= steady(stamped));
  }
}

// And it is no wider than it must be: a steady clock is joined to within its anchors' own slack.
RC_GTEST_PROP(ForeignClock, WithoutAStepTheSpanIsNarrow, ()) {
  const OtherClock other{.drift = *rc::gen::inRange(-100, 101) * 1e-6};
  ForeignClock clock;
  for (int i = 0; i <= 10; ++i) clock.anchor(other.shows(i), steady(i - 0.02), steady(i + 0.02));
  const double t = *rc::gen::inRange(0, 10'000) * 1e-3;
  const auto span = clock.join(other.shows(t)).value();
  RC_ASSERT(span.end - span.begin < Nanos(45'000'000));
}

TEST(Times, AreReadInEveryForm) {
  constexpr std::int64_t kNine = 1'445'412'480 * kSecond;  // 2015-10-21 07:28:00 UTC
  EXPECT_EQ(parse_http_date("Wed, 21 Oct 2015 07:28:00 GMT"), kNine);
  EXPECT_EQ(parse_iso_time("2015-10-21T07:28:00Z"), kNine);
  EXPECT_EQ(parse_iso_time("2015-10-21T09:28:00.5+02:00"), kNine + kSecond / 2);
  EXPECT_EQ(parse_unix_date("Wed Oct 21 00:28:00 2015 -0700"), kNine);
  EXPECT_EQ(parse_unix_date("Wed Nov  6 10:00:00 2024 -0800"), 1'730'916'000 * kSecond);
  for (const char* wrong : {"", "2015-10-21", "2015-10-21T07:28:00", "2015-13-21T07:28:00Z",
                            "2015-02-30T07:28:00Z", "2015-10-21T25:28:00Z", "2015-10-21Tx:y:zZ",
                            "Wed, 21 Foo 2015 07:28:00 GMT", "99999-10-21T07:28:00Z"}) {
    EXPECT_FALSE(parse_iso_time(wrong)) << wrong;
    EXPECT_FALSE(parse_http_date(wrong)) << wrong;
    EXPECT_FALSE(parse_unix_date(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace joulebook
