#include "gateway/windows.h"

#include <algorithm>

namespace joulebook::gateway {

void Windows::add(SteadyTime end) {
  if (end <= begin_) return;
  cut_.push_back({begin_, end, !busy_});
  begin_ = end;
  busy_.reset();
}

void Windows::busy(SteadyTime begin, SteadyTime end) {
  if (end < begin_) return;  // of a window that is cut: it was silent by what was known then
  if (!busy_) add(begin);
  busy_ = std::max(busy_.value_or(end), end);
}

void Windows::cut(SteadyTime now, bool last) {
  while (now - begin_ >= (busy_ ? lengths_.busy : lengths_.silent)) {
    const auto seen = busy_;
    add(begin_ + (busy_ ? lengths_.busy : lengths_.silent));
    if (seen && *seen >= begin_) busy_ = seen;  // the work goes on into the next window
  }
  if (last) add(now);
}

void Windows::measure(Meter& meter, SteadyTime now, bool last) {
  while (!cut_.empty() && (last || now - cut_.front().end >= lengths_.lag)) {
    const Cut next = cut_.front();
    cut_.pop_front();
    meter.settle(next.end);
    measured_.push_back({meter.energy({"", next.begin, next.end}), next.silent});
  }
}

}  // namespace joulebook::gateway
