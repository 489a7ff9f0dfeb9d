#include "gateway/wire/metrics_page.h"

#include <array>
#include <cmath>

#include "core/text.h"

namespace joulebook::gateway {
namespace {

using Reading = attribution::EngineReading;

// Of several names of one thing the first that is there counts. Series of a name are summed over their
// labels (engines, models), shares are averaged.
struct Known {
  std::string_view name;
  std::optional<double> Reading::*member;
};

// llama-server counts prompt tokens that it processed, the others those that were asked for.
constexpr std::string_view kProcessed = "llamacpp:prompt_tokens_total";

constexpr std::array kKnown = {
    // vLLM; some names without and with "_total", as client libraries write counters.
    Known{"vllm:num_requests_running", &Reading::running},
    Known{"vllm:num_requests_waiting", &Reading::waiting},
    Known{"vllm:kv_cache_usage_perc", &Reading::kv_use},
    Known{"vllm:gpu_cache_usage_perc", &Reading::kv_use},
    Known{"vllm:prompt_tokens_total", &Reading::prompt_tokens},
    Known{"vllm:prompt_tokens_cached_total", &Reading::cached_tokens},
    Known{"vllm:prefix_cache_hits_total", &Reading::cached_tokens},
    Known{"vllm:generation_tokens_total", &Reading::output_tokens},
    Known{"vllm:iteration_tokens_total_count", &Reading::steps},
    Known{"vllm:iteration_tokens_total_sum", &Reading::step_tokens},
    Known{"vllm:spec_decode_num_draft_tokens_total", &Reading::drafted},
    Known{"vllm:spec_decode_num_accepted_tokens_total", &Reading::accepted},
    Known{"vllm:request_prefill_time_seconds_sum", &Reading::prefill_s},
    Known{"vllm:request_decode_time_seconds_sum", &Reading::decode_s},
    Known{"vllm:num_preemptions_total", &Reading::preemptions},
    // SGLang
    Known{"sglang:num_running_reqs", &Reading::running},
    Known{"sglang:num_queue_reqs", &Reading::waiting},
    Known{"sglang:token_usage", &Reading::kv_use},
    Known{"sglang:prompt_tokens_total", &Reading::prompt_tokens},
    Known{"sglang:generation_tokens_total", &Reading::output_tokens},
    Known{"sglang:cached_tokens_total", &Reading::cached_tokens},
    // llama-server
    Known{"llamacpp:requests_processing", &Reading::running},
    Known{"llamacpp:requests_deferred", &Reading::waiting},
    Known{"llamacpp:kv_cache_usage_ratio", &Reading::kv_use},
    Known{kProcessed, &Reading::prompt_tokens},
    Known{"llamacpp:prompt_seconds_total", &Reading::prefill_s},
    Known{"llamacpp:tokens_predicted_total", &Reading::output_tokens},
    Known{"llamacpp:tokens_predicted_seconds_total", &Reading::decode_s},
    Known{"llamacpp:n_decode_total", &Reading::steps},
};

struct Seen {
  double sum = 0;
  int series = 0;
};

void add_line(std::string_view line, std::array<Seen, kKnown.size()>& seen) {
  const auto name_end = line.find_first_of("{ ");
  if (name_end == line.npos || line.front() == '#') return;
  const std::string_view name = line.substr(0, name_end);
  for (std::size_t i = 0; i < kKnown.size(); ++i) {
    if (name != kKnown[i].name) continue;
    // Values of labels may hold braces: the last one closes them.
    const auto labels = line[name_end] == '{' ? line.rfind('}') : name_end - 1;
    if (labels == line.npos) return;
    const std::string_view rest = trim(line.substr(labels + 1));
    const auto value = parse_double(rest.substr(0, rest.find(' ')));
    if (!value || *value < 0 || !std::isfinite(seen[i].sum + *value)) return;
    seen[i].sum += *value;
    ++seen[i].series;
    return;
  }
}

}  // namespace

std::optional<Reading> read_metrics_page(std::string_view text) {
  std::array<Seen, kKnown.size()> seen{};
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const std::string_view line = trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!line.empty()) add_line(line, seen);
  }
  Reading reading;
  bool any = false;
  for (std::size_t i = 0; i < kKnown.size(); ++i) {
    auto& member = reading.*kKnown[i].member;
    if (seen[i].series == 0 || member) continue;
    const bool share = kKnown[i].member == &Reading::kv_use;
    member = share ? seen[i].sum / seen[i].series : seen[i].sum;
    if (kKnown[i].name == kProcessed) reading.cached_tokens = 0;
    any = true;
  }
  if (!any) return std::nullopt;
  return reading;
}

}  // namespace joulebook::gateway
