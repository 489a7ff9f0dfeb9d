#pragma once
// A sample of a study: the order in which it takes the prompts, and what each arm is asked as the
// clock goes. Deterministic but for the clock that is handed in.
#include <cstdint>
#include <optional>
#include <vector>

#include "core/clock.h"
#include "study/records.h"
#include "study/schedule.h"

namespace joulebook {

// The prompts shuffled within their kinds, and the kinds interleaved: however early the list is cut,
// each kind has its share of it but for half a prompt of each kind. Depends on the prompts' order,
// their kinds and the seed alone.
[[nodiscard]] std::vector<Prompt> stratified(std::vector<Prompt> prompts, std::uint64_t seed);

struct SampleSpec {
  std::size_t arms = 0;
  std::size_t prompts = 0;
  std::uint64_t seed = 1;
  std::vector<bool> thorough = {};  // by arm: answers all prompts, as far as time goes; empty: none
  int rounds = 1;                   // that the time is shared by
  SteadyTime begin;
  SteadyTime until;
  Nanos least_alone{0};  // that thorough arms have together, however late it is
};

// Which slot comes next. In the first round thorough arms answer all prompts first, one arm after the
// other, in at most half of the round's time, shared by them; then the other arms answer prompt by
// prompt, side by side, until the round's time is over; what is then left of it thorough arms that were
// cut short go on with. No prompt is begun by some of the others only, and every arm is asked at least
// one. Later rounds ask again what the first one asked, in the same order of arms. Not thread-safe.
class SamplePlan {
 public:
  explicit SamplePlan(const SampleSpec& spec);

  void begin(int round, SteadyTime now);
  // Nothing: the round is over.
  [[nodiscard]] std::optional<Slot> next(SteadyTime now);
  // The arm is asked no more.
  void drop(std::size_t arm) { dropped_[arm] = true; }
  // So many of the first prompts were asked of any arm.
  [[nodiscard]] std::size_t asked() const;

 private:
  enum class Part { burst, side_by_side, rest, over };

  [[nodiscard]] bool thorough(std::size_t arm) const {
    return arm < spec_.thorough.size() && spec_.thorough[arm];
  }
  [[nodiscard]] std::size_t thorough_left(std::size_t from) const;
  [[nodiscard]] std::optional<Slot> next_alone(SteadyTime now, SteadyTime end, bool one_at_least);
  [[nodiscard]] std::optional<Slot> next_beside(SteadyTime now);
  void enter(Part part, SteadyTime now);

  SampleSpec spec_;
  std::vector<bool> dropped_;        // by arm
  std::vector<std::size_t> asked_;   // by arm: prompts of the first round
  int round_ = 0;
  Part part_ = Part::over;
  SteadyTime half_;  // of this round
  SteadyTime end_;   // likewise
  std::size_t arm_ = 0;
  std::size_t prompt_ = 0;           // next of arm_
  SteadyTime arm_until_;
  std::vector<Slot> beside_;
  std::size_t at_ = 0;
};

}  // namespace joulebook
