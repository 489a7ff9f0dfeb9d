// OTLP's JSON as a receiver reads it: 64-bit integers are strings, doubles numbers, every sum has its
// temporality and start, ids are hex of the right length; and the figures are the state's.
#include "export/otlp.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>

#include "core/file_tree.h"
#include "core/json.h"
#include "core/text.h"
#include "export/clickhouse.h"
#include "export/live_metrics.h"
#include "fakes/sample_live.h"
#include "fakes/sample_rows.h"

namespace joulebook {
namespace {

const OtlpResource kResource{"0.1.0", {{"service.instance.id", "i-1"}}};

std::string framed(const SinkFrame& frame, const std::vector<std::string>& rows) {
  return frame.before + join(rows, frame.between) + frame.after;
}

Json metrics(const gateway::LiveState& state) {
  const auto json = parse_json(framed(otlp_metrics_frame(), {otlp_metrics(state, kResource)}));
  EXPECT_TRUE(json);
  return (*json)["resourceMetrics"].at(0)["scopeMetrics"].at(0)["metrics"];
}

const Json& named(const Json& metrics, std::string_view name) {
  static const Json none;
  for (const auto& m : metrics.items()) {
    if (m["name"].as_string() == name) return m;
  }
  return none;
}

std::string attribute(const Json& of, std::string_view key) {
  for (const auto& a : of["attributes"].items()) {
    if (a["key"].as_string() == key) return std::string(a["value"]["stringValue"].as_string());
  }
  return "";
}

const Json& data_of(const Json& metric) {
  for (const char* kind : {"sum", "gauge", "histogram"}) {
    if (metric.has(kind)) return metric[kind];
  }
  return metric["none"];
}

TEST(Otlp, EveryPointIsWellFormed) {
  const auto state = fakes::sample_live();
  const Json all = metrics(state);
  EXPECT_GT(all.items().size(), 25U);
  for (const auto& m : all.items()) {
    const Json& data = data_of(m);
    ASSERT_FALSE(data["dataPoints"].items().empty()) << m["name"].dump();
    const bool cumulative = m.has("sum") || m.has("histogram");
    EXPECT_EQ(data["aggregationTemporality"].as_int(0), cumulative ? 2 : 0) << m["name"].dump();
    EXPECT_EQ(data["isMonotonic"].as_bool(), m.has("sum"));
    for (const auto& p : data["dataPoints"].items()) {
      EXPECT_EQ(p["timeUnixNano"].as_string(), std::to_string(state.now_wall_ns));
      const std::string start = cumulative ? std::to_string(state.started_wall_ns) : "";
      EXPECT_EQ(p["startTimeUnixNano"].as_string(), start);
      if (m.has("histogram")) {
        EXPECT_TRUE(p["count"].is_string());
        for (const auto& n : p["bucketCounts"].items()) EXPECT_TRUE(n.is_string());
      } else {
        EXPECT_NE(p["asInt"].is_string(), p["asDouble"].is_number()) << p.dump();
      }
    }
  }
}

TEST(Otlp, HardwareAndTokensSpeakTheConventions) {
  const auto state = fakes::sample_live();
  const Json all = metrics(state);
  const Json& energy = named(all, "hw.energy");
  EXPECT_EQ(energy["unit"].as_string(), "J");
  const Json& gpu = energy["sum"]["dataPoints"].at(0);
  EXPECT_EQ(attribute(gpu, "hw.id"), "gpu:0");
  EXPECT_EQ(attribute(gpu, "hw.type"), "gpu");
  EXPECT_DOUBLE_EQ(gpu["asDouble"].as_double(), 1404000.000019);
  EXPECT_EQ(attribute(energy["sum"]["dataPoints"].at(1), "hw.type"), "cpu");
  EXPECT_EQ(attribute(energy["sum"]["dataPoints"].at(2), "hw.type"), "memory");
  const Json& usage = named(all, "gen_ai.client.token.usage");
  EXPECT_EQ(usage["unit"].as_string(), "{token}");
  std::set<std::string> types;
  for (const auto& p : usage["histogram"]["dataPoints"].items()) {
    types.insert(attribute(p, "gen_ai.token.type"));
    EXPECT_FALSE(attribute(p, "gen_ai.request.model").empty());
  }
  EXPECT_EQ(types, (std::set<std::string>{"input", "output"}));
  const Json& ttft = named(all, "gen_ai.server.time_to_first_token")["histogram"]["dataPoints"].at(0);
  EXPECT_EQ(ttft["count"].as_string(), "14400");
  EXPECT_EQ(ttft["bucketCounts"].items().size(), ttft["explicitBounds"].items().size() + 1);
}

TEST(Otlp, WithoutAMeterThereIsNoEnergyAtAll) {
  const Json all = metrics(fakes::sample_live_unmetered());
  EXPECT_TRUE(named(all, "hw.energy").is_null());
  EXPECT_TRUE(named(all, "hw.power").is_null());
  const Json& why = named(all, "joulebook.absent");
  EXPECT_EQ(attribute(why["gauge"]["dataPoints"].at(0), "joulebook.reason"), "sensor.none");
}

TEST(Otlp, SpansStandInTheCallersTraceOrInOneOfTheirOwn) {
  std::vector<std::string> rows;
  for (int i = 0; i < 12; ++i) rows.push_back(otlp_span(fakes::sample_row(i)));
  const auto json = parse_json(framed(otlp_span_frame(kResource), rows));
  ASSERT_TRUE(json);
  const auto& spans = (*json)["resourceSpans"].at(0)["scopeSpans"].at(0)["spans"].items();
  ASSERT_EQ(spans.size(), 12U);
  std::set<std::string> ids;
  std::set<std::string> traces;
  for (const auto& span : spans) {
    ids.emplace(span["spanId"].as_string());
    traces.emplace(span["traceId"].as_string());
    for (const auto& [id, length] : {std::pair{span["spanId"], 16U}, {span["traceId"], 32U}}) {
      EXPECT_EQ(id.as_string().size(), length);
      EXPECT_EQ(id.as_string().find_first_not_of("0123456789abcdef"), std::string_view::npos);
    }
  }
  EXPECT_EQ(ids.size(), 12U);
  EXPECT_EQ(traces.size(), 9U) << "four of them share the caller's";
  EXPECT_EQ(spans[0]["traceId"].as_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(spans[0]["parentSpanId"].as_string(), "00f067aa0ba902b7");
  EXPECT_FALSE(spans[1].has("parentSpanId"));
  EXPECT_EQ(spans[0]["startTimeUnixNano"].as_string(), "1795600000123456789");
  EXPECT_EQ(spans[0]["name"].as_string(), "chat Qwen3-8B");
}

TEST(Otlp, ASpanWithoutAMeterSaysWhyInsteadOfAZero) {
  const std::string with = otlp_span(fakes::sample_row(0));
  const std::string without = otlp_span(fakes::sample_row(6));
  EXPECT_NE(with.find("joulebook.fair.joules"), std::string::npos);
  EXPECT_EQ(without.find("joules\""), std::string::npos) << without;
  EXPECT_EQ(attribute(*parse_json(without), "joulebook.fair.reason"), "sensor.none");
}

RC_GTEST_PROP(Otlp, AnyNameComesThrough, (const std::string& name)) {
  gateway::RequestRow row = fakes::sample_row(0);
  row.model = row.tenant = name;
  const auto span = parse_json(otlp_span(row));
  RC_ASSERT(span.has_value());
  RC_ASSERT(attribute(*span, "gen_ai.request.model") == valid_utf8(name));
  const auto line = parse_json(clickhouse_request(row));
  RC_ASSERT(line.has_value());
  RC_ASSERT((*line)["tenant"].as_string() == valid_utf8(name));
  RC_ASSERT(clickhouse_request(row).find('\n') == std::string::npos);
}

TEST(Otlp, AddressesAreCompletedOnce) {
  EXPECT_EQ(otlp_url("http://h:4318", "/v1/metrics"), "http://h:4318/v1/metrics");
  EXPECT_EQ(otlp_url("http://h:4318//", "/v1/metrics"), "http://h:4318/v1/metrics");
  EXPECT_EQ(otlp_url("http://h/otlp/v1/metrics", "/v1/metrics"), "http://h/otlp/v1/metrics");
}

// The columns that CREATE TABLE names, "phases.j" for a nested one.
std::set<std::string> columns_of(const std::string& table) {
  const std::string schema(clickhouse_schema());
  const auto from = schema.find("joulebook." + table + " (");
  const std::string body = schema.substr(from, schema.find(") ENGINE", from) - from);
  std::set<std::string> out;
  bool nested = false;
  for (const auto line : split(body, '\n')) {
    const auto word = trim(line).substr(0, trim(line).find(' '));
    if (word == "phases") nested = true;
    const bool column = line.starts_with("  ") && word != "phases" && word != ")";
    if (column) out.insert((nested ? "phases." : "") + std::string(word));
  }
  return out;
}

TEST(ClickHouse, RowsHaveTheTablesColumns) {
  for (int i = 0; i < 8; ++i) {
    const auto row = parse_json(clickhouse_request(fakes::sample_row(i)));
    ASSERT_TRUE(row);
    std::set<std::string> members;
    for (const auto& [name, value] : row->members()) members.insert(name);
    EXPECT_EQ(members, columns_of("requests"));
  }
  const auto accounts = clickhouse_accounts(fakes::sample_live());
  ASSERT_EQ(accounts.size(), 3U * 7U);
  std::map<std::string, std::int64_t> sums;
  for (const auto& text : accounts) {
    const auto row = parse_json(text);
    ASSERT_TRUE(row);
    std::set<std::string> members;
    for (const auto& [name, value] : row->members()) members.insert(name);
    EXPECT_EQ(members, columns_of("accounts"));
    const bool meter = (*row)["account"].as_string() == "meter";
    sums[std::string((*row)["domain"].as_string())] += meter ? -(*row)["uj"].as_int() : (*row)["uj"].as_int();
  }
  for (const auto& [domain, sum] : sums) EXPECT_EQ(sum, 0) << domain;
}

TEST(ClickHouse, TimesKeepTheirNanosecondsAndAbsencesAreNull) {
  const auto row = parse_json(clickhouse_request(fakes::sample_row(0)));
  EXPECT_EQ((*row)["arrived"].as_string(), "2026-11-25 09:46:40.123456789");
  EXPECT_EQ((*row)["fair_j"].as_double(), 61.5);
  EXPECT_EQ((*row)["phases.j"].items().size(), 4U);
  EXPECT_TRUE((*row)["phases.j"].at(1).is_null());
  const auto none = parse_json(clickhouse_request(fakes::sample_row(6)));
  for (const char* name : {"fair_j", "fair_lo", "fair_hi", "served_j", "marginal_j"}) {
    EXPECT_TRUE((*none)[name].is_null()) << name;
  }
  EXPECT_EQ((*none)["fair_reason"].as_string(), "sensor.none");
}

TEST(ClickHouse, NamesAreQuotedInTheAddress) {
  EXPECT_EQ(clickhouse_url("http://h:8123", "a`b", "requests"),
            "http://h:8123?query=INSERT%20INTO%20%60a%5C%60b%60.%60requests%60%20FORMAT%20JSONEachRow");
  EXPECT_EQ(clickhouse_url("http://h:8123/?x=1", "d", "accounts").substr(0, 27), "http://h:8123/?x=1&query=IN");
}

TEST(ClickHouse, ThePageHasTheTablesAsTheyAre) {
  const auto page = read_file(std::string(JOULEBOOK_SOURCE_DIR) + "/docs/gateway-metrics.md");
  ASSERT_TRUE(page);
  EXPECT_NE(page->find("```sql\n" + std::string(clickhouse_schema()) + "```"), std::string::npos);
}

}  // namespace
}  // namespace joulebook
