#pragma once
// Joins a foreign wall-clock stamp to steady time through the two nearest anchors. Where the wall
// clock was slewed or stepped between them, the answer is wide enough to hold both.
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <utility>

#include "core/clock.h"

namespace joulebook {

struct SteadyInterval {
  SteadyTime begin, end;
};

// Beyond this the anchors disagree too much for a stamp between them to mean anything.
inline constexpr Nanos kMostWallStep = std::chrono::milliseconds(500);

// The instant of wall-clock `wall_ns`, known to `resolution`; nothing where the wall clock stepped
// by more than kMostWallStep between the anchors.
[[nodiscard]] inline std::optional<SteadyInterval> join_wall(std::int64_t wall_ns, Nanos resolution,
                                                             const Anchor& before,
                                                             const Anchor& after) {
  std::int64_t least = before.wall_ns - before.steady.ns;
  std::int64_t most = after.wall_ns - after.steady.ns;
  if (least > most) std::swap(least, most);
  if (Nanos(most - least) > kMostWallStep) return std::nullopt;
  return SteadyInterval{{wall_ns - most}, SteadyTime{wall_ns - least} + resolution};
}

}  // namespace joulebook
