#pragma once
// The energy curve of a power gauge: trapezoid between samples, with bounds.
//
// What no reading saw is bounded by [0, p_max], p_max being the greater of the sensor's stated
// greatest power and the greatest ever seen (transients pass a stated one). What counts as seen:
//   averaging >= sampling interval, duty 1   the reading A(t) is a moving average over w, so it
//       changes by at most p_max / w a second: a segment dt long is its trapezoid +- p_max dt^2/4w
//   otherwise                                duty x min(w, dt) of each segment, at the reading;
//       the rest of the segment, and all of the two segments that hold the window's edges, unseen
// A moving average lags: the energy up to t lies between the integral of A up to t and w x A(t)
// more, which is the bias at each edge. The best value leaves it in, and the method says so.
// An instant gauge (averaging 0) sees nothing between two samples, so its bounds are those of
// p_max: wide, and true of a square wave at the sampling period, too.
//
// With p_max stated the interval is a bound (level 1); else it assumes that power stays below the
// greatest seen, and is an interval of 95 %.
//
// best(t) is fixed once a sample after t exists. Retention, memory and threads as CounterCurve.
#include <cstdint>
#include <optional>

#include "meter/curve.h"
#include "meter/faults.h"
#include "meter/ring.h"

namespace joulebook {

class GaugeCurve {
 public:
  GaugeCurve(const SensorInfo& info, CurveOptions options);

  void add(const RawReading& reading);
  void miss(SteadyTime at, const Error& error);
  void spoil(Fault fault);

  [[nodiscard]] bool settled(SteadyTime t) const { return best(t).has_value(); }
  // J since the first sample.
  [[nodiscard]] std::optional<double> best(SteadyTime t) const;
  // J of [begin, end). REQUIRES: both edges settled, no fault.
  [[nodiscard]] Interval bounds(SteadyTime begin, SteadyTime end) const;
  [[nodiscard]] std::optional<Reason> fault(SteadyTime begin, SteadyTime end) const;
  [[nodiscard]] std::optional<CounterCurve::Peak> peak(SteadyTime begin, SteadyTime end) const;
  // The bounds rest on a stated greatest power.
  [[nodiscard]] bool bounded() const { return info_.max_watts > 0; }
  [[nodiscard]] double max_watts() const;
  [[nodiscard]] Nanos tick() const { return info_.tick; }

 private:
  struct Sample {
    SteadyTime at;
    double watts = 0;
    double joules = 0;   // trapezoid since the first sample
    double seen_lo = 0;  // J surely seen since the first sample
    double seen_hi = 0;
    double unseen_s = 0;  // s not seen since the first sample
    Nanos latency{0};
    bool broken = false;
  };

  void append(const Sample& previous, Sample& sample) const;
  [[nodiscard]] bool smooth(Nanos dt) const { return info_.averaging >= dt && info_.duty >= 1; }
  [[nodiscard]] std::size_t after(SteadyTime t) const;
  [[nodiscard]] double watts_at(SteadyTime t) const;

  SensorInfo info_;
  CurveOptions options_;
  Ring<Sample> samples_;
  Faults faults_;
  std::optional<Error> missing_;
  double max_seen_ = 0;
};

}  // namespace joulebook
