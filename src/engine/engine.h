#pragma once
// The engine seam: something that answers prompts. llama.cpp in this process, an OpenAI-compatible
// endpoint, or a fake.
#include <joulebook/result.h>
#include <joulebook/units.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gguf/quant_share.h"

namespace joulebook {

// Phases of a request (docs/words.md). Spans of one request tile its time.
enum class Phase { queue, prefill, cached, reason, answer, wasted };

[[nodiscard]] std::string_view to_string(Phase phase);

struct PhaseSpan {
  Phase phase = Phase::answer;
  SteadyTime begin;
  SteadyTime end;
  Tokens tokens;  // processed in this phase
};

// One piece of output as it arrives. `text` may be empty (a token that ends no character yet).
struct TokenEvent {
  SteadyTime at;
  Phase phase = Phase::answer;  // reason or answer
  std::string_view text;
  Tokens tokens;
};

enum class Reasoning { unset, on, off };  // what the chat template is asked for

// Work of a given length, whatever is asked, as llama-bench's pp and tg: `prompt` tokens are
// computed and nothing is sampled, or `output` tokens are computed one after the other, each with its
// logits, from an empty context, whatever they are. Exactly one is above 0.
struct FixedWork {
  std::int64_t prompt = 0;
  std::int64_t output = 0;
  bool operator==(const FixedWork&) const = default;
};

struct GenerateRequest {
  std::string system;  // may be empty
  std::string user;
  std::string file;  // what the question is about (a picture, a sound), for programs; may be empty
  Reasoning reasoning = Reasoning::unset;
  double temperature = 0;  // 0: greedy
  std::int64_t max_tokens = 512;
  std::uint32_t seed = 1;
  bool keep_cache = false;  // false: the prompt is computed from nothing
  std::optional<FixedWork> fixed = {};  // embedded engine alone; then `user` is not looked at
  std::string effort = {};  // endpoint: "reasoning_effort" that is sent; empty: none
  // Embedded engine: after so many tokens of thinking the marker that ends it is written for the
  // model. Nothing where the model doesn't mark its thinking.
  std::optional<std::int64_t> think_budget = {};
  // Called on the engine's thread for every piece of output; may be empty.
  std::function<void(const TokenEvent&)> on_token;
  // Looked at between tokens: true ends the generation as `cancelled`. May be null.
  const std::atomic<bool>* cancel = nullptr;
};

enum class Finish { stop, length, cancelled };
[[nodiscard]] std::string_view to_string(Finish finish);

struct Generation {
  std::string reasoning;  // thinking text, markers stripped; empty where there was none
  std::string answer;
  std::vector<PhaseSpan> phases;  // in time order, neighbours share their edge
  Tokens prompt_tokens;           // all of the prompt, cached included
  Tokens cached_tokens;
  Tokens reasoning_tokens;
  Tokens answer_tokens;
  bool reasoning_marked = false;  // the model (or the wire) marked where thinking ends
  std::string token_source;       // who counted: "engine", "usage", "deltas"
  Finish finish = Finish::stop;
  std::vector<SteadyTime> token_times;  // one an output token, where known
  double cpu_seconds = -1;              // that this answer took, where the engine knows; else < 0
  std::vector<std::string> warnings;

  [[nodiscard]] Tokens output_tokens() const { return reasoning_tokens + answer_tokens; }
  [[nodiscard]] SteadyTime begin() const { return phases.front().begin; }
  [[nodiscard]] SteadyTime end() const { return phases.back().end; }
};

struct EngineInfo {
  std::string kind;   // "llama.cpp", "endpoint", "command", "fake"
  std::string model;  // file name or the model the endpoint names
  std::string path;   // file path or address
  std::string version;
  std::string architecture;     // empty where unknown
  std::int64_t parameters = 0;  // 0: unknown (likewise below)
  std::int64_t file_bytes = 0;
  std::int64_t layers = 0;
  std::int64_t context = 0;  // in force
  std::int64_t trained_context = 0;
  double kv_bytes_per_token = 0;
  std::vector<QuantShare> quantisation;
  std::string chat_template;  // "file", "file (as chatml)", "endpoint", "none"
  int threads = 0;
  int gpu_layers = 0;
  std::int64_t peak_memory_bytes = 0;  // resident, of the process, so far
  bool local = true;                   // runs on this machine
  std::vector<int> pids;               // processes that do the work, where known
  std::vector<std::string> warnings;
};

// A program that answers. In its arguments "{text}", "{file}" and "{text_file}" (a file that holds
// the text) stand for what is asked.
struct CommandOptions {
  // How it is asked. whole: started for each item, the text on its standard input; none: likewise,
  // with nothing there; line and json: kept running, a line in (the text, or the file's path where
  // there is no text; a JSON object of both) and a line out.
  enum class Input { whole, none, line, json };
  std::vector<std::string> argv;
  Input input = Input::whole;
  std::string ready;                    // kept running: its first line, once it can answer
  double time_limit_s = 60;             // for one answer, and for getting ready
  std::int64_t most_output = 1 << 20;   // bytes of one answer
  std::string directory;                // where it runs; empty: here

  [[nodiscard]] bool kept() const { return input == Input::line || input == Input::json; }
  bool operator==(const CommandOptions&) const = default;
};

struct EngineOptions {
  int threads = 0;           // 0: one a physical core that this process may use
  std::int64_t context = 0;  // 0: enough for prompt + max_tokens, at most the trained context
  int batch = 0;             // prompt tokens computed in one go; 0: the engine's default
  int sequences = 1;         // how many requests generate() may hold at once, 1..64
  int gpu_layers = -1;       // -1: all that fit where a GPU was built in
  std::string api_key_env = "OPENAI_API_KEY";  // endpoint: variable that holds the key, never kept
  std::string model_name;  // endpoint: which model to ask for; empty: the first it lists
  std::optional<CommandOptions> command;  // instead of a model
};

// Not thread-safe. Destroying it unloads the model.
class Engine {
 public:
  virtual ~Engine() = default;
  [[nodiscard]] virtual EngineInfo info() const = 0;
  // Runs the requests side by side (at most options.sequences) and returns one result each, in
  // order. Errors of one request do not lose the others.
  // Errors: input "prompt.too_long", "prompt.empty"; engine "endpoint.refused",
  // "endpoint.unauthorized", "endpoint.not_found", "endpoint.throttled", "endpoint.failed",
  // "endpoint.cut"; resource "engine.memory".
  [[nodiscard]] virtual std::vector<Result<Generation>> generate(
      std::span<const GenerateRequest> requests) = 0;
  // Number of tokens of a text, where the engine can tell.
  [[nodiscard]] virtual std::optional<std::int64_t> count_tokens(std::string_view text) const = 0;

  [[nodiscard]] Result<Generation> generate_one(const GenerateRequest& request) {
    return std::move(generate(std::span(&request, 1)).front());
  }
};

// A path is a GGUF file, an http(s) address an OpenAI-compatible endpoint; `model` is only a name
// where the options hold a command (errors: command_engine.h). Loading happens here.
// Errors: input "model.missing", "model.directory", "model.empty", "model.truncated",
// "model.not_gguf", "model.architecture"; resource "model.memory"; engine as generate().
[[nodiscard]] Result<std::unique_ptr<Engine>> open_engine(const std::string& model,
                                                          const EngineOptions& options);

}  // namespace joulebook
