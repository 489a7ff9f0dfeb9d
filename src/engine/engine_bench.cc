// Tokens per second of the embedded engine through its public interface, to be set beside
// llama-bench and llama-batched-bench of the same build (bench/engine_bench.sh does that).
//
//   engine_bench MODEL THREADS PROMPT_TOKENS OUTPUT_TOKENS BATCH REPEATS
//
// Prints one line a repeat: batch, prompt tokens/s, output tokens/s, output tokens (timed_run.h).
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>

#include "engine/engine.h"
#include "engine/timed_run.h"

namespace joulebook {
namespace {

struct Shape {
  std::string model;
  int threads = 0;
  std::int64_t prompt = 0;
  std::int64_t output = 0;
  int batch = 1;
  int repeats = 1;
};

// Tokens of the whole prompt, template included; empty where it cannot be answered.
std::optional<std::int64_t> prompt_tokens(Engine& engine, const std::string& text) {
  GenerateRequest request;
  request.user = text;
  request.max_tokens = 1;
  const auto result = engine.generate_one(request);
  if (!result) return std::nullopt;
  return result->prompt_tokens.count;
}

// A user text whose whole prompt, template included, has `tokens` tokens, as the peers' prompts do:
// one more would cost the last of many sequences another micro-batch.
std::optional<std::string> text_of(Engine& engine, std::int64_t tokens) {
  std::string text = "Count:";
  auto length = prompt_tokens(engine, text);
  while (length && *length < tokens) {
    for (; *length < tokens; ++*length) text += " one";
    length = prompt_tokens(engine, text);
  }
  return length == tokens ? std::optional(text) : std::nullopt;
}

// False where a sequence failed or stopped early.
bool measure(Engine& engine, const Shape& shape, const std::string& text, bool print) {
  const std::vector<std::string> texts(static_cast<std::size_t>(shape.batch), text);
  const auto run = timed_run(engine, texts, shape.output);
  if (run && print) {
    fmt::print("{} {:.2f} {:.2f} {}\n", shape.batch,
               static_cast<double>(run->prompt_tokens) / run->prompt_seconds(),
               static_cast<double>(run->output_tokens) / run->decode_seconds(), run->output_tokens);
  }
  return run.has_value();
}

int run(const Shape& shape) {
  EngineOptions options;
  options.threads = shape.threads;
  options.sequences = shape.batch;
  auto engine = open_engine(shape.model, options);
  if (!engine) {
    fmt::print(stderr, "{}\n", engine.error().message);
    return 5;
  }
  const auto text = text_of(**engine, shape.prompt);
  if (!text) {
    fmt::print(stderr, "no prompt of {} tokens could be made\n", shape.prompt);
    return 5;
  }
  for (int i = 0; i <= shape.repeats; ++i) {  // the first warms up
    if (!measure(**engine, shape, *text, i > 0)) {
      fmt::print(stderr, "a sequence failed\n");
      return 5;
    }
  }
  return 0;
}

}  // namespace
}  // namespace joulebook

int main(int argc, char** argv) {
  if (argc != 7) {
    fmt::print(stderr, "engine_bench MODEL THREADS PROMPT_TOKENS OUTPUT_TOKENS BATCH REPEATS\n");
    return 2;
  }
  return joulebook::run({argv[1], std::atoi(argv[2]), std::atoll(argv[3]), std::atoll(argv[4]),
                         std::atoi(argv[5]), std::atoi(argv[6])});
}
