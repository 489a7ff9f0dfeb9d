#include "export/span_spread.h"

#include <algorithm>
#include <limits>

namespace joulebook {

void SpanSpread::add(const Quantity& fair) {
  if (!fair.present() || !(*fair.value > 0)) return;
  const Interval own = fair.interval();
  value_ += *fair.value;
  lo_ += std::max(0.0, own.lo);
  hi_ += own.hi;
  least_ = std::min(least_, std::max(0.0, own.lo) / *fair.value);
  most_ = std::max(most_, own.hi / *fair.value);
  level_ = std::min(level_, fair.level);
  tier_ = weakest(tier_, fair.tier);
}

Quantity SpanSpread::figure(double joules, Interval interval, const char* rule) const {
  Quantity q = Quantity::exact(joules, "J");
  q.own = {std::min(interval.lo, joules), std::max(interval.hi, joules)};
  q.level = level_;
  q.tier = tier_;
  q.method = rule;
  return q;
}

Interval SpanSpread::widest(double joules) const {
  if (!known()) return {0, std::numeric_limits<double>::infinity()};
  return {joules * least_, joules * most_};
}

Quantity SpanSpread::requests(double joules, const SpanSpread& all) const {
  const double covered = std::min(joules, value_);
  Interval i = joules > covered ? all.widest(joules - covered) : Interval{0, 0};
  if (covered > 0) i = {i.lo + covered * lo_ / value_, i.hi + covered * hi_ / value_};
  return all.figure(joules, i, "sum of postings; interval: ends of its requests' summed, as if all erred alike");
}

Quantity SpanSpread::meter(double joules) const {
  const Interval i = known() ? Interval{joules * lo_ / value_, joules * hi_ / value_} : widest(joules);
  return figure(joules, i, "sum of postings; interval: that of its requests, as if all erred alike");
}

Quantity SpanSpread::rest(double joules, double metered, double requested) const {
  const Interval all = meter(metered).own;
  const Interval taken = requests(requested, *this).own;
  const double left = metered - requested;
  const double part = left > 0 ? joules / left : 0;
  const Interval i = {std::max(0.0, all.lo - taken.hi) * part, (all.hi - taken.lo) * part};
  return figure(joules, known() ? i : widest(joules), "sum of postings; interval: what meter and requests leave each other");
}

}  // namespace joulebook
