#pragma once
// The energy curve of a power gauge: a best value, with bounds.
//
// A reading is the mean power over `averaging` before the gauge's last update, of which the
// hardware observed the share `duty`. So over [u - w, u] the energy grew by duty x w x reading, and
// by 0 to p_max for the rest; and at any instant by 0 to p_max. The bounds are the tightest that
// all of this allows (power_bounds.h). p_max is the greater of the sensor's stated greatest power
// and the greatest seen (transients pass a stated one).
//
// When the gauge updated: a gauge with a tick holds its value between updates. A changed value came
// after the read before it; and no value is older than kHold ticks. A value that stays is taken for
// a new update of the same value once a tick has passed: a held step stays a step.
// An instant gauge (averaging 0) sees nothing between two updates, so its bounds are those of
// p_max: wide, and true of a square wave at the sampling period, too.
//
// With p_max stated the interval is a bound (level 1), for a gauge without a tick or without
// averaging; else it assumes that power stays below the greatest seen, or that updates are not
// older than kHold ticks, and is an interval of 95 %.
//
// best(t): the reading over its averaging window where that is no longer than a tick, else at the
// window's middle; an instant gauge's value as long as it was shown; linear between. Fixed once an update after t (and half an averaging window) was
// seen. bounds() of a window looks no further than that, so it does not change either.
// Retention, memory and threads as CounterCurve; a held value costs one sample a tick.
#include <cstdint>
#include <optional>
#include <vector>

#include "meter/curve.h"
#include "meter/faults.h"
#include "meter/power_bounds.h"
#include "meter/ring.h"

namespace joulebook {

class GaugeCurve {
 public:
  static constexpr double kHold = 1.5;  // ticks; nominal and a generous jitter

  GaugeCurve(const SensorInfo& info, CurveOptions options);

  void add(const RawReading& reading);
  void miss(SteadyTime at, const Error& error);
  void spoil(Fault fault);

  [[nodiscard]] bool settled(SteadyTime t) const { return best(t).has_value(); }
  // J since the first sample.
  [[nodiscard]] std::optional<double> best(SteadyTime t) const;
  // J of [begin, end). REQUIRES: both edges settled, no fault. Allocates.
  [[nodiscard]] Interval bounds(SteadyTime begin, SteadyTime end) const;
  [[nodiscard]] std::optional<Reason> fault(SteadyTime begin, SteadyTime end) const;
  [[nodiscard]] std::optional<CounterCurve::Peak> peak(SteadyTime begin, SteadyTime end) const;
  // The bounds rest on a stated greatest power alone.
  [[nodiscard]] bool bounded() const;
  // p_max as it was known when t was settled. REQUIRES: a sample was added.
  [[nodiscard]] double max_watts_at(SteadyTime t) const;
  [[nodiscard]] Nanos tick() const { return info_.tick; }
  [[nodiscard]] Nanos tick_at(SteadyTime) const { return info_.tick; }
  // How long after an update best() of it is known.
  [[nodiscard]] Nanos lag() const { return shifted() ? info_.averaging / 2 : Nanos{0}; }

 private:
  struct Sample {
    SteadyTime at;        // where best() puts the reading; it holds from `rise` to here
    SteadyTime rise;
    SteadyTime left;      // until here the value before holds; linear from here to `rise`
    SteadyTime earliest;  // the update lies between these
    SteadyTime latest;
    double watts = 0;
    double joules = 0;      // best, since the first sample
    double most_watts = 0;  // the greatest known when it was taken
    bool broken = false;
  };

  [[nodiscard]] Sample sample(const RawReading& reading, bool changed) const;
  [[nodiscard]] SteadyTime updated(const RawReading& reading, bool changed) const;
  [[nodiscard]] bool late(const RawReading& reading) const;
  [[nodiscard]] bool shifted() const {
    return info_.averaging.count() == 0 || info_.averaging > info_.tick;
  }
  [[nodiscard]] std::size_t after(SteadyTime t) const;
  [[nodiscard]] double max_watts() const;
  [[nodiscard]] std::vector<EnergySpan> spans(std::size_t first, std::size_t last, SteadyTime begin,
                                              double allowance) const;

  SensorInfo info_;
  CurveOptions options_;
  Ring<Sample> samples_;
  RawReading last_;
  Faults faults_;
  std::optional<Error> missing_;
  double max_seen_ = 0;
};

}  // namespace joulebook
