#pragma once
// How far what was posted in a span may be from the truth. A posting is exact as a sum; how sure it is only
// the rows of requests say. The rule supposes nothing about how their errors hang together: all may err alike
// and as far as each interval reaches, so that ends are added, not squares of deviations.
//
//   requests   the rows' low ends and high ends summed, over their sum, times what was posted; what has no row
//              with a figure (void, open, rolled up) takes the widest of the rows of the span
//   meter      the rows' ends summed, over their sum, times the meter: they hold its gain, and edges that a
//              longer window has fewer of
//   the rest   what meter and requests leave each other: [meter lo - requests hi, meter hi - requests lo];
//              idle, self, other and unattributed have parts of it as they were posted
//
// Without a row with a figure nothing is known: 0 to no end, as a bound. Not thread-safe.
#include <joulebook/quantity.h>

#include <string>

namespace joulebook {

class SpanSpread {
 public:
  // A row's fair share; an absence is passed over.
  void add(const Quantity& fair);
  [[nodiscard]] bool known() const { return value_ > 0; }

  // Of what was posted to the rows that were added; `all`: those of the whole span. J.
  [[nodiscard]] Quantity requests(double joules, const SpanSpread& all) const;
  // Of the span: all that its meters showed.
  [[nodiscard]] Quantity meter(double joules) const;
  // Of `joules`, a part of what of `metered` did not go to requests (`requested`).
  [[nodiscard]] Quantity rest(double joules, double metered, double requested) const;

 private:
  [[nodiscard]] Quantity figure(double joules, Interval interval, const char* rule) const;
  [[nodiscard]] Interval widest(double joules) const;

  double value_ = 0, lo_ = 0, hi_ = 0;
  double least_ = 1, most_ = 1;  // factors of the widest rows
  double level_ = 1;
  Tier tier_ = Tier::apportioned;
};

}  // namespace joulebook
