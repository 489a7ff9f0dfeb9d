#pragma once
// The metrics of a metering gateway: the part of the metric table (metric_table.h) whose rows are
// read from a LiveState. Prometheus, OTLP and docs/metrics.md walk it; a new metric is one row.
//
// What was not had has no sample, never a 0; `joulebook_absent` says why. Pure and thread-safe.
#include <joulebook/quantity.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "export/live_state.h"

namespace joulebook {

enum class LiveType { info, counter, gauge, summary, histogram };
[[nodiscard]] std::string_view to_string(LiveType type);

// Counts of values by upper bound. No bounds: sum and count alone are known.
struct LiveBuckets {
  std::vector<double> bounds;          // rising
  std::vector<std::uint64_t> counts;   // each of its own bucket; one longer than bounds
  std::uint64_t count = 0;
  double sum = 0;
};

using LiveLabels = std::vector<std::pair<std::string_view, std::string>>;

// Whole counts and microjoules stay exact to the text that is sent.
struct LiveSample {
  LiveLabels labels;
  std::variant<double, std::uint64_t, MicroJoules, LiveBuckets> value;
};

struct LiveMetric {
  std::string_view id;    // the name in Prometheus; counters end in _total
  std::string_view otel;  // the name in OpenTelemetry
  std::string_view unit;  // "J", "W", "s", "{token}", "1"; UCUM
  LiveType type;
  std::string_view labels;  // names, for people
  std::string_view tier_rule;
  std::string_view doc;  // one sentence
  // `state` as bounded_state() gives it.
  std::vector<LiveSample> (*of)(const gateway::LiveState& state);
};

// In the order in which faces show them; ids are unique. Lives for ever.
[[nodiscard]] std::span<const LiveMetric> live_metrics();

// At most `most` rows of each kind, those with most joules (then tokens, then requests), and the
// rest summed in one more, "(other)". Names are valid UTF-8 of at most 128 bytes, rows of one name
// are one row: clients choose the names, and must not choose how much memory a reader needs.
[[nodiscard]] std::vector<gateway::Consumer> bounded_consumers(
    std::span<const gateway::Consumer> consumers, std::size_t most = gateway::kTop);
// The state with its consumers so bounded.
[[nodiscard]] gateway::LiveState bounded_state(const gateway::LiveState& state,
                                               std::size_t most = gateway::kTop);

// What OpenTelemetry calls the hardware of a domain ("package:0" is "cpu").
[[nodiscard]] std::string_view hardware_type(std::string_view domain);

}  // namespace joulebook
