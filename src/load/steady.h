#pragma once
// Whether a load test has come to rest: numbers in, a verdict out. Pure.
//
// Three windows: over three neighbouring windows the largest throughput (of output) is within
// `tolerance` of the smallest, and so is the mean latency. (The rule of Triton's perf_analyzer,
// docs "Measurement modes": three windows, 10 %.) More than three windows are first gathered into
// three. Trend: a straight line through J per output token over time, by least squares; it drifts
// where the slope's t differs from 0 at 1 % and the line changes by more than `tolerance` over the
// span. (Batch means: neighbouring points are taken as independent, which beats of many tokens
// nearly are.)
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "load/flow.h"

namespace joulebook::load {

enum class Steadiness {
  steady,
  unsteady,
  unjudged,  // a trace, or too few answers to say
};
[[nodiscard]] std::string_view to_string(Steadiness steadiness);

struct SteadyVerdict {
  Steadiness steadiness = Steadiness::unjudged;
  std::string why;                          // one sentence; empty where steady
  std::optional<double> throughput_spread;  // max / min - 1 over the three
  std::optional<double> latency_spread;
  std::optional<double> trend;  // relative change of J/token over the span, where there is a meter
};

struct SteadyRule {
  double tolerance = 0.1;
  std::int64_t least_answers = 10;  // in each of the three
  // An open loop: output is taken by request due, not by second, for what falls due scatters by
  // itself (one that can't keep up shows in the latency).
  bool open = false;
};

// What a window shows of throughput and latency.
struct WindowPoint {
  double seconds = 0;
  std::int64_t answered = 0;
  std::int64_t due = 0;
  std::int64_t pieces = 0;  // of text: requests that end together would make a throughput jump
  double latency_s = 0;     // sum over those answered
};

[[nodiscard]] SteadyVerdict judge_windows(std::span<const WindowPoint> windows,
                                          const SteadyRule& rule);

// Relative change over the span by the line, and whether it is a drift; nothing with fewer than 6
// points or where they have no positive mean. Points are (seconds, value).
struct Trend {
  double change = 0;
  double p = 1;  // of a slope as steep by chance, two-sided
};
[[nodiscard]] std::optional<Trend> trend_of(std::span<const std::pair<double, double>> points);

// Takes the trend into a verdict.
void judge_trend(SteadyVerdict& verdict, const std::optional<Trend>& trend, const SteadyRule& rule);

}  // namespace joulebook::load
