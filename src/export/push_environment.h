#pragma once
// What the environment says of sinks, by the names that other programs know: nothing secret stands on
// a command line, and a machine's setting for OpenTelemetry holds here too. Pure but for `get`.
//   OTEL_EXPORTER_OTLP_HEADERS      "key=value,key=value", percent-encoded (W3C baggage)
//   OTEL_EXPORTER_OTLP_CERTIFICATE  PEM of who may sign the collector's certificate
//   OTEL_RESOURCE_ATTRIBUTES        as the headers; service.name and service.version are ours
//   OTEL_TRACES_EXPORTER            "otlp": a span for every settled request
//   CLICKHOUSE_USER, CLICKHOUSE_PASSWORD
// Source: OpenTelemetry specification 1.x, environment variables and OTLP exporter configuration.
#include <functional>
#include <string>

#include "export/pushers.h"

namespace joulebook {

using ReadVariable = std::function<std::string(const char* name)>;  // empty: not set

// Adds it to `targets`. Errors: usage "sink.environment"; the message names the variable and never
// its value.
[[nodiscard]] Status add_environment(PushTargets& targets, const ReadVariable& get);

// The process's own.
[[nodiscard]] std::string process_variable(const char* name);

}  // namespace joulebook
