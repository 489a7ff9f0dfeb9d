#include "export/request_export.h"

#include <array>
#include <map>

#include "core/json_strings.h"
#include "core/or_null.h"
#include "export/csv_row.h"
#include "export/span_spread.h"

namespace joulebook {
namespace {

constexpr std::array kPhases = {"queue", "prefill", "cached", "reason", "answer", "wasted"};

Json time_or_null(const std::optional<SteadyTime>& t) { return t ? Json(t->ns) : Json(); }

Json tokens_json(const RequestTokens& t) {
  return Json::object({{"prompt", or_null(t.prompt)},
                       {"cached", or_null(t.cached)},
                       {"reasoning", or_null(t.reasoning)},
                       {"answer", or_null(t.answer)},
                       {"wasted", or_null(t.wasted)}});
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

// The rows' spreads by key, and of all of them.
struct Spreads {
  SpanSpread all;
  std::map<std::string, SpanSpread> by;
};

Result<Spreads> spreads_of(const ServeReader& reader, TotalBy by, const std::string& run, HourSpan span) {
  Spreads out;
  const auto ok = reader.each_fair(by, span, run, [&](const std::string& key, const Quantity& fair) {
    out.all.add(fair);
    out.by[key].add(fair);
  });
  if (!ok) return fail(ok.error());
  return out;
}

struct Posted {
  double meter = 0, requests = 0;  // J
};

Posted posted_of(const std::vector<UsageTotal>& accounts) {
  Posted out;
  for (const auto& t : accounts) {
    out.meter += to_joules(t.amount).value();
    if (t.key == "requests") out.requests += to_joules(t.amount).value();
  }
  return out;
}

Json accounts_json(const std::vector<UsageTotal>& accounts, const SpanSpread& all) {
  const Posted sum = posted_of(accounts);
  Json list = Json::array();
  for (const auto& t : accounts) {
    const double joules = to_joules(t.amount).value();
    const Quantity q = t.key == "requests" ? all.requests(joules, all) : all.rest(joules, sum.meter, sum.requests);
    list.push(Json::object({{"account", t.key}, {"energy", to_json(q)}, {"uj", t.amount.count}}));
  }
  return list;
}

Json groups_json(const std::vector<UsageTotal>& totals, std::string_view name, Spreads& spreads) {
  Json list = Json::array();
  for (const auto& t : totals) {
    const Quantity q = spreads.by[t.key].requests(to_joules(t.amount).value(), spreads.all);
    list.push(Json::object({{std::string(name), t.key},
                            {"requests", t.begun},
                            {"final", t.final_},
                            {"void", t.void_},
                            {"tokens", tokens_json(t.tokens)},
                            {"energy", to_json(q)},
                            {"uj", t.amount.count}}));
  }
  return list;
}

Quantity meter_of(const std::vector<UsageTotal>& accounts, const SpanSpread& all) {
  if (!accounts.empty()) return all.meter(posted_of(accounts).meter);
  return Quantity::absent("J", {"report.nothing_metered", "nothing was metered in the span", "choose another span"});
}

}  // namespace

Json request_json(const StoredRequest& r) {
  const RequestEnd& e = r.end;
  const Json times = Json::object({{"arrived", r.arrived_utc},
                                   {"ended", text_or_null(r.ended_utc)},
                                   {"arrived_ns", r.begin.arrived.ns},
                                   {"sent_ns", time_or_null(e.sent)},
                                   {"first_token_ns", time_or_null(e.first_token)},
                                   {"last_token_ns", time_or_null(e.last_token)},
                                   {"ended_ns", time_or_null(e.ended)}});
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
                       {"unattributed", or_null(e.unattributed)},
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

Json window_json(const StoredWindow& w) {
  Json postings = Json::object();
  for (const auto& posting : w.window.postings) postings.set(posting.account, posting.amount.count);
  return Json::object({{"run", w.run},
                       {"domain", w.window.domain},
                       {"hour", w.hour},
                       {"begin", w.begin_utc},
                       {"end", w.end_utc},
                       {"begin_ns", w.window.begin.ns},
                       {"end_ns", w.window.end.ns},
                       {"meter_uj", w.window.meter.count},
                       {"postings", std::move(postings)}});
}

Result<Json> usage_json(const ServeReader& reader, const std::string& run, HourSpan span) {
  const auto accounts = reader.totals(TotalBy::account, span, run);
  if (!accounts) return fail(accounts.error());
  const auto all = spreads_of(reader, TotalBy::account, run, span);
  if (!all) return fail(all.error());
  Json usage = Json::object({{"meter", to_json(meter_of(*accounts, all->all))},
                             {"accounts", accounts_json(*accounts, all->all)}});
  struct Part {
    TotalBy by;
    const char* list;
    std::string_view item;
  };
  for (const Part& part : {Part{TotalBy::tenant, "tenants", "tenant"}, Part{TotalBy::model, "models", "model"},
                           Part{TotalBy::route, "routes", "route"}}) {
    const auto totals = reader.totals(part.by, span, run);
    if (!totals) return fail(totals.error());
    auto spreads = spreads_of(reader, part.by, run, span);
    if (!spreads) return fail(spreads.error());
    usage.set(part.list, groups_json(*totals, part.item, *spreads));
  }
  return usage;
}

Result<Quantity> metered_energy(const ServeReader& reader, HourSpan span) {
  const auto accounts = reader.totals(TotalBy::account, span);
  if (!accounts) return fail(accounts.error());
  const auto all = spreads_of(reader, TotalBy::account, {}, span);
  if (!all) return fail(all.error());
  return meter_of(*accounts, all->all);
}

}  // namespace joulebook
