#include "export/live_metrics.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

namespace joulebook {
namespace {

using gateway::Consumer;
using gateway::LivePoint;
using gateway::LiveState;

using Samples = std::vector<LiveSample>;
using S = const LiveState&;

Samples one(double value) { return {LiveSample{{}, value}}; }
Samples one(std::uint64_t value) { return {LiveSample{{}, value}}; }

std::uint64_t whole(std::int64_t n) { return static_cast<std::uint64_t>(std::max<std::int64_t>(0, n)); }

// The newest second that has this figure, where there is one in the last minute.
Samples newest(S state, double LivePoint::* figure) {
  int looked = 0;
  for (auto p = state.points.rbegin(); p != state.points.rend() && looked < 60; ++p, ++looked) {
    if (std::isfinite((*p).*figure)) return one((*p).*figure);
  }
  return {};
}
template <double LivePoint::* figure>
Samples newest_of(S state) {
  return newest(state, figure);
}

Samples info(S state) {
  return {{{{"version", state.version}, {"boundary", state.boundary}, {"rule", state.rule}}, 1.0}};
}

Samples energy(S state) {
  Samples out;
  for (const auto& d : state.domains) {
    for (const auto& [account, amount] : d.accounts) {
      out.push_back({{{"domain", d.domain}, {"account", account}, {"tier", std::string(to_string(d.tier))}},
                     amount});
    }
  }
  return out;
}

Samples meter(S state) {
  Samples out;
  for (const auto& d : state.domains) {
    out.push_back({{{"domain", d.domain}, {"tier", std::string(to_string(d.tier))}}, d.meter});
  }
  return out;
}

Samples meter_bounds(S state) {
  Samples out;
  for (const auto& d : state.domains) {
    out.push_back({{{"domain", d.domain}, {"bound", "lo"}}, d.within.lo});
    if (std::isfinite(d.within.hi)) out.push_back({{{"domain", d.domain}, {"bound", "hi"}}, d.within.hi});
  }
  return out;
}

Samples lost_windows(S state) {
  Samples out;
  for (const auto& [domain, reasons] : state.lost) {
    for (const auto& [reason, windows] : reasons) out.push_back({{{"domain", domain}, {"reason", reason}}, windows});
  }
  return out;
}

Samples sensors(S state) {
  Samples out;
  for (const auto& s : state.sensors) {
    out.push_back({{{"sensor", s.id}, {"domain", s.domain}}, s.reads ? 1.0 : 0.0});
  }
  return out;
}

Samples requests(S state) {
  return {{{{"status", "final"}}, state.final_}, {{{"status", "void"}}, state.void_}};
}

// The three kinds of consumers have metrics of their own: a sum over any one of them is the truth.
struct Tenant {
  static constexpr std::string_view kind = "tenant";
};
struct Model {
  static constexpr std::string_view kind = "model";
};
struct Route {
  static constexpr std::string_view kind = "route";
};

template <class Kind, class Add>
Samples each(S state, Add add) {
  Samples out;
  for (const auto& c : state.consumers) {
    if (c.kind == Kind::kind) add(out, c, LiveLabels{{Kind::kind, c.name}});
  }
  return out;
}

LiveLabels with(LiveLabels labels, std::string_view name, std::string_view value) {
  labels.emplace_back(name, value);
  return labels;
}

template <class Kind>
Samples consumer_joules(S state) {
  return each<Kind>(state, [](Samples& out, const Consumer& c, LiveLabels labels) {
    if (c.fair) out.push_back({std::move(labels), *c.fair});
  });
}

template <class Kind>
Samples consumer_tokens(S state) {
  return each<Kind>(state, [](Samples& out, const Consumer& c, const LiveLabels& labels) {
    const auto add = [&](std::string_view type, std::int64_t n) {
      out.push_back({with(labels, "type", type), whole(n)});
    };
    add("computed", c.prompt_tokens - c.cached_tokens);
    add("cached", c.cached_tokens);
    add("reasoning", c.reasoning_tokens);
    add("answer", c.answer_tokens);
  });
}

template <class Kind>
Samples consumer_requests(S state) {
  return each<Kind>(state, [](Samples& out, const Consumer& c, const LiveLabels& labels) {
    const std::uint64_t voided = std::min(c.voided, c.requests);
    out.push_back({with(labels, "status", "final"), c.requests - voided});
    out.push_back({with(labels, "status", "void"), voided});
  });
}

template <class Kind>
Samples consumer_price(S state) {
  return each<Kind>(state, [](Samples& out, const Consumer& c, LiveLabels labels) {
    if (std::isfinite(c.joules_per_token)) out.push_back({std::move(labels), c.joules_per_token});
  });
}

Samples tokens_per_request(S state) {
  return each<Model>(state, [](Samples& out, const Consumer& c, const LiveLabels& labels) {
    const auto add = [&](std::string_view type, std::int64_t n) {
      LiveBuckets b;
      b.count = c.requests;
      b.sum = static_cast<double>(whole(n));
      out.push_back({with(labels, "type", type), b});
    };
    add("input", c.prompt_tokens);
    add("output", c.reasoning_tokens + c.answer_tokens);
  });
}

Samples first_token(S state) {
  if (state.ttft_counts.size() != state.ttft_s_bounds.size() + 1) return {};
  LiveBuckets b{state.ttft_s_bounds, state.ttft_counts, 0, state.ttft_sum_s};
  for (const auto n : b.counts) b.count += n;
  return {LiveSample{{}, std::move(b)}};
}

template <class Add>
Samples each_upstream(S state, Add value) {
  Samples out;
  for (const auto& u : state.upstreams) {
    LiveSample sample{{{"upstream", u.name}}, value(u)};
    const auto* x = std::get_if<double>(&sample.value);
    if (x == nullptr || std::isfinite(*x)) out.push_back(std::move(sample));
  }
  return out;
}

Samples self_joules(S state) {
  if (!state.self_energy.present()) return {};
  return {{{{"tier", std::string(to_string(state.self_energy.tier))}}, *state.self_energy.value}};
}

Samples absent(S state) {
  Samples out;
  const auto add = [&](std::string_view metric, const std::string& code) {
    for (const auto& s : out) {
      if (s.labels[0].second == metric && s.labels[1].second == code) return;
    }
    out.push_back({{{"metric", std::string(metric)}, {"reason", code}}, 1.0});
  };
  for (const auto& reason : state.absences) add("joulebook_energy_joules_total", reason.code);
  if (const auto& reason = state.self_energy.reason) add("joulebook_self_joules_total", reason->code);
  return out;
}

constexpr std::string_view kMeters = "the meter's tier";
constexpr std::string_view kShared = "apportioned: a settled share";
constexpr std::string_view kCounted = "measured: counted";
constexpr std::string_view kTimed = "measured: CLOCK_MONOTONIC";

template <class Kind>
constexpr std::string_view by(std::string_view tenant, std::string_view model, std::string_view route) {
  return Kind::kind == "tenant" ? tenant : Kind::kind == "model" ? model : route;
}

template <class Kind>
constexpr std::array<LiveMetric, 4> consumer_rows() {
  const auto labels = [](std::string_view t, std::string_view m, std::string_view r) {
    return by<Kind>(t, m, r);
  };
  return {{
      {labels("joulebook_tenant_joules_total", "joulebook_model_joules_total", "joulebook_route_joules_total"),
       labels("joulebook.tenant.energy", "joulebook.model.energy", "joulebook.route.energy"), "J",
       LiveType::counter, Kind::kind, kShared,
       "Fair share of settled requests; no sample where none of them had a meter.",
       consumer_joules<Kind>},
      {labels("joulebook_tenant_tokens_total", "joulebook_model_tokens_total", "joulebook_route_tokens_total"),
       labels("joulebook.tenant.tokens", "joulebook.model.tokens", "joulebook.route.tokens"), "{token}",
       LiveType::counter, labels("tenant, type", "model, type", "route, type"), kCounted,
       "Tokens of settled requests by type: computed and cached ones of the prompt, reasoning, answer.",
       consumer_tokens<Kind>},
      {labels("joulebook_tenant_requests_total", "joulebook_model_requests_total", "joulebook_route_requests_total"),
       labels("joulebook.tenant.requests", "joulebook.model.requests", "joulebook.route.requests"),
       "{request}", LiveType::counter, labels("tenant, status", "model, status", "route, status"), kCounted,
       "Requests that are settled, by status: final or void.", consumer_requests<Kind>},
      {labels("joulebook_tenant_joules_per_token", "joulebook_model_joules_per_token", "joulebook_route_joules_per_token"),
       labels("joulebook.tenant.energy_per_token", "joulebook.model.energy_per_token", "joulebook.route.energy_per_token"),
       "J", LiveType::gauge, Kind::kind, kShared,
       "Fair share over output tokens in the last settled minute.", consumer_price<Kind>},
  }};
}

constexpr auto kTenant = consumer_rows<Tenant>();
constexpr auto kModel = consumer_rows<Model>();
constexpr auto kRoute = consumer_rows<Route>();

constexpr std::array kAll = std::to_array<LiveMetric>({
    {"joulebook_info", "joulebook.info", "1", LiveType::info, "version, boundary, rule", "none",
     "What runs: its version, what its energies cover, how shares are weighed.", info},
    {"joulebook_absent", "joulebook.absent", "1", LiveType::gauge, "metric, reason", "none",
     "1 for each reason why a metric has no sample, or covers less than all.", absent},
    {"joulebook_start_time_seconds", "joulebook.start_time", "s", LiveType::gauge, "", kTimed,
     "When it was started, since 1970 UTC; every counter begins there.",
     [](S s) { return one(static_cast<double>(s.started_wall_ns) * 1e-9); }},
    {"joulebook_energy_joules_total", "joulebook.energy", "J", LiveType::counter,
     "domain, account, tier", kMeters,
     "Energy posted to each account of each top-level domain; the accounts of a domain sum to its meter.",
     energy},
    {"joulebook_meter_joules_total", "hw.energy", "J", LiveType::counter, "domain, tier", kMeters,
     "Energy of each top-level domain that is settled.", meter},
    {"joulebook_meter_bound_joules", "joulebook.meter.bound", "J", LiveType::gauge, "domain, bound",
     kMeters, "Between which two energies (lo, hi) the meter's truth lies; no hi: unbounded.",
     meter_bounds},
    {"joulebook_lost_windows_total", "joulebook.meter.lost_windows", "{window}", LiveType::counter, "domain, reason",
     kCounted, "Settled windows in which a domain had no energy, by reason: a reading that was missing, or refused.",
     lost_windows},
    {"joulebook_sensor_up", "joulebook.sensor.up", "1", LiveType::gauge, "sensor, domain", kCounted,
     "1 where the sensor's newest reading succeeded; sensors that come later, or come back, are looked for each minute.",
     sensors},
    {"joulebook_power_watts", "hw.power", "W", LiveType::gauge, "", kMeters,
     "Mean power of the boundary in the newest second that was read.", newest_of<&LivePoint::watts>},
    {"joulebook_running_requests", "joulebook.requests.running", "{request}", LiveType::gauge, "",
     kCounted, "Mean requests in the batch in the newest second.", newest_of<&LivePoint::batch>},
    {"joulebook_output_tokens_per_second", "joulebook.output_tokens.rate", "{token}/s",
     LiveType::gauge, "", kCounted, "Output tokens in the newest second.",
     newest_of<&LivePoint::tokens_per_s>},
    {"joulebook_joules_per_output_token", "joulebook.energy_per_output_token", "J", LiveType::gauge,
     "", kShared, "Energy above idle over output tokens in the newest second that had both.",
     newest_of<&LivePoint::joules_per_token>},
    {"joulebook_unattributed_ratio", "joulebook.unattributed", "1", LiveType::gauge, "", kShared,
     "Share of the energy above idle that no account but unattributed took, in the newest second of "
     "which a hundredth was above idle.",
     newest_of<&LivePoint::unattributed>},
    {"joulebook_requests_total", "joulebook.requests", "{request}", LiveType::counter, "status",
     kCounted, "Requests that are settled, by status: final or void.", requests},
    {"joulebook_open_requests", "joulebook.requests.open", "{request}", LiveType::gauge, "", kCounted,
     "Requests that have not ended.", [](S s) { return one(s.open); }},
    {"joulebook_pending_requests", "joulebook.requests.pending", "{request}", LiveType::gauge, "",
     kCounted, "Requests that ended and are not settled.", [](S s) { return one(s.pending); }},
    {"joulebook_backlog_requests", "joulebook.backlog.requests", "{request}", LiveType::gauge, "", kCounted,
     "Requests of which settling, which gives way to traffic, has not read yet.",
     [](S s) { return one(s.backlog_requests); }},
    {"joulebook_backlog_bytes", "joulebook.backlog.size", "By", LiveType::gauge, "", kCounted,
     "Memory of what settling has not read yet.", [](S s) { return one(s.backlog_bytes); }},
    {"joulebook_backlog_age_seconds", "joulebook.backlog.age", "s", LiveType::gauge, "", kTimed,
     "How long ago the oldest of what settling has not read was told.",
     [](S s) { return one(s.backlog_age_s); }},
    {"joulebook_open_connections", "joulebook.connections", "{connection}", LiveType::gauge, "",
     kCounted, "Client connections.", [](S s) { return one(s.connections); }},
    kTenant[0], kTenant[1], kTenant[2], kTenant[3],
    kModel[0], kModel[1], kModel[2], kModel[3],
    kRoute[0], kRoute[1], kRoute[2], kRoute[3],
    {"joulebook_model_request_tokens", "gen_ai.client.token.usage", "{token}", LiveType::summary,
     "model, type", kCounted, "Input and output tokens of each settled request.", tokens_per_request},
    {"joulebook_time_to_first_token_seconds", "gen_ai.server.time_to_first_token", "s",
     LiveType::histogram, "", kTimed, "From the request's last byte to the first token's event.",
     first_token},
    {"joulebook_upstream_up", "joulebook.upstream.up", "1", LiveType::gauge, "upstream", kCounted,
     "1 where the upstream answers.",
     [](S s) { return each_upstream(s, [](const auto& u) { return u.reachable ? 1.0 : 0.0; }); }},
    {"joulebook_upstream_requests_total", "joulebook.upstream.requests", "{request}",
     LiveType::counter, "upstream", kCounted, "Requests handed to the upstream.",
     [](S s) { return each_upstream(s, [](const auto& u) { return u.requests; }); }},
    {"joulebook_upstream_failures_total", "joulebook.upstream.failures", "{request}",
     LiveType::counter, "upstream", kCounted, "Requests that the upstream did not answer to the end.",
     [](S s) { return each_upstream(s, [](const auto& u) { return u.failures; }); }},
    {"joulebook_upstream_running_requests", "joulebook.upstream.running", "{request}", LiveType::gauge,
     "upstream", kCounted, "Requests in the upstream's batch.",
     [](S s) { return each_upstream(s, [](const auto& u) { return u.running; }); }},
    {"joulebook_upstream_waiting_requests", "joulebook.upstream.waiting", "{request}", LiveType::gauge,
     "upstream", kCounted, "Requests that wait in the upstream; no sample where it does not say.",
     [](S s) { return each_upstream(s, [](const auto& u) { return u.waiting; }); }},
    {"joulebook_upstream_metered", "joulebook.upstream.metered", "1", LiveType::gauge, "upstream", kCounted,
     "1 where all meters of the upstream's machine are read; 0 where its energy, or some of it, is not known.",
     [](S s) { return each_upstream(s, [](const auto& u) { return u.meters.empty() || u.absence ? 0.0 : 1.0; }); }},
    {"joulebook_self_cpu_seconds_total", "joulebook.self.cpu_time", "s", LiveType::counter, "", kTimed,
     "CPU time of Joulebook's own threads.", [](S s) { return one(s.self_cpu_s); }},
    {"joulebook_self_joules_total", "joulebook.self.energy", "J", LiveType::counter, "tier",
     "apportioned by CPU time, or modelled", "Energy of Joulebook's own work.", self_joules},
    {"joulebook_ledger_lost_rows_total", "joulebook.ledger.lost_rows", "{row}", LiveType::counter, "",
     kCounted, "Settled rows that the ledger could not take.", [](S s) { return one(s.lost_rows); }},
    {"joulebook_sink_dropped_rows_total", "joulebook.sink.dropped_rows", "{row}", LiveType::counter, "",
     kCounted, "Rows that a sink's bounded queue let go.", [](S s) { return one(s.sink_dropped); }},
});

}  // namespace

std::string_view to_string(LiveType type) {
  constexpr std::array<std::string_view, 5> kNames = {"info", "counter", "gauge", "summary", "histogram"};
  return kNames[static_cast<std::size_t>(type)];
}

std::span<const LiveMetric> live_metrics() { return kAll; }

std::string_view hardware_type(std::string_view domain) {
  const auto kind = domain.substr(0, domain.find(':'));
  if (kind.starts_with("gpu")) return "gpu";
  if (kind == "package" || kind == "core" || kind == "uncore") return "cpu";
  if (kind == "dram") return "memory";
  if (kind == "battery") return "battery";
  return "power_supply";
}

}  // namespace joulebook
