#include "core/wall_times.h"

#include <algorithm>
#include <cstdlib>

namespace joulebook {

void WallTimes::note(const Anchor& anchor) {
  const std::int64_t wall = anchor.wall_ns - anchor.steady.ns;
  if (!offsets_.empty() && anchor.steady.ns <= newest_) return;
  newest_ = anchor.steady.ns;
  if (!offsets_.empty() && std::llabs(wall - offsets_.back().wall) <= kApart_ns) return;
  if (offsets_.size() >= kMost) offsets_.erase(offsets_.begin());
  offsets_.push_back({anchor.steady.ns, wall});
}

std::int64_t WallTimes::wall_ns(SteadyTime t) const {
  if (offsets_.empty()) return 0;
  const auto after = std::upper_bound(offsets_.begin(), offsets_.end(), t.ns,
                                      [](std::int64_t at, const Offset& o) { return at < o.from; });
  return t.ns + (after == offsets_.begin() ? *after : *std::prev(after)).wall;
}

}  // namespace joulebook
