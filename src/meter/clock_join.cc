#include "meter/clock_join.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace joulebook {

void ClockJoin::answer(SteadyTime asked, SteadyTime theirs, SteadyTime answered) {
  if (answered < asked) return;
  const Bounds fresh{asked, answered, theirs};
  answers_.push_back(fresh);
  if (!at(answered)) {
    answers_.assign(1, fresh);
    ++broken_;
  }
  if (answers_.size() <= kMost) return;
  answers_.pop_front();
}

std::optional<ClockJoin::Offset> ClockJoin::at(SteadyTime now) const {
  if (answers_.empty()) return std::nullopt;
  double lo = -std::numeric_limits<double>::infinity();
  double hi = std::numeric_limits<double>::infinity();
  const auto drift = [now](SteadyTime since) {
    return kDrift * std::abs(static_cast<double>((now - since).count()));
  };
  // Differences to the newest answer's are small, so that doubles hold them to the nanosecond.
  const std::int64_t origin = answers_.back().asked.ns - answers_.back().theirs.ns;
  for (const Bounds& b : answers_) {
    // A bound drifts from the instant that would make it tight: the clocks part during the answer's way too.
    lo = std::max(lo, static_cast<double>(b.asked.ns - b.theirs.ns - origin) - drift(b.asked));
    hi = std::min(hi, static_cast<double>(b.answered.ns - b.theirs.ns - origin) + drift(b.answered));
  }
  if (lo > hi) return std::nullopt;
  const double middle = (lo + hi) / 2;
  return Offset{Nanos(origin + static_cast<std::int64_t>(std::llround(middle))),
                Nanos(static_cast<std::int64_t>(std::ceil((hi - lo) / 2)) + 1)};
}

}  // namespace joulebook
