// The embedded engine on a generated model: random weights, real decoding.
#include "engine/llama_engine.h"

#include <ggml.h>
#include <gmock/gmock.h>
#include <sys/resource.h>

#include <fstream>
#include <thread>

#include "gguf/gguf_types.h"
#include "fakes/tiny_gguf.h"

namespace joulebook {
namespace {

using testing::HasSubstr;

std::string temp(const std::string& name) { return testing::TempDir() + "/llama_" + name; }

std::unique_ptr<Engine> tiny(const EngineOptions& options = {}, const TinyModel& model = {}) {
  const auto path = write_tiny_gguf(temp("tiny.gguf"), model);
  auto engine = open_llama(path, options);
  EXPECT_TRUE(engine.has_value()) << (engine ? "" : engine.error().message);
  return engine ? std::move(*engine) : nullptr;
}

GenerateRequest ask(std::string user, std::int64_t max_tokens = 12) {
  GenerateRequest request;
  request.user = std::move(user);
  request.max_tokens = max_tokens;
  return request;
}

std::string code_of(const Result<std::unique_ptr<Engine>>& result) {
  return result.has_value() ? "" : result.error().code;
}

void expect_sound(const Generation& g) {
  ASSERT_FALSE(g.phases.empty());
  std::int64_t prompt = 0, reason = 0, answer = 0;
  for (std::size_t i = 0; i < g.phases.size(); ++i) {
    const auto& span = g.phases[i];
    EXPECT_LE(span.begin, span.end);
    EXPECT_EQ(span.begin, i > 0 ? g.phases[i - 1].end : span.begin);
    if (span.phase == Phase::prefill || span.phase == Phase::cached) prompt += span.tokens.count;
    if (span.phase == Phase::reason) reason += span.tokens.count;
    if (span.phase == Phase::answer) answer += span.tokens.count;
  }
  EXPECT_EQ(prompt, g.prompt_tokens.count);
  EXPECT_EQ(reason, g.reasoning_tokens.count);
  EXPECT_EQ(answer, g.answer_tokens.count);
  EXPECT_EQ(g.token_times.size(), static_cast<std::size_t>(g.output_tokens().count));
  EXPECT_TRUE(std::is_sorted(g.token_times.begin(), g.token_times.end()));
  EXPECT_EQ(g.token_source, "engine");
}

TEST(LlamaEngine, DescribesTheModel) {
  const auto engine = tiny({.threads = 1});
  const auto info = engine->info();
  EXPECT_EQ(info.kind, "llama.cpp");
  EXPECT_EQ(info.model, "llama_tiny.gguf");
  EXPECT_EQ(info.architecture, "llama");
  EXPECT_EQ(info.layers, 2);
  EXPECT_EQ(info.trained_context, 256);
  EXPECT_EQ(info.chat_template, "file");
  EXPECT_EQ(info.threads, 1);
  EXPECT_EQ(info.kv_bytes_per_token, 128);
  EXPECT_GT(info.peak_memory_bytes, 0);
  EXPECT_FALSE(info.version.empty());
  // One token a byte, and the blank that this kind of vocabulary puts first.
  EXPECT_GE(engine->count_tokens("hello").value(), 5);
}

TEST(LlamaEngine, AnswersTheSameTwiceWithAnEmptyCache) {
  const auto engine = tiny({.threads = 1});
  const auto first = engine->generate_one(ask("hi"));
  ASSERT_TRUE(first.has_value()) << first.error().message;
  expect_sound(*first);
  EXPECT_GT(first->output_tokens().count, 0);
  EXPECT_LE(first->output_tokens().count, 12);
  const auto second = engine->generate_one(ask("hi"));
  EXPECT_EQ(first->answer, second->answer);
  EXPECT_EQ(second->cached_tokens, Tokens{0});
}

TEST(LlamaEngine, KeepsTheCacheOnlyWhenAsked) {
  const auto engine = tiny({.threads = 1});
  auto request = ask("the same long question");
  request.keep_cache = true;
  const auto cold = engine->generate_one(request);
  const auto warm = engine->generate_one(request);
  ASSERT_TRUE(warm.has_value());
  expect_sound(*warm);
  EXPECT_EQ(cold->cached_tokens, Tokens{0});
  EXPECT_EQ(warm->cached_tokens.count, warm->prompt_tokens.count - 1);
  EXPECT_EQ(warm->answer, cold->answer);
  EXPECT_EQ(engine->generate_one(ask("the same long question"))->cached_tokens, Tokens{0});
}

TEST(LlamaEngine, SideBySideGivesWhatEachGivesAlone) {
  const auto engine = tiny({.threads = 1, .sequences = 4});
  std::vector<GenerateRequest> requests = {ask("one", 5), ask("two two", 9), ask("three", 1),
                                           ask("a longer fourth one", 7)};
  const auto together = engine->generate(requests);
  ASSERT_EQ(together.size(), 4U);
  for (std::size_t i = 0; i < requests.size(); ++i) {
    ASSERT_TRUE(together[i].has_value());
    expect_sound(*together[i]);
    const auto alone = engine->generate_one(requests[i]);
    EXPECT_EQ(together[i]->prompt_tokens, alone->prompt_tokens);
    EXPECT_EQ(together[i]->answer, alone->answer) << i;
    EXPECT_EQ(together[i]->finish, alone->finish);
  }
}

TEST(LlamaEngine, LongPromptsAreComputedInPiecesAndOthersQueue) {
  const auto engine = tiny({.threads = 1, .batch = 16, .sequences = 2});
  const std::vector<GenerateRequest> requests = {ask(std::string(60, 'x'), 3),
                                                 ask(std::string(50, 'y'), 3)};
  const auto out = engine->generate(requests);
  ASSERT_TRUE(out[1].has_value());
  expect_sound(*out[0]);
  expect_sound(*out[1]);
  EXPECT_EQ(out[0]->phases.front().phase, Phase::prefill);
  EXPECT_EQ(out[1]->phases.front().phase, Phase::queue);
  const auto whole = tiny({.threads = 1});
  EXPECT_EQ(whole->generate_one(requests[1])->answer, out[1]->answer);
}

TEST(LlamaEngine, OneBadRequestDoesNotLoseTheOthers) {
  const auto engine = tiny({.threads = 1, .sequences = 3});
  const std::vector<GenerateRequest> requests = {ask(" \n"), ask(std::string(400, 'x')),
                                                 ask("good")};
  const auto out = engine->generate(requests);
  EXPECT_EQ(out[0].error().code, "prompt.empty");
  EXPECT_EQ(out[1].error().code, "prompt.too_long");
  EXPECT_THAT(out[1].error().message, HasSubstr("256"));
  EXPECT_TRUE(out[2].has_value());
  const std::vector<GenerateRequest> four(4, ask("x"));
  EXPECT_EQ(engine->generate(four)[3].error().code, "engine.sequences");
}

TEST(LlamaEngine, StopsAtTheContextsEnd) {
  const auto engine = tiny({.threads = 1});
  const auto out = engine->generate_one(ask(std::string(200, 'x'), 1000));
  ASSERT_TRUE(out.has_value());
  EXPECT_LE(out->prompt_tokens.count + out->output_tokens().count, 257);
}

TEST(LlamaEngine, CancelsBetweenTokensAndFromOutside) {
  const auto engine = tiny({.threads = 1});
  std::atomic<bool> cancel{false};
  auto request = ask("hi", 100);
  std::int64_t seen = 0;
  request.cancel = &cancel;
  request.on_token = [&](const TokenEvent& e) {
    seen += e.tokens.count;
    cancel = seen >= 3;
  };
  const auto out = engine->generate_one(request);
  ASSERT_TRUE(out.has_value());
  EXPECT_EQ(out->output_tokens().count, seen);
  EXPECT_LT(seen, 100);
  request.on_token = nullptr;
  cancel = true;
  const auto none = engine->generate_one(request);
  EXPECT_EQ(none->finish, Finish::cancelled);
  EXPECT_EQ(none->output_tokens(), Tokens{0});
}

TEST(LlamaEngine, DrawsBySeedAboveTemperatureZero) {
  const auto engine = tiny({.threads = 1});
  auto request = ask("hi", 40);
  request.temperature = 1;
  request.seed = 3;
  const auto a = engine->generate_one(request);
  const auto b = engine->generate_one(request);
  EXPECT_EQ(a->answer, b->answer);
}

TEST(LlamaEngine, TemplatesOpenAndCloseThinking) {
  TinyModel qwen;
  qwen.chat_template =
      "<|im_start|>{% if add_generation_prompt %}<|im_start|>assistant\n{% if enable_thinking is "
      "false %}<think>\n\n</think>\n\n{% endif %}{% endif %}";
  const auto engine = tiny({.threads = 1}, qwen);
  auto request = ask("hi", 6);
  const auto unset = engine->generate_one(request);
  request.reasoning = Reasoning::off;
  const auto off = engine->generate_one(request);
  EXPECT_GT(off->prompt_tokens.count, unset->prompt_tokens.count);
  EXPECT_EQ(off->reasoning_tokens, Tokens{0});

  TinyModel opens;
  opens.chat_template =
      "<|im_start|>{% if add_generation_prompt %}<|im_start|>assistant\n<think>\n{% endif %}";
  const auto thinker = tiny({.threads = 1}, opens);
  const auto thought = thinker->generate_one(ask("hi", 6));
  EXPECT_TRUE(thought->reasoning_marked);
  EXPECT_GT(thought->reasoning_tokens.count, 0);
}

// Thinking that would go on is ended once it has taken its tokens; what follows is answer.
TEST(LlamaEngine, ThinkingKeepsToItsBudget) {
  TinyModel opens;
  opens.chat_template =
      "<|im_start|>{% if add_generation_prompt %}<|im_start|>assistant\n<think>\n{% endif %}";
  const auto thinker = tiny({.threads = 1}, opens);
  auto request = ask("hi", 60);
  request.temperature = 1;
  int cut = 0;
  for (request.seed = 1; request.seed <= 8; ++request.seed) {
    request.think_budget.reset();
    const auto free = thinker->generate_one(request);
    request.think_budget = 5;
    const auto kept = thinker->generate_one(request);
    ASSERT_TRUE(free && kept);
    expect_sound(*kept);
    constexpr std::int64_t kMarker = 8;  // its own tokens, and bytes still held back
    EXPECT_LE(kept->reasoning_tokens.count, 5 + kMarker);
    if (free->reasoning_tokens.count <= 5 + kMarker) continue;  // it stopped by itself
    ++cut;
    EXPECT_GT(kept->answer_tokens.count + (kept->finish == Finish::stop ? 1 : 0), 0);
  }
  EXPECT_GT(cut, 2);
}

TEST(LlamaEngine, WorkOfAGivenLengthIsDoneExactly) {
  const auto engine = tiny({.threads = 1, .batch = 16});
  GenerateRequest request;
  request.fixed = FixedWork{40, 0};
  const auto prompt = engine->generate_one(request);
  ASSERT_TRUE(prompt) << prompt.error().message;
  expect_sound(*prompt);
  EXPECT_EQ(prompt->prompt_tokens, Tokens{40});
  EXPECT_EQ(prompt->output_tokens(), Tokens{0});
  EXPECT_TRUE(prompt->answer.empty());
  request.fixed = FixedWork{0, 12};
  const auto output = engine->generate_one(request);
  ASSERT_TRUE(output);
  expect_sound(*output);
  EXPECT_EQ(output->answer_tokens, Tokens{12});
  EXPECT_EQ(output->prompt_tokens, Tokens{0});
  // An answer after it is as if it had not been.
  const auto before = tiny({.threads = 1, .batch = 16})->generate_one(ask("hello"));
  EXPECT_EQ(engine->generate_one(ask("hello"))->answer, before->answer);
  request.fixed = FixedWork{0, 100'000};
  EXPECT_EQ(engine->generate_one(request).error().code, "prompt.too_long");
}

TEST(LlamaEngine, FallsBackWhereTheTemplateIsUnknown) {
  TinyModel odd;
  odd.chat_template = "{{ raise('no') }}";
  const auto engine = tiny({.threads = 1}, odd);
  EXPECT_EQ(engine->info().chat_template, "file (as chatml)");
  EXPECT_THAT(engine->info().warnings, testing::Contains(HasSubstr("llama-server --jinja")));
}

TEST(LlamaEngine, RefusesBadFilesWithTheirCure) {
  EXPECT_EQ(code_of(open_llama(temp("nowhere.gguf"), {})), "model.missing");
  EXPECT_EQ(code_of(open_llama(testing::TempDir(), {})), "model.directory");
  const std::string whole = tiny_gguf();
  std::ofstream(temp("cut.gguf"), std::ios::binary) << whole.substr(0, whole.size() / 2);
  EXPECT_EQ(code_of(open_llama(temp("cut.gguf"), {})), "model.truncated");
  const auto alien = write_tiny_gguf(temp("alien.gguf"), {.architecture = "martian"});
  const auto refused = open_llama(alien, {});
  EXPECT_EQ(code_of(refused), "model.architecture");
  EXPECT_THAT(refused.error().message, HasSubstr("martian"));
  EXPECT_FALSE(refused.error().cure.empty());
  EXPECT_EQ(code_of(open_llama(alien, {.sequences = 65})), "engine.sequences");
}

TEST(LlamaEngine, SaysNothingOnStandardError) {
  testing::internal::CaptureStderr();
  const auto alien = write_tiny_gguf(temp("alien2.gguf"), {.architecture = "martian"});
  EXPECT_FALSE(open_llama(alien, {}).has_value());
  const auto engine = tiny({.threads = 1});
  EXPECT_TRUE(engine->generate_one(ask("hi")).has_value());
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(LlamaEngine, AsksForNoMoreMemoryThanThereIs) {
  TinyModel model;
  model.context = 1'000'000'000;
  const auto path = write_tiny_gguf(temp("huge.gguf"), model);
  const auto engine = open_llama(path, {.threads = 1, .context = 900'000'000, .sequences = 64});
  EXPECT_EQ(code_of(engine), "model.memory");
  EXPECT_EQ(engine.error().kind, ErrorKind::resource);
}

TEST(GgufTypes, AreThoseOfTheLibrary) {
  for (const auto& type : kGgufTypes) {
    const auto id = static_cast<ggml_type>(type.id);
    EXPECT_EQ(ggml_blck_size(id), type.block) << type.name;
    EXPECT_EQ(ggml_type_size(id), type.bytes) << type.name;
  }
}

}  // namespace
}  // namespace joulebook
