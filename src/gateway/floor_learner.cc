#include "gateway/floor_learner.h"

#include <algorithm>
#include <limits>
#include <vector>

namespace joulebook::gateway {
namespace {

std::vector<double> sorted(const std::deque<double>& values) {
  std::vector<double> out(values.begin(), values.end());
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

void FloorLearner::silent(const WindowEnergy& window) {
  const double seconds = window.window.duration().count();
  if (seconds <= 0) return;
  const bool others = window.cpu.capacity > 0 && window.cpu.machine > kMostBusy * window.cpu.capacity;
  for (const auto& domain : window.domains) {
    if (!domain.top_level || !domain.settled) continue;
    // A modelled machine's power at rest is the model's own.
    if (domain.energy.tier == Tier::modelled && known_.contains(domain.domain)) continue;
    if (others && !domain.domain.starts_with("gpu")) continue;
    auto& watts = watts_[domain.domain];
    watts.push_back(to_joules(*domain.settled).value() / seconds);
    if (watts.size() > kKept) watts.pop_front();
  }
}

void FloorLearner::seen(const WindowEnergy& window) {
  constexpr double kShortest = 0.5;  // s: of less, an edge's error is most of it
  const double seconds = window.window.duration().count();
  if (seconds < kShortest) return;
  for (const auto& domain : window.domains) {
    if (!domain.top_level || !domain.settled) continue;
    const double watts = to_joules(*domain.settled).value() / seconds;
    const auto [least, is_new] = least_.emplace(domain.domain, watts);
    if (!is_new) least->second = std::min(least->second, watts);
  }
}

void FloorLearner::known(const WindowEnergy& window) {
  const double seconds = window.window.duration().count();
  if (seconds <= 0) return;
  for (const auto& [domain, joules] : window.idle) {
    if (joules.present()) known_[domain] = scaled(joules, 1 / seconds);
  }
}

bool FloorLearner::learnt(const std::string& domain) const {
  const auto it = watts_.find(domain);
  return it != watts_.end() && it->second.size() >= kEnough;
}

Floors FloorLearner::floors() const {
  Floors out{"idle.resident", {}};
  for (const auto& [domain, watts] : known_) out.watts[domain] = *watts.value;
  for (const auto& [domain, watts] : watts_) {
    if (watts.size() < kEnough) continue;
    out.watts[domain] = sorted(watts)[(watts.size() - 1) / 4];
  }
  return out;
}

Interval FloorLearner::within(const std::string& domain) const {
  if (learnt(domain)) {
    const auto watts = sorted(watts_.at(domain));
    return {watts.front(), watts[watts.size() / 2]};
  }
  const auto it = known_.find(domain);
  if (it != known_.end()) return it->second.interval();
  const auto least = least_.find(domain);
  return {0, least != least_.end() ? least->second : std::numeric_limits<double>::infinity()};
}

}  // namespace joulebook::gateway
