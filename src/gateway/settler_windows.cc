// The settler's windows: what is posted, and to whom.
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "core/breath.h"
#include "gateway/request_view.h"
#include "gateway/settler.h"
#include "sensor/containment.h"

namespace joulebook::gateway {
namespace {

constexpr const char* kWork = "work";  // the posting that is divided; never in the ledger
constexpr double kMinute = 60;
constexpr double kNever = std::numeric_limits<double>::quiet_NaN();

std::string account_of(const std::string& id) { return "request:" + id; }

}  // namespace

// Named are all of a kind, one by its name, or that of one host.
bool Settler::metered(const DomainEnergy& domain) const {
  if (!domain.top_level) return false;
  if (options_.domains.empty()) return true;
  return std::any_of(options_.domains.begin(), options_.domains.end(), [&](const std::string& d) {
    return d == domain.domain || d == domain_kind(domain.domain) || d == without_host(domain.domain);
  });
}

void Settler::mark_lost(const Window& window, const Reason& reason, std::size_t host, Sums& sums) {
  if (!absences_[host]) absences_[host] = reason;
  sums.dark.insert(host);
  for (auto& [request, entry] : entries_) {
    if (!hosts_[host].holds(entry.upstream)) continue;
    if (entry.begin.arrived >= window.end) continue;
    if (entry.end.ended && *entry.end.ended <= window.begin) continue;
    if (!entry.lost) entry.lost = reason;
  }
}

bool Settler::known(std::uint32_t upstream, const Sums& sums) const {
  bool held = false;
  for (std::size_t i = 0; i < hosts_.size(); ++i) {
    if (!hosts_[i].holds(upstream)) continue;
    if (sums.dark.contains(i)) return false;
    held = true;
  }
  return held;
}

WindowEnergy Settler::counted(const MeteredWindow& window, std::size_t host, Sums& sums) {
  WindowEnergy out = window.energies[host];
  absences_[host].reset();
  const bool any = !out.domains.empty();
  std::erase_if(out.domains, [&](const DomainEnergy& d) { return !metered(d); });
  if (out.domains.empty()) {
    const Reason& none = any ? options_.no_meter : hosts_[host].missing;
    mark_lost(window.window, any ? none : out.total.reason.value_or(none), host, sums);
    if (hosts_[host].meter != nullptr) sums.whole = false;
  }
  for (const auto& domain : out.domains) {
    if (domain.settled) continue;
    sums.whole = false;
    const Reason reason = domain.energy.reason.value_or(options_.no_meter);
    books_.lost(domain.domain, reason);
    mark_lost(window.window, reason, host, sums);
  }
  return out;
}

attribution::ActiveEnergy Settler::active_of(const DomainEnergy& domain, const Window& window, MicroJoules active,
                                             double floor, const MeteredHost& host) const {
  auto out = active_energy(domain, window, active, floor, floors_.within(domain.domain));
  out.upstreams = host.upstreams;
  return out;
}

// Replaces the posting of all work by one a request.
void Settler::divide(Settlement& settlement, const DomainEnergy& domain, const Window& window,
                     const MeteredHost& host, double floor, Sums& sums) {
  const auto work = std::find_if(settlement.postings.begin(), settlement.postings.end(),
                                 [](const Posting& p) { return p.account == kWork; });
  // A domain that stayed at its floor gives its requests nothing, and is in their figures all the same.
  MicroJoules active;
  if (work != settlement.postings.end()) {
    active = work->amount;
    settlement.postings.erase(work);
  }
  const auto division = attributor_.divide(active_of(domain, window, active, floor, host));
  // Shares come by request.
  std::map<std::string, std::int64_t> named;
  for (const auto& posting : settlement.postings) named[posting.account] += posting.amount.count;
  named["other"] += division.other.count;
  named["load"] += division.load.count;
  std::int64_t unattributed = division.unattributed.count;
  auto& postings = settlement.postings;
  postings.clear();
  auto entry = entries_.end();
  for (const auto& share : division.shares) {
    if (entry == entries_.end() || entry->first != share.request) {
      entry = entries_.find(share.request);
      if (entry != entries_.end()) postings.push_back({account_of(entry->second.begin.id), {}});
    }
    (entry == entries_.end() ? unattributed : postings.back().amount.count) += share.energy.count;
    if (entry != entries_.end()) sums.shares[entry->second.upstream] += to_joules(share.energy).value();
  }
  named["unattributed"] += unattributed;
  for (const auto& [account, amount] : named) {
    if (amount > 0) postings.push_back({account, {amount}});
  }
  sums.active += to_joules(active).value();
  sums.unattributed += to_joules(division.unattributed).value();
}

SplitRule Settler::split_of(const WindowEnergy& energy, const Floors& floors, const MeteredHost& host) const {
  SplitRule rule = options_.split;
  rule.alone = alone_;
  if (!host.here) rule.alone = true;  // what its agent doesn't tell of CPU times nobody knows here
  for (const auto& domain : energy.domains) {
    if (!floors.watts.contains(domain.domain)) rule.floorless.insert(domain.domain);
  }
  return rule;
}

// Windows that were measured and wait for their requests to end show what work costs, and silence
// what rest does, machine by machine: those in front of them are divided the better for it.
void Settler::observe() {
  const auto& measured = windows_.measured();
  if (measured.empty()) return;
  const SteadyTime from = std::exchange(observed_, measured.back().window.end);
  for (const MeteredWindow& window : measured) {
    if (window.window.end <= from) continue;
    for (std::size_t i = 0; i < hosts_.size(); ++i) {
      const WindowEnergy& energy = window.energies[i];
      floors_.known(energy);
      floors_.seen(energy);
      if (window.silent(hosts_[i]) && window.engine == EngineIs::resident) floors_.silent(energy);
    }
  }
  const Floors floors = floors_.floors();
  for (const MeteredWindow& window : measured) {
    if (window.window.end <= from) continue;
    for (std::size_t i = 0; i < hosts_.size(); ++i) {
      if (!window.silent(hosts_[i])) observe_host(window, i, floors);
    }
  }
}

void Settler::observe_host(const MeteredWindow& window, std::size_t host, const Floors& floors) {
  WindowEnergy energy = window.energies[host];
  std::erase_if(energy.domains, [&](const DomainEnergy& d) {
    return !metered(d) || !d.settled || !floors.watts.contains(d.domain);
  });
  for (const auto& settlement : settle_window(energy, floors, kWork, split_of(energy, floors, hosts_[host]))) {
    const auto work = std::find_if(settlement.postings.begin(), settlement.postings.end(),
                                   [](const Posting& p) { return p.account == kWork; });
    if (work == settlement.postings.end()) continue;
    const auto domain = std::find_if(energy.domains.begin(), energy.domains.end(), [&](const auto& d) {
      return d.domain == settlement.domain;
    });
    attributor_.measured(active_of(*domain, energy.window, work->amount, floors.watts.at(settlement.domain),
                                   hosts_[host]));
  }
}

void Settler::settle_front() {
  const MeteredWindow& window = *windows_.front();
  Sums sums;
  boundary_.clear();
  for (std::size_t i = 0; i < hosts_.size(); ++i) settle_host(window, i, sums);
  show(window.window, sums);
  ++counts_.windows;
}

void Settler::settle_host(const MeteredWindow& window, std::size_t host, Sums& sums) {
  const bool resident = window.engine == EngineIs::resident;
  Floors floors = floors_.floors();
  if (!resident) floors.account = "idle.bare";
  const WindowEnergy energy = counted(window, host, sums);
  const SplitRule rule = split_of(energy, floors, hosts_[host]);
  const bool divides = resident && !window.silent(hosts_[host]);
  const std::string above = window.engine == EngineIs::loading ? "load" : divides ? kWork : floors.account;
  if (energy.cpu.self > 0) books_.self_cpu(energy.cpu.self);
  for (auto& settlement : settle_window(energy, floors, above, rule)) {
    const auto domain = std::find_if(energy.domains.begin(), energy.domains.end(),
                                     [&](const auto& d) { return d.domain == settlement.domain; });
    const auto floor = floors.watts.find(settlement.domain);
    if (divides) {
      divide(settlement, *domain, energy.window, hosts_[host], floor == floors.watts.end() ? 0 : floor->second, sums);
    }
    sums.gross += to_joules(settlement.meter).value();
    const std::string kind(domain_kind(settlement.domain));
    if (("+" + boundary_ + "+").find("+" + kind + "+") == std::string::npos) {
      boundary_ += (boundary_.empty() ? "" : "+") + kind;
    }
    const Stretch& stretch = window.stretches[host];
    const auto whole = stretch.energy.find(settlement.domain);
    books_.settled({settlement, domain->energy, whole == stretch.energy.end() ? nullptr : &whole->second, stretch.begin});
    batch_.windows.push_back(std::move(settlement));
  }
}

void Settler::show(const Window& window, const Sums& sums) {
  const double seconds = window.duration().count();
  if (seconds <= 0) return;
  LivePoint point;
  point.utc_ms = wall_.wall_ns(window.end) / 1'000'000;
  double tokens = 0;
  double priced = 0;  // tokens whose energy is known
  // A window is settled long after it ended where a request is open that long: its tokens are those that
  // came in it, and no others.
  std::map<std::uint32_t, double> came;
  while (!tokens_.empty() && tokens_.begin()->first < window.end.ns / kTokenTick) {
    for (const auto& [upstream, count] : tokens_.begin()->second) came[upstream] += count;
    tokens_.erase(tokens_.begin());
  }
  for (const auto& [upstream, count] : came) {
    tokens += count;
    if (known(upstream, sums)) priced += count;
  }
  point.watts = sums.whole ? sums.gross / seconds : kNever;
  point.tokens_per_s = tokens / seconds;
  // A share of next to nothing says nothing: at rest that is what meter and floor differ by.
  constexpr double kFaintest = 0.01;  // of all that the window took
  point.unattributed =
      sums.active > kFaintest * sums.gross ? sums.unattributed / sums.active : kNever;
  point.joules_per_token = sums.active > 0 && priced > 0 ? sums.active / priced : kNever;
  for (const auto& [request, entry] : entries_) {
    const SteadyTime begin = std::max(entry.end.sent.value_or(window.end), window.begin);
    const SteadyTime end = std::min(entry.end.ended.value_or(window.end), window.end);
    if (end > begin) point.batch += Seconds(end - begin).count() / seconds;
  }
  books_.point(point);
  const double keep = std::exp(-seconds / kMinute);
  for (auto& [upstream, recent] : recent_) recent = {recent.joules * keep, recent.tokens * keep};
  for (const auto& [upstream, joules] : sums.shares) recent_[upstream].joules += joules;
  for (const auto& [upstream, count] : came) {
    if (known(upstream, sums)) recent_[upstream].tokens += count;
  }
}

Reason Settler::why_none(std::uint32_t upstream) const {
  const auto held = std::find_if(hosts_.begin(), hosts_.end(), [&](const auto& h) { return h.holds(upstream); });
  return held != hosts_.end() ? held->missing : options_.no_meter;
}

void Settler::close(attribution::RequestId request, Entry& entry,
                    attribution::SettledRequest* figures) {
  EndRow& end = entry.end;
  MicroJoules posted;
  if (figures == nullptr && !entry.lost) end.fair = end.marginal = Figure::absent(why_none(entry.upstream));
  if (figures != nullptr) {
    posted = figures->posted;
    end.rule = std::move(figures->rule);
    end.unattributed = figures->unattributed;
    end.fair = std::move(figures->fair);
    end.marginal = std::move(figures->marginal);
    end.phases.reserve(figures->phases.size());
    for (std::size_t i = 0; i < figures->phases.size(); ++i) {
      auto& phase = figures->phases[i];
      end.phases.push_back({std::string(to_string(static_cast<attribution::Phase>(i))), phase.tokens,
                            phase.seconds, std::move(phase.energy)});
    }
  }
  if (entry.lost) {
    end.fair = Figure::absent(*entry.lost, to_joules(posted).value());
    end.marginal = Figure::absent(end.fair.words);
  }
  if (!end.fair.present() && end.fair.words) end.void_reason = end.fair.words->reason;
  if (!end.rule.empty() && end.rule != rule_) rule_ = end.rule;
  --(entry.over ? counts_.pending : counts_.open);
  by_id_.erase(entry.begin.id);
  Settled settled{std::move(entry.begin), std::move(end), posted};
  entries_.erase(request);
  remember(std::move(settled));
}

StoredRequest Settler::stored(const Settled& settled, const EndRow& end) const {
  StoredRequest out;
  out.run = writer_ != nullptr ? writer_->run() : "";
  out.status = end.void_reason ? RequestStatus::void_ : RequestStatus::final_;
  out.begin = settled.begin;
  out.end = end.told();
  out.posted = settled.posted;
  return out;
}

void Settler::remember(Settled settled) {
  books_.ended(settled.begin, settled.end, wall_.wall_ns(settled.end.ended.value_or(clock_.now())));
  if (on_row) on_row(live_row(stored(settled, settled.end), wall_));
  if (writer_ != nullptr) {
    batch_.ended.push_back(std::exchange(settled.end, {}));
  }
  Settled& kept = settled_.emplace_back(std::move(settled));
  settled_by_id_[kept.begin.id] = &kept;
  if (settled_.size() <= options_.remembered) return;
  settled_by_id_.erase(settled_.front().begin.id);
  settled_.pop_front();
}

void Settler::finish(SteadyTime edge) {
  for (auto& figures : attributor_.over(edge)) {
    breathe();
    const auto it = entries_.find(figures.request);
    if (it != entries_.end()) close(it->first, it->second, &figures);
  }
}

void Settler::finish_without_meter() {
  std::vector<attribution::RequestId> over;
  for (const auto& [request, entry] : entries_) {
    if (entry.over) over.push_back(request);
  }
  for (const auto request : over) close(request, entries_.at(request), nullptr);
}

}  // namespace joulebook::gateway
