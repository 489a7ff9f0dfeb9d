#include "export/request_export.h"

#include <array>
#include <limits>

#include "core/json_strings.h"
#include "export/csv_row.h"

namespace joulebook {
namespace {

constexpr std::array kPhases = {"queue", "prefill", "cached", "reason", "answer", "wasted"};

Json maybe(const std::optional<std::int64_t>& n) { return n ? Json(*n) : Json(); }
Json maybe(const std::optional<SteadyTime>& t) { return t ? Json(t->ns) : Json(); }

Json tokens_json(const RequestTokens& t) {
  return Json::object({{"prompt", maybe(t.prompt)},
                       {"cached", maybe(t.cached)},
                       {"reasoning", maybe(t.reasoning)},
                       {"answer", maybe(t.answer)},
                       {"wasted", maybe(t.wasted)}});
}

Json phases_json(const std::vector<PhaseFigure>& phases) {
  Json list = Json::array();
  for (const auto& p : phases) {
    list.push(Json::object({{"phase", p.phase},
                            {"tokens", p.tokens},
                            {"seconds", p.seconds},
                            {"energy", to_json(p.energy)}}));
  }
  return list;
}

Quantity served_of(const StoredRequest& request) {
  if (request.end.served) return *request.end.served;
  return Quantity::absent("J", {"serve.pending", "it is not settled yet", "ask again later"});
}

// Seconds from the arrival.
void seconds_after(CsvRow& row, SteadyTime arrived, const std::optional<SteadyTime>& t) {
  if (t) {
    row.number(static_cast<double>((*t - arrived).count()) * 1e-9);
  } else {
    row.empty();
  }
}

void whole(CsvRow& row, const std::optional<std::int64_t>& n) {
  if (n) {
    row.whole(*n);
  } else {
    row.empty();
  }
}

const PhaseFigure* find_phase(const std::vector<PhaseFigure>& phases, std::string_view name) {
  for (const auto& phase : phases) {
    if (phase.phase == name) return &phase;
  }
  return nullptr;
}

// What was posted is exact as a sum; how far it may be from the truth nobody worked out for it.
Quantity posted(MicroJoules amount) {
  Quantity q = Quantity::exact(to_joules(amount).value(), "J");
  q.own = {0, std::numeric_limits<double>::infinity()};
  q.level = 1;
  q.tier = Tier::apportioned;
  q.method = "sum of hourly postings";
  return q;
}

Json totals_json(const std::vector<UsageTotal>& totals, std::string_view name, bool of_requests) {
  Json list = Json::array();
  for (const auto& t : totals) {
    Json item = Json::object({{std::string(name), t.key}});
    if (of_requests) {
      item.set("requests", t.begun).set("final", t.final_).set("void", t.void_);
      item.set("tokens", tokens_json(t.tokens));
    }
    list.push(item.set("energy", to_json(posted(t.amount))).set("uj", t.amount.count));
  }
  return list;
}

}  // namespace

Json request_json(const StoredRequest& r) {
  const RequestEnd& e = r.end;
  const Json times = Json::object({{"arrived", r.arrived_utc},
                                   {"ended", text_or_null(r.ended_utc)},
                                   {"arrived_ns", r.begin.arrived.ns},
                                   {"sent_ns", maybe(e.sent)},
                                   {"first_token_ns", maybe(e.first_token)},
                                   {"last_token_ns", maybe(e.last_token)},
                                   {"ended_ns", maybe(e.ended)}});
  return Json::object({{"schema", "joulebook.request/1"},
                       {"id", r.begin.id},
                       {"run", r.run},
                       {"status", to_string(r.status)},
                       {"reason", e.void_reason ? to_json(*e.void_reason) : Json()},
                       {"outcome", text_or_null(e.outcome)},
                       {"http_status", e.http_status == 0 ? Json() : Json(e.http_status)},
                       {"tenant", r.begin.tenant},
                       {"model", r.begin.model},
                       {"route", r.begin.route},
                       {"upstream", r.begin.upstream},
                       {"stream", r.begin.stream},
                       {"trace_id", text_or_null(r.begin.trace_id)},
                       {"parent_span", text_or_null(r.begin.parent_span)},
                       {"times", times},
                       {"tokens", tokens_json(e.tokens)},
                       {"rule", text_or_null(e.rule)},
                       {"unattributed", e.unattributed ? Json(*e.unattributed) : Json()},
                       {"posted_uj", r.posted.count},
                       {"fair", to_json(e.fair)},
                       {"served", to_json(served_of(r))},
                       {"marginal", to_json(e.marginal)},
                       {"phases", phases_json(e.phases)}});
}

std::string requests_csv_head() {
  CsvRow row;
  for (const char* name :
       {"id", "run", "status", "reason", "outcome", "http_status", "tenant", "model", "route",
        "upstream", "stream", "trace_id", "arrived", "sent_s", "first_token_s", "last_token_s",
        "ended_s", "prompt_tokens", "cached_tokens", "reasoning_tokens", "answer_tokens",
        "wasted_tokens", "rule", "unattributed", "posted_uj"}) {
    row.text(name);
  }
  for (const char* name : {"fair", "served", "marginal"}) row.header(MetricType::quantity, name);
  for (const char* phase : kPhases) {
    const std::string name = std::string("phase_") + phase;
    row.text(name + "_tokens").text(name + "_s").text(name + "_j");
  }
  return row.line();
}

std::string requests_csv_line(const StoredRequest& r) {
  const RequestEnd& e = r.end;
  CsvRow row;
  row.text(r.begin.id).text(r.run).text(to_string(r.status));
  row.text(e.void_reason ? e.void_reason->code : "").text(e.outcome);
  whole(row, e.http_status == 0 ? std::nullopt : std::optional<std::int64_t>(e.http_status));
  row.text(r.begin.tenant).text(r.begin.model).text(r.begin.route).text(r.begin.upstream);
  row.text(r.begin.stream ? "true" : "false").text(r.begin.trace_id).text(r.arrived_utc);
  for (const auto& t : {e.sent, e.first_token, e.last_token, e.ended}) {
    seconds_after(row, r.begin.arrived, t);
  }
  for (const auto& n : {e.tokens.prompt, e.tokens.cached, e.tokens.reasoning, e.tokens.answer,
                        e.tokens.wasted}) {
    whole(row, n);
  }
  row.text(e.rule);
  if (e.unattributed) {
    row.number(*e.unattributed);
  } else {
    row.empty();
  }
  row.whole(r.posted.count);
  for (const Quantity& q : {e.fair, served_of(r), e.marginal}) row.metric(MetricType::quantity, q);
  for (const char* name : kPhases) {
    const PhaseFigure* phase = find_phase(e.phases, name);
    if (phase == nullptr) {
      row.empty().empty().empty();
      continue;
    }
    row.whole(phase->tokens).number(phase->seconds);
    if (phase->energy.present()) {
      row.number(*phase->energy.value);
    } else {
      row.empty();
    }
  }
  return row.line();
}

Result<Json> usage_json(const ServeReader& reader, const std::string& run, HourSpan span) {
  struct Part {
    TotalBy by;
    std::string_view list;
    std::string_view item;
  };
  Json usage = Json::object();
  for (const Part& part : {Part{TotalBy::account, "accounts", "account"},
                           Part{TotalBy::tenant, "tenants", "tenant"},
                           Part{TotalBy::model, "models", "model"},
                           Part{TotalBy::route, "routes", "route"}}) {
    const auto totals = reader.totals(part.by, span, run);
    if (!totals) return fail(totals.error());
    usage.set(std::string(part.list),
              totals_json(*totals, part.item, part.by != TotalBy::account));
  }
  return usage;
}

}  // namespace joulebook
