#include "gateway/windows.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace joulebook::gateway {
namespace {

// A reading that comes later may still bracket it: nothing happened inside that no reading can mend.
bool may_be_closed(const WindowEnergy& energy) {
  static constexpr std::array<std::string_view, 7> kForGood = {
      "sensor.reset",   "sensor.backwards", "sensor.stuck", "window.gap",
      "window.expired", "window.empty",     "clock.suspended"};
  bool open = false;
  for (const auto& domain : energy.domains) {
    if (!domain.top_level || domain.settled) continue;
    if (!domain.energy.reason ||
        std::find(kForGood.begin(), kForGood.end(), domain.energy.reason->code) != kForGood.end()) {
      return false;
    }
    open = true;
  }
  return open;
}

}  // namespace

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
    meter.settle(next.end);
    WindowEnergy energy = meter.energy({"", next.begin, next.end});
    if (!last && now - next.end < lengths_.patience && may_be_closed(energy)) return;
    cut_.pop_front();
    measured_.push_back({std::move(energy), next.silent, next.engine});
  }
}

}  // namespace joulebook::gateway
