#include "gateway/live_books.h"

#include <algorithm>
#include <cmath>

#include "sensor/containment.h"

namespace joulebook::gateway {
namespace {

// Of the OpenTelemetry semantic conventions for gen_ai.server.time_to_first_token, s.
constexpr std::array<double, 16> kBounds{0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1,
                                         0.25,  0.5,   0.75, 1.0,  2.5,  5.0,  7.5,  10.0};
constexpr std::int64_t kMinute = 60'000'000'000;

}  // namespace

LiveBooks::LiveBooks() : ttft_counts_(kBounds.size() + 1, 0) {}

void LiveBooks::Metered::add(const SettledDomain& domain) {
  const SteadyTime from = domain.whole != nullptr ? domain.since : domain.settlement.begin;
  if (open.present() && from != since) closed = closed ? sum(std::array{*closed, open}) : open;
  since = from;
  open = domain.whole != nullptr ? *domain.whole : domain.energy;
}

Quantity LiveBooks::Metered::all() const { return closed ? sum(std::array{*closed, open}) : open; }

void LiveBooks::settled(const SettledDomain& domain) {
  const std::lock_guard lock(mutex_);
  auto [it, fresh] = domains_.try_emplace(domain.settlement.domain);
  auto& [accounts, metered] = it->second;
  if (fresh) {
    accounts.domain = domain.settlement.domain;
    accounts.tier = domain.energy.tier;
  }
  metered.add(domain);
  const Quantity all = metered.all();
  accounts.tier = weakest(accounts.tier, domain.energy.tier);
  accounts.level = all.level;
  accounts.meter += domain.settlement.meter;
  accounts.within = all.present() ? all.interval() : kUnbounded;
  std::optional<MicroJoules> requests;
  for (const auto& posting : domain.settlement.postings) {
    if (posting.account.starts_with("request:")) {
      requests = requests.value_or(MicroJoules{}) + posting.amount;
    } else {
      accounts.accounts[posting.account] += posting.amount;
    }
  }
  if (requests) accounts.accounts["request"] += *requests;
}

void LiveBooks::add(const char* kind, const std::string& name, const Addition& more) {
  static const std::string kOther = "(other)";  // of those there is no room for
  auto& names = kinds_[kind];
  auto place = names.find(name);
  if (place == names.end()) {
    const std::string& shown = names.size() < kMostNames ? name : kOther;
    const auto [made, fresh] = names.try_emplace(shown);
    place = made;
    if (fresh) {
      Consumer& c = place->second.consumer;
      c.kind = kind;
      c.name = shown;
      c.within = {0, 0};
      c.joules_per_token = std::numeric_limits<double>::quiet_NaN();
    }
  }
  Kept& kept = place->second;
  Consumer& c = kept.consumer;
  const RequestTokens& tokens = more.tokens;
  ++c.requests;
  if (more.voided) ++c.voided;
  c.prompt_tokens += tokens.prompt.value_or(0);
  c.cached_tokens += tokens.cached.value_or(0);
  c.reasoning_tokens += tokens.reasoning.value_or(0);
  c.answer_tokens += tokens.answer.value_or(0);
  c.within = {c.within.lo + more.within.lo, c.within.hi + more.within.hi};
  if (!more.joules) return;
  c.fair = c.fair.value_or(MicroJoules{}) + to_microjoules(Joules(*more.joules));
  c.level = more.level;
  if (more.minute != kept.recent.minute) kept.recent = {more.minute, 0, 0, kept.recent.last};
  kept.recent.joules += *more.joules;
  kept.recent.tokens += static_cast<double>(tokens.reasoning.value_or(0) + tokens.answer.value_or(0));
  if (kept.recent.tokens > 0) kept.recent.last = kept.recent.joules / kept.recent.tokens;
  c.joules_per_token = kept.recent.last;
}

void LiveBooks::ended(const RequestBegin& begin, const EndRow& end, std::int64_t ended_wall_ns) {
  static const std::string kNone = "(none)";
  Addition more{.voided = end.void_reason.has_value(), .tokens = end.tokens, .minute = ended_wall_ns / kMinute};
  if (end.fair.present()) {
    more.joules = end.fair.value;
    more.within = end.fair.interval();
    more.level = end.fair.words->level;
  } else {
    more.within = {end.fair.known_lo.value_or(0), std::numeric_limits<double>::infinity()};
  }
  const std::lock_guard lock(mutex_);
  ++(more.voided ? void_ : final_);
  add("tenant", begin.tenant.empty() ? kNone : begin.tenant, more);
  add("model", begin.model.empty() ? kNone : begin.model, more);
  add("route", begin.route, more);
}

void LiveBooks::point(const LivePoint& point) {
  constexpr std::int64_t kSetBack_ms = 60'000;
  const std::lock_guard lock(mutex_);
  // A clock that was set back: what it called later than now would stand there until it is.
  if (!points_.empty() && point.utc_ms < points_.back().utc_ms - kSetBack_ms) {
    std::erase_if(points_, [&](const LivePoint& p) { return p.utc_ms > point.utc_ms; });
  }
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

void LiveBooks::lost(const std::string& domain, const Reason& reason) {
  const std::lock_guard lock(mutex_);
  ++lost_[domain][reason.code];
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
  for (const auto& [name, domain] : domains_) {
    const DomainAccounts& accounts = domain.accounts;
    const auto self = accounts.accounts.find("self");
    if (self == accounts.accounts.end()) continue;
    const double joules = to_joules(self->second).value();
    const double meter = to_joules(accounts.meter).value();
    const std::string kind(domain_kind(name));
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

// The settler may be put aside while it holds the lock, and traffic does not wait for it.
void LiveBooks::fill(LiveState& state) const {
  const std::lock_guard reader(last_mutex_);
  std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock.owns_lock() && !last_) lock.lock();
  if (lock.owns_lock()) last_ = settled_state();
  static_cast<SettledState&>(state) = *last_;
}

SettledState LiveBooks::settled_state() const {
  SettledState state;
  for (const auto& [name, domain] : domains_) state.domains.push_back(domain.accounts);
  for (const auto& [kind, names] : kinds_) {
    for (const auto& [name, kept] : names) state.consumers.push_back(kept.consumer);
  }
  state.lost = lost_;
  state.points = points_;
  state.final_ = final_;
  state.void_ = void_;
  state.ttft_s_bounds.assign(kBounds.begin(), kBounds.end());
  state.ttft_counts = ttft_counts_;
  state.ttft_sum_s = ttft_sum_s_;
  state.self_cpu_s = self_cpu_s_;
  state.self_energy = self_energy();
  return state;
}

}  // namespace joulebook::gateway
