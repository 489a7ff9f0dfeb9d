#pragma once
// A load test's result, and its JSON (docs/formats/load.md). Plain values; pure.
#include <string>
#include <vector>

#include "core/json.h"
#include "load/figures.h"

namespace joulebook::load {

inline constexpr std::string_view kLoadSchema = "joulebook.load/1";

// One load: a concurrency, a rate or a trace, in all its repeats.
struct LoadPoint {
  LoadPlan plan;
  std::vector<Repeat> repeats;
  LoadFigures figures;

  // Repeats that gave figures.
  [[nodiscard]] std::size_t used() const;
  // Whether a metering gateway in front said what each request took.
  [[nodiscard]] bool by_request() const;
  // Of the repeats that gave figures: what the endpoint counted for each token asked for in a
  // made-up prompt; nothing where it did not count or the prompts were the user's.
  [[nodiscard]] std::optional<double> input_accuracy() const;
};

struct LoadResult {
  std::string address;  // without keys
  std::string model;
  std::string server;  // the endpoint's software, as it says; empty: it does not
  bool local = false;
  bool streamed = true;
  std::string prompts;  // "made up, input 512, output 128", "prompts.jsonl (40)"
  std::vector<LoadPoint> points;
  std::vector<std::string> warnings;
};

// "closed loop, 8 in flight", "open loop, 2.5 requests a second, poisson", "trace, 40 requests".
[[nodiscard]] std::string pace_text(const LoadPlan& plan);
// How a span ends: "until three windows of 5 s agree within 10 %", "100 requests", "60 s".
[[nodiscard]] std::string end_text(const LoadPlan& plan);
// The same, and the warm-up before it.
[[nodiscard]] std::string span_text(const LoadPlan& plan);

// Without "joulebook", "machine" and devices, which the program adds.
[[nodiscard]] Json to_json(const LoadResult& result);
// A line of the raw JSONL. `point` and `repeat` from 0; texts only where the record holds them.
[[nodiscard]] Json to_json(const RequestRecord& record, int point, int repeat, int window);

}  // namespace joulebook::load
