// Metered requests as JSON that obeys its schema, and as CSV, byte by byte.
#include "export/request_export.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/file_tree.h"
#include "fakes/json_schema.h"

namespace joulebook {
namespace {

Quantity joules(double value) {
  Quantity q = Quantity::exact(value, "J");
  q.own = {value * 0.5, value * 2};
  q.tier = Tier::apportioned;
  q.boundary = "gpu";
  q.method = "NVML energy, by modelled work";
  return q;
}

StoredRequest final_request() {
  StoredRequest r;
  r.run = "serve-20270115T080000-540e";
  r.status = RequestStatus::final_;
  r.begin = {"req-1", "red, \"crimson\"", "qwen3-0.6b", "/v1/chat/completions",
             "http://127.0.0.1:8080", true, "0af7651916cd43dd8448eb211c80319c", "", {1'000'000'000}};
  r.end.id = r.begin.id;
  r.end.outcome = "complete";
  r.end.http_status = 200;
  r.end.sent = SteadyTime{1'250'000'000};
  r.end.first_token = SteadyTime{1'500'000'000};
  r.end.last_token = SteadyTime{2'000'000'000};
  r.end.ended = SteadyTime{2'000'000'000};
  r.end.tokens = {100, 20, std::nullopt, 7, 0};
  r.end.rule = "shape";
  r.end.unattributed = 0.25;
  r.end.fair = joules(2);
  r.end.served = joules(4);
  r.end.marginal = joules(1);
  r.end.phases = {{"prefill", 80, 0.25, joules(0.5)}, {"answer", 7, 0.5, joules(1.5)}};
  r.posted = {2'000'000};
  r.arrived_utc = "2027-01-15T08:00:01.000Z";
  r.ended_utc = "2027-01-15T08:00:02.000Z";
  return r;
}

StoredRequest void_request() {
  StoredRequest r = final_request();
  r.begin.id = "req-2";
  r.status = RequestStatus::void_;
  r.end = {};
  r.end.void_reason = Reason{"serve.killed", "the gateway was killed", "stop it with SIGTERM"};
  r.end.fair = Quantity::absent("J", *r.end.void_reason, 0.125);
  r.end.marginal = Quantity::absent("J", *r.end.void_reason);
  r.ended_utc.clear();
  r.posted = {125'000};
  return r;
}

TEST(RequestExport, JsonObeysItsSchema) {
  const fakes::JsonSchema schema(std::string(JOULEBOOK_SOURCE_DIR) +
                                 "/docs/schema/request.schema.json");
  for (const auto& request : {final_request(), void_request()}) {
    auto doc = fakes::Doc::parse(request_json(request).dump());
    EXPECT_EQ(schema.explain(doc), "");
    doc["prompt"] = "a text that has no place here";
    EXPECT_FALSE(schema.accepts(doc));
    doc.erase("prompt");
    doc.erase("fair");
    EXPECT_FALSE(schema.accepts(doc));
  }
}

TEST(RequestExport, CsvIsAsItWas) {
  const std::string path =
      std::string(JOULEBOOK_SOURCE_DIR) + "/tests/golden/export/requests.csv";
  const std::string bytes = requests_csv_head() + requests_csv_line(final_request()) +
                            requests_csv_line(void_request());
  if (std::getenv("JOULEBOOK_REGENERATE") != nullptr) {
    ASSERT_TRUE(write_file(path, bytes));
  }
  EXPECT_EQ(read_file(path).value_or("there is none"), bytes);
}

TEST(RequestExport, EveryLineHasTheColumnsOfTheHead) {
  const auto columns = [](const std::string& line) {
    bool quoted = false;
    return std::ranges::count_if(line, [&](char c) {
      if (c == '"') quoted = !quoted;
      return c == ',' && !quoted;
    });
  };
  EXPECT_EQ(columns(requests_csv_head()), columns(requests_csv_line(final_request())));
  EXPECT_EQ(columns(requests_csv_head()), columns(requests_csv_line(void_request())));
}

}  // namespace
}  // namespace joulebook
