#include "attribution/step_curve.h"

#include <algorithm>

namespace joulebook::attribution {
namespace {

constexpr double kNano = 1e-9;

}  // namespace

void StepCurve::sequence(std::int64_t from, std::int64_t to, Kind kind) {
  from = std::clamp(from, begin_, end_);
  to = std::clamp(to, begin_, end_);
  if (to <= from) return;
  Edge edge{.at = from, .sequences = {}, .decoders = 0, .rate = 0};
  edge.sequences[kind] = 1;
  edges_.push_back(edge);
  edge.at = to;
  edge.sequences[kind] = -1;
  edges_.push_back(edge);
}

void StepCurve::decoding(std::int64_t from, std::int64_t to, double steps) {
  const double length = static_cast<double>(to - from) * kNano;
  const std::int64_t first = std::clamp(from, begin_, end_), last = std::clamp(to, begin_, end_);
  if (last <= first || steps <= 0) return;
  edges_.push_back({first, {}, 1, steps / length});
  edges_.push_back({last, {}, -1, -steps / length});
}

// Who shares a step, from this instant on.
void StepCurve::set(Knot& knot, const double (&sequences)[kKinds]) const {
  const double all = sequences[kReading] + sequences[kDecoding];
  const bool reads = sequences[kReading] > 0.5;
  for (std::size_t kind = 0; kind < kKinds; ++kind) {
    double company = all;
    if (apart_) company = reads == (kind == kReading) ? sequences[kind] : 0;
    const bool in = company > 0.5;
    company += beside_;
    OfKind& of = knot.kinds[kind];
    of.in = in ? 1 : 0;
    of.share = in ? 1 / company : 0;
    of.alone = in && company < 1.5 ? 1 : 0;
  }
}

void StepCurve::build() {
  std::sort(edges_.begin(), edges_.end(), [](const Edge& a, const Edge& b) { return a.at < b.at; });
  knots_.push_back({});
  knots_.back().at = begin_;
  double sequences[kKinds] = {}, decoders = 0, rate = 0;
  for (std::size_t i = 0; i < edges_.size();) {
    const std::int64_t t = edges_[i].at;
    Knot next = at(t);
    const bool busy = sequences[kReading] + sequences[kDecoding] > 0.5;
    busy_s_ += static_cast<double>(t - knots_.back().at) * kNano * (busy ? 1 : 0);
    for (; i < edges_.size() && edges_[i].at == t; ++i) {
      for (std::size_t kind = 0; kind < kKinds; ++kind) sequences[kind] += edges_[i].sequences[kind];
      decoders += edges_[i].decoders;
      rate += edges_[i].rate;
    }
    next.at = t;
    set(next, sequences);
    next.rate = decoders > 0.5 ? std::max(rate, 0.0) / decoders : 0;
    if (apart_ && sequences[kReading] > 0.5) next.rate = 0;
    if (t == knots_.back().at) {
      knots_.back() = next;
    } else {
      knots_.push_back(next);
    }
  }
  edges_.clear();
  edges_.shrink_to_fit();
}

StepCurve::Knot StepCurve::at(std::int64_t t) const {
  t = std::clamp(t, begin_, end_);
  auto after = std::upper_bound(knots_.begin(), knots_.end(), t,
                                [](std::int64_t x, const Knot& k) { return x < k.at; });
  Knot k = *std::prev(after);
  const double s = static_cast<double>(t - k.at) * kNano;
  k.steps += k.rate * s;
  for (OfKind& of : k.kinds) {
    of.seconds += of.in * s;
    of.shares_s += of.share * s;
    of.alone_s += of.alone * s;
    of.share_steps += of.share * k.rate * s;
  }
  return k;
}

StepCurve::Span StepCurve::over(std::int64_t from, std::int64_t to, Kind kind) const {
  from = std::clamp(from, begin_, end_);
  to = std::clamp(to, begin_, end_);
  if (to <= from) {  // just before it: its sequence may end there
    const OfKind k = at(from - 1).kinds[kind];
    return {.share = k.share, .alone = k.alone};
  }
  const Knot first = at(from), last = at(to);
  const OfKind &a = first.kinds[kind], &b = last.kinds[kind];
  return {b.seconds - a.seconds,
          b.shares_s - a.shares_s,
          b.alone_s - a.alone_s,
          last.steps - first.steps,
          b.share_steps - a.share_steps,
          a.share,
          a.alone};
}

}  // namespace joulebook::attribution
