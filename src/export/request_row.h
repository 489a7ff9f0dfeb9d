#pragma once
// One settled request as the sinks are given it. Plain values; never a prompt, an answer or a key.
#include <joulebook/quantity.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace joulebook::gateway {

struct RequestPhase {
  std::string phase;  // "queue", "prefill", "cached", "reason", "answer", "wasted"
  std::int64_t tokens = 0;
  double seconds = 0;
  Quantity energy;  // J; of fair. Phases sum to it
};

struct RequestRow {
  std::string id;
  std::string status;            // "final", "void"
  std::optional<Reason> reason;  // of a void one
  std::string outcome;           // "complete", "cancelled", "failed"
  int http_status = 0;           // 0: there was no answer
  std::string tenant;            // its name, never a key
  std::string model;
  std::string route;  // "/v1/chat/completions"
  std::string upstream;
  std::string trace_id;     // 32 hex digits of the caller's traceparent; empty: none
  std::string parent_span;  // 16 hex digits; empty: none
  std::int64_t arrived_wall_ns = 0;  // since 1970 UTC
  std::optional<std::int64_t> first_token_wall_ns;
  std::int64_t ended_wall_ns = 0;
  std::optional<std::int64_t> prompt_tokens;  // cached ones inside; empty: not known
  std::optional<std::int64_t> cached_tokens;
  std::optional<std::int64_t> reasoning_tokens;
  std::optional<std::int64_t> answer_tokens;  // reasoning apart
  Quantity fair;      // J, each of them
  Quantity served;
  Quantity marginal;  // modelled; never posted
  std::vector<RequestPhase> phases;
  std::string rule;  // how its share was weighed
};

}  // namespace joulebook::gateway
