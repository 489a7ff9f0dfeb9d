#include "engine/timed_run.h"

#include <algorithm>
#include <chrono>

namespace joulebook {
namespace {

double seconds(SteadyTime from, SteadyTime to) {
  return std::chrono::duration<double>(to - from).count();
}

}  // namespace

double TimedRun::prompt_seconds() const { return seconds(begin, first); }
double TimedRun::decode_seconds() const { return seconds(first, end); }

Result<TimedRun> timed_run(Engine& engine, std::span<const std::string> texts,
                           std::int64_t output) {
  std::vector<GenerateRequest> requests(texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    requests[i].user = texts[i];
    requests[i].max_tokens = output;
  }
  TimedRun run;
  run.begin = SteadyTime{INT64_MAX};
  for (const auto& result : engine.generate(requests)) {
    if (!result) return fail(result.error());
    const std::int64_t written = result->output_tokens().count;
    if (written < 2 || result->token_times.empty()) {
      return fail(ErrorKind::engine, "engine.short",
                  "a sequence ended before its second token, so decoding has no time",
                  "ask for at least 2 output tokens, or give another prompt");
    }
    run.prompt_tokens += result->prompt_tokens.count;
    run.output_tokens += written - 1;
    run.steps = std::max(run.steps, written - 1);
    run.begin = std::min(run.begin, result->begin());
    run.first = std::max(run.first, result->token_times.front());
    run.end = std::max(run.end, result->end());
  }
  return run;
}

}  // namespace joulebook
