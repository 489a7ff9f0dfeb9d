#pragma once
// The one table of a study's metrics: id, unit, denominator, type, tier rule and the sentence that
// documents it. Every face (CSV columns, Markdown and terminal tables, the HTML page, the reference
// page docs/metrics.md) walks this table, so a new metric is one row.
//
// An accessor never invents a figure: what an arm or a trial does not have is an absence with its
// reason. Pure and thread-safe.
#include <span>
#include <string>
#include <string_view>

#include "study/records.h"

namespace joulebook {

// How a metric is to be shown.
enum class MetricType {
  quantity,  // value, interval, tier, boundary
  number,    // a mean or a rate: the value alone means something; its interval is its value
  count,     // whole, exact
  share,     // in [0, 1]
};

[[nodiscard]] std::string_view to_string(MetricType type);

template <class Record, class Value>
struct MetricOf {
  std::string_view id;     // stable snake_case: CSV column, JSON member, anchor in the docs
  std::string_view label;  // for people: "J/response"
  std::string_view unit;   // "J", "W", "s", "{token}", "By", "1"
  std::string_view per;    // denominator by name; empty for a total
  MetricType type;
  std::string_view tier_rule;  // where its tier comes from
  std::string_view doc;        // one sentence
  // The figure, its unit and denominator as said above. Present, or absent with a reason.
  Value (*of)(const Record&);
};

using ArmMetric = MetricOf<ArmResult, Estimate>;
using TrialMetric = MetricOf<TrialRecord, Quantity>;

// In the order in which faces show them. Ids are unique. Live for ever.
[[nodiscard]] std::span<const ArmMetric> arm_metrics();
[[nodiscard]] std::span<const TrialMetric> trial_metrics();

// Null where there is none of that id.
[[nodiscard]] const ArmMetric* find_arm_metric(std::string_view id);

// "17.8 kJ", "512", "34.2 %", "no reading (code)": the value alone, for people. Counts are written
// out whole, other figures with three significant digits, shares as percentages.
[[nodiscard]] std::string metric_text(MetricType type, const Quantity& q);

// The reference page docs/metrics.md, whole.
[[nodiscard]] std::string metrics_page();

}  // namespace joulebook
