#pragma once
// What the outside of a serving engine shows of its work: remarks on single requests, in the order
// in which they were seen on the wire, and what the engine's own metrics page says. The gateway
// writes them, attribution reads them. Plain values; times are CLOCK_MONOTONIC.
#include <joulebook/units.h>

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

namespace joulebook::attribution {

using RequestId = std::uint64_t;  // rises with every request of this process, from 1

// Reached the gateway. What its body asks for, as far as it says so.
struct Arrived {
  std::uint32_t upstream = 0;  // which of them, in the order they were named
  std::string model;
  std::uint32_t choices = 1;                // n: sequences that share the prompt
  std::optional<std::int64_t> prompt_bytes;  // of its text: bounds the tokens before usage is known
  std::optional<std::int64_t> most_tokens;   // max_tokens
  bool streamed = false;
  bool embedding = false;  // no decoding: the prompt is all its work
};

// Its last byte was handed to the upstream: from now on it may be worked on.
struct Sent {};

// Tokens that became visible: `count` of them, generated since this request's last remark.
struct Tokens {
  std::int64_t count = 1;
  std::uint32_t choice = 0;
  bool reasoning = false;
  bool counted = false;  // the sender said how many; else one an event is supposed
  std::int64_t events = 1;  // in so many events of the stream
  std::int64_t thought_before = 0;  // remarked of this choice as answer: it was reasoning after all
};

// What the sender counted. The newest holds; a field that it left out is empty.
struct Usage {
  std::optional<std::int64_t> prompt;     // cached ones inside
  std::optional<std::int64_t> cached;     // of the prompt, served from the cache
  std::optional<std::int64_t> output;     // reasoning inside, all choices together
  std::optional<std::int64_t> reasoning;  // of the output
  std::optional<std::int64_t> drafted;    // draft tokens verified
  std::optional<std::int64_t> accepted;   // of them kept
};

// What the sender timed (llama-server's `timings`, Ollama's durations, vLLM's `metrics`), s.
struct Timings {
  std::optional<double> queue_s;
  std::optional<double> load_s;     // loading the model, on this request's account
  std::optional<double> prefill_s;  // computing the prompt
  std::optional<double> decode_s;
};

enum class Outcome { complete, cancelled, failed };

struct Ended {
  Outcome outcome = Outcome::complete;
};

struct Remark {
  RequestId request = 0;
  SteadyTime at;
  std::variant<Arrived, Sent, Tokens, Usage, Timings, Ended> what;
};

// One reading of an upstream's metrics page. Counters are cumulative since its start; empty: not
// there. A counter that fell means a restart.
struct EngineReading {
  std::uint32_t upstream = 0;
  SteadyTime begin;  // the page was written between these
  SteadyTime end;
  std::optional<double> running;  // requests in the batch
  std::optional<double> waiting;
  std::optional<double> kv_use;  // 0 to 1
  std::optional<double> prompt_tokens;      // counters from here on
  std::optional<double> cached_tokens;      // of them served from the cache
  std::optional<double> output_tokens;
  std::optional<double> steps;              // iterations
  std::optional<double> step_tokens;        // sum over iterations of the tokens in each
  std::optional<double> drafted;
  std::optional<double> accepted;
  std::optional<double> prefill_s;
  std::optional<double> decode_s;
  std::optional<double> preemptions;
};

}  // namespace joulebook::attribution
