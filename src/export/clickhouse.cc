#include "export/clickhouse.h"

#include "core/clock.h"
#include "core/json.h"

namespace joulebook {
namespace {

using gateway::RequestRow;

constexpr std::string_view kSchema = R"sql(CREATE DATABASE IF NOT EXISTS joulebook;

CREATE TABLE IF NOT EXISTS joulebook.requests (
  id                String,
  status            LowCardinality(String),
  reason            LowCardinality(String),
  outcome           LowCardinality(String),
  http_status       UInt16,
  tenant            LowCardinality(String),
  model             LowCardinality(String),
  route             LowCardinality(String),
  upstream          LowCardinality(String),
  trace_id          String,
  arrived           DateTime64(9, 'UTC'),
  first_token       Nullable(DateTime64(9, 'UTC')),
  ended             DateTime64(9, 'UTC'),
  prompt_tokens     Nullable(Int64),
  cached_tokens     Nullable(Int64),
  reasoning_tokens  Nullable(Int64),
  answer_tokens     Nullable(Int64),
  fair_j            Nullable(Float64),
  fair_lo           Nullable(Float64),
  fair_hi           Nullable(Float64),
  fair_level        Nullable(Float64),
  fair_reason       LowCardinality(String),
  served_j          Nullable(Float64),
  marginal_j        Nullable(Float64),
  marginal_lo       Nullable(Float64),
  marginal_hi       Nullable(Float64),
  tier              LowCardinality(String),
  boundary          LowCardinality(String),
  method            LowCardinality(String),
  rule              LowCardinality(String),
  phases Nested (
    phase           LowCardinality(String),
    tokens          Int64,
    seconds         Float64,
    j               Nullable(Float64)
  )
) ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(arrived)
ORDER BY (model, arrived, id);

CREATE TABLE IF NOT EXISTS joulebook.accounts (
  started           DateTime64(9, 'UTC'),
  at                DateTime64(9, 'UTC'),
  domain            LowCardinality(String),
  account           LowCardinality(String),
  tier              LowCardinality(String),
  uj                Int64
) ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(at)
ORDER BY (started, domain, account, at);
)sql";

// "2026-11-25 08:26:40.123456789": what ClickHouse reads without a setting.
std::string time_text(std::int64_t wall_ns) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  std::int64_t ns = wall_ns % kSecond;
  if (ns < 0) ns += kSecond;
  std::string text = iso8601(wall_ns - ns).substr(0, 19);
  text[10] = ' ';
  const std::string digits = std::to_string(ns);
  return text + '.' + std::string(9 - digits.size(), '0') + digits;
}

Json maybe(const std::optional<std::int64_t>& n) { return n ? Json(*n) : Json(); }
Json value(const Quantity& q) { return q.value ? Json(*q.value) : Json(); }
std::string code(const std::optional<Reason>& reason) { return reason ? reason->code : std::string(); }

// value, lo and hi; a bound that is infinite, or not there, is null.
void put(Json& row, const std::string& name, const Quantity& q) {
  row.set(name + "_j", value(q));
  row.set(name + "_lo", q.present() ? Json(q.interval().lo) : q.known_lo ? Json(*q.known_lo) : Json());
  row.set(name + "_hi", q.present() ? Json(q.interval().hi) : Json());
}

void put_phases(Json& out, const RequestRow& row) {
  Json phase = Json::array();
  Json tokens = Json::array();
  Json seconds = Json::array();
  Json joules = Json::array();
  for (const auto& p : row.phases) {
    phase.push(p.phase);
    tokens.push(p.tokens);
    seconds.push(p.seconds);
    joules.push(value(p.energy));
  }
  out.set("phases.phase", std::move(phase)).set("phases.tokens", std::move(tokens));
  out.set("phases.seconds", std::move(seconds)).set("phases.j", std::move(joules));
}

std::string percent_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                       c == '_' || c == '.' || c == '-';
    if (plain) {
      out += c;
    } else {
      out.append("%") += "0123456789ABCDEF"[u >> 4];
      out += "0123456789ABCDEF"[u & 15];
    }
  }
  return out;
}

// `name` between backticks, as ClickHouse quotes.
std::string quoted(std::string_view name) {
  std::string out = "`";
  for (const char c : name) {
    if (c == '`' || c == '\\') out += '\\';
    out += c;
  }
  return out + '`';
}

}  // namespace

std::string_view clickhouse_schema() { return kSchema; }

std::string clickhouse_request(const RequestRow& row) {
  Json out = Json::object(
      {{"id", row.id},
       {"status", row.status},
       {"reason", code(row.reason)},
       {"outcome", row.outcome},
       {"http_status", row.http_status},
       {"tenant", row.tenant},
       {"model", row.model},
       {"route", row.route},
       {"upstream", row.upstream},
       {"trace_id", row.trace_id},
       {"arrived", time_text(row.arrived_wall_ns)},
       {"first_token", row.first_token_wall_ns ? Json(time_text(*row.first_token_wall_ns)) : Json()},
       {"ended", time_text(row.ended_wall_ns)},
       {"prompt_tokens", maybe(row.prompt_tokens)},
       {"cached_tokens", maybe(row.cached_tokens)},
       {"reasoning_tokens", maybe(row.reasoning_tokens)},
       {"answer_tokens", maybe(row.answer_tokens)}});
  put(out, "fair", row.fair);
  out.set("fair_level", row.fair.present() ? Json(row.fair.level) : Json());
  out.set("fair_reason", code(row.fair.reason)).set("served_j", value(row.served));
  put(out, "marginal", row.marginal);
  out.set("tier", row.fair.present() ? to_string(row.fair.tier) : std::string_view());
  out.set("boundary", row.fair.boundary).set("method", row.fair.method).set("rule", row.rule);
  put_phases(out, row);
  return out.dump();
}

std::vector<std::string> clickhouse_accounts(const gateway::LiveState& state) {
  std::vector<std::string> rows;
  for (const auto& d : state.domains) {
    const auto add = [&](const std::string& account, MicroJoules amount) {
      rows.push_back(Json::object({{"started", time_text(state.started_wall_ns)},
                                   {"at", time_text(state.now_wall_ns)},
                                   {"domain", d.domain},
                                   {"account", account},
                                   {"tier", to_string(d.tier)},
                                   {"uj", amount.count}})
                         .dump());
    };
    for (const auto& [account, amount] : d.accounts) add(account, amount);
    add("meter", d.meter);
  }
  return rows;
}

SinkFrame clickhouse_frame() { return {"", "\n", "\n"}; }

std::string clickhouse_url(std::string_view base, std::string_view database, std::string_view table) {
  std::string url(base);
  const char joint = url.find('?') == url.npos ? '?' : '&';
  const std::string query =
      "INSERT INTO " + quoted(database) + "." + quoted(table) + " FORMAT JSONEachRow";
  return url + joint + "query=" + percent_encoded(query);
}

}  // namespace joulebook
