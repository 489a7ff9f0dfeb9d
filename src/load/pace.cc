#include "load/pace.h"

#include <algorithm>

namespace joulebook::load {
namespace {

constexpr Nanos kRampStep = std::chrono::milliseconds(5);

}  // namespace

Pace::Pace(const LoadPlan& plan, SteadyTime start) : plan_(plan), start_(start) {
  if (plan.open() && !plan.replays()) {
    times_.emplace(plan.arrivals, plan.rate, plan.burstiness, plan.ramp_s, plan.seed);
  }
  advance();
}

void Pace::advance() {
  if (plan_.replays()) {
    scheduled_ = next_ < plan_.trace.size() ? start_ + nanos(plan_.trace[next_].at_s) : kNever;
    ++next_;
  } else if (times_) {
    scheduled_ = start_ + nanos(times_->next());
  }
}

SteadyTime Pace::due(int in_flight, SteadyTime now) const {
  if (plan_.replays() || times_) return in_flight < plan_.concurrency ? scheduled_ : kNever;
  const double elapsed = Seconds(now - start_).count();
  if (in_flight < ramped(plan_.concurrency, elapsed, plan_.ramp_s)) {
    return std::max(now, paused_until_);
  }
  return elapsed < plan_.ramp_s ? now + kRampStep : kNever;
}

void Pace::take() { advance(); }

}  // namespace joulebook::load
