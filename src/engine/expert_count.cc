#include "engine/expert_count.h"

#include <fmt/format.h>
#include <ggml-backend.h>

#include <algorithm>
#include <memory>
#include <set>
#include <vector>

#include "core/file_tree.h"
#include "engine/llama_log.h"
#include "engine/llama_model.h"
#include "engine/llama_run.h"
#include "engine/llama_sampling.h"
#include "engine/machine_limits.h"

namespace joulebook {
namespace {

// The tensor of each layer with the chosen experts' numbers, a row a token (build_moe_ffn of
// llama-graph.cpp).
constexpr std::string_view kChosen = "ffn_moe_topk-";
constexpr int kStepTokens = 512;

struct Sum {
  double touched = 0;
  double tokens = 0;
  std::int64_t layers = 0;  // observed, all steps together

  [[nodiscard]] double mean(double total) const {
    return layers > 0 ? total / static_cast<double>(layers) : 0;
  }
};

struct Watch {
  Sum prompt, decode;
  Sum* into = nullptr;
  std::set<std::string> layers;
};

// Called by the engine: first whether the tensor is wanted, then with it computed.
bool observe(ggml_tensor* tensor, bool ask, void* data) {
  const std::string_view name = tensor->name;
  if (!name.starts_with(kChosen)) return !ask;
  if (ask) return true;
  auto& watch = *static_cast<Watch*>(data);
  std::set<std::int32_t> distinct;
  std::vector<std::int32_t> row(static_cast<std::size_t>(tensor->ne[0]));
  for (std::int64_t i = 0; i < tensor->ne[1]; ++i) {
    ggml_backend_tensor_get(tensor, row.data(), static_cast<std::size_t>(i) * tensor->nb[1],
                            row.size() * sizeof(std::int32_t));
    distinct.insert(row.begin(), row.end());
  }
  watch.layers.emplace(name);
  watch.into->touched += static_cast<double>(distinct.size());
  watch.into->tokens += static_cast<double>(tensor->ne[1]);
  ++watch.into->layers;
  return true;
}

struct FreeContext {
  void operator()(llama_context* c) const { llama_free(c); }
};

class Counter {
 public:
  Counter(const LlamaModel& model, Watch& watch, std::span<const std::string> texts,
          std::int64_t steps)
      : model_(model), watch_(watch), batch_(kStepTokens), steps_(steps), sampler_(0, 1) {
    for (const auto& text : texts) {
      GenerateRequest request;
      request.user = text;
      prompts_.push_back(model.render(request).tokens);
    }
  }

  Status open() {
    std::size_t longest = 0;
    for (const auto& prompt : prompts_) longest = std::max(longest, prompt.size());
    auto params = llama_context_default_params();
    const auto sequences = static_cast<std::uint32_t>(prompts_.size());
    params.n_ctx =
        sequences * static_cast<std::uint32_t>(longest + static_cast<std::size_t>(steps_) + 1);
    params.n_seq_max = sequences;
    params.n_batch = params.n_ubatch = kStepTokens;
    const int threads = usable_cores(*real_files(), usable_cpus());
    params.n_threads = params.n_threads_batch = threads;
    params.cb_eval = observe;
    params.cb_eval_user_data = &watch_;
    clear_llama_log();
    context_.reset(llama_init_from_model(model_.get(), params));
    if (context_) return {};
    return failed("no context could be made");
  }

  Status run() {
    watch_.into = &watch_.prompt;
    for (std::size_t s = 0; s < prompts_.size(); ++s) {
      if (auto ok = read_prompt(s); !ok) return ok;
    }
    watch_.into = &watch_.decode;
    for (std::int64_t step = 0; step < steps_; ++step) {
      batch_.clear();
      for (std::size_t s = 0; s < prompts_.size(); ++s) {
        batch_.add(next_[s], prompts_[s].size() + static_cast<std::size_t>(step),
                   static_cast<int>(s), true);
      }
      if (auto ok = decode(); !ok) return ok;
      for (std::size_t s = 0; s < prompts_.size(); ++s) take(s, static_cast<int>(s));
    }
    return {};
  }

 private:
  Status read_prompt(std::size_t s) {
    const auto& tokens = prompts_[s];
    for (std::size_t at = 0; at < tokens.size();) {
      batch_.clear();
      for (; at < tokens.size() && batch_.room() > 0; ++at) {
        // All logits are wanted: the last layer goes on with those tokens only, and shall count
        // like the others.
        batch_.add(tokens[at], at, static_cast<int>(s), true);
      }
      if (auto ok = decode(); !ok) return ok;
    }
    next_.push_back(0);
    take(s, batch_.size() - 1);
    return {};
  }

  void take(std::size_t s, int output) {
    next_[s] = sampler_.sample(context_.get(), model_.vocab(), output);
  }

  Status decode() {
    if (llama_decode(context_.get(), batch_.get()) == 0) return {};
    return failed("decoding failed");
  }

  static Status failed(std::string_view what) {
    return fail(ErrorKind::engine, "engine.failed",
                fmt::format("experts could not be counted: {}: {}", what, llama_complaints()),
                "give a shorter prompt or fewer sequences");
  }

  const LlamaModel& model_;
  Watch& watch_;
  TokenBatch batch_;
  std::int64_t steps_;
  TokenSampler sampler_;
  std::vector<std::vector<llama_token>> prompts_;
  std::vector<llama_token> next_;
  std::unique_ptr<llama_context, FreeContext> context_;
};

}  // namespace

Result<ExpertCount> count_experts(const std::string& path, std::span<const std::string> texts,
                                  std::int64_t steps) {
  EngineOptions options;
  options.sequences = static_cast<int>(texts.size());
  const auto model = LlamaModel::load(path, options);
  if (!model) return fail(model.error());
  Watch watch;
  Counter counter(**model, watch, texts, steps);
  if (auto ok = counter.open(); !ok) return fail(ok.error());
  if (auto ok = counter.run(); !ok) return fail(ok.error());
  if (watch.layers.empty()) {
    return fail(ErrorKind::input, "experts.none", fmt::format("{} has no experts", path),
                "count them in a mixture-of-experts model");
  }
  ExpertCount out;
  out.layers = static_cast<int>(watch.layers.size());
  out.prompt_touched = watch.prompt.mean(watch.prompt.touched);
  out.prompt_tokens = watch.prompt.mean(watch.prompt.tokens);
  out.decode_touched = watch.decode.mean(watch.decode.touched);
  out.decode_steps = steps;
  return out;
}

}  // namespace joulebook
