#include "gateway/request_view.h"

namespace joulebook::gateway {
namespace {

std::int64_t wall(SteadyTime t, const Anchor& now) {
  return now.wall_ns - (now.steady - t).count();
}

Json time_json(const std::optional<SteadyTime>& t, const Anchor& now) {
  if (!t) return {};
  return Json::object({{"utc", iso8601(wall(*t, now))}, {"steady_ns", t->ns}});
}

Json count_json(const std::optional<std::int64_t>& count) { return count ? Json(*count) : Json(); }

Json tokens_json(const RequestTokens& tokens) {
  return Json::object({{"prompt", count_json(tokens.prompt)},
                       {"cached", count_json(tokens.cached)},
                       {"reasoning", count_json(tokens.reasoning)},
                       {"answer", count_json(tokens.answer)},
                       {"wasted", count_json(tokens.wasted)}});
}

Json phases_json(const RequestEnd& end) {
  Json phases = Json::object();
  for (const auto& phase : end.phases) {
    phases.set(phase.phase, Json::object({{"energy", to_json(phase.energy)},
                                          {"tokens", phase.tokens},
                                          {"seconds", phase.seconds}}));
  }
  return phases;
}

}  // namespace

Json request_json(const StoredRequest& request, const Anchor& now) {
  const RequestBegin& begin = request.begin;
  const RequestEnd& end = request.end;
  Json out = Json::object({{"schema", "joulebook.request/1"},
                           {"id", begin.id},
                           {"status", std::string(to_string(request.status))},
                           {"fair", to_json(end.fair)}});
  const Reason later{"served.hour_open", "idle energy is shared once the hour is over",
                     "ask again after the hour"};
  out.set("served", to_json(end.served.value_or(Quantity::absent("J", later))));
  out.set("marginal", to_json(end.marginal));
  out.set("phases", phases_json(end));
  out.set("rule", end.rule.empty() ? Json() : Json(end.rule));
  out.set("unattributed", end.unattributed ? Json(*end.unattributed) : Json());
  out.set("tokens", tokens_json(end.tokens));
  out.set("times", Json::object({{"arrived", time_json(begin.arrived, now)},
                                 {"sent", time_json(end.sent, now)},
                                 {"first_token", time_json(end.first_token, now)},
                                 {"last_token", time_json(end.last_token, now)},
                                 {"ended", time_json(end.ended, now)}}));
  out.set("outcome", end.outcome.empty() ? Json() : Json(end.outcome));
  out.set("http_status", end.http_status == 0 ? Json() : Json(end.http_status));
  out.set("model", begin.model);
  out.set("route", begin.route);
  out.set("upstream", begin.upstream);
  out.set("tenant", begin.tenant);
  out.set("stream", begin.stream);
  out.set("trace_id", begin.trace_id.empty() ? Json() : Json(begin.trace_id));
  if (end.void_reason) out.set("reason", to_json(*end.void_reason));
  return out;
}

Json answer_json(const std::string& trace_id, std::span<const StoredRequest> requests,
                 const Anchor& now) {
  Json calls = Json::array();
  std::vector<Quantity> fair;
  for (const auto& request : requests) {
    calls.push(request_json(request, now));
    fair.push_back(request.end.fair);
  }
  Quantity total = sum(fair);
  total.per = "answer";
  return Json::object({{"schema", "joulebook.answer/1"},
                       {"trace_id", trace_id},
                       {"fair", to_json(total)},
                       {"requests", std::move(calls)}});
}

RequestRow live_row(const StoredRequest& request, const Anchor& now) {
  const RequestEnd& end = request.end;
  RequestRow row;
  row.id = request.begin.id;
  row.status = std::string(to_string(request.status));
  row.reason = end.void_reason;
  row.outcome = end.outcome;
  row.http_status = end.http_status;
  row.tenant = request.begin.tenant;
  row.model = request.begin.model;
  row.route = request.begin.route;
  row.upstream = request.begin.upstream;
  row.trace_id = request.begin.trace_id;
  row.parent_span = request.begin.parent_span;
  row.arrived_wall_ns = wall(request.begin.arrived, now);
  if (end.first_token) row.first_token_wall_ns = wall(*end.first_token, now);
  row.ended_wall_ns = end.ended ? wall(*end.ended, now) : now.wall_ns;
  row.prompt_tokens = end.tokens.prompt;
  row.cached_tokens = end.tokens.cached;
  row.reasoning_tokens = end.tokens.reasoning;
  row.answer_tokens = end.tokens.answer;
  row.fair = end.fair;
  row.served = end.served.value_or(Quantity::absent(
      "J", {"served.hour_open", "idle energy is shared once the hour is over", "read the ledger"}));
  row.marginal = end.marginal;
  for (const auto& phase : end.phases) {
    row.phases.push_back({phase.phase, phase.tokens, phase.seconds, phase.energy});
  }
  row.rule = end.rule;
  return row;
}

}  // namespace joulebook::gateway
