// Intervals of what was posted: no narrower than the rows' own, whatever hangs together.
#include "export/span_spread.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <vector>

namespace joulebook {
namespace {

Quantity row(double value, double down, double up) {
  Quantity q = Quantity::exact(value, "J");
  q.own = {value * down, value * up};
  q.tier = Tier::apportioned;
  return q;
}

SpanSpread of(const std::vector<Quantity>& rows) {
  SpanSpread spread;
  for (const auto& q : rows) spread.add(q);
  return spread;
}

TEST(SpanSpread, AddsEnds) {
  const SpanSpread all = of({row(10, 0.9, 1.2), row(30, 0.5, 1.1)});
  const Quantity q = all.requests(40, all);
  EXPECT_DOUBLE_EQ(q.own.lo, 9 + 15);
  EXPECT_DOUBLE_EQ(q.own.hi, 12 + 33);
  EXPECT_EQ(q.level, 0.95);
  // 10 J more, of requests without a figure: the widest of the rows.
  EXPECT_DOUBLE_EQ(all.requests(50, all).own.lo, 24 + 10 * 0.5);
  EXPECT_DOUBLE_EQ(all.requests(50, all).own.hi, 45 + 10 * 1.2);
  const Quantity meter = all.meter(400);
  EXPECT_DOUBLE_EQ(meter.own.lo, 240);
  EXPECT_DOUBLE_EQ(meter.own.hi, 450);
  // 360 J were no request's, 180 of them idle.
  const Quantity idle = all.rest(180, 400, 40);
  EXPECT_DOUBLE_EQ(idle.own.lo, (240 - 45) / 2.0);
  EXPECT_DOUBLE_EQ(idle.own.hi, (450 - 24) / 2.0);
}

TEST(SpanSpread, KnowsNothingWithoutARow) {
  const SpanSpread none = of({Quantity::absent("J", {"window.lost", "", ""})});
  for (const Quantity& q : {none.meter(5), none.requests(5, none), none.rest(5, 10, 5)}) {
    EXPECT_EQ(q.own.lo, 0);
    EXPECT_TRUE(std::isinf(q.own.hi));
    EXPECT_EQ(q.level, 1);
  }
}

// Whichever end each row is at, and however the meter's joules were divided: all lie inside.
RC_GTEST_PROP(SpanSpread, HoldsWhereverTheRowsAre, (const std::vector<std::uint8_t>& sizes)) {
  std::vector<Quantity> rows;
  double sum = 0, truth = 0;
  for (const auto size : sizes) {
    const double value = 1 + size;
    rows.push_back(row(value, *rc::gen::inRange(10, 100) * 0.01, *rc::gen::inRange(100, 300) * 0.01));
    sum += value;
    truth += *rc::gen::arbitrary<bool>() ? rows.back().own.lo : rows.back().own.hi;
  }
  RC_PRE(!rows.empty());
  const SpanSpread all = of(rows);
  const double slack = 1e-9 * sum;
  const Interval held = all.requests(sum, all).own;
  RC_ASSERT(held.lo <= truth + slack && truth - slack <= held.hi);
  const double meter = sum * 3;
  // Of the rest, what is left where the meter is right and the requests are where they are.
  const Interval rest = all.rest(meter - sum, meter, sum).own;
  RC_ASSERT(rest.lo <= meter - truth + slack && meter - truth - slack <= rest.hi);
  RC_ASSERT(all.meter(meter).own.lo <= meter && meter <= all.meter(meter).own.hi);
}

}  // namespace
}  // namespace joulebook
