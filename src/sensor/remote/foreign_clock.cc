#include "sensor/remote/foreign_clock.h"

#include <algorithm>
#include <cmath>

namespace joulebook {

void ForeignClock::anchor(std::int64_t foreign_ns, SteadyTime begin, SteadyTime end) {
  anchors_.push_back({foreign_ns, {begin, end}});
  if (anchors_.size() > kMostAnchors) anchors_.pop_front();
}

SteadySpan ForeignClock::from(const Anchor& anchor, std::int64_t foreign_ns) {
  // Differences of foreign times in double: nonsense a peer sends must not overflow.
  const double away = static_cast<double>(foreign_ns) - static_cast<double>(anchor.foreign);
  const double most = 1e18;
  const double lo = std::clamp(away - std::abs(away) * kMostDrift - 1, -most, most);
  const double hi = std::clamp(away + std::abs(away) * kMostDrift + 1, -most, most);
  return {anchor.seen.begin + Nanos(static_cast<std::int64_t>(lo)),
          anchor.seen.end + Nanos(static_cast<std::int64_t>(hi))};
}

// After a step back a foreign time may lie between several pairs: the newest pair is taken, since
// readings are joined as they come.
std::optional<SteadySpan> ForeignClock::join(std::int64_t foreign_ns) const {
  if (anchors_.empty()) return std::nullopt;
  if (foreign_ns >= anchors_.back().foreign) return from(anchors_.back(), foreign_ns);
  for (std::size_t i = anchors_.size() - 1; i > 0; --i) {
    const Anchor& before = anchors_[i - 1];
    const Anchor& after = anchors_[i];
    if (before.foreign > foreign_ns) {
      // Earlier than both, or after a step back between the two, if that leads to where they lie.
      const SteadySpan a = from(before, foreign_ns);
      const SteadySpan b = from(after, foreign_ns);
      if (b.end < before.seen.begin) continue;
      return SteadySpan{std::min(a.begin, b.begin), std::min(std::max(a.end, b.end), after.seen.end)};
    }
    const SteadySpan a = from(before, foreign_ns);
    const SteadySpan b = from(after, foreign_ns);
    // It was shown between the two, whatever the clock did.
    return SteadySpan{std::max(std::min(a.begin, b.begin), before.seen.begin),
                      std::min(std::max(a.end, b.end), after.seen.end)};
  }
  return from(anchors_.front(), foreign_ns);
}

}  // namespace joulebook
