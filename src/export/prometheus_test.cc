// The page is read back by a parser of this test, written from the format's own description, and
// must say what the state says; promtool's rules for names, types and order hold.
#include "export/prometheus.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <locale>
#include <set>

#include "core/text.h"
#include "export/live_metrics.h"
#include "fakes/prometheus_reader.h"
#include "fakes/sample_live.h"

namespace joulebook {
namespace {

using fakes::PrometheusPage;
using gateway::LiveState;

PrometheusPage read(const LiveState& state,
                    PrometheusFormat format = PrometheusFormat::text_0_0_4) {
  const std::string text = prometheus_text(state, format);
  PrometheusPage page(text, format == PrometheusFormat::openmetrics);
  EXPECT_EQ(page.fault, "") << text;
  return page;
}

TEST(Prometheus, ThePageSaysWhatTheStateSays) {
  const LiveState state = fakes::sample_live();
  const auto page = read(state);
  for (const auto& d : state.domains) {
    std::int64_t sum = 0;
    for (const auto& [account, amount] : d.accounts) {
      const auto text = page.text("joulebook_energy_joules_total", {{"domain", d.domain}, {"account", account}});
      ASSERT_TRUE(text) << d.domain << " " << account;
      EXPECT_NEAR(*parse_double(*text), to_joules(amount).value(), 1e-9 * to_joules(amount).value());
      sum += amount.count;
    }
    EXPECT_EQ(sum, d.meter.count);
  }
  EXPECT_EQ(page.text("joulebook_meter_joules_total", {{"domain", "gpu:0"}}), "1404000.000019");
  EXPECT_EQ(page.text("joulebook_requests_total", {{"status", "void"}}), "144");
  EXPECT_EQ(page.text("joulebook_tenant_tokens_total", {{"tenant", "search"}, {"type", "computed"}}),
            std::to_string(9000 * (420 - 96)));
  EXPECT_EQ(page.text("joulebook_upstream_up", {{"upstream", "http://127.0.0.1:8081"}}), "0");
  EXPECT_EQ(page.text("joulebook_sink_dropped_rows_total", {}), "12");
}

TEST(Prometheus, HistogramsAreCumulativeAndEndAtInfinity) {
  for (const auto format : {PrometheusFormat::text_0_0_4, PrometheusFormat::openmetrics}) {
    const auto page = read(fakes::sample_live(), format);
    const std::string name = "joulebook_time_to_first_token_seconds";
    EXPECT_EQ(page.text(name + "_bucket", {{"le", "0.25"}}), std::to_string(912 + 3810 + 5120));
    EXPECT_EQ(page.text(name + "_bucket", {{"le", "1.0"}}), std::to_string(912 + 3810 + 5120 + 2904 + 1103));
    EXPECT_EQ(page.text(name + "_bucket", {{"le", "+Inf"}}), "14400");
    EXPECT_EQ(page.text(name + "_count", {}), "14400");
    EXPECT_EQ(page.text(name + "_sum", {}), "5160.5");
  }
}

TEST(Prometheus, WithoutAMeterEnergiesAreLeftOutAndTheReasonIsSaid) {
  const auto page = read(fakes::sample_live_unmetered());
  for (const auto& metric : live_metrics()) {
    const bool joules = metric.unit == "J" || metric.unit == "W" || metric.id == "joulebook_unattributed_ratio";
    if (joules) {
      EXPECT_EQ(page.count(std::string(metric.id)), 0) << metric.id;
    }
  }
  EXPECT_EQ(page.text("joulebook_absent", {{"metric", "joulebook_energy_joules_total"}, {"reason", "sensor.none"}}), "1");
  EXPECT_EQ(page.text("joulebook_absent", {{"metric", "joulebook_self_joules_total"}}), "1");
  EXPECT_EQ(page.text("joulebook_running_requests", {}), "30.75");
}

TEST(Prometheus, AnEmptyStateIsAGoodPage) {
  for (const auto format : {PrometheusFormat::text_0_0_4, PrometheusFormat::openmetrics}) {
    EXPECT_EQ(read(LiveState{}, format).count("joulebook_energy_joules_total"), 0);
  }
}

TEST(Prometheus, OpenMetricsIsGivenToThoseWhoAsk) {
  EXPECT_EQ(prometheus_format(""), PrometheusFormat::text_0_0_4);
  EXPECT_EQ(prometheus_format("text/plain;version=0.0.4;q=0.5, */*;q=0.1"), PrometheusFormat::text_0_0_4);
  EXPECT_EQ(prometheus_format("application/OpenMetrics-text;version=1.0.0,text/plain;q=0.5"),
            PrometheusFormat::openmetrics);
  const auto page = read(fakes::sample_live(), PrometheusFormat::openmetrics);
  EXPECT_EQ(page.type("joulebook_energy_joules"), "counter");
  EXPECT_EQ(page.type("joulebook"), "info");
  EXPECT_EQ(page.text("joulebook_energy_joules_total", {{"domain", "gpu:0"}, {"account", "other"}}), "40014");
}

TEST(Prometheus, ClientsDoNotChooseHowManySeriesThereAre) {
  LiveState state = fakes::sample_live();
  std::uint64_t requests = 0;
  std::int64_t uj = 0;
  for (int i = 0; i < 1000; ++i) {
    gateway::Consumer c;
    c.kind = "model";
    c.name = std::string(100'000, 'm') + std::to_string(i % 3) + "\xff" + std::to_string(i);
    if (i % 2 == 0) c.name = "model-" + std::to_string(i);
    c.requests = 2;
    c.fair = MicroJoules{i};
    state.consumers.push_back(c);
  }
  for (const auto& c : state.consumers) {
    if (c.kind != "model") continue;
    requests += c.requests - c.voided;
    uj += c.fair->count;
  }
  const std::string text = prometheus_text(state);
  const PrometheusPage page(text, false);
  EXPECT_EQ(page.fault, "");
  EXPECT_LE(page.count("joulebook_model_joules_total"), static_cast<int>(gateway::kTop) + 1);
  EXPECT_LT(text.size(), 200'000U);
  EXPECT_EQ(page.sum("joulebook_model_requests_total", {{"status", "final"}}), static_cast<double>(requests));
  EXPECT_NEAR(page.sum("joulebook_model_joules_total", {}), static_cast<double>(uj) * 1e-6, 1e-6);
}

RC_GTEST_PROP(Prometheus, AnyNameComesBackAsItWasOrAsValidUtf8, (const std::string& name)) {
  LiveState state;
  state.upstreams.push_back({name, true, 7, 0, 0, 0, false});
  for (const auto format : {PrometheusFormat::text_0_0_4, PrometheusFormat::openmetrics}) {
    const PrometheusPage page(prometheus_text(state, format), format == PrometheusFormat::openmetrics);
    RC_ASSERT(page.fault == "");
    RC_ASSERT(page.text("joulebook_upstream_requests_total", {{"upstream", valid_utf8(name)}}) == "7");
  }
}

RC_GTEST_PROP(Prometheus, MicrojoulesAreWrittenToTheLast, (std::int64_t amount)) {
  LiveState state;
  state.domains.push_back({.domain = "gpu:0", .meter = {amount}});
  const PrometheusPage page(prometheus_text(state), false);
  const auto text = page.text("joulebook_meter_joules_total", {{"domain", "gpu:0"}});
  RC_ASSERT(text.has_value());
  // Read without floating point: whole joules, and the digits behind the point.
  const auto point = text->find('.');
  std::string digits = text->substr(0, point);
  std::string rest = point == std::string::npos ? "" : text->substr(point + 1);
  RC_ASSERT(rest.size() <= 6U && (rest.empty() || rest.back() != '0'));
  rest.resize(6, '0');
  RC_ASSERT(parse_int(digits + rest) == amount);
}

// A locale that writes "1.234,5" must not be able to reach the page.
struct Comma : std::numpunct<char> {
  char do_decimal_point() const override { return ','; }
  char do_thousands_sep() const override { return '.'; }
  std::string do_grouping() const override { return "\3"; }
};
TEST(Prometheus, TheLocaleHasNoSay) {
  const std::string before = prometheus_text(fakes::sample_live());
  const std::locale old = std::locale::global(std::locale(std::locale(), new Comma));
  const std::string after = prometheus_text(fakes::sample_live());
  std::locale::global(old);
  EXPECT_EQ(before, after);
}

TEST(LiveMetrics, RowsAreSpeakableAndUnique) {
  std::set<std::string_view> ids;
  std::set<std::string_view> otel;
  for (const auto& m : live_metrics()) {
    EXPECT_TRUE(ids.insert(m.id).second) << m.id;
    EXPECT_TRUE(otel.insert(m.otel).second) << m.otel;
    EXPECT_EQ(m.id.ends_with("_total"), m.type == LiveType::counter) << m.id;
    EXPECT_TRUE(m.doc.ends_with('.')) << m.id;
    if (m.unit == "J") {
      EXPECT_NE(m.id.find("joules"), std::string_view::npos) << m.id;
    }
    for (const auto& sample : m.of(fakes::sample_live())) {
      for (const auto& [label, value] : sample.labels) {
        EXPECT_NE(m.labels.find(label), std::string_view::npos) << m.id << " " << label;
      }
    }
  }
}

TEST(LiveMetrics, EveryOneIsSeenInTheSample) {
  for (const auto& m : live_metrics()) {
    const bool absence = m.id == "joulebook_absent";
    const auto state = absence ? fakes::sample_live_unmetered() : fakes::sample_live();
    EXPECT_FALSE(m.of(state).empty()) << m.id;
  }
}

}  // namespace
}  // namespace joulebook
