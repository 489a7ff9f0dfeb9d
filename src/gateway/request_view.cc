#include "gateway/request_view.h"

#include "export/request_export.h"

namespace joulebook::gateway {
Json shown(StoredRequest request, const WallTimes& wall) {
  if (request.arrived_utc.empty()) request.arrived_utc = iso8601(wall.wall_ns(request.begin.arrived));
  if (request.ended_utc.empty() && request.end.ended) {
    request.ended_utc = iso8601(wall.wall_ns(*request.end.ended));
  }
  return request_json(request);
}

Json answer_json(const std::string& trace_id, std::span<const StoredRequest> requests,
                 const WallTimes& wall) {
  Json calls = Json::array();
  std::vector<Quantity> fair;
  for (const auto& request : requests) {
    calls.push(shown(request, wall));
    fair.push_back(request.end.fair);
  }
  Quantity total = sum(fair);
  total.per = "answer";
  return Json::object({{"schema", "joulebook.answer/1"},
                       {"trace_id", trace_id},
                       {"fair", to_json(total)},
                       {"requests", std::move(calls)}});
}

RequestRow live_row(const StoredRequest& request, const WallTimes& wall) {
  const RequestEnd& end = request.end;
  RequestRow row;
  row.status = std::string(to_string(request.status));
  row.tenant = request.begin.tenant;
  row.model = request.begin.model;
  row.route = request.begin.route;
  row.ended_wall_ns = wall.wall_ns(end.ended.value_or(request.begin.arrived));
  row.prompt_tokens = end.tokens.prompt;
  row.cached_tokens = end.tokens.cached;
  row.reasoning_tokens = end.tokens.reasoning;
  row.answer_tokens = end.tokens.answer;
  row.fair = end.fair;
  row.id = request.begin.id;
  row.reason = end.void_reason;
  row.outcome = end.outcome;
  row.http_status = end.http_status;
  row.upstream = request.begin.upstream;
  row.trace_id = request.begin.trace_id;
  row.parent_span = request.begin.parent_span;
  row.arrived_wall_ns = wall.wall_ns(request.begin.arrived);
  if (end.first_token) row.first_token_wall_ns = wall.wall_ns(*end.first_token);
  row.served = end.served.value_or(Quantity::absent(
      "J", {"served.hour_open", "idle energy is shared once the hour is over", "read the ledger"}));
  row.marginal = end.marginal;
  row.phases.reserve(end.phases.size());
  for (const auto& phase : end.phases) {
    row.phases.push_back({phase.phase, phase.tokens, phase.seconds, phase.energy});
  }
  row.rule = end.rule;
  return row;
}

}  // namespace joulebook::gateway
