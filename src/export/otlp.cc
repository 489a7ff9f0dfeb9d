#include "export/otlp.h"

#include <cmath>
#include <map>

#include "core/json.h"
#include "export/live_metrics.h"

namespace joulebook {
namespace {

using gateway::RequestRow;

constexpr int kCumulative = 2;  // AGGREGATION_TEMPORALITY_CUMULATIVE
constexpr int kClient = 3;      // SPAN_KIND_CLIENT
constexpr int kError = 2;       // STATUS_CODE_ERROR

template <class Integer>
Json wide(Integer n) {
  return std::to_string(n);
}

Json attribute(std::string_view key, Json value) {
  return Json::object({{"key", key}, {"value", std::move(value)}});
}
Json text(std::string_view key, std::string_view value) {
  return attribute(key, Json::object({{"stringValue", value}}));
}
Json integer(std::string_view key, std::int64_t value) {
  return attribute(key, Json::object({{"intValue", wide(value)}}));
}
Json real(std::string_view key, double value) {
  return attribute(key, Json::object({{"doubleValue", value}}));
}

Json resource_json(const OtlpResource& resource) {
  Json list = Json::array({text("service.name", "joulebook"), text("service.version", resource.version)});
  for (const auto& [key, value] : resource.attributes) list.push(text(key, value));
  return Json::object({{"attributes", std::move(list)}});
}
Json scope_json(const std::string& version) {
  return Json::object({{"name", "joulebook"}, {"version", version}});
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

  [[nodiscard]] Json metric(const LiveMetric& m, const std::vector<LiveSample>& samples) const {
    Json points = Json::array();
    for (const auto& sample : samples) points.push(point(m, sample));
    Json data = Json::object({{"dataPoints", std::move(points)}});
    const bool counter = m.type == LiveType::counter;
    const bool buckets = m.type == LiveType::histogram || m.type == LiveType::summary;
    if (counter || buckets) data.set("aggregationTemporality", kCumulative);
    if (counter) data.set("isMonotonic", true);
    return Json::object({{"name", m.otel},
                         {"description", m.doc},
                         {"unit", m.unit},
                         {counter ? "sum" : buckets ? "histogram" : "gauge", std::move(data)}});
  }

 private:
  [[nodiscard]] Json point(const LiveMetric& m, const LiveSample& sample) const {
    Json list = Json::array();
    for (const auto& [label, value] : sample.labels) {
      list.push(text(attribute_name(label, m), value));
      if (label == "domain") list.push(text("hw.type", hardware_type(value)));
    }
    if (m.otel == "hw.power") list.push(text("hw.id", state_.boundary));
    Json out = Json::object({{"attributes", std::move(list)}});
    if (m.type != LiveType::gauge && m.type != LiveType::info) out.set("startTimeUnixNano", start_);
    out.set("timeUnixNano", now_);
    if (const auto* x = std::get_if<double>(&sample.value)) out.set("asDouble", *x);
    if (const auto* n = std::get_if<std::uint64_t>(&sample.value)) out.set("asInt", wide(*n));
    if (const auto* e = std::get_if<MicroJoules>(&sample.value)) {
      out.set("asDouble", static_cast<double>(e->count) / 1e6);
    }
    if (const auto* b = std::get_if<LiveBuckets>(&sample.value)) {
      out.set("count", wide(b->count)).set("sum", b->sum);
      Json bounds = Json::array();
      Json counts = Json::array();
      for (const double bound : b->bounds) bounds.push(bound);
      for (const auto n : b->counts) counts.push(wide(n));
      out.set("explicitBounds", std::move(bounds)).set("bucketCounts", std::move(counts));
    }
    return out;
  }

  const gateway::LiveState& state_;
  Json start_;
  Json now_;
};

// An id of `words` x 64 bits, never zero, that follows from a text (FNV-1a, then splitmix64).
std::string hex_id(std::string_view from, int words) {
  std::uint64_t state = 0xcbf29ce484222325U;
  for (const char c : from) state = (state ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
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

void add_quantity(Json& list, const std::string& name, const Quantity& q) {
  if (!q.present()) {
    if (q.reason) list.push(text(name + ".reason", q.reason->code));
    return;
  }
  const Interval i = q.interval();
  list.push(real(name + ".joules", *q.value)).push(real(name + ".lo", i.lo));
  if (std::isfinite(i.hi)) list.push(real(name + ".hi", i.hi));
  list.push(real(name + ".level", q.level)).push(text(name + ".tier", to_string(q.tier)));
  list.push(text(name + ".boundary", q.boundary)).push(text(name + ".method", q.method));
}

Json span_attributes(const RequestRow& row) {
  Json list = Json::array({text("gen_ai.operation.name", operation(row.route)),
                           text("gen_ai.request.model", row.model), text("http.route", row.route),
                           text("server.address", row.upstream),
                           text("joulebook.request.id", row.id), text("joulebook.status", row.status),
                           text("joulebook.outcome", row.outcome), text("joulebook.rule", row.rule)});
  if (!row.tenant.empty()) list.push(text("joulebook.tenant", row.tenant));
  if (row.http_status != 0) list.push(integer("http.response.status_code", row.http_status));
  if (row.prompt_tokens) list.push(integer("gen_ai.usage.input_tokens", *row.prompt_tokens));
  if (row.answer_tokens) {
    list.push(integer("gen_ai.usage.output_tokens", *row.answer_tokens + row.reasoning_tokens.value_or(0)));
  }
  if (row.cached_tokens) list.push(integer("gen_ai.usage.cache_read.input_tokens", *row.cached_tokens));
  if (row.reason) list.push(text("joulebook.void.reason", row.reason->code));
  add_quantity(list, "joulebook.fair", row.fair);
  add_quantity(list, "joulebook.served", row.served);
  add_quantity(list, "joulebook.marginal", row.marginal);
  for (const auto& p : row.phases) {
    const std::string name = "joulebook.phase." + p.phase;
    list.push(integer(name + ".tokens", p.tokens)).push(real(name + ".seconds", p.seconds));
    if (p.energy.present()) list.push(real(name + ".joules", *p.energy.value));
  }
  return list;
}

}  // namespace

std::string otlp_metrics(const gateway::LiveState& state, const OtlpResource& resource) {
  const gateway::LiveState bounded = bounded_state(state);
  const Metrics make(bounded);
  Json metrics = Json::array();
  for (const auto& m : live_metrics()) {
    const auto samples = m.of(bounded);
    if (!samples.empty()) metrics.push(make.metric(m, samples));
  }
  Json scope = Json::object({{"scope", scope_json(resource.version)}, {"metrics", std::move(metrics)}});
  return Json::object({{"resource", resource_json(resource)}, {"scopeMetrics", Json::array({scope})}}).dump();
}

SinkFrame otlp_metrics_frame() { return {"{\"resourceMetrics\":[", ",", "]}"}; }

std::string otlp_span(const RequestRow& row) {
  Json span = Json::object(
      {{"traceId", row.trace_id.empty() ? hex_id("trace " + row.id, 2) : row.trace_id},
       {"spanId", hex_id("span " + row.id, 1)}});
  if (!row.parent_span.empty()) span.set("parentSpanId", row.parent_span);
  span.set("name", std::string(operation(row.route)) + (row.model.empty() ? "" : " " + row.model))
      .set("kind", kClient)
      .set("startTimeUnixNano", wide(row.arrived_wall_ns))
      .set("endTimeUnixNano", wide(row.ended_wall_ns))
      .set("attributes", span_attributes(row));
  if (row.first_token_wall_ns) {
    span.set("events", Json::array({Json::object({{"timeUnixNano", wide(*row.first_token_wall_ns)},
                                                  {"name", "joulebook.first_token"}})}));
  }
  if (row.outcome == "failed") span.set("status", Json::object({{"code", kError}}));
  return span.dump();
}

SinkFrame otlp_span_frame(const OtlpResource& resource) {
  return {"{\"resourceSpans\":[{\"resource\":" + resource_json(resource).dump() +
              ",\"scopeSpans\":[{\"scope\":" + scope_json(resource.version).dump() + ",\"spans\":[",
          ",", "]}]}]}"};
}

std::string otlp_url(std::string_view base, std::string_view path) {
  std::string url(base);
  while (url.ends_with('/')) url.pop_back();
  return url.ends_with(path) ? url : url + std::string(path);
}

}  // namespace joulebook
