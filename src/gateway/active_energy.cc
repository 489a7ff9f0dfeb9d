#include "gateway/active_energy.h"

#include <algorithm>
#include <cmath>

namespace joulebook::gateway {
namespace {

// The factor on `active` where the whole is multiplied by `factor`.
double leveraged(double factor, double whole, double active) {
  return std::max(0.0, 1 + whole * (factor - 1) / active);
}

}  // namespace

attribution::ActiveEnergy active_energy(const DomainEnergy& domain, const Window& window,
                                        MicroJoules active, double idle_w, Interval idle_within) {
  attribution::ActiveEnergy out{window.begin, window.end, domain.domain, active, domain.energy, {}};
  Quantity& q = out.energy;
  if (!q.present()) return out;
  const double whole = domain.settled ? to_joules(*domain.settled).value() : *q.value;
  const double left = to_joules(active).value();
  const double off = whole - left;
  q.value = left;
  q.own = {std::min(left, std::max(0.0, q.own.lo - off)), std::max(left, q.own.hi - off)};
  q.tier = weakest(q.tier, Tier::apportioned);
  q.method += ", idle and others taken off";
  const double seconds = window.duration().count();
  const double least = std::min(idle_within.lo, idle_w);
  if (left <= 0) {  // no factor acts on nothing: what the floor may have hidden is its own
    q.shared.clear();
    q.own.hi += std::max(idle_w - least, 0.0) * seconds;
    return out;
  }
  for (auto& part : q.shared) {
    part.lo = leveraged(part.lo, whole, left);
    part.hi = leveraged(part.hi, whole, left);
  }
  const double most = std::max(std::isfinite(idle_within.hi) ? idle_within.hi : idle_w, idle_w);
  if (least < most) {
    q.shared.push_back({"idle_watts:" + domain.domain,
                        1 + (idle_w - least) * seconds / left,
                        std::max(0.0, 1 - (most - idle_w) * seconds / left)});
  }
  return out;
}

}  // namespace joulebook::gateway
