#include "attribution/step_curve.h"

#include <algorithm>

namespace joulebook::attribution {
namespace {

constexpr double kNano = 1e-9;

}  // namespace

void StepCurve::sequence(std::int64_t from, std::int64_t to) {
  from = std::clamp(from, begin_, end_);
  to = std::clamp(to, begin_, end_);
  if (to <= from) return;
  edges_.push_back({from, 1, 0, 0});
  edges_.push_back({to, -1, 0, 0});
}

void StepCurve::decoding(std::int64_t from, std::int64_t to, double steps) {
  const double length = static_cast<double>(to - from) * kNano;
  const std::int64_t first = std::clamp(from, begin_, end_), last = std::clamp(to, begin_, end_);
  if (last <= first || steps <= 0) return;
  edges_.push_back({first, 0, 1, steps / length});
  edges_.push_back({last, 0, -1, -steps / length});
}

void StepCurve::build() {
  std::sort(edges_.begin(), edges_.end(), [](const Edge& a, const Edge& b) { return a.at < b.at; });
  knots_.push_back({begin_, 0, 0, 0, 0, 0, 0, 0});
  double sequences = 0, decoders = 0, rate = 0;
  for (std::size_t i = 0; i < edges_.size();) {
    const std::int64_t t = edges_[i].at;
    Knot next = at(t);
    busy_s_ += static_cast<double>(t - knots_.back().at) * kNano * (sequences > 0.5 ? 1 : 0);
    for (; i < edges_.size() && edges_[i].at == t; ++i) {
      sequences += edges_[i].sequences;
      decoders += edges_[i].decoders;
      rate += edges_[i].rate;
    }
    next.at = t;
    const double all = sequences + beside_;
    next.share = sequences > 0.5 ? 1 / all : 0;
    next.alone = sequences > 0.5 && all < 1.5 ? 1 : 0;
    next.rate = decoders > 0.5 ? std::max(rate, 0.0) / decoders : 0;
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
  k.shares_s += k.share * s;
  k.alone_s += k.alone * s;
  k.steps += k.rate * s;
  k.share_steps += k.share * k.rate * s;
  return k;
}

StepCurve::Span StepCurve::over(std::int64_t from, std::int64_t to) const {
  from = std::clamp(from, begin_, end_);
  to = std::clamp(to, begin_, end_);
  if (to <= from) {  // just before it: its sequence may end there
    const Knot k = at(from - 1);
    return {.share = k.share, .alone = k.alone};
  }
  const Knot a = at(from), b = at(to);
  return {static_cast<double>(to - from) * kNano,
          b.shares_s - a.shares_s,
          b.alone_s - a.alone_s,
          b.steps - a.steps,
          b.share_steps - a.share_steps,
          a.share,
          a.alone};
}

}  // namespace joulebook::attribution
