#pragma once
// One request and what became of it. No text of prompt or answer unless it was asked for.
#include <joulebook/units.h>

#include <cstdint>
#include <optional>
#include <string>

#include "load/plan.h"

namespace joulebook::load {

// What the endpoint counted; unset: it did not say.
struct EndpointCounts {
  std::optional<std::int64_t> prompt;  // cached ones included
  std::optional<std::int64_t> cached;
  std::optional<std::int64_t> output;  // thinking included
  std::optional<std::int64_t> reasoning;
};

struct RequestRecord {
  std::uint64_t index = 0;
  SteadyTime scheduled;             // when it was due; latencies count from here
  SteadyTime sent;                  // when it was handed to the transport
  std::optional<SteadyTime> first;  // first piece of text, thinking included
  std::optional<SteadyTime> last;   // last piece of text
  SteadyTime end;                   // the answer was complete, or failed
  std::int64_t asked_input = 0;     // tokens asked for; 0: a prompt of the user's own
  std::int64_t asked_output = 0;    // at most
  EndpointCounts counts;
  std::int64_t pieces = 0;  // of text
  Nanos longest_gap{0};     // between two pieces
  std::string error;        // code; empty: answered
  std::string finish;       // the endpoint's word: "stop", "length", ...
  std::string energy_id;    // what a metering proxy calls it; empty: none is in front
  std::string prompt;       // only where texts are kept
  std::string answer;

  [[nodiscard]] bool ok() const { return error.empty(); }
  // As the endpoint counted; else its pieces, of which each may hold several tokens.
  [[nodiscard]] std::int64_t output_tokens() const { return counts.output.value_or(pieces); }
  [[nodiscard]] Nanos lag() const { return sent - scheduled; }
  [[nodiscard]] Nanos e2e() const { return end - scheduled; }
  [[nodiscard]] std::optional<Nanos> ttft() const;
  // (last piece - first) / (tokens - 1); nothing with fewer than two tokens or one piece.
  [[nodiscard]] std::optional<Nanos> tpot() const;
  // Answered, and within every bound that is set. A bound on what cannot be known is not kept,
  // except of tpot and itl where there was one token alone.
  [[nodiscard]] bool good(const Slo& slo) const;
};

}  // namespace joulebook::load
