#include "meter/gauge_curve.h"

#include <algorithm>

namespace joulebook {
namespace {

constexpr std::size_t kMostAtOnce = 8192;  // samples in one search for bounds

double seconds(Nanos d) { return Seconds(d).count(); }

SteadyTime middle(SteadyTime a, SteadyTime b) { return a + (b - a) / 2; }

}  // namespace

GaugeCurve::GaugeCurve(const SensorInfo& info, CurveOptions options)
    : info_(info), options_(options), samples_(options.capacity) {}

double GaugeCurve::max_watts() const { return std::max(info_.max_watts, max_seen_); }

double GaugeCurve::max_watts_at(SteadyTime t) const {
  return samples_[std::min(after(t), samples_.size() - 1)].most_watts;
}

bool GaugeCurve::bounded() const {
  return info_.max_watts > 0 && (info_.averaging.count() == 0 || info_.tick.count() == 0);
}

bool GaugeCurve::late(const RawReading& reading) const {
  return reading.begin - last_.end > options_.max_gap;
}

void GaugeCurve::add(const RawReading& reading) {
  max_seen_ = std::max(max_seen_, static_cast<double>(reading.counts) * info_.scale);
  const bool blind = !samples_.empty() && missing_ && blinds(*missing_);
  const bool gap = samples_.empty() || late(reading) || blind;
  if (!samples_.empty() && gap && missing_) {
    faults_.add({last_.begin, reading.end, lost_reason(*missing_)});
  }
  const bool changed = gap || reading.counts != last_.counts;
  if (changed || reading.begin - samples_.back().latest >= info_.tick) {
    samples_.push(sample(reading, changed));
    samples_.back().broken |= blind;
  }
  last_ = reading;
  missing_.reset();
}

SteadyTime GaugeCurve::updated(const RawReading& reading, bool changed) const {
  const SteadyTime seen = middle(reading.begin, reading.end);
  if (info_.tick.count() == 0 || samples_.empty()) return seen;
  if (!changed) return seen - info_.tick / 2;
  return middle(std::max(middle(last_.begin, last_.end), seen - info_.tick), seen);
}

GaugeCurve::Sample GaugeCurve::sample(const RawReading& reading, bool changed) const {
  const auto hold = Nanos(static_cast<std::int64_t>(kHold * static_cast<double>(info_.tick.count())));
  Sample s{.at = updated(reading, changed) - lag(),
           .rise = {},
           .left = {},
           .earliest = reading.begin - hold,
           .latest = reading.end,
           .watts = static_cast<double>(reading.counts) * info_.scale,
           .most_watts = max_watts(),
           .broken = samples_.empty() || late(reading)};
  s.rise = s.at;
  if (samples_.empty()) return s;
  const Sample& before = samples_.back();
  if (info_.tick.count() > 0 && !s.broken) {
    s.earliest = std::max(s.earliest, changed ? last_.begin : before.earliest);
  }
  s.at = std::max(s.at, before.at);
  s.rise = shifted() ? s.at : std::max(s.at - info_.averaging, before.at);
  const bool instant = info_.averaging.count() == 0;
  const bool shown = info_.tick.count() > 0 && !s.broken && (instant || !shifted());
  const SteadyTime old = middle(last_.begin, last_.end) - (instant ? Nanos{0} : info_.tick);
  s.left = std::clamp(shown ? old : before.at, before.at, s.rise);
  s.joules = before.joules + before.watts * seconds(s.left - before.at) +
             (before.watts + s.watts) / 2 * seconds(s.rise - s.left) +
             s.watts * seconds(s.at - s.rise);
  return s;
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
  if (t >= next.rise) return next.joules - next.watts * seconds(next.at - t);
  const Sample& before = samples_[k - 1];
  const double flat = before.joules + before.watts * seconds(t - before.at);
  if (t <= next.left) return flat;
  const double x = seconds(t - next.left);
  const double slope = (next.watts - before.watts) / seconds(next.rise - next.left);
  return flat + slope * x * x / 2;
}

// What the readings say about the energy of stretches of time. `allowance`: by how much, relative,
// a single reading may be wrong.
std::vector<EnergySpan> GaugeCurve::spans(std::size_t first, std::size_t last, SteadyTime begin,
                                          double allowance) const {
  std::vector<EnergySpan> out;
  out.reserve(2 * (last - first + 1));
  const double w = seconds(info_.averaging);
  const double most_watts = samples_[last].most_watts * (1 + info_.accuracy);
  const double unseen = (1 - info_.duty) * w * most_watts;
  const auto step = static_cast<double>(std::max<std::uint64_t>(info_.resolution, 1)) * info_.scale;
  for (std::size_t k = first; k <= last; ++k) {
    const Sample& s = samples_[k];
    const double off = step + allowance * s.watts;
    const double least = info_.duty * w * std::max(0.0, s.watts - off);
    const double most = std::min(info_.duty * w * (s.watts + off) + unseen, w * most_watts);
    const double low = seconds(s.earliest - begin);
    const double high = seconds(s.latest - begin);
    const double loose = (high - low) * most_watts;
    if (low > high - w) out.push_back({high - w, low, least - loose, most});
    out.push_back({low - w, high, least, most + loose});
  }
  return out;
}

Interval GaugeCurve::bounds(SteadyTime begin, SteadyTime end) const {
  const std::size_t last = std::min(after(end), samples_.size() - 1);
  const double most_watts = max_watts_at(end) * (1 + info_.accuracy);
  const double length = seconds(end - begin);
  const Interval anything{0, most_watts * length};
  if (info_.averaging.count() == 0) return anything;
  const std::size_t inside = after(begin);
  if (inside < last && last - inside > kMostAtOnce) {
    const SteadyTime cut = samples_[inside + (last - inside) / 2].at;
    const Interval a = bounds(begin, cut);
    const Interval b = bounds(cut, end);
    return {a.lo + b.lo, a.hi + b.hi};
  }
  // Readings that reach a little before the window still say something about its edge.
  const std::size_t first = std::min(last, after(begin - 2 * info_.averaging - 4 * info_.tick));
  for (const double allowance : {0.0, info_.accuracy, 4 * info_.accuracy}) {
    const auto known = spans(first, last, begin, allowance);
    if (const auto found = power_bounds(known, length, most_watts)) return *found;
  }
  return anything;  // readings that contradict one another bound nothing
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
  // More may have been between two samples; what was seen later is no part of this window.
  if (greatest) greatest->bounds.hi = max_watts_at(end);
  return greatest;
}

}  // namespace joulebook
