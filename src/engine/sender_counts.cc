#include "engine/sender_counts.h"

#include <array>

#include "core/json_scan.h"

namespace joulebook {
namespace {

template <std::size_t N>
using Names = std::array<std::string_view, N>;

constexpr std::int64_t kMost = 1'000'000'000'000;

void read_details(std::string_view json, SenderCounts& counts) {
  const auto [reasoning, kept, refused] =
      members_of(json, Names<3>{"reasoning_tokens", "accepted_prediction_tokens", "rejected_prediction_tokens"});
  if (const auto n = count_of(reasoning)) counts.reasoning = n;
  const auto accepted = count_of(kept);
  const auto rejected = count_of(refused);
  if (accepted && rejected && *accepted + *rejected > 0) {
    counts.accepted = accepted;
    counts.drafted = *accepted + *rejected;
  }
}

}  // namespace

std::optional<std::int64_t> count_of(std::string_view value) {
  if (const auto n = integer_of(value)) return *n >= 0 && *n <= kMost ? n : std::nullopt;
  const auto x = number_of(value);
  if (!x || !(*x >= 0) || *x > static_cast<double>(kMost)) return std::nullopt;
  return static_cast<std::int64_t>(*x);
}

std::optional<double> time_of(std::string_view value, double unit) {
  const auto x = number_of(value);
  if (!x || !(*x >= 0) || *x * unit > 1e7) return std::nullopt;
  return *x * unit;
}

bool read_usage(std::string_view json, bool cache_apart, SenderCounts& counts) {
  if (!json.starts_with('{')) return false;
  std::int64_t read = 0;
  std::int64_t made = 0;
  std::optional<std::int64_t> input;
  (void)walk_object(json, [&](std::string_view name, std::string_view value) {
    if (name == "prompt_tokens_details" || name == "input_tokens_details") {
      const auto [cached] = members_of(value, Names<1>{"cached_tokens"});
      if (const auto n = count_of(cached)) counts.cached = n;
    } else if (name == "completion_tokens_details" || name == "output_tokens_details") {
      read_details(value, counts);
    } else if (const auto n = count_of(value)) {
      if (name == "prompt_tokens") counts.prompt = n;
      if (name == "completion_tokens" || name == "output_tokens") counts.output = n;
      if (name == "input_tokens") input = n;
      if (name == "cache_read_input_tokens") read = *n;
      if (name == "cache_creation_input_tokens") made = *n;
    }
    return true;
  });
  if (input && cache_apart) {
    counts.prompt = *input + read + made;
    counts.cached = read;
  } else if (input) {
    counts.prompt = input;
  }
  return true;
}

SenderTimes read_timings(std::string_view json, SenderCounts& counts) {
  if (!json.starts_with('{')) return {};
  const auto [prompt_ms, predicted_ms, prompt_n, cache_n, predicted_n, draft_n, draft_n_accepted] =
      members_of(json, Names<7>{"prompt_ms", "predicted_ms", "prompt_n", "cache_n", "predicted_n", "draft_n",
                                "draft_n_accepted"});
  const auto computed = count_of(prompt_n);
  const auto cached = count_of(cache_n);
  if (computed && cached) {
    counts.prompt = *computed + *cached;
    counts.cached = cached;
  } else if (computed && !counts.prompt) {
    counts.prompt = computed;
  }
  if (!counts.output) counts.output = count_of(predicted_n);
  if (const auto drafted = count_of(draft_n)) {
    counts.drafted = drafted;
    counts.accepted = count_of(draft_n_accepted).value_or(0);
  }
  return {time_of(prompt_ms, 1e-3), time_of(predicted_ms, 1e-3)};
}

}  // namespace joulebook
