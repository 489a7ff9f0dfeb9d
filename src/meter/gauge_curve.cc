#include "meter/gauge_curve.h"

#include <algorithm>

namespace joulebook {
namespace {

double seconds(Nanos d) { return Seconds(d).count(); }

}  // namespace

GaugeCurve::GaugeCurve(const SensorInfo& info, CurveOptions options)
    : info_(info), options_(options), samples_(options.capacity) {}

double GaugeCurve::max_watts() const { return std::max(info_.max_watts, max_seen_); }

void GaugeCurve::add(const RawReading& reading) {
  Sample sample{.at = reading.begin + (reading.end - reading.begin) / 2,
                .watts = static_cast<double>(reading.counts) * info_.scale,
                .latency = reading.end - reading.begin,
                .broken = true};
  max_seen_ = std::max(max_seen_, sample.watts);
  if (!samples_.empty()) append(samples_.back(), sample);
  if (!samples_.empty() && missing_ && blinds(*missing_)) {
    sample.broken = true;
    faults_.add({samples_.back().at, sample.at, lost_reason(*missing_)});
  }
  samples_.push(sample);
  missing_.reset();
}

void GaugeCurve::append(const Sample& previous, Sample& sample) const {
  const Nanos gap = sample.at - previous.at;
  const double dt = seconds(gap);
  const double joules = (previous.watts + sample.watts) / 2 * dt;
  const double least = std::min(previous.watts, sample.watts);
  const double most = std::max(previous.watts, sample.watts);
  sample.broken = gap > options_.max_gap;
  sample.joules = previous.joules + joules;
  sample.seen_lo = previous.seen_lo;
  sample.seen_hi = previous.seen_hi;
  sample.unseen_s = previous.unseen_s;
  if (smooth(gap)) {
    // +- p_max dt^2 / 4w, and half a read's latency of the same slope at either end.
    const double w = seconds(info_.averaging);
    const double slack = (dt / 4 + seconds(previous.latency + sample.latency) / 2) * dt / w;
    sample.seen_lo += joules - slack * max_watts();
    sample.seen_hi += joules + slack * max_watts();
    return;
  }
  const double seen = info_.duty * std::min(seconds(info_.averaging), dt);
  const bool spans = info_.averaging >= gap;  // one reading covers several segments
  sample.seen_lo += seen * (spans ? least : sample.watts);
  sample.seen_hi += seen * (spans ? most : sample.watts);
  sample.unseen_s += dt - seen;
}

void GaugeCurve::miss(SteadyTime, const Error& error) {
  if (missing_ && (missing_->code == error.code || blinds(*missing_))) return;
  missing_ = error;
}

void GaugeCurve::spoil(Fault fault) { faults_.add(std::move(fault)); }

std::size_t GaugeCurve::after(SteadyTime t) const {
  return samples_.first([&](const Sample& s) { return s.at >= t; });
}

std::optional<double> GaugeCurve::best(SteadyTime t) const {
  const std::size_t k = after(t);
  if (k == samples_.size()) return std::nullopt;
  const Sample& next = samples_[k];
  if (next.at == t) return next.joules;
  if (k == 0 || next.broken) return std::nullopt;
  const Sample& before = samples_[k - 1];
  const double x = seconds(t - before.at);
  const double slope = (next.watts - before.watts) / seconds(next.at - before.at);
  return before.joules + x * (before.watts + slope * x / 2);
}

double GaugeCurve::watts_at(SteadyTime t) const {
  const std::size_t k = after(t);
  if (k == samples_.size()) return max_watts();
  if (k == 0) return samples_[0].watts;
  return std::max(samples_[k - 1].watts, samples_[k].watts);
}

Interval GaugeCurve::bounds(SteadyTime begin, SteadyTime end) const {
  const double span = seconds(end - begin);
  const std::size_t first = after(begin);       // first sample in the window
  const std::size_t last = after(end);          // first sample at or after its end
  // The reading is rounded to what it can show.
  const double rounding = info_.scale * static_cast<double>(info_.resolution) * span;
  const double lag = seconds(info_.averaging);  // w x A(t) at either edge
  if (first >= last) return {0, max_watts() * span};
  const Sample& a = samples_[first];
  const Sample& b = samples_[last - 1];
  const double edges = seconds(a.at - begin) + seconds(end - b.at);
  const double unseen = edges + b.unseen_s - a.unseen_s;
  const double lo = b.seen_lo - a.seen_lo - lag * watts_at(begin) - rounding;
  const double hi = b.seen_hi - a.seen_hi + lag * watts_at(end) + unseen * max_watts() + rounding;
  const double most = std::max(max_watts() * span, *best(end) - *best(begin));
  return {std::max(0.0, lo), std::min(hi, most)};
}

std::optional<Reason> GaugeCurve::fault(SteadyTime begin, SteadyTime end) const {
  if (const Fault* fault = faults_.over(begin, end)) return fault->reason;
  if (samples_.empty() || samples_[0].at > begin) {
    if (missing_) return lost_reason(*missing_);
    return samples_.dropped() ? expired_reason(info_.name) : not_bracketed_reason(info_.name, true);
  }
  const std::size_t last = after(end);
  if (last == samples_.size()) {
    return missing_ ? lost_reason(*missing_) : not_bracketed_reason(info_.name, false);
  }
  for (std::size_t k = std::max<std::size_t>(1, after(begin)); k <= last; ++k) {
    if (samples_[k].broken && samples_[k].at > begin) {
      return gap_reason(info_.name, samples_[k].at - samples_[k - 1].at, options_.max_gap);
    }
  }
  return std::nullopt;
}

std::optional<CounterCurve::Peak> GaugeCurve::peak(SteadyTime begin, SteadyTime end) const {
  std::optional<CounterCurve::Peak> greatest;
  for (std::size_t k = after(begin); k < samples_.size() && samples_[k].at < end; ++k) {
    if (greatest && samples_[k].watts <= greatest->watts) continue;
    greatest = {samples_[k].watts, {samples_[k].watts, samples_[k].watts}};
  }
  if (greatest) greatest->bounds.hi = max_watts();  // more may have been between two samples
  return greatest;
}

}  // namespace joulebook
