#include "engine/llama_fixed.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "engine/llama_log.h"

namespace joulebook {
namespace {

std::vector<llama_token> random_tokens(const llama_vocab* vocab, std::int64_t count,
                                       std::uint32_t seed) {
  std::mt19937 draw(seed);  // a generator whose output the standard fixes
  const auto size = static_cast<std::uint32_t>(llama_vocab_n_tokens(vocab));
  std::vector<llama_token> out(static_cast<std::size_t>(count));
  for (auto& token : out) token = static_cast<llama_token>(draw() % size);
  if (llama_vocab_get_add_bos(vocab)) out.front() = llama_vocab_bos(vocab);
  return out;
}

Status decoded(llama_context* context, std::span<llama_token> tokens) {
  const auto batch = llama_batch_get_one(tokens.data(), static_cast<std::int32_t>(tokens.size()));
  const int status = llama_decode(context, batch);
  if (status == 0) return {};
  return fail(ErrorKind::engine, "engine.failed",
              fmt::format("decoding failed ({}): {}", status, llama_complaints()),
              "try a smaller length, or a smaller batch");
}

}  // namespace

Result<Generation> run_fixed(const LlamaModel& model, LlamaSlots& slots,
                             const GenerateRequest& request, Clock& clock) {
  const bool prompt = request.fixed->prompt > 0;
  auto tokens = random_tokens(model.vocab(), prompt ? request.fixed->prompt : request.fixed->output,
                              request.seed);
  const std::size_t step = prompt ? static_cast<std::size_t>(slots.batch_tokens()) : 1;
  slots.clear();
  Generation out;
  const SteadyTime begin = clock.now();
  for (std::size_t at = 0; at < tokens.size(); at += step) {
    if (request.cancel != nullptr && request.cancel->load()) {
      slots.clear();
      return fail(ErrorKind::interrupted, "engine.cancelled", "it was cancelled", "");
    }
    const auto now = std::span(tokens).subspan(at, std::min(step, tokens.size() - at));
    if (auto ok = decoded(slots.get(), now); !ok) return fail(std::move(ok.error()));
    if (prompt) continue;
    llama_synchronize(slots.get());
    out.token_times.push_back(clock.now());
  }
  llama_synchronize(slots.get());
  const Tokens all{static_cast<std::int64_t>(tokens.size())};
  out.phases.push_back({prompt ? Phase::prefill : Phase::answer, begin, clock.now(), all});
  (prompt ? out.prompt_tokens : out.answer_tokens) = all;
  out.token_source = "engine";
  slots.clear();
  return out;
}

}  // namespace joulebook
