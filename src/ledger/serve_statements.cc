// The rows of metered requests: one prepared statement for each kind.
#include "ledger/serve_figures.h"
#include "ledger/serve_writer.h"
#include "ledger/settlement_check.h"

namespace joulebook {
namespace {

using sqlite::Cell;

Cell cell(const std::optional<std::int64_t>& n) { return n ? Cell(*n) : Cell(nullptr); }
Cell cell(const std::optional<SteadyTime>& t) { return t ? Cell(t->ns) : Cell(nullptr); }
Cell unless_empty(const std::string& text) {
  return text.empty() ? Cell(nullptr) : Cell(std::string_view(text));
}

void add(std::optional<std::int64_t>& sum, const std::optional<std::int64_t>& more) {
  if (more) sum = sum.value_or(0) + *more;
}

constexpr std::string_view kBegin =
    "INSERT INTO requests_begun(id, run, request_group, stream, trace_id, parent_span, "
    "arrived_utc, arrived_ns) VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
constexpr std::string_view kEnd =
    "INSERT INTO requests_ended(request, status, reason_code, reason_message, reason_cure, "
    "outcome, http_status, sent_ns, first_token_ns, last_token_ns, ended_utc, ended_ns, "
    "prompt_tokens, cached_tokens, reasoning_tokens, answer_tokens, wasted_tokens, rule, "
    "unattributed, posted_uj, fair, served, marginal, phases) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
constexpr std::string_view kSettle =
    "INSERT INTO settlements(run, ordinal, domain, begin_utc, begin_ns, end_utc, end_ns, meter_uj) "
    "VALUES (?, 0, ?, ?, ?, ?, ?, ?)";
constexpr std::string_view kGrowRequests =
    "UPDATE hourly_requests SET begun = begun + ?4, final = final + ?5, void = void + ?6, "
    "prompt_tokens = coalesce(prompt_tokens + ?7, prompt_tokens, ?7), "
    "cached_tokens = coalesce(cached_tokens + ?8, cached_tokens, ?8), "
    "reasoning_tokens = coalesce(reasoning_tokens + ?9, reasoning_tokens, ?9), "
    "answer_tokens = coalesce(answer_tokens + ?10, answer_tokens, ?10), "
    "wasted_tokens = coalesce(wasted_tokens + ?11, wasted_tokens, ?11) "
    "WHERE run = ?1 AND hour = ?2 AND request_group = ?3";

}  // namespace

void HourlySums::ended(std::int64_t hour, std::int64_t group, bool is_void,
                       const RequestTokens& tokens) {
  Counts& counts = requests[{hour, group}];
  ++(is_void ? counts.void_ : counts.final_);
  add(counts.tokens.prompt, tokens.prompt);
  add(counts.tokens.cached, tokens.cached);
  add(counts.tokens.reasoning, tokens.reasoning);
  add(counts.tokens.answer, tokens.answer);
  add(counts.tokens.wasted, tokens.wasted);
}

Result<ServeRows> ServeRows::over(sqlite::Database& db) {
  ServeRows rows;
  rows.db_ = &db;
  auto names = Dictionary::over(db);
  if (!names) return fail(names.error());
  rows.names_ = std::move(*names);
  struct Sql {
    sqlite::Statement* statement;
    std::string_view sql;
  };
  for (const Sql& s : {
           Sql{&rows.begin_, kBegin},
           Sql{&rows.end_, kEnd},
           Sql{&rows.settle_, kSettle},
           Sql{&rows.amount_,
               "INSERT INTO amounts(settlement, account, amount_uj) VALUES (?, ?, ?)"},
           Sql{&rows.request_amount_,
               "INSERT INTO request_amounts(settlement, request, amount_uj) VALUES (?, ?, ?)"},
           Sql{&rows.grow_account_,
               "UPDATE hourly_accounts SET amount_uj = amount_uj + ?5 WHERE run = ?1 AND hour = "
               "?2 AND domain = ?3 AND account = ?4"},
           Sql{&rows.new_account_, "INSERT INTO hourly_accounts VALUES (?, ?, ?, ?, ?)"},
           Sql{&rows.grow_group_,
               "UPDATE hourly_groups SET amount_uj = amount_uj + ?5 WHERE run = ?1 AND hour = ?2 "
               "AND domain = ?3 AND request_group = ?4"},
           Sql{&rows.new_group_, "INSERT INTO hourly_groups VALUES (?, ?, ?, ?, ?)"},
           Sql{&rows.grow_requests_, kGrowRequests},
           Sql{&rows.new_requests_,
               "INSERT INTO hourly_requests VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"},
       }) {
    auto prepared = db.prepare(s.sql);
    if (!prepared) return fail(prepared.error());
    *s.statement = std::move(*prepared);
  }
  return rows;
}

Result<std::int64_t> ServeRows::begin(std::int64_t run, std::int64_t group, const RequestBegin& r,
                                      std::int64_t arrived_wall) {
  const std::string utc = iso8601(arrived_wall);
  auto ok = begin_.run({std::string_view(r.id), run, group, std::int64_t{r.stream},
                        unless_empty(r.trace_id), unless_empty(r.parent_span),
                        std::string_view(utc), r.arrived.ns});
  if (!ok) return fail(ok.error());
  return db_->last_rowid();
}

Status ServeRows::end(std::int64_t request, std::int64_t posted_uj, const EndRow& e,
                      const std::string& ended_utc) {
  for (std::string* text : {&fair_, &served_, &marginal_, &phases_}) text->clear();
  if (auto ok = pack(e.fair, names_, fair_); !ok) return ok;
  if (e.served) {
    if (auto ok = pack(*e.served, names_, served_); !ok) return ok;
  }
  if (auto ok = pack(e.marginal, names_, marginal_); !ok) return ok;
  if (auto ok = pack(e.phases, e.fair, names_, phases_); !ok) return ok;
  const auto rule = names_.text(e.rule);
  if (!rule) return fail(rule.error());
  const Reason none;
  const Reason& why = e.void_reason ? *e.void_reason : none;
  const auto word = [&](const std::string& text) {
    return e.void_reason ? Cell(std::string_view(text)) : Cell(nullptr);
  };
  const Cell unattributed = e.unattributed ? Cell(*e.unattributed) : Cell(nullptr);
  return end_.run({request, std::string_view(e.void_reason ? "void" : "final"), word(why.code),
                   word(why.message), word(why.cure), std::string_view(e.outcome),
                   std::int64_t{e.http_status}, cell(e.sent), cell(e.first_token),
                   cell(e.last_token), unless_empty(ended_utc), cell(e.ended),
                   cell(e.tokens.prompt), cell(e.tokens.cached), cell(e.tokens.reasoning),
                   cell(e.tokens.answer), cell(e.tokens.wasted), *rule, unattributed, posted_uj,
                   std::string_view(fair_), unless_empty(served_), std::string_view(marginal_),
                   std::string_view(phases_)});
}

Result<std::int64_t> ServeRows::settlement(std::int64_t run, const Settlement& s,
                                           const std::string& begin_utc, const std::string& end_utc) {
  auto ok = settle_.run({run, std::string_view(s.domain), std::string_view(begin_utc), s.begin.ns,
                         std::string_view(end_utc), s.end.ns, s.meter.count});
  if (!ok) return fail(ok.error());
  return db_->last_rowid();
}

Status ServeRows::account_amount(std::int64_t settlement, std::int64_t account,
                                 std::int64_t amount_uj) {
  return amount_.run({settlement, account, amount_uj});
}

Status ServeRows::request_amount(std::int64_t settlement, std::int64_t request,
                                 std::int64_t amount_uj) {
  return request_amount_.run({settlement, request, amount_uj});
}

Status ServeRows::add_requests(std::int64_t run, std::int64_t hour, std::int64_t group,
                               const HourlySums::Counts& c) {
  const std::initializer_list<Cell> cells = {run,
                                             hour,
                                             group,
                                             c.begun,
                                             c.final_,
                                             c.void_,
                                             cell(c.tokens.prompt),
                                             cell(c.tokens.cached),
                                             cell(c.tokens.reasoning),
                                             cell(c.tokens.answer),
                                             cell(c.tokens.wasted)};
  if (auto ok = grow_requests_.run(cells); !ok || db_->changes() != 0) return ok;
  return new_requests_.run(cells);
}

Status ServeRows::add(std::int64_t run, const HourlySums& sums) {
  const auto grow = [&](const HourlySums::Key& key, std::int64_t amount, sqlite::Statement& update,
                        sqlite::Statement& insert) -> Status {
    const auto& [hour, domain, what] = key;
    const std::initializer_list<Cell> cells = {run, hour, std::string_view(domain), what, amount};
    if (auto ok = update.run(cells); !ok || db_->changes() != 0) return ok;
    return insert.run(cells);
  };
  for (const auto& [key, amount] : sums.accounts) {
    if (auto ok = grow(key, amount, grow_account_, new_account_); !ok) return ok;
  }
  for (const auto& [key, amount] : sums.groups) {
    if (auto ok = grow(key, amount, grow_group_, new_group_); !ok) return ok;
  }
  for (const auto& [key, counts] : sums.requests) {
    if (auto ok = add_requests(run, key.first, key.second, counts); !ok) return ok;
  }
  return {};
}

}  // namespace joulebook
