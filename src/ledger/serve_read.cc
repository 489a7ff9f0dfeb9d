#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <unordered_map>

#include "ledger/serve_figures.h"
#include "ledger/serve_totals.h"
#include "ledger/serve_windows.h"
#include "ledger/serve_writer.h"

namespace joulebook {
namespace {

using sqlite::Row;
using sqlite::Value;

constexpr std::string_view kColumns = R"sql(
  SELECT r.id, b.id, g.tenant, g.model, g.route, g.upstream, b.stream, b.trace_id, b.parent_span,
    b.arrived_ns, b.arrived_utc, e.status, e.reason_code, e.reason_message, e.reason_cure,
    e.outcome, e.http_status, e.sent_ns, e.first_token_ns, e.last_token_ns, e.ended_ns, e.ended_utc,
    e.prompt_tokens, e.cached_tokens, e.reasoning_tokens, e.answer_tokens, e.wasted_tokens,
    t.content, e.unattributed, e.posted_uj, e.fair, e.served, e.marginal, e.phases, b.request,
    b.run, r.session, CAST(strftime('%s', b.arrived_utc) AS INTEGER) * 1000
      + CAST(substr(b.arrived_utc, 21, 3) AS INTEGER)
  FROM requests_begun b JOIN runs r ON r.run = b.run
  JOIN request_groups g ON g.request_group = b.request_group
  LEFT JOIN requests_ended e ON e.request = b.request LEFT JOIN texts t ON t.text = e.rule
  )sql";

std::optional<SteadyTime> instant(const Row& row, int column) {
  if (row.null(column)) return std::nullopt;
  return SteadyTime{row.number(column)};
}

// What is read of a request before its figures are unpacked.
struct Raw {
  StoredRequest request;
  std::int64_t number = 0;
  std::int64_t run = 0;
  std::int64_t session = 0;
  std::string rule, fair, served, marginal, phases;
};

RequestBegin begin_of(const Row& row) {
  return {row.text(1), row.text(2),        row.text(3), row.text(4),  row.text(5),
          row.number(6) != 0, row.text(7), row.text(8), {row.number(9)}};
}

Raw raw_of(const Row& row) {
  Raw raw;
  StoredRequest& r = raw.request;
  r.run = row.text(0);
  r.begin = begin_of(row);
  r.arrived_utc = row.text(10);
  r.arrived_wall_ns = row.number(37) * 1'000'000;
  r.end.id = r.begin.id;
  raw.number = row.number(34);
  raw.run = row.number(35);
  raw.session = row.number(36);
  if (row.null(11)) return raw;
  r.status = row.text(11) == "final" ? RequestStatus::final_ : RequestStatus::void_;
  if (!row.null(12)) r.end.void_reason = Reason{row.text(12), row.text(13), row.text(14)};
  r.end.outcome = row.text(15);
  r.end.http_status = static_cast<int>(row.number(16));
  r.end.sent = instant(row, 17);
  r.end.first_token = instant(row, 18);
  r.end.last_token = instant(row, 19);
  r.end.ended = instant(row, 20);
  r.ended_utc = row.text(21);
  r.end.tokens = {row.number_if(22), row.number_if(23), row.number_if(24), row.number_if(25), row.number_if(26)};
  raw.rule = row.text(27);
  if (!row.null(28)) r.end.unattributed = row.real(28);
  r.posted.count = row.number(29);
  raw.fair = row.text(30);
  raw.served = row.text(31);
  raw.marginal = row.text(32);
  raw.phases = row.text(33);
  return raw;
}

tl::unexpected<Error> no_such_request(const std::string& id) {
  return fail(ErrorKind::input, "ledger.no_such_request",
              fmt::format("the ledger holds no request `{}`", id),
              "`joulebook export RUN --format csv` lists a run's requests");
}

class Reader final : public ServeReader {
 public:
  explicit Reader(std::unique_ptr<Store> store) : store_(std::move(store)) {}

  [[nodiscard]] Result<StoredRequest> request(const std::string& id) const override;
  [[nodiscard]] Result<std::vector<StoredRequest>> answer(
      const std::string& trace_id) const override;
  [[nodiscard]] Status each_request(
      const std::string& run,
      const std::function<void(const StoredRequest&)>& visit) const override;
  [[nodiscard]] Status each_window(const std::string& run, HourSpan span,
                                   const std::function<void(const StoredWindow&)>& visit) const override {
    return read_windows(db(), run, span, visit);
  }
  [[nodiscard]] Status each_fair(
      TotalBy by, HourSpan span, const std::string& run,
      const std::function<void(const std::string&, const Quantity&)>& visit) const override;
  [[nodiscard]] Result<std::vector<UsageTotal>> totals(TotalBy by, HourSpan span,
                                                       const std::string& run) const override {
    return read_totals(db(), by, span, run);
  }
  [[nodiscard]] Result<std::vector<HourTotal>> hourly(TotalBy by, HourSpan span,
                                                      const std::string& run) const override {
    return read_hourly(db(), by, span, run);
  }

 private:
  [[nodiscard]] sqlite::Database& db() const { return store_->database(); }
  [[nodiscard]] Result<Json> form(std::int64_t number) const;
  [[nodiscard]] Result<Quantity> figure(const std::string& text) const;
  [[nodiscard]] Result<StoredRequest> finished(Raw raw) const;
  [[nodiscard]] Result<StoredRequest> unfinished(Raw raw) const;
  [[nodiscard]] Result<Quantity> served(const Raw& raw) const;
  [[nodiscard]] Result<std::vector<StoredRequest>> all(const std::string& where,
                                                       const std::vector<Value>& values) const;

  std::unique_ptr<Store> store_;
  mutable std::unordered_map<std::int64_t, Json> forms_;
};

Result<Json> Reader::form(std::int64_t number) const {
  if (const auto it = forms_.find(number); it != forms_.end()) return it->second;
  std::string text;
  const auto ok = db().each("SELECT content FROM texts WHERE text = ?", {number},
                            [&](const Row& row) { text = row.text(0); });
  if (!ok) return fail(ok.error());
  auto json = parse_json(text);
  if (!json) {
    return fail(ErrorKind::input, "ledger.corrupt",
                fmt::format("text {} of the ledger is damaged", number),
                "restore the ledger from a copy");
  }
  if (forms_.size() > 8192) forms_.clear();
  return forms_.emplace(number, std::move(*json)).first->second;
}

Result<Quantity> Reader::figure(const std::string& text) const {
  const auto packed = parse_json(text);
  return unpack(packed.value_or(Json()), [this](std::int64_t n) { return form(n); });
}

Result<StoredRequest> Reader::finished(Raw raw) const {
  StoredRequest& r = raw.request;
  auto fair = figure(raw.fair);
  if (!fair) return fail(fair.error());
  r.end.fair = std::move(*fair);
  auto marginal = figure(raw.marginal);
  if (!marginal) return fail(marginal.error());
  r.end.marginal = std::move(*marginal);
  if (!raw.served.empty()) {
    auto served = figure(raw.served);
    if (!served) return fail(served.error());
    r.end.served = std::move(*served);
  } else {
    auto shared = served(raw);
    if (!shared) return fail(shared.error());
    r.end.served = std::move(*shared);
  }
  auto phases = unpack_phases(parse_json(raw.phases).value_or(Json()),
                              [this](std::int64_t n) { return form(n); }, r.end.fair);
  if (!phases) return fail(phases.error());
  r.end.phases = std::move(*phases);
  r.end.rule = parse_json(raw.rule).value_or(Json()).as_string();
  return std::move(r);
}

// What was posted to a request in each of its hours and domains, and the part of those hours' idle
// that falls to it by fair share: ?1 run, ?2 request, ?3 arrived (steady ns). The hour of a window is
// that of the hourly tables: it never falls within a domain.
constexpr std::string_view kServed = R"sql(
  WITH mine AS (
    SELECT s.domain, CAST(strftime('%s', s.begin_utc) AS INTEGER) / 3600 AS hour, q.amount_uj
    FROM (SELECT DISTINCT domain FROM hourly_accounts WHERE run = ?1) d
    CROSS JOIN settlements s ON s.run = ?1 AND s.ordinal = 0 AND s.domain = d.domain
      AND s.begin_ns >= coalesce((SELECT max(x.begin_ns) FROM settlements x WHERE x.run = ?1
        AND x.ordinal = 0 AND x.domain = d.domain AND x.begin_ns <= ?3), ?3)
      AND s.begin_ns < ?4
    CROSS JOIN request_amounts q ON q.settlement = s.settlement AND q.request = ?2)
  SELECT coalesce(sum(m.amount_uj), 0),
    coalesce(total(m.amount_uj * 1.0 / (SELECT a.amount_uj FROM hourly_accounts a
        WHERE a.run = ?1 AND a.hour = m.hour AND a.domain = m.domain AND a.amount_uj > 0
          AND a.account = (SELECT account FROM accounts WHERE name = 'requests'))
      * (SELECT coalesce(sum(i.amount_uj), 0) FROM hourly_accounts i
         JOIN accounts n ON n.account = i.account WHERE i.run = ?1 AND i.hour = m.hour
           AND i.domain = m.domain AND n.name LIKE 'idle.%')), 0),
    coalesce(max(m.hour), 0),
    coalesce((SELECT max(hour) FROM hourly_accounts WHERE run = ?1), 0),
    (SELECT count(*) FROM run_ends WHERE run = ?1)
  FROM mine m)sql";

Result<Quantity> Reader::served(const Raw& raw) const {
  const StoredRequest& r = raw.request;
  if (!r.end.fair.present()) return r.end.fair;
  double fair_uj = 0;
  double idle_uj = 0;
  bool open_hour = false;
  const std::int64_t end = r.end.ended ? r.end.ended->ns : INT64_MAX;
  const auto ok = db().each(kServed, {raw.run, raw.number, r.begin.arrived.ns, end},
                            [&](const Row& row) {
                              fair_uj = row.real(0);
                              idle_uj = row.real(1);
                              open_hour = row.number(2) >= row.number(3) && row.number(4) == 0;
                            });
  if (!ok) return fail(ok.error());
  if (open_hour) {
    return Quantity::absent("J",
                            {"served.hour_open", "the hour whose idle it shares is not over",
                             "ask again when the hour is over"},
                            *r.end.fair.value);
  }
  if (fair_uj < static_cast<double>(r.posted.count)) {
    return Quantity::absent("J",
                            {"serve.compacted", "the windows of its first hours are rolled up",
                             "compact later: `joulebook ledger compact --older-than`"},
                            *r.end.fair.value);
  }
  Quantity q = scaled(r.end.fair, fair_uj > 0 ? 1 + idle_uj / fair_uj : 1, r.end.fair.per);
  q.tier = weakest(q.tier, Tier::apportioned);
  q.method += "; idle of its hours by fair share";
  return q;
}

// Begun and not ended: it goes on, or its gateway was killed and nobody has written that down yet.
Result<StoredRequest> Reader::unfinished(Raw raw) const {
  StoredRequest& r = raw.request;
  const auto posted = db().number(kPostedOfRequest, {raw.run, raw.number, r.begin.arrived.ns});
  if (!posted) return fail(posted.error());
  r.posted.count = *posted;
  if (!ServeLock::held(db().path(), raw.session)) {
    const std::string id = r.begin.id;
    r.status = RequestStatus::void_;
    r.end = cut_short(killed_reason(), r.posted);
    r.end.id = id;
    return std::move(r);
  }
  const Reason pending{"serve.pending", "it is not settled yet", "ask again in a few seconds"};
  r.end.fair = Quantity::absent("J", pending, to_joules(r.posted).value());
  r.end.marginal = Quantity::absent("J", pending);
  r.end.served = r.end.fair;
  return std::move(r);
}

Result<std::vector<StoredRequest>> Reader::all(const std::string& where,
                                               const std::vector<Value>& values) const {
  std::vector<Raw> raw;
  const auto ok = db().each(std::string(kColumns) + where, values,
                            [&](const Row& row) { raw.push_back(raw_of(row)); });
  if (!ok) return fail(ok.error());
  std::vector<StoredRequest> requests;
  for (auto& one : raw) {
    const bool pending = one.request.status == RequestStatus::pending;
    auto read = pending ? unfinished(std::move(one)) : finished(std::move(one));
    if (!read) return fail(read.error());
    requests.push_back(std::move(*read));
  }
  return requests;
}

Result<StoredRequest> Reader::request(const std::string& id) const {
  auto exact = all("WHERE b.id = ?", {id});
  if (!exact) return fail(exact.error());
  if (!exact->empty()) return std::move(exact->front());
  constexpr std::size_t kLeast = 4;
  if (id.size() < kLeast) return no_such_request(id);
  auto begins = all("WHERE b.id >= ?1 AND b.id < ?1 || char(1114111) LIMIT 2", {id});
  if (!begins) return fail(begins.error());
  if (begins->empty()) return no_such_request(id);
  if (begins->size() == 1) return std::move(begins->front());
  return fail(ErrorKind::input, "ledger.ambiguous",
              fmt::format("`{}` could be more than one request: {}, {}", id,
                          begins->at(0).begin.id, begins->at(1).begin.id),
              "give more of the id");
}

Result<std::vector<StoredRequest>> Reader::answer(const std::string& trace_id) const {
  return all("WHERE b.trace_id = ? ORDER BY b.request", {trace_id});
}

// In portions, so that a run of a million requests takes no more memory than one of a thousand.
Status Reader::each_request(const std::string& run,
                            const std::function<void(const StoredRequest&)>& visit) const {
  constexpr std::int64_t kPortion = 1000;
  const auto number = db().number("SELECT coalesce(max(run), 0) FROM runs WHERE id = ?", {run});
  if (!number) return fail(number.error());
  const auto last = db().number("SELECT coalesce(max(request), 0) FROM requests_begun");
  if (!last) return fail(last.error());
  for (std::int64_t from = 0; from < *last; from += kPortion) {
    auto portion = all("WHERE b.run = ? AND b.request > ? AND b.request <= ? ORDER BY b.request",
                       {*number, from, from + kPortion});
    if (!portion) return fail(portion.error());
    for (const auto& request : *portion) visit(request);
  }
  return {};
}

Status Reader::each_fair(TotalBy by, HourSpan span, const std::string& run,
                         const std::function<void(const std::string&, const Quantity&)>& visit) const {
  Status result;
  const auto ok = db().each(
      fmt::format("SELECT {}, e.fair FROM requests_begun b JOIN requests_ended e ON e.request = b.request "
                  "JOIN request_groups g ON g.request_group = b.request_group JOIN runs r ON r.run = b.run "
                  "WHERE (?3 = '' OR r.id = ?3) AND CAST(strftime('%s', b.arrived_utc) AS INTEGER) / 3600 >= ?1 "
                  "AND CAST(strftime('%s', b.arrived_utc) AS INTEGER) / 3600 < ?2 ORDER BY b.request",
                  request_key(by)),
      {span.from, span.to, run}, [&](const Row& row) {
        if (!result) return;
        const auto fair = figure(row.text(1));
        if (!fair) {
          result = fail(fair.error());
        } else {
          visit(row.text(0), *fair);
        }
      });
  return ok ? result : ok;
}

}  // namespace

Result<std::unique_ptr<ServeReader>> open_serve_reader(const std::string& path) {
  auto store = open_store(path, LedgerOptions{});
  if (!store) return fail(store.error());
  return std::make_unique<Reader>(std::move(*store));
}

}  // namespace joulebook
