#include "gateway/windows.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace joulebook::gateway {
namespace {

// A reading that comes later may still bracket it: nothing happened inside that no reading can mend.
bool may_be_closed(const WindowEnergy& energy) {
  static constexpr std::array<std::string_view, 7> kForGood = {
      "sensor.reset",   "sensor.backwards", "sensor.stuck", "window.gap",
      "window.expired", "window.empty",     "clock.suspended"};
  bool open = false;
  for (const auto& domain : energy.domains) {
    if (!domain.top_level || domain.settled) continue;
    if (!domain.energy.reason ||
        std::find(kForGood.begin(), kForGood.end(), domain.energy.reason->code) != kForGood.end()) {
      return false;
    }
    open = true;
  }
  return open;
}

// What a host's meter says of a window; nothing where it may say more.
std::optional<WindowEnergy> asked(const MeteredHost& host, const Window& window, bool wait) {
  WindowEnergy energy;
  energy.window = window;
  if (host.meter == nullptr) return energy;
  host.meter->settle(window.end);
  energy = host.meter->energy(window);
  if (wait && may_be_closed(energy)) return std::nullopt;
  name_by(energy, host.label);
  return energy;
}

// Of all top-level domains; nothing where one has none.
std::optional<std::map<std::string, Quantity>> energies_of(const WindowEnergy& energy) {
  std::map<std::string, Quantity> out;
  for (const auto& domain : energy.domains) {
    if (!domain.top_level) continue;
    if (!domain.settled || !domain.energy.present()) return std::nullopt;
    out.emplace(domain.domain, domain.energy);
  }
  return out;
}

}  // namespace

bool MeteredWindow::silent(const MeteredHost& host) const {
  return std::none_of(busy.begin(), busy.end(), [&](std::uint32_t u) { return host.holds(u); });
}

void Windows::add(SteadyTime end) {
  if (end <= begin_) return;
  Cut next{begin_, end, {}, engine_, {}};
  for (const auto& [upstream, seen] : busy_) next.busy.insert(upstream);
  quiet_ = busy_.empty() ? quiet_ + 1 : 0;
  cut_.push_back(std::move(next));
  begin_ = end;
  busy_.clear();
}

void Windows::carry(const std::map<std::uint32_t, SteadyTime>& seen) {
  for (const auto& [upstream, at] : seen) {
    if (at >= begin_) busy_[upstream] = at;
  }
}

void Windows::busy(SteadyTime begin, SteadyTime end, std::uint32_t upstream) {
  if (end < begin_) return;  // of a window that is cut: it was silent by what was known then
  if (busy_.empty()) add(begin);
  const auto [newest, is_new] = busy_.emplace(upstream, end);
  if (!is_new) newest->second = std::max(newest->second, end);
}

void Windows::engine(SteadyTime at, EngineIs is) {
  cut(at);
  const auto seen = busy_;
  add(at);
  carry(seen);
  engine_ = is;
  quiet_ = 0;
}

// Short at first, so that the power at rest is soon known.
Nanos Windows::length() const {
  return !busy_.empty() ? lengths_.busy : std::min(lengths_.silent, lengths_.busy * (1 + quiet_));
}

void Windows::cut(SteadyTime now, bool last) {
  while (now - begin_ >= length()) {
    const auto seen = busy_;
    add(begin_ + length());
    carry(seen);  // the work goes on into the next window
  }
  if (last) add(now);
}

Stretch Windows::stretch(const MeteredHost& host, const WindowEnergy& energy, std::optional<SteadyTime>& begin) const {
  const Window& window = energy.window;
  auto own = energies_of(energy);
  if (!own || host.meter == nullptr) {
    begin.reset();
    return {window.begin, {}};
  }
  if (begin && window.end - *begin <= lengths_.stretch) {
    WindowEnergy whole = host.meter->energy({"", *begin, window.end});
    name_by(whole, host.label);
    auto all = energies_of(whole);
    const bool same = all && std::equal(all->begin(), all->end(), own->begin(), own->end(),
                                        [](const auto& a, const auto& b) { return a.first == b.first; });
    if (same) return {*begin, std::move(*all)};
  }
  begin = window.begin;
  return {window.begin, std::move(*own)};
}

void Windows::measure(const std::vector<MeteredHost>& hosts, SteadyTime now, bool last) {
  if (const SteadyTime edge = begin_ + length(); edge > announced_) {
    for (const auto& host : hosts) {
      if (host.meter != nullptr) host.meter->edge(edge);
    }
    announced_ = edge;
  }
  while (!cut_.empty() && (last || now - cut_.front().end >= lengths_.lag)) {
    Cut& next = cut_.front();
    next.energies.resize(hosts.size());
    const Window window{"", next.begin, next.end};
    const bool wait = !last && now - next.end < lengths_.patience;
    for (std::size_t i = 0; i < hosts.size(); ++i) {
      if (!next.energies[i]) next.energies[i] = asked(hosts[i], window, wait);
    }
    if (!std::all_of(next.energies.begin(), next.energies.end(), [](const auto& e) { return e.has_value(); })) return;
    MeteredWindow done{window, {}, {}, std::move(next.busy), next.engine};
    stretched_.resize(hosts.size());
    for (std::size_t i = 0; i < hosts.size(); ++i) {
      done.stretches.push_back(stretch(hosts[i], *next.energies[i], stretched_[i]));
      done.energies.push_back(std::move(*next.energies[i]));
    }
    cut_.pop_front();
    measured_.push_back(std::move(done));
  }
}

}  // namespace joulebook::gateway
