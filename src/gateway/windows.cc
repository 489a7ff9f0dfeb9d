#include "gateway/windows.h"

#include <algorithm>

namespace joulebook::gateway {

void Windows::add(SteadyTime end) {
  if (end <= begin_) return;
  cut_.push_back({begin_, end, !busy_, engine_});
  quiet_ = busy_ ? 0 : quiet_ + 1;
  begin_ = end;
  busy_.reset();
}

void Windows::busy(SteadyTime begin, SteadyTime end) {
  if (end < begin_) return;  // of a window that is cut: it was silent by what was known then
  if (!busy_) add(begin);
  busy_ = std::max(busy_.value_or(end), end);
}

void Windows::engine(SteadyTime at, EngineIs is) {
  cut(at);
  const auto seen = busy_;
  add(at);
  if (seen && *seen >= begin_) busy_ = seen;
  engine_ = is;
  quiet_ = 0;
}

// Short at first, so that the power at rest is soon known.
Nanos Windows::length() const {
  return busy_ ? lengths_.busy : std::min(lengths_.silent, lengths_.busy * (1 + quiet_));
}

void Windows::cut(SteadyTime now, bool last) {
  while (now - begin_ >= length()) {
    const auto seen = busy_;
    add(begin_ + length());
    if (seen && *seen >= begin_) busy_ = seen;  // the work goes on into the next window
  }
  if (last) add(now);
}

void Windows::measure(Meter& meter, SteadyTime now, bool last) {
  while (!cut_.empty() && (last || now - cut_.front().end >= lengths_.lag)) {
    const Cut next = cut_.front();
    cut_.pop_front();
    meter.settle(next.end);
    measured_.push_back({meter.energy({"", next.begin, next.end}), next.silent, next.engine});
  }
}

}  // namespace joulebook::gateway
