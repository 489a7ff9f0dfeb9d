#pragma once
// OpenTelemetry: a LiveState as metrics and a settled request as a span, in OTLP's JSON encoding
// (opentelemetry-proto 1.x: lowerCamelCase names, 64-bit integers as strings, ids as hex, enums as
// numbers). Pure: bytes for a sink. Names: live_metrics.h; hardware by the hw.* conventions, tokens by
// the gen_ai.* ones.
#include <string>
#include <vector>

#include "export/live_state.h"
#include "export/request_row.h"
#include "export/sink.h"

namespace joulebook {

// Whom it speaks of: "service.instance.id" and the like, beside service.name and service.version.
struct OtlpResource {
  std::string version;
  std::vector<std::pair<std::string, std::string>> attributes;
};

// One row of a metrics sink, cumulative since the gateway's start. POST to .../v1/metrics.
[[nodiscard]] std::string otlp_metrics(const gateway::LiveState& state, const OtlpResource& resource);
[[nodiscard]] SinkFrame otlp_metrics_frame();

// One row of a span sink. In the caller's trace where there was a traceparent, else in one of its own
// that follows from the request's id. POST to .../v1/traces.
[[nodiscard]] std::string otlp_span(const gateway::RequestRow& row);
[[nodiscard]] SinkFrame otlp_span_frame(const OtlpResource& resource);

// "http://127.0.0.1:4318" + "/v1/metrics"; an address that ends in the path already is left alone.
[[nodiscard]] std::string otlp_url(std::string_view base, std::string_view path);

}  // namespace joulebook
