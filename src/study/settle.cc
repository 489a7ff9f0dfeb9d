#include "study/settle.h"

#include <algorithm>
#include <cmath>

namespace joulebook {
namespace {

// Joules of these domains follow CPU time; accelerators have no such rule here.
bool on_cpu_side(const std::string& domain) { return !domain.starts_with("gpu"); }

// The part of `amount` that `share` of it is, rounded down, within [0, amount].
std::int64_t portion(std::int64_t amount, double share) {
  const double part = std::floor(static_cast<double>(amount) * std::clamp(share, 0.0, 1.0));
  return std::clamp(static_cast<std::int64_t>(part), std::int64_t{0}, amount);
}

struct CpuSplit {
  bool known = false;
  double self = 0;  // shares of busy CPU time
  double other = 0;
};

CpuSplit cpu_split(const CpuShare& cpu, bool tree_has_self) {
  if (cpu.machine < 0 || cpu.tree < 0 || cpu.self < 0) return {};
  // The machine's own count is coarser than that of processes: it may fall short of theirs.
  const double tree = tree_has_self ? std::max(cpu.tree, cpu.self) : cpu.tree + cpu.self;
  const double busy = std::max(cpu.machine, tree);
  if (busy <= 0) return {.known = true};
  return {true, cpu.self / busy, (busy - tree) / busy};
}

class Poster {
 public:
  explicit Poster(const DomainEnergy& domain, const Window& window) : left_(domain.settled->count) {
    out_.domain = domain.domain;
    out_.begin = window.begin;
    out_.end = window.end;
    out_.meter = *domain.settled;
    for (const auto* names : {&domain.contains, &domain.mirrors, &domain.may_contain}) {
      out_.overlaps.insert(out_.overlaps.end(), names->begin(), names->end());
    }
  }

  [[nodiscard]] std::int64_t left() const { return left_; }
  void post(const std::string& account, std::int64_t amount) {
    amount = std::clamp(amount, std::int64_t{0}, left_);
    if (amount == 0) return;
    out_.postings.push_back({account, {amount}});
    left_ -= amount;
  }
  Settlement rest_to(const std::string& account) {
    post(account.empty() ? "unattributed" : account, left_);
    return std::move(out_);
  }

 private:
  Settlement out_;
  std::int64_t left_;
};

Settlement settle_domain(const DomainEnergy& domain, const WindowEnergy& window,
                         const Floors& floors, const std::string& work, const SplitRule& rule) {
  Poster poster(domain, window.window);
  const auto floor = floors.watts.find(domain.domain);
  if (floor != floors.watts.end()) {
    const double idle = floor->second * window.window.duration().count();
    poster.post(floors.account, to_microjoules(Joules(idle)).count);
  } else if (!rule.floorless.contains(domain.domain)) {
    return poster.rest_to("unattributed");
  }
  if (rule.ownerless.contains(domain.domain)) return poster.rest_to("unattributed");
  if (!on_cpu_side(domain.domain)) return poster.rest_to(work);
  const CpuSplit split = cpu_split(window.cpu, rule.tree_has_self);
  if (!split.known) return poster.rest_to(rule.alone ? work : "unattributed");
  const std::int64_t above = poster.left();
  poster.post("self", portion(above, split.self));
  poster.post("other", portion(above, split.other));
  return poster.rest_to(work);
}

bool counts(const DomainEnergy& domain) {
  return domain.top_level && domain.settled && domain.settled->count >= 0;
}

}  // namespace

std::vector<Settlement> settle_window(const WindowEnergy& window, const Floors& floors,
                                      const std::string& work, const SplitRule& rule) {
  std::vector<Settlement> out;
  for (const auto& domain : window.domains) {
    if (counts(domain)) out.push_back(settle_domain(domain, window, floors, work, rule));
  }
  return out;
}

std::vector<Settlement> settle_whole(const WindowEnergy& window, const std::string& account) {
  std::vector<Settlement> out;
  for (const auto& domain : window.domains) {
    if (counts(domain)) out.push_back(Poster(domain, window.window).rest_to(account));
  }
  return out;
}

Floors floors_of(const WindowEnergy& silence, std::string account) {
  Floors floors{std::move(account), {}};
  const double seconds = silence.window.duration().count();
  for (const auto& domain : silence.domains) {
    if (!counts(domain) || seconds <= 0) continue;
    floors.watts[domain.domain] = to_joules(*domain.settled).value() / seconds;
  }
  return floors;
}

Quantity settled_total(const WindowEnergy& window) {
  Quantity total = window.total;
  if (!total.present()) return total;
  MicroJoules sum;
  bool any = false;
  for (const auto& domain : window.domains) {
    if (!domain.top_level) continue;
    if (!domain.settled) return total;
    sum += *domain.settled;
    any = true;
  }
  if (!any) return total;
  total.value = to_joules(sum).value();
  total.own.lo = std::min(total.own.lo, *total.value);
  total.own.hi = std::max(total.own.hi, *total.value);
  return total;
}

Quantity mean_power(const WindowEnergy& window) {
  const double seconds = window.window.duration().count();
  if (!window.total.present()) {
    return Quantity::absent("W", window.total.reason.value_or(Reason{}));
  }
  if (seconds <= 0) {
    return Quantity::absent("W", {"window.empty", "the window has no length", "measure longer"});
  }
  Quantity power = scaled(settled_total(window), 1 / seconds);
  power.unit = std::string("W");
  return power;
}

}  // namespace joulebook
