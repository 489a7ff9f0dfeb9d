#include "export/otlp.h"

#include <cmath>
#include <map>

#include "core/fnv1a.h"
#include "export/json_text.h"
#include "export/live_metrics.h"

namespace joulebook {
namespace {

using gateway::RequestRow;

constexpr std::int64_t kCumulative = 2;  // AGGREGATION_TEMPORALITY_CUMULATIVE
constexpr std::int64_t kClient = 3;      // SPAN_KIND_CLIENT
constexpr int kError = 2;       // STATUS_CODE_ERROR

// 64-bit integers are strings in OTLP's JSON.
template <class Integer>
std::string wide(Integer n) {
  return "\"" + std::to_string(n) + "\"";
}

std::string attribute(std::string_view key, std::string_view kind, std::string_view value) {
  std::string out = "{\"key\":";
  out.append(json_quoted(key)).append(",\"value\":{\"").append(kind).append("\":").append(value);
  return out.append("}}");
}
std::string text(std::string_view key, std::string_view value) {
  return attribute(key, "stringValue", json_quoted(value));
}
std::string integer(std::string_view key, std::int64_t value) {
  return attribute(key, "intValue", wide(value));
}
std::string real(std::string_view key, double value) {
  return attribute(key, "doubleValue", json_number(value));
}

std::string resource_json(const OtlpResource& resource) {
  JsonText list('[');
  list.item(text("service.name", "joulebook")).item(text("service.version", resource.version));
  for (const auto& [key, value] : resource.attributes) list.item(text(key, value));
  return JsonText('{').raw("attributes", list.take()).take();
}
std::string scope_json(const std::string& version) {
  return JsonText('{').text("name", "joulebook").text("version", version).take();
}

// A label of the metric table in OpenTelemetry's words.
std::string_view attribute_name(std::string_view label, const LiveMetric& m) {
  if (label == "type" && m.otel.starts_with("gen_ai.")) return "gen_ai.token.type";
  static const std::map<std::string_view, std::string_view> kNames = {
      {"domain", "hw.id"},           {"model", "gen_ai.request.model"},
      {"route", "http.route"},       {"upstream", "server.address"},
      {"tenant", "joulebook.tenant"}, {"account", "joulebook.account"},
      {"tier", "joulebook.tier"},    {"type", "joulebook.token.type"},
      {"status", "joulebook.status"}, {"bound", "joulebook.bound"},
      {"metric", "joulebook.metric"}, {"reason", "joulebook.reason"},
      {"version", "service.version"}, {"boundary", "joulebook.boundary"},
      {"rule", "joulebook.rule"}};
  const auto it = kNames.find(label);
  return it == kNames.end() ? label : it->second;
}

class Metrics {
 public:
  explicit Metrics(const gateway::LiveState& state)
      : state_(state), start_(wide(state.started_wall_ns)), now_(wide(state.now_wall_ns)) {}

  [[nodiscard]] std::string metric(const LiveMetric& m, const std::vector<LiveSample>& samples) const {
    JsonText points('[');
    for (const auto& sample : samples) points.item(point(m, sample));
    JsonText data('{');
    data.raw("dataPoints", points.take());
    const bool counter = m.type == LiveType::counter;
    const bool buckets = m.type == LiveType::histogram || m.type == LiveType::summary;
    if (counter || buckets) data.integer("aggregationTemporality", kCumulative);
    if (counter) data.raw("isMonotonic", "true");
    JsonText out('{');
    out.text("name", m.otel).text("description", m.doc).text("unit", m.unit);
    return out.raw(counter ? "sum" : buckets ? "histogram" : "gauge", data.take()).take();
  }

 private:
  [[nodiscard]] std::string point(const LiveMetric& m, const LiveSample& sample) const {
    JsonText list('[');
    for (const auto& [label, value] : sample.labels) {
      list.item(text(attribute_name(label, m), value));
      if (label == "domain") list.item(text("hw.type", hardware_type(value)));
    }
    if (m.otel == "hw.power") list.item(text("hw.id", state_.boundary));
    JsonText out('{');
    out.raw("attributes", list.take());
    if (m.type != LiveType::gauge && m.type != LiveType::info) out.raw("startTimeUnixNano", start_);
    out.raw("timeUnixNano", now_);
    if (const auto* x = std::get_if<double>(&sample.value)) out.number("asDouble", *x);
    if (const auto* n = std::get_if<std::uint64_t>(&sample.value)) out.raw("asInt", wide(*n));
    if (const auto* e = std::get_if<MicroJoules>(&sample.value)) out.raw("asDouble", joules_text(*e));
    if (const auto* b = std::get_if<LiveBuckets>(&sample.value)) put_buckets(out, *b);
    return out.take();
  }

  static void put_buckets(JsonText& out, const LiveBuckets& b) {
    JsonText bounds('[');
    JsonText counts('[');
    for (const double bound : b.bounds) bounds.item(json_number(bound));
    for (const auto n : b.counts) counts.item(wide(n));
    out.raw("count", wide(b.count)).number("sum", b.sum);
    out.raw("explicitBounds", bounds.take()).raw("bucketCounts", counts.take());
  }

  const gateway::LiveState& state_;
  std::string start_;
  std::string now_;
};

// An id of `words` x 64 bits, never zero, that follows from a text (FNV-1a, then splitmix64).
std::string hex_id(std::string_view from, int words) {
  std::uint64_t state = fnv1a(from);
  std::string out;
  for (int w = 0; w < words; ++w) {
    std::uint64_t z = (state += 0x9e3779b97f4a7c15U);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    z = (z ^ (z >> 31)) | 1;
    for (int nibble = 60; nibble >= 0; nibble -= 4) out += "0123456789abcdef"[(z >> nibble) & 15];
  }
  return out;
}

// The gen_ai operation of a route, where the conventions have a word for it.
std::string_view operation(std::string_view route) {
  if (route.find("embed") != route.npos) return "embeddings";
  if (route.find("chat") != route.npos || route.ends_with("/messages") || route.ends_with("/responses")) {
    return "chat";
  }
  return "text_completion";
}

void add_quantity(JsonText& list, const std::string& name, const Quantity& q) {
  if (!q.present()) {
    if (q.reason) list.item(text(name + ".reason", q.reason->code));
    return;
  }
  const Interval i = q.interval();
  list.item(real(name + ".joules", *q.value)).item(real(name + ".lo", i.lo));
  if (std::isfinite(i.hi)) list.item(real(name + ".hi", i.hi));
  list.item(real(name + ".level", q.level)).item(text(name + ".tier", to_string(q.tier)));
  list.item(text(name + ".boundary", q.boundary)).item(text(name + ".method", q.method));
}

std::string span_attributes(const RequestRow& row) {
  JsonText list('[');
  list.item(text("gen_ai.operation.name", operation(row.route)));
  list.item(text("gen_ai.request.model", row.model)).item(text("http.route", row.route));
  list.item(text("server.address", row.upstream)).item(text("joulebook.request.id", row.id));
  list.item(text("joulebook.status", row.status)).item(text("joulebook.outcome", row.outcome));
  list.item(text("joulebook.rule", row.rule));
  if (!row.tenant.empty()) list.item(text("joulebook.tenant", row.tenant));
  if (row.http_status != 0) list.item(integer("http.response.status_code", row.http_status));
  if (row.prompt_tokens) list.item(integer("gen_ai.usage.input_tokens", *row.prompt_tokens));
  if (row.answer_tokens) {
    list.item(integer("gen_ai.usage.output_tokens", *row.answer_tokens + row.reasoning_tokens.value_or(0)));
  }
  if (row.cached_tokens) list.item(integer("gen_ai.usage.cache_read.input_tokens", *row.cached_tokens));
  if (row.reason) list.item(text("joulebook.void.reason", row.reason->code));
  add_quantity(list, "joulebook.fair", row.fair);
  add_quantity(list, "joulebook.served", row.served);
  add_quantity(list, "joulebook.marginal", row.marginal);
  for (const auto& p : row.phases) {
    const std::string name = "joulebook.phase." + p.phase;
    list.item(integer(name + ".tokens", p.tokens)).item(real(name + ".seconds", p.seconds));
    if (p.energy.present()) list.item(real(name + ".joules", *p.energy.value));
  }
  return list.take();
}

}  // namespace

std::string otlp_metrics(const gateway::LiveState& state, const OtlpResource& resource) {
  const gateway::LiveState bounded = bounded_state(state);
  const Metrics make(bounded);
  JsonText metrics('[');
  for (const auto& m : live_metrics()) {
    const auto samples = m.of(bounded);
    if (!samples.empty()) metrics.item(make.metric(m, samples));
  }
  JsonText scope('{');
  scope.raw("scope", scope_json(resource.version)).raw("metrics", metrics.take());
  JsonText out('{');
  out.raw("resource", resource_json(resource));
  return out.raw("scopeMetrics", JsonText('[').item(scope.take()).take()).take();
}

SinkFrame otlp_metrics_frame() { return {"{\"resourceMetrics\":[", ",", "]}"}; }

std::string otlp_span(const RequestRow& row) {
  JsonText span('{');
  span.text("traceId", row.trace_id.empty() ? hex_id("trace " + row.id, 2) : row.trace_id);
  span.text("spanId", hex_id("span " + row.id, 1));
  if (!row.parent_span.empty()) span.text("parentSpanId", row.parent_span);
  span.text("name", std::string(operation(row.route)) + (row.model.empty() ? "" : " " + row.model));
  span.integer("kind", kClient).raw("startTimeUnixNano", wide(row.arrived_wall_ns));
  span.raw("endTimeUnixNano", wide(row.ended_wall_ns)).raw("attributes", span_attributes(row));
  if (row.first_token_wall_ns) {
    JsonText event('{');
    event.raw("timeUnixNano", wide(*row.first_token_wall_ns)).text("name", "joulebook.first_token");
    span.raw("events", JsonText('[').item(event.take()).take());
  }
  if (row.outcome == "failed") span.raw("status", "{\"code\":" + std::to_string(kError) + "}");
  return span.take();
}

SinkFrame otlp_span_frame(const OtlpResource& resource) {
  return {"{\"resourceSpans\":[{\"resource\":" + resource_json(resource) +
              ",\"scopeSpans\":[{\"scope\":" + scope_json(resource.version) + ",\"spans\":[",
          ",", "]}]}]}"};
}

std::string otlp_url(std::string_view base, std::string_view path) {
  std::string url(base);
  while (url.ends_with('/')) url.pop_back();
  return url.ends_with(path) ? url : url + std::string(path);
}

}  // namespace joulebook
