#include "export/clickhouse.h"

#include "core/clock.h"
#include "export/json_text.h"

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

std::string code(const std::optional<Reason>& reason) { return reason ? reason->code : std::string(); }

// value, lo and hi; a bound that is infinite, or not there, is null.
void put(JsonText& row, const std::string& name, const Quantity& q) {
  const bool there = q.present();
  const Interval i = there ? q.interval() : Interval{};
  row.number(name + "_j", q.value);
  row.raw(name + "_lo", there ? json_number(i.lo) : q.known_lo ? json_number(*q.known_lo) : "null");
  row.raw(name + "_hi", there ? json_number(i.hi) : "null");
}

void put_phases(JsonText& out, const RequestRow& row) {
  JsonText phase('[');
  JsonText tokens('[');
  JsonText seconds('[');
  JsonText joules('[');
  for (const auto& p : row.phases) {
    phase.item(json_quoted(p.phase));
    tokens.item(std::to_string(p.tokens));
    seconds.item(json_number(p.seconds));
    joules.item(p.energy.value ? json_number(*p.energy.value) : "null");
  }
  out.raw("phases.phase", phase.take()).raw("phases.tokens", tokens.take());
  out.raw("phases.seconds", seconds.take()).raw("phases.j", joules.take());
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
  JsonText out('{');
  out.text("id", row.id).text("status", row.status).text("reason", code(row.reason));
  out.text("outcome", row.outcome).integer("http_status", row.http_status);
  out.text("tenant", row.tenant).text("model", row.model).text("route", row.route);
  out.text("upstream", row.upstream).text("trace_id", row.trace_id);
  out.text("arrived", time_text(row.arrived_wall_ns));
  out.raw("first_token", row.first_token_wall_ns ? json_quoted(time_text(*row.first_token_wall_ns)) : "null");
  out.text("ended", time_text(row.ended_wall_ns));
  out.integer("prompt_tokens", row.prompt_tokens).integer("cached_tokens", row.cached_tokens);
  out.integer("reasoning_tokens", row.reasoning_tokens).integer("answer_tokens", row.answer_tokens);
  put(out, "fair", row.fair);
  out.number("fair_level", row.fair.present() ? std::optional(row.fair.level) : std::nullopt);
  out.text("fair_reason", code(row.fair.reason)).number("served_j", row.served.value);
  put(out, "marginal", row.marginal);
  out.text("tier", row.fair.present() ? to_string(row.fair.tier) : std::string_view());
  out.text("boundary", row.fair.boundary).text("method", row.fair.method).text("rule", row.rule);
  put_phases(out, row);
  return out.take();
}

std::vector<std::string> clickhouse_accounts(const gateway::LiveState& state) {
  std::vector<std::string> rows;
  for (const auto& d : state.domains) {
    const auto add = [&](const std::string& account, MicroJoules amount) {
      JsonText row('{');
      row.text("started", time_text(state.started_wall_ns)).text("at", time_text(state.now_wall_ns));
      row.text("domain", d.domain).text("account", account).text("tier", to_string(d.tier));
      rows.push_back(row.integer("uj", amount.count).take());
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
