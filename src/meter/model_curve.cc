#include "meter/model_curve.h"

#include <algorithm>

namespace joulebook {
namespace {

double value_or_zero(const Quantity& q) { return std::max(0.0, q.value.value_or(0)); }

}  // namespace

SteadyTime ModelCurve::knot_time(std::size_t k) const {
  return *start_ + kCell * static_cast<std::int64_t>(k);
}

void ModelCurve::add(const RawReading& reading) {
  busy_.add(reading);
  if (!start_) start_ = reading.end;
}

void ModelCurve::advance() {
  if (!start_) return;
  if (knots_.empty()) {
    const auto edge = busy_.edge(*start_);
    if (!edge) return;
    knots_.push_back({0, edge->best, 1});
  }
  for (auto edge = busy_.edge(knot_time(knots_.size())); edge;
       edge = busy_.edge(knot_time(knots_.size()))) {
    Knot& cell = knots_.back();
    const double busy = std::max(0.0, edge->best - cell.busy);
    const double joules = value_or_zero(model_->machine(kCell, busy, {busy, busy}));
    const double idle = value_or_zero(model_->machine(kCell, 0, {0, 0}));
    cell.idle_share = joules > 0 && busy > 0 ? std::min(1.0, idle / joules) : 1;
    knots_.push_back({cell.joules + joules, edge->best, 1});
  }
}

std::optional<double> ModelCurve::best(SteadyTime t) const {
  if (!start_ || t < *start_) return std::nullopt;
  const auto k = static_cast<std::size_t>((t - *start_) / kCell);
  if (k < knots_.size() && t == knot_time(k)) return knots_[k].joules;
  if (k + 1 >= knots_.size()) return std::nullopt;
  const auto edge = busy_.edge(t);
  if (!edge) return std::nullopt;
  const Knot& cell = knots_[k];
  const Knot& next = knots_[k + 1];
  const double time = Seconds(t - knot_time(k)) / Seconds(kCell);
  const double span = next.busy - cell.busy;
  const double busy = span > 0 ? std::clamp((edge->best - cell.busy) / span, 0.0, 1.0) : time;
  const double share = cell.idle_share * time + (1 - cell.idle_share) * busy;
  return cell.joules + (next.joules - cell.joules) * share;
}

std::optional<Reason> ModelCurve::fault(SteadyTime begin, SteadyTime end) const {
  if (auto reason = busy_.fault(begin, end)) return reason;
  if (start_ && begin < *start_) return not_bracketed_reason("the machine model", true);
  if (!settled(begin) || !settled(end)) return not_bracketed_reason("the machine model", false);
  return std::nullopt;
}

Quantity ModelCurve::energy(SteadyTime begin, SteadyTime end) const {
  const auto from = busy_.edge(begin);
  const auto to = busy_.edge(end);
  const Interval bounds{std::max(0.0, to->lower - from->upper), to->upper - from->lower};
  Quantity q = model_->machine(end - begin, to->best - from->best, bounds);
  if (!q.present()) return q;
  const double settled =
      to_joules(to_microjoules(Joules(*best(end))) - to_microjoules(Joules(*best(begin)))).value();
  const double factor = *q.value > 0 ? settled / *q.value : 1;
  q.own = {std::min({q.own.lo, q.own.lo * factor, settled}),
           std::max({q.own.hi, q.own.hi * factor, settled})};
  q.value = settled;
  return q;
}

std::optional<Quantity> ModelCurve::peak(SteadyTime begin, SteadyTime end) const {
  std::optional<std::size_t> greatest;
  for (std::size_t k = 0; k + 1 < knots_.size() && knot_time(k + 1) <= end; ++k) {
    if (knot_time(k) < begin) continue;
    const double joules = knots_[k + 1].joules - knots_[k].joules;
    if (!greatest || joules > knots_[*greatest + 1].joules - knots_[*greatest].joules) greatest = k;
  }
  if (!greatest) return std::nullopt;
  Quantity q = energy(knot_time(*greatest), knot_time(*greatest + 1));
  q.unit = "W";
  return scaled(q, 1 / Seconds(kCell).count());
}

}  // namespace joulebook
