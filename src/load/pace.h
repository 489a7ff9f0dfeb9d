#pragma once
// When the next request is due: closed loop, open loop or trace. Not thread-safe.
#include <optional>

#include "load/plan.h"

namespace joulebook::load {

class Pace {
 public:
  // The plan outlives this.
  Pace(const LoadPlan& plan, SteadyTime start);

  // When the next one is due, with so many in flight. Past or now: it may be sent. kNever: not
  // before another ends, or never. In a closed loop a slot that is free is due now.
  [[nodiscard]] SteadyTime due(int in_flight, SteadyTime now) const;
  // When it should have been sent whatever is in flight; kNever in a closed loop or where the trace
  // is over.
  [[nodiscard]] SteadyTime scheduled() const { return scheduled_; }
  // It was sent.
  void take();
  // A closed loop sends nothing before `t`: after a failure.
  void pause_until(SteadyTime t) { paused_until_ = t; }

 private:
  void advance();

  const LoadPlan& plan_;
  SteadyTime start_;
  SteadyTime scheduled_ = kNever;
  SteadyTime paused_until_{};
  std::optional<ArrivalTimes> times_;
  std::size_t next_ = 0;  // of the trace
};

}  // namespace joulebook::load
