#include "export/live_json.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <span>
#include <utility>

#include "core/clock.h"
#include "export/live_metrics.h"

namespace joulebook {
namespace {

using gateway::Consumer;
using gateway::DomainAccounts;
using gateway::LivePoint;
using gateway::LiveState;

constexpr std::int64_t kSettlesWithin_ms = 60'000;

struct Series {
  std::string_view name;
  double LivePoint::* figure;
};
constexpr std::array<Series, 5> kSeries = {{{"watts", &LivePoint::watts},
                                            {"batch", &LivePoint::batch},
                                            {"tokens_per_s", &LivePoint::tokens_per_s},
                                            {"joules_per_token", &LivePoint::joules_per_token},
                                            {"unattributed", &LivePoint::unattributed}}};

Quantity posted(MicroJoules e, const Interval& within, double level) {
  Quantity q = Quantity::exact(to_joules(e).value(), "J");
  q.own = {std::min(within.lo, *q.value), std::max(within.hi, *q.value)};
  q.level = level;
  return q;
}

Quantity no_energy(const LiveState& state) {
  return Quantity::absent("J", state.absences.empty()
                                   ? Reason{"meter.none", "nothing that served it had a meter", ""}
                                   : state.absences.front());
}

template <class Rows, class Make>
Json rows(const Rows& all, Make make) {
  Json out = Json::array();
  for (const auto& row : all) out.push(make(row));
  return out;
}

Json domain_json(const DomainAccounts& d) {
  Quantity q = posted(d.meter, d.within, d.level);
  q.tier = d.tier;
  q.boundary = d.domain.substr(0, d.domain.find(':'));
  q.method = "settled windows since the start";
  Json accounts = Json::object();
  for (const auto& [account, amount] : d.accounts) accounts.set(account, amount.count);
  return Json::object({{"domain", d.domain},
                       {"energy", to_json(q)},
                       {"meter_uj", d.meter.count},
                       {"accounts_uj", std::move(accounts)}});
}

Tier weakest_tier(const LiveState& state) {
  Tier tier = Tier::apportioned;  // a share is no better
  for (const auto& d : state.domains) tier = weakest(tier, d.tier);
  return tier;
}

Json consumer_json(const LiveState& state, const Consumer& c) {
  Quantity q = c.fair ? posted(*c.fair, c.within, c.level) : no_energy(state);
  Quantity price = std::isfinite(c.joules_per_token) ? Quantity::exact(c.joules_per_token, "J")
                                                     : no_energy(state);
  if (c.fair && !price.present()) {
    price.reason = Reason{"token.none", "no output token was settled in the last minute", ""};
  }
  price.own = gateway::kUnbounded;
  price.per = "output token";
  for (Quantity* x : {&q, &price}) {
    x->tier = weakest_tier(state);
    x->boundary = state.boundary;
    x->method = "fair share, " + state.rule;
  }
  return Json::object({{"kind", c.kind},
                       {"name", c.name},
                       {"requests", c.requests},
                       {"voided", c.voided},
                       {"prompt_tokens", c.prompt_tokens},
                       {"cached_tokens", c.cached_tokens},
                       {"reasoning_tokens", c.reasoning_tokens},
                       {"answer_tokens", c.answer_tokens},
                       {"energy", to_json(q)},
                       {"last_minute", to_json(price)}});
}

Json upstream_json(const gateway::UpstreamState& u) {
  return Json::object({{"name", u.name},
                       {"reachable", u.reachable},
                       {"requests", u.requests},
                       {"failures", u.failures},
                       {"running", u.running},
                       {"waiting", u.waiting},
                       {"metrics_page", u.metrics_page},
                       {"meters", rows(u.meters, [](const std::string& name) { return Json(name); })},
                       {"absences", rows(std::span(u.absence ? &*u.absence : nullptr, u.absence ? 1 : 0), [](const Reason& r) { return to_json(r); })}});
}

Json points_json(const LiveState& state, std::int64_t since_ms) {
  Json time = Json::array();
  std::array<Json, kSeries.size()> columns;
  for (auto& column : columns) column = Json::array();
  const std::size_t skip = state.points.size() - std::min(state.points.size(), gateway::kLivePoints);
  for (std::size_t i = skip; i < state.points.size(); ++i) {
    const LivePoint& p = state.points[i];
    if (p.utc_ms <= since_ms) continue;
    time.push(p.utc_ms);
    for (std::size_t c = 0; c < kSeries.size(); ++c) columns[c].push(p.*kSeries[c].figure);
  }
  Json out = Json::object({{"utc_ms", std::move(time)}});
  for (std::size_t c = 0; c < kSeries.size(); ++c) {
    out.set(std::string(kSeries[c].name), std::move(columns[c]));
  }
  return out;
}

template <class T>
Json numbers(const std::vector<T>& values) {
  Json out = Json::array();
  for (const T x : values) out.push(x);
  return out;
}

Quantity self_energy(const LiveState& state) {
  if (state.self_energy.present() || state.self_energy.reason) return state.self_energy;
  return no_energy(state);
}

}  // namespace

Json live_json(const LiveState& state, std::int64_t since_ms) {
  const auto consumers = bounded_consumers(state.consumers, kLiveRows);
  return Json::object(
      {{"schema", kLiveSchema},
       {"joulebook", Json::object({{"version", state.version}})},
       {"started_utc", iso8601(state.started_wall_ns)},
       {"now_utc", iso8601(state.now_wall_ns)},
       {"boundary", state.boundary},
       {"rule", state.rule},
       {"absences", rows(state.absences, [](const Reason& r) { return to_json(r); })},
       {"domains", rows(state.domains, domain_json)},
       {"consumers", rows(consumers, [&](const Consumer& c) { return consumer_json(state, c); })},
       {"upstreams", rows(state.upstreams, upstream_json)},
       {"requests", Json::object({{"open", state.open},
                                  {"pending", state.pending},
                                  {"final", state.final_},
                                  {"void", state.void_},
                                  {"connections", state.connections}})},
       {"backlog", Json::object({{"requests", state.backlog_requests},
                                 {"bytes", state.backlog_bytes},
                                 {"age_s", state.backlog_age_s}})},
       {"lost", Json::object({{"ledger_rows", state.lost_rows}, {"sink_rows", state.sink_dropped}})},
       {"self", Json::object({{"cpu_s", state.self_cpu_s}, {"energy", to_json(self_energy(state))}})},
       {"first_token", Json::object({{"bounds_s", numbers(state.ttft_s_bounds)},
                                     {"counts", numbers(state.ttft_counts)},
                                     {"sum_s", state.ttft_sum_s}})},
       {"points", points_json(state, since_ms)}});
}

std::string live_event(const LiveState& state, std::uint64_t& cursor) {
  const auto seen = static_cast<std::int64_t>(cursor);
  // All of them again where the wall clock was set back.
  const bool whole = seen == 0 || seen > state.now_wall_ns / 1'000'000;
  const std::int64_t since = whole ? 0 : seen - kSettlesWithin_ms;
  cursor = static_cast<std::uint64_t>(std::max<std::int64_t>(1, state.now_wall_ns / 1'000'000));
  return "event: live\ndata: " + live_json(state, since).dump() + "\n\n";
}

void merge_live(Json& kept, const Json& event) {
  std::map<std::int64_t, std::array<Json, kSeries.size()>> points;
  for (const Json* from : {&std::as_const(kept), &event}) {
    const Json& columns = (*from)["points"];
    const auto& times = columns["utc_ms"].items();
    for (std::size_t i = 0; i < times.size(); ++i) {
      auto& row = points[times[i].as_int()];
      for (std::size_t c = 0; c < kSeries.size(); ++c) row[c] = columns[kSeries[c].name].at(i);
    }
  }
  // The newest event's newest second is now: what is later is of a clock that was set back since.
  const auto& told = event["points"]["utc_ms"].items();
  if (!told.empty()) points.erase(points.upper_bound(told.back().as_int()), points.end());
  while (points.size() > gateway::kLivePoints) points.erase(points.begin());
  Json time = Json::array();
  std::array<Json, kSeries.size()> columns;
  for (auto& column : columns) column = Json::array();
  for (auto& [at, row] : points) {
    time.push(at);
    for (std::size_t c = 0; c < kSeries.size(); ++c) columns[c].push(std::move(row[c]));
  }
  Json merged = Json::object({{"utc_ms", std::move(time)}});
  for (std::size_t c = 0; c < kSeries.size(); ++c) {
    merged.set(std::string(kSeries[c].name), std::move(columns[c]));
  }
  kept = event;
  kept.set("points", std::move(merged));
}

Quantity metered_total(const LiveState& state) {
  if (state.domains.empty()) {
    return Quantity::absent("J", state.absences.empty() ? Reason{"window.none", "nothing was settled", "serve longer"}
                                                        : state.absences.front());
  }
  Quantity total = Quantity::exact(0, "J");
  total.level = 1;
  for (const auto& domain : state.domains) {
    total.value = *total.value + to_joules(domain.meter).value();
    total.own = {total.own.lo + domain.within.lo, total.own.hi + domain.within.hi};
    total.level = std::min(total.level, domain.level);
    total.tier = weakest(total.tier, domain.tier);
  }
  total.boundary = state.boundary;
  total.method = "sum of the settled windows";
  return total;
}

}  // namespace joulebook
