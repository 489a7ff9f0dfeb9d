#pragma once
// Which UTC an instant had when it was: through the anchor of its own time, so that a clock that is set
// later moves nothing that was. Not thread-safe.
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/clock.h"

namespace joulebook {

class WallTimes {
 public:
  // Anchors are kept where the wall clock went by more than this beside the steady one: slewing by 500 ppm
  // (the most of the kernel's adjtimex) takes 20 s for it.
  static constexpr std::int64_t kApart_ns = 10'000'000;
  static constexpr std::size_t kMost = 1024;  // kept; of more the oldest go

  WallTimes() = default;
  explicit WallTimes(const Anchor& start) { note(start); }

  // In order of steady time; one that is older than the newest is passed over.
  void note(const Anchor& anchor);
  // ns since 1970 UTC, by the newest anchor at or before `t`; before all of them, by the first. 0 without any.
  [[nodiscard]] std::int64_t wall_ns(SteadyTime t) const;
  [[nodiscard]] SteadyTime newest() const { return {newest_}; }  // of the anchors noted

 private:
  struct Offset {
    std::int64_t from;  // steady ns
    std::int64_t wall;  // less steady, ns
  };
  std::vector<Offset> offsets_;  // rising
  std::int64_t newest_ = 0;
};

}  // namespace joulebook
