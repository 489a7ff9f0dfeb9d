#pragma once
// The energy curve of a counter: for any instant t of steady time, bounds of the cumulative energy
// (or busy CPU time), and a best value.
//
// Reads at an equal value form a run. A read's instant is known only to lie in [begin, end].
//   lower(t)  the value of the last run whose first read ended by t
//   upper(t)  the value of the first run that was seen to begin between two reads both begun at or
//             after t, plus one resolution. The next read alone bounds nothing: it may show an
//             update from before t.
// Where the sensor states a greatest power, both are drawn in by what twice that power can add
// before the next value seen, or since the last (twice: what delta.h takes for plausible, too).
//   best(t)   linear between the estimated instants of the updates; an update lies between two
//             reads, and no more than a tick before the second: its middle is taken
// For an ideal counter (each update publishes the energy up to that instant, rounded down to the
// resolution) lower(t) <= truth <= upper(t) holds always. A busy-time counter is brought up to date
// by the read itself, so its upper(t) is the first read begun at or after t, plus one resolution.
//
// best(t) is fixed as soon as upper(t) exists, and so is its rounding to whole microjoules: windows
// that share an edge share its number, and tile exactly.
//
// A fault (reset, backwards, ambiguous or long gap, suspend) breaks the chain: no bound reaches
// across it and a window over it is an absence, with what is known as its lower bound.
//
// Retention: the newest `capacity` runs (at the default and a change every 10 ms, 2.9 hours).
// Memory: 56 bytes a run, touched as it fills. No allocation in add() but for faults.
// Not thread-safe.
#include <joulebook/quantity.h>

#include <cstdint>
#include <optional>

#include "meter/delta.h"
#include "meter/faults.h"
#include "meter/ring.h"

namespace joulebook {

struct CurveOptions {
  Nanos max_gap = std::chrono::seconds(3);
  std::size_t capacity = std::size_t{1} << 20;
};

// Bounds and best value at one instant, in the unit of the sensor (J or CPU s), from a common
// origin.
struct CurveEdge {
  double lower = 0;
  double upper = 0;
  double best = 0;
};

class CounterCurve {
 public:
  CounterCurve(const SensorInfo& info, CurveOptions options);

  // What add() would make of the reading; nothing is kept.
  [[nodiscard]] DeltaKind judge(const RawReading& reading) const;
  void add(const RawReading& reading);
  // A read that failed at `at`. Harmless if the next good read comes before max_gap.
  void miss(SteadyTime at, const Error& error);
  // No figure over [begin, end), for a reason from outside (a suspend).
  void spoil(Fault fault);

  // upper(t) and lower(t) are known, so best(t) will not move any more.
  [[nodiscard]] bool settled(SteadyTime t) const { return edge(t).has_value(); }
  [[nodiscard]] std::optional<CurveEdge> edge(SteadyTime t) const;
  // Why there is no figure over [begin, end); nothing where there is one.
  [[nodiscard]] std::optional<Reason> fault(SteadyTime begin, SteadyTime end) const;
  // Lower bound of what was counted in [begin, end), faults or not.
  [[nodiscard]] double known_least(SteadyTime begin, SteadyTime end) const;

  // W over neighbouring updates that lie inside [begin, end): the greatest, with its bounds.
  struct Peak {
    double watts = 0;
    Interval bounds;
  };
  [[nodiscard]] std::optional<Peak> peak(SteadyTime begin, SteadyTime end) const;

  // Mean time between changes seen so far; the nominal tick where none was.
  [[nodiscard]] Nanos tick() const;
  // The same of the kTickMean changes up to the one that closed t: once t is settled, no later
  // reading moves it, so a replay says the same.
  static constexpr int kTickMean = 64;
  [[nodiscard]] Nanos tick_at(SteadyTime t) const;
  [[nodiscard]] double resolution() const { return resolution_; }
  // J (or CPU s) a second that the counter plausibly never passes; infinite where none is stated.
  [[nodiscard]] double most_rate() const { return most_rate_; }
  // How long an unchanged counter is taken for alive: 50 nominal ticks and 2 s at least; one that is
  // seen to change more seldom is given four times as long as it took.
  [[nodiscard]] Nanos stuck_after() const;

 private:
  struct Run {
    std::int64_t counts = 0;  // since the first read ever
    SteadyTime first_begin;
    SteadyTime first_end;
    SteadyTime last_begin;
    SteadyTime last_end;
    SteadyTime updated;   // estimated
    bool broken = false;  // no bound reaches from here to the run before
  };

  [[nodiscard]] Delta delta(const RawReading& reading) const;
  [[nodiscard]] Nanos tick_up_to(std::size_t run) const;
  [[nodiscard]] Nanos patience(std::size_t run) const;
  void start_run(const RawReading& reading, std::uint64_t counts, bool broken);
  [[nodiscard]] SteadyTime update_instant(const RawReading& reading) const;
  [[nodiscard]] std::optional<Fault> break_before(const RawReading& reading, DeltaKind kind) const;
  [[nodiscard]] std::optional<std::size_t> lower_run(SteadyTime t) const;
  // The run whose value bounds t from above.
  [[nodiscard]] std::optional<std::size_t> upper_run(SteadyTime t) const;
  [[nodiscard]] std::optional<double> upper(SteadyTime t) const;
  void draw_in(CurveEdge& edge, SteadyTime t, std::size_t below, std::size_t above) const;
  [[nodiscard]] double best(SteadyTime t) const;
  [[nodiscard]] double best_between_updates(SteadyTime t, std::size_t after) const;
  [[nodiscard]] double best_between_reads(SteadyTime t, std::size_t after) const;
  [[nodiscard]] std::optional<Fault> stuck_over(SteadyTime begin, SteadyTime end) const;
  [[nodiscard]] Reason why_open(SteadyTime t) const;
  [[nodiscard]] Peak peak_between(std::size_t k) const;
  [[nodiscard]] double value(std::int64_t counts) const {
    return static_cast<double>(counts) * limits_.scale;
  }

  std::string name_;
  CounterLimits limits_;
  CurveOptions options_;
  double resolution_ = 0;
  double most_rate_ = 0;
  bool immediate_ = false;  // brought up to date by the read itself
  Ring<Run> runs_;
  std::uint64_t last_raw_ = 0;
  Faults faults_;
  std::optional<Error> missing_;  // the newest read failed with it
  std::int64_t changes_ = 0;
  Nanos changing_{0};  // from the first change to the last, faults left out
};

}  // namespace joulebook
