#include "gateway/live_books.h"

#include <algorithm>
#include <cmath>

namespace joulebook::gateway {
namespace {

// Of the OpenTelemetry semantic conventions for gen_ai.server.time_to_first_token, s.
constexpr std::array<double, 16> kBounds{0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1,
                                         0.25,  0.5,   0.75, 1.0,  2.5,  5.0,  7.5,  10.0};
constexpr std::int64_t kMinute = 60'000'000'000;

std::string kind_of(const std::string& account) {
  return account.starts_with("request:") ? "request" : account;
}

}  // namespace

LiveBooks::LiveBooks() : ttft_counts_(kBounds.size() + 1, 0) {}

void LiveBooks::settled(const SettledDomain& domain) {
  const std::lock_guard lock(mutex_);
  auto [it, fresh] = domains_.try_emplace(domain.settlement.domain);
  DomainAccounts& accounts = it->second;
  if (fresh) {
    accounts.domain = domain.settlement.domain;
    accounts.within = {0, 0};
    accounts.tier = domain.tier;
    accounts.level = domain.level;
  }
  accounts.tier = weakest(accounts.tier, domain.tier);
  accounts.level = std::min(accounts.level, domain.level);
  accounts.meter += domain.settlement.meter;
  accounts.within.lo += domain.within.lo;
  accounts.within.hi += domain.within.hi;
  for (const auto& posting : domain.settlement.postings) {
    accounts.accounts[kind_of(posting.account)] += posting.amount;
  }
}

void LiveBooks::add(const char* kind, const std::string& name, const RequestRow& row) {
  auto& names = kinds_[kind];
  const bool room = names.size() < kMostNames || names.contains(name);
  Kept& kept = names[room ? name : "(other)"];
  Consumer& c = kept.consumer;
  if (c.kind.empty()) {
    c.kind = kind;
    c.name = room ? name : "(other)";
    c.within = {0, 0};
    c.joules_per_token = std::numeric_limits<double>::quiet_NaN();
  }
  ++c.requests;
  if (row.status != "final") ++c.voided;
  c.prompt_tokens += row.prompt_tokens.value_or(0);
  c.cached_tokens += row.cached_tokens.value_or(0);
  c.reasoning_tokens += row.reasoning_tokens.value_or(0);
  c.answer_tokens += row.answer_tokens.value_or(0);
  if (!row.fair.present()) {
    c.within = {c.within.lo + row.fair.known_lo.value_or(0),
                std::numeric_limits<double>::infinity()};
    return;
  }
  const Interval within = row.fair.interval();
  c.fair = c.fair.value_or(MicroJoules{}) + to_microjoules(Joules(*row.fair.value));
  c.within = {c.within.lo + within.lo, c.within.hi + within.hi};
  c.level = row.fair.level;
  const std::int64_t minute = row.ended_wall_ns / kMinute;
  if (minute != kept.recent.minute) kept.recent = {minute, 0, 0, kept.recent.last};
  kept.recent.joules += *row.fair.value;
  kept.recent.tokens += static_cast<double>(row.reasoning_tokens.value_or(0) +
                                            row.answer_tokens.value_or(0));
  if (kept.recent.tokens > 0) kept.recent.last = kept.recent.joules / kept.recent.tokens;
  c.joules_per_token = kept.recent.last;
}

void LiveBooks::ended(const RequestRow& row) {
  const std::lock_guard lock(mutex_);
  ++(row.status == "final" ? final_ : void_);
  add("tenant", row.tenant.empty() ? "(none)" : row.tenant, row);
  add("model", row.model.empty() ? "(none)" : row.model, row);
  add("route", row.route, row);
}

void LiveBooks::point(const LivePoint& point) {
  const std::lock_guard lock(mutex_);
  const auto at = std::find_if(points_.rbegin(), points_.rend(),
                               [&](const LivePoint& p) { return p.utc_ms <= point.utc_ms; });
  if (at != points_.rend() && at->utc_ms == point.utc_ms) {
    *at = point;
    return;
  }
  points_.insert(at.base(), point);
  while (points_.size() > kLivePoints) points_.pop_front();
}

void LiveBooks::first_token(double seconds) {
  const std::lock_guard lock(mutex_);
  const auto bucket = std::lower_bound(kBounds.begin(), kBounds.end(), seconds) - kBounds.begin();
  ++ttft_counts_[static_cast<std::size_t>(bucket)];
  ttft_sum_s_ += seconds;
}

void LiveBooks::self_cpu(double seconds) {
  const std::lock_guard lock(mutex_);
  self_cpu_s_ += seconds;
}

Quantity LiveBooks::self_energy() const {
  Quantity out = Quantity::exact(0, "J");
  out.own = {0, 0};
  out.level = 1;
  out.tier = Tier::apportioned;
  bool any = false;
  for (const auto& [name, accounts] : domains_) {
    const auto self = accounts.accounts.find("self");
    if (self == accounts.accounts.end()) continue;
    const double joules = to_joules(self->second).value();
    const double meter = to_joules(accounts.meter).value();
    const std::string kind = name.substr(0, name.find(':'));
    if (out.boundary.find(kind) == std::string::npos) out.boundary += (any ? "+" : "") + kind;
    any = true;
    out.value = *out.value + joules;
    out.own = {out.own.lo + std::max(0.0, joules - (meter - accounts.within.lo)),
               out.own.hi + joules + (accounts.within.hi - meter)};
    out.tier = weakest(out.tier, accounts.tier);
    out.level = std::min(out.level, accounts.level);
  }
  out.method = "by CPU time, of what was above the floor of settled windows";
  if (any) return out;
  return Quantity::absent("J", {"self.unknown", "no settled window says what share of CPU time was Joulebook's own",
                                "meter a domain of the CPU side on the machine where the gateway runs"});
}

void LiveBooks::fill(LiveState& state) const {
  const std::lock_guard lock(mutex_);
  for (const auto& [name, accounts] : domains_) state.domains.push_back(accounts);
  for (const auto& [kind, names] : kinds_) {
    for (const auto& [name, kept] : names) state.consumers.push_back(kept.consumer);
  }
  state.points = points_;
  state.final_ = final_;
  state.void_ = void_;
  state.ttft_s_bounds.assign(kBounds.begin(), kBounds.end());
  state.ttft_counts = ttft_counts_;
  state.ttft_sum_s = ttft_sum_s_;
  state.self_cpu_s = self_cpu_s_;
  state.self_energy = self_energy();
}

}  // namespace joulebook::gateway
