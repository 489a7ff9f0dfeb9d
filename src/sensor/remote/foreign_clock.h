#pragma once
// Joins timestamps of another clock (a plug's, a BMC's, another machine's) to steady time.
//
// An anchor says: the other clock showed `foreign` at some instant in [begin, end]. A foreign time
// is joined through the two anchors that surround it, or the nearest one where it lies outside all
// of them. From each anchor, the other clock is taken to run at our rate within kMostDrift; the
// result is the hull of what both say, so it also holds where the other clock was stepped once
// between them, whatever the step. Keeps the newest kMostAnchors anchors. Not thread-safe.
#include <joulebook/units.h>

#include <cstdint>
#include <deque>
#include <optional>

namespace joulebook {

struct SteadySpan {
  SteadyTime begin;
  SteadyTime end;

  [[nodiscard]] bool contains(SteadyTime t) const { return begin <= t && t <= end; }
  bool operator==(const SteadySpan&) const = default;
};

class ForeignClock {
 public:
  // Quartz keeps within 100 ppm and ntpd slews by at most 500: ours and theirs together.
  static constexpr double kMostDrift = 1200e-6;
  static constexpr std::size_t kMostAnchors = 64;

  // REQUIRES: begin <= end; anchors come in the order of steady time.
  void anchor(std::int64_t foreign_ns, SteadyTime begin, SteadyTime end);
  // When the other clock showed `foreign_ns`; nothing without an anchor.
  [[nodiscard]] std::optional<SteadySpan> join(std::int64_t foreign_ns) const;

 private:
  struct Anchor {
    std::int64_t foreign = 0;
    SteadySpan seen;
  };
  [[nodiscard]] static SteadySpan from(const Anchor& anchor, std::int64_t foreign_ns);
  std::deque<Anchor> anchors_;
};

}  // namespace joulebook
