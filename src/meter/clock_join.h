#pragma once
// Joins another machine's steady clock to this one's by questions and answers: an answer was written
// between the question's sending and its arrival, so that each pins the difference between two
// bounds, and all of them together pin it better. No assumption is made on which way took longer.
// Pure; not thread-safe.
#include <joulebook/units.h>

#include <cstddef>
#include <deque>
#include <optional>

namespace joulebook {

class ClockJoin {
 public:
  // The most by which two steady clocks drift apart: both may be slewed by 500 ppm (the most that the
  // kernel's adjtimex allows, Linux kernel/time/ntp.c MAXFREQ).
  static constexpr double kDrift = 1e-3;
  static constexpr std::size_t kMost = 256;  // answers kept

  // ours = theirs + best, to within `bound` either way.
  struct Offset {
    Nanos best{0};
    Nanos bound{0};
  };

  // A question was sent at `asked` or later; its answer says `theirs` and was there at `answered`.
  // One that contradicts what was known (a clock stepped, a machine slept) makes all before it void.
  void answer(SteadyTime asked, SteadyTime theirs, SteadyTime answered);
  // The other clock began anew.
  void forget() { answers_.clear(); }
  // At `now`; empty before the first answer.
  [[nodiscard]] std::optional<Offset> at(SteadyTime now) const;
  // How often answers contradicted each other.
  [[nodiscard]] std::size_t broken() const { return broken_; }

 private:
  // The other clock was read at some instant between the two; the offset at that instant is no less than
  // if it was read when the question left, no more than if it was read when the answer arrived.
  struct Bounds {
    SteadyTime asked;
    SteadyTime answered;
    SteadyTime theirs;
  };
  std::deque<Bounds> answers_;
  std::size_t broken_ = 0;
};

}  // namespace joulebook
