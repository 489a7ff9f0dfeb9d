#include "engine/llama_engine.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "core/clock.h"
#include "core/file_tree.h"
#include "core/process_memory.h"
#include "core/text.h"
#include "engine/llama_fixed.h"
#include "engine/llama_run.h"
#include "engine/machine_limits.h"

namespace joulebook {
namespace {

constexpr int kMaxSequences = 64;

class LlamaEngine final : public Engine {
 public:
  LlamaEngine(std::unique_ptr<LlamaModel> model, std::string path, const EngineOptions& options,
              int threads)
      : model_(std::move(model)),
        path_(std::move(path)),
        options_(options),
        threads_(threads),
        slots_(*model_, options, threads) {}

  [[nodiscard]] EngineInfo info() const override;
  [[nodiscard]] std::vector<Result<Generation>> generate(
      std::span<const GenerateRequest> requests) override;
  [[nodiscard]] std::optional<std::int64_t> count_tokens(std::string_view text) const override {
    return static_cast<std::int64_t>(model_->tokenize(valid_utf8(text), false).size());
  }

 private:
  struct Admitted {
    RenderedPrompt prompt;
    std::size_t place;
  };
  [[nodiscard]] Result<RenderedPrompt> admit(const GenerateRequest& request,
                                             std::size_t place) const;
  [[nodiscard]] std::int64_t room_for(const RenderedPrompt& prompt,
                                      const GenerateRequest& request) const;
  [[nodiscard]] Result<Generation> fixed(const GenerateRequest& request);

  std::unique_ptr<LlamaModel> model_;
  std::string path_;
  EngineOptions options_;
  int threads_;
  LlamaSlots slots_;
};

EngineInfo LlamaEngine::info() const {
  const auto& file = model_->file();
  EngineInfo out;
  out.kind = "llama.cpp";
  out.path = path_;
  out.model = std::filesystem::path(path_).filename().string();
  out.version = llama_version();
  out.architecture = std::string(file.architecture());
  out.parameters = file.parameters();
  out.file_bytes = static_cast<std::int64_t>(file.file_bytes);
  out.layers = file.layers();
  out.context = slots_.context() > 0 ? slots_.context() : slots_.context_limit();
  out.trained_context = model_->trained_context();
  out.kv_bytes_per_token = file.kv_bytes_per_token();
  out.quantisation = file.quantisation();
  out.chat_template = model_->chat_template();
  out.threads = threads_;
  out.gpu_layers = model_->gpu_layers();
  out.peak_memory_bytes = peak_resident_bytes(*real_files());
  out.pids = {getpid()};
  out.warnings = model_->warnings();
  if (options_.context > out.trained_context) {
    out.warnings.push_back(
        fmt::format("a context of {} was asked for; the model was trained for {}", options_.context,
                    out.trained_context));
  }
  return out;
}

Result<RenderedPrompt> LlamaEngine::admit(const GenerateRequest& request, std::size_t place) const {
  if (std::cmp_greater_equal(place, options_.sequences)) {
    return fail(ErrorKind::usage, "engine.sequences",
                fmt::format("{} requests at once were given to an engine of {}", place + 1,
                            options_.sequences),
                "open the engine with as many sequences as requests");
  }
  if (trim(request.user).empty()) {
    return fail(ErrorKind::input, "prompt.empty", "the prompt is empty", "write a prompt");
  }
  auto prompt = model_->render(request);
  const auto tokens = static_cast<std::int64_t>(prompt.tokens.size());
  const std::int64_t limit = slots_.context_limit();
  if (tokens >= limit) {
    return fail(ErrorKind::input, "prompt.too_long",
                fmt::format("the prompt has {} tokens and the context holds {}", tokens, limit),
                limit < model_->trained_context() ? "raise --context or shorten the prompt"
                                                  : "shorten the prompt, or choose a model with a "
                                                    "longer context");
  }
  return prompt;
}

std::int64_t LlamaEngine::room_for(const RenderedPrompt& prompt,
                                   const GenerateRequest& request) const {
  const std::int64_t limit = slots_.context_limit();
  const auto output = std::clamp<std::int64_t>(request.max_tokens, 1, limit);
  return std::min(static_cast<std::int64_t>(prompt.tokens.size()) + output, limit);
}

Result<Generation> LlamaEngine::fixed(const GenerateRequest& request) {
  const std::int64_t length = std::max(request.fixed->prompt, request.fixed->output);
  const std::int64_t limit = slots_.context_limit();
  if (length < 1 || length > limit) {
    return fail(ErrorKind::input, "prompt.too_long",
                fmt::format("{} tokens were asked for and the context holds {}", length, limit),
                "choose a length from 1 to the context");
  }
  if (auto made = slots_.make_room(length); !made) return fail(std::move(made.error()));
  return run_fixed(*model_, slots_, request, system_clock());
}

std::vector<Result<Generation>> LlamaEngine::generate(std::span<const GenerateRequest> requests) {
  std::vector<Result<Generation>> results;
  if (std::ranges::any_of(requests, [](const auto& r) { return r.fixed.has_value(); })) {
    for (const auto& request : requests) {
      if (request.fixed) {
        results.push_back(fixed(request));
      } else {
        results.push_back(std::move(generate(std::span(&request, 1)).front()));
      }
    }
    return results;
  }
  std::vector<Admitted> admitted;
  std::int64_t room = 0;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    auto prompt = admit(requests[i], i);
    if (!prompt) {
      results.emplace_back(fail(prompt.error()));
      continue;
    }
    results.emplace_back(Generation{});
    room = std::max(room, room_for(*prompt, requests[i]));
    admitted.push_back({std::move(*prompt), i});
  }
  if (admitted.empty()) return results;
  if (const auto made = slots_.make_room(room); !made) {
    for (const auto& a : admitted) results[a.place] = fail(made.error());
    return results;
  }
  LlamaRun run(*model_, slots_, system_clock());
  for (auto& a : admitted) run.add(requests[a.place], std::move(a.prompt), a.place);
  run.run(results);
  return results;
}

Status check(const EngineOptions& options) {
  if (options.sequences < 1 || options.sequences > kMaxSequences) {
    return fail(ErrorKind::usage, "engine.sequences",
                fmt::format("{} sequences at once", options.sequences), "choose 1 to 64");
  }
  if (options.threads < 0 || options.context < 0 || options.batch < 0) {
    return fail(ErrorKind::usage, "engine.options", "threads, context and batch can't be negative",
                "leave them out for the defaults");
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Engine>> open_llama(const std::string& path, const EngineOptions& options) {
  if (const auto ok = check(options); !ok) return fail(ok.error());
  auto model = LlamaModel::load(path, options);
  if (!model) return fail(model.error());
  const int threads =
      options.threads > 0 ? options.threads : usable_cores(*real_files(), usable_cpus());
  return std::make_unique<LlamaEngine>(std::move(*model), path, options, threads);
}

}  // namespace joulebook
