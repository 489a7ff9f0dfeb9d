#include "meter/curve.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace joulebook {
namespace {

constexpr Nanos kHeldUp = std::chrono::milliseconds(400);  // who publishes a counter, by a busy machine

SteadyTime middle(SteadyTime a, SteadyTime b) { return a + (b - a) / 2; }

double seconds(Nanos d) { return Seconds(d).count(); }

double interpolate(SteadyTime t, SteadyTime t0, double v0, SteadyTime t1, double v1) {
  if (t1 <= t0) return v1;
  const double share = seconds(t - t0) / seconds(t1 - t0);
  return v0 + (v1 - v0) * std::clamp(share, 0.0, 1.0);
}

}  // namespace

CounterCurve::CounterCurve(const SensorInfo& info, CurveOptions options)
    : name_(info.name.empty() ? info.id : info.name),
      limits_(CounterLimits::of(info)),
      options_(options),
      resolution_(static_cast<double>(std::max<std::uint64_t>(info.resolution, 1)) * info.scale),
      most_rate_(info.kind == SensorKind::energy_counter && info.max_watts > 0
                     ? limits_.max_rate
                     : std::numeric_limits<double>::infinity()),
      immediate_(info.kind == SensorKind::busy_time),
      runs_(options.capacity) {}

DeltaKind CounterCurve::judge(const RawReading& reading) const {
  return runs_.empty() ? DeltaKind::value : delta(reading).kind;
}

// A change brings what was used since the change before it, however late that is: a counter with a
// nominal tick of 1 ms may be published twice a second, and who publishes it may be held up between
// two values. How old a value is, nobody knows: up to what makes it stuck where little was seen of the
// counter, else up to a few times as often as it changes.
Delta CounterCurve::delta(const RawReading& reading) const {
  const Run& run = runs_.back();
  Nanos held = stuck_after();
  if (changes_ >= kTickMean) held = std::min(held, std::max<Nanos>(kHeldUp, 4 * tick()));
  const Nanos seen = reading.end - run.first_begin;
  if (seen > held) held = std::min(seen, patience(runs_.size() - 1));
  return counter_delta(last_raw_, reading.counts, reading.end - run.last_begin, limits_, held);
}

void CounterCurve::add(const RawReading& reading) {
  if (runs_.empty()) {
    start_run(reading, 0, true);
  } else {
    Run& run = runs_.back();
    const Delta delta = this->delta(reading);
    if (auto fault = break_before(reading, delta.kind)) {
      faults_.add(std::move(*fault));
      start_run(reading, delta.counts, true);
    } else if (delta.kind == DeltaKind::unchanged) {
      run.last_begin = reading.begin;
      run.last_end = reading.end;
    } else {
      start_run(reading, delta.counts, false);
    }
  }
  last_raw_ = reading.counts;
  missing_.reset();
}

std::optional<Fault> CounterCurve::break_before(const RawReading& reading, DeltaKind kind) const {
  const Run& run = runs_.back();
  const Nanos gap = reading.begin - run.last_end;
  Fault fault{run.last_begin, reading.end, {}};
  if (missing_ && blinds(*missing_)) {
    fault.reason = lost_reason(*missing_);
  } else if (kind == DeltaKind::reset) {
    fault.reason = reset_reason(name_);
  } else if (kind == DeltaKind::backwards) {
    fault.reason = backwards_reason(name_);
  } else if (gap > options_.max_gap && missing_) {
    fault.reason = lost_reason(*missing_);
  } else if (kind == DeltaKind::ambiguous) {
    fault.reason = ambiguous_reason(name_, gap);
  } else if (gap > options_.max_gap) {
    fault.reason = gap_reason(name_, gap, options_.max_gap);
  } else {
    return std::nullopt;
  }
  return fault;
}

void CounterCurve::start_run(const RawReading& reading, std::uint64_t counts, bool broken) {
  Run run{.first_begin = reading.begin,
          .first_end = reading.end,
          .last_begin = reading.begin,
          .last_end = reading.end,
          .updated = update_instant(reading),
          .broken = broken};
  if (!runs_.empty()) run.counts = runs_.back().counts + static_cast<std::int64_t>(counts);
  if (!broken && !runs_.back().broken) {
    ++changes_;
    changing_ += run.updated - runs_.back().updated;
  }
  runs_.push(run);
}

SteadyTime CounterCurve::update_instant(const RawReading& reading) const {
  const SteadyTime seen = middle(reading.begin, reading.end);
  if (runs_.empty()) return seen;
  const SteadyTime unseen = middle(runs_.back().last_begin, runs_.back().last_end);
  const SteadyTime earliest = limits_.tick.count() > 0 ? seen - limits_.tick : unseen;
  return middle(std::max(unseen, earliest), seen);
}

void CounterCurve::miss(SteadyTime, const Error& error) {
  if (missing_ && (missing_->code == error.code || blinds(*missing_))) return;
  missing_ = error;
}

void CounterCurve::spoil(Fault fault) { faults_.add(std::move(fault)); }

std::optional<std::size_t> CounterCurve::lower_run(SteadyTime t) const {
  const std::size_t next = runs_.first([&](const Run& run) { return run.first_end > t; });
  if (next == 0) return std::nullopt;
  return next - 1;
}

std::optional<std::size_t> CounterCurve::upper_run(SteadyTime t) const {
  const std::size_t k = runs_.first([&](const Run& run) { return run.last_begin >= t; });
  if (k == runs_.size()) return std::nullopt;
  if (immediate_) return k;
  if (k + 1 == runs_.size() || runs_[k + 1].broken) return std::nullopt;
  return k + 1;
}

std::optional<double> CounterCurve::upper(SteadyTime t) const {
  const auto k = upper_run(t);
  if (!k) return std::nullopt;
  return value(runs_[*k].counts) + resolution_;
}

// Run k was published between the last read of run k - 1 and its own first read.
void CounterCurve::draw_in(CurveEdge& edge, SteadyTime t, std::size_t below,
                           std::size_t above) const {
  for (std::size_t k = std::max<std::size_t>(1, below); k <= above; ++k) {
    if (runs_[k].broken) continue;
    const double published = value(runs_[k].counts);
    const double still = std::max(0.0, seconds(runs_[k].first_end - t));
    edge.lower = std::max(edge.lower, published - most_rate_ * still);
    const double since = std::max(0.0, seconds(t - runs_[k - 1].last_begin));
    edge.upper = std::min(edge.upper, published + resolution_ + most_rate_ * since);
  }
}

double CounterCurve::best_between_updates(SteadyTime t, std::size_t after) const {
  const Run& next = runs_[after];
  if (after == 0 || next.broken) return value(next.counts);
  const Run& run = runs_[after - 1];
  return interpolate(t, run.updated, value(run.counts), next.updated, value(next.counts));
}

double CounterCurve::best_between_reads(SteadyTime t, std::size_t after) const {
  const Run& next = runs_[after];
  const SteadyTime seen = middle(next.first_begin, next.first_end);
  if (after == 0 || next.broken || seen <= t) return value(next.counts);
  const Run& run = runs_[after - 1];
  return interpolate(t, middle(run.last_begin, run.last_end), value(run.counts), seen,
                     value(next.counts));
}

// REQUIRES: upper(t) is known.
double CounterCurve::best(SteadyTime t) const {
  if (immediate_) {
    return best_between_reads(t, runs_.first([&](const Run& r) { return r.last_begin >= t; }));
  }
  const std::size_t after = runs_.first([&](const Run& r) { return r.updated > t; });
  if (after == runs_.size()) return value(runs_.back().counts);
  return best_between_updates(t, after);
}

std::optional<CurveEdge> CounterCurve::edge(SteadyTime t) const {
  const auto below = lower_run(t);
  const auto above = upper_run(t);
  if (!below || !above) return std::nullopt;
  CurveEdge edge{value(runs_[*below].counts), value(runs_[*above].counts) + resolution_, best(t)};
  if (std::isfinite(most_rate_)) draw_in(edge, t, *below, *above);
  edge.upper = std::max(edge.upper, edge.lower);  // a rate beyond what is plausible
  edge.best = std::clamp(edge.best, edge.lower, edge.upper);
  return edge;
}

double CounterCurve::known_least(SteadyTime begin, SteadyTime end) const {
  if (runs_.empty()) return 0;
  const auto from = upper(begin);
  const auto to = lower_run(end);
  if (!from || !to) return 0;
  return std::max(0.0, value(runs_[*to].counts) - *from);
}

Nanos CounterCurve::tick() const {
  if (changes_ == 0) return limits_.tick;
  return std::max(limits_.tick, changing_ / changes_);
}

Nanos CounterCurve::tick_at(SteadyTime t) const {
  return runs_.empty() ? limits_.tick : tick_up_to(upper_run(t).value_or(runs_.size() - 1));
}

Nanos CounterCurve::tick_up_to(std::size_t run) const {
  Nanos changing{0};
  int changes = 0;
  for (std::size_t k = run; k > 0 && changes < kTickMean; --k) {
    if (runs_[k].broken || runs_[k - 1].broken) continue;
    changing += runs_[k].updated - runs_[k - 1].updated;
    ++changes;
  }
  return changes == 0 ? limits_.tick : std::max(limits_.tick, changing / changes);
}

Nanos CounterCurve::stuck_after() const {
  return std::max<Nanos>(50 * limits_.tick, std::chrono::seconds(2));
}

// The same for the value of a run, from how often the counter had changed until then.
Nanos CounterCurve::patience(std::size_t run) const {
  return std::max<Nanos>(stuck_after(), 4 * tick_up_to(run));
}

std::optional<Fault> CounterCurve::stuck_over(SteadyTime begin, SteadyTime end) const {
  if (immediate_) return std::nullopt;
  const Nanos limit = stuck_after();
  for (std::size_t k = runs_.first([&](const Run& r) { return r.last_begin > begin; });
       k < runs_.size() && runs_[k].first_end < end; ++k) {
    const Nanos still = runs_[k].last_begin - runs_[k].first_end;
    if (still > limit && still > patience(k)) {
      return Fault{runs_[k].first_end, runs_[k].last_begin, stuck_reason(name_, still)};
    }
  }
  return std::nullopt;
}

Reason CounterCurve::why_open(SteadyTime t) const {
  if (missing_) return lost_reason(*missing_);
  if (runs_.empty()) return not_bracketed_reason(name_, true);
  if (!lower_run(t)) {
    return runs_.dropped() ? expired_reason(name_) : not_bracketed_reason(name_, true);
  }
  if (const Fault* fault = faults_.after(t)) return fault->reason;
  return not_bracketed_reason(name_, false);
}

std::optional<Reason> CounterCurve::fault(SteadyTime begin, SteadyTime end) const {
  if (const Fault* fault = faults_.over(begin, end)) return fault->reason;
  if (const auto stuck = stuck_over(begin, end)) return stuck->reason;
  for (const SteadyTime t : {begin, end}) {
    if (!settled(t)) return why_open(t);
  }
  return std::nullopt;
}

// Between the updates that began runs k and k + 1. Each came after the read before it, and, where a
// tick is stated, no more than that before the read that saw it.
CounterCurve::Peak CounterCurve::peak_between(std::size_t k) const {
  const Run& from = runs_[k];
  const Run& to = runs_[k + 1];
  const double energy = value(to.counts - from.counts);
  const SteadyTime unseen = k > 0 ? runs_[k - 1].last_begin : from.first_begin;
  SteadyTime earliest_from = unseen;
  SteadyTime earliest_to = from.last_begin;
  if (limits_.tick.count() > 0) {
    earliest_from = std::max(earliest_from, from.first_begin - limits_.tick);
    earliest_to = std::max(earliest_to, to.first_begin - limits_.tick);
  }
  const double shortest = seconds(earliest_to - from.first_end);
  const double longest = seconds(to.first_end - earliest_from);
  return {
      energy / seconds(to.updated - from.updated),
      {std::max(0.0, energy - resolution_) / longest,
       shortest > 0 ? (energy + resolution_) / shortest : std::numeric_limits<double>::infinity()}};
}

std::optional<CounterCurve::Peak> CounterCurve::peak(SteadyTime begin, SteadyTime end) const {
  std::optional<Peak> greatest;
  for (std::size_t k = runs_.first([&](const Run& r) { return r.updated >= begin; });
       k + 1 < runs_.size() && runs_[k + 1].updated <= end; ++k) {
    if (runs_[k + 1].broken || runs_[k + 1].updated <= runs_[k].updated) continue;
    if (runs_[k].broken) continue;  // its update was not seen
    const Peak peak = peak_between(k);
    if (!greatest || peak.watts > greatest->watts) greatest = peak;
  }
  return greatest;
}

}  // namespace joulebook
