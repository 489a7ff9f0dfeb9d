#pragma once
// A LiveState as Prometheus reads it: text format 0.0.4, or OpenMetrics 1.0.0 where the reader asks
// for it. The metrics are those of live_metrics.h. Pure, thread-safe, independent of the locale.
// Sources: prometheus.io/docs/instrumenting/exposition_formats; OpenMetrics 1.0.0, section 3.
#include <string>
#include <string_view>

#include "export/live_state.h"

namespace joulebook {

enum class PrometheusFormat { text_0_0_4, openmetrics };

// What an Accept header asks for; empty, or nothing known in it: text.
[[nodiscard]] PrometheusFormat prometheus_format(std::string_view accept);
[[nodiscard]] std::string_view content_type(PrometheusFormat format);

// Microjoules are written to the last digit. A metric without a sample is left out altogether.
[[nodiscard]] std::string prometheus_text(const gateway::LiveState& state,
                                          PrometheusFormat format = PrometheusFormat::text_0_0_4);

// The inside of a quoted label value: backslash, quote and line end escaped, invalid UTF-8 as U+FFFD.
[[nodiscard]] std::string escape_label(std::string_view value);

}  // namespace joulebook
