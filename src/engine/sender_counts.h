#pragma once
// What a server counts and times of an answer, in its members `usage` and `timings`: OpenAI's names and those of its
// Responses, Anthropic's, llama-server's. Read in place (core/json_scan.h); what is odd is passed over: below 0, above
// 1e12, no number. Pure.
#include <cstdint>
#include <optional>
#include <string_view>

namespace joulebook {

// Tokens; empty: it did not say.
struct SenderCounts {
  std::optional<std::int64_t> prompt;     // cached ones inside
  std::optional<std::int64_t> cached;     // of the prompt
  std::optional<std::int64_t> output;     // reasoning inside
  std::optional<std::int64_t> reasoning;  // of the output
  std::optional<std::int64_t> drafted;    // draft tokens verified
  std::optional<std::int64_t> accepted;   // of them kept
};

struct SenderTimes {  // s
  std::optional<double> prefill;
  std::optional<double> decode;
};

// A member's value as a count, and as a time in units of `unit` s (at most 1e7 s).
[[nodiscard]] std::optional<std::int64_t> count_of(std::string_view value);
[[nodiscard]] std::optional<double> time_of(std::string_view value, double unit);

// What a `usage` object says, over what was known; nothing else changes. `cache_apart`: its input_tokens leave out what
// the cache served or took up (Anthropic). False where it is no object.
bool read_usage(std::string_view json, bool cache_apart, SenderCounts& counts);

// llama-server's `timings`: prompt_n was computed, cache_n came from the cache. Where it gives both they are the prompt;
// else it fills only what is not known yet.
SenderTimes read_timings(std::string_view json, SenderCounts& counts);

}  // namespace joulebook
