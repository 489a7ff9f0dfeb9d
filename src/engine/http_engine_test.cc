#include <gmock/gmock.h>

#include <cstdlib>

#include "core/json.h"
#include "engine/endpoint_address.h"
#include "engine/engine.h"
#include "fakes/scripted_endpoint.h"

namespace joulebook {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;

std::unique_ptr<Engine> open(const std::string& address, const EngineOptions& options = {}) {
  auto engine = open_engine(address, options);
  EXPECT_TRUE(engine.has_value()) << (engine ? "" : engine.error().message);
  return engine ? std::move(*engine) : nullptr;
}

GenerateRequest ask(std::string user) {
  GenerateRequest request;
  request.user = std::move(user);
  return request;
}

Result<Generation> answer_of(ScriptedReply reply, GenerateRequest request = ask("hi")) {
  ScriptedEndpoint endpoint({std::move(reply)});
  return open(endpoint.address())->generate_one(request);
}

std::string delta(const std::string& field, const std::string& text) {
  return Json::object(
             {{"choices", Json::array({Json::object({{"delta", Json::object({{field, text}})}})})}})
      .dump();
}

void expect_tiled(const Generation& g) {
  for (std::size_t i = 1; i < g.phases.size(); ++i) {
    EXPECT_EQ(g.phases[i].begin, g.phases[i - 1].end);
    EXPECT_LE(g.phases[i].begin, g.phases[i].end);
  }
}

TEST(HttpEngine, StreamsAnAnswerWithUsage) {
  ScriptedEndpoint endpoint({ScriptedReply::answer({"Par", "is", "."}, 11)});
  const auto engine = open(endpoint.address() + "/v1/");
  auto request = ask("capital?");
  request.system = "be brief";
  std::string heard;
  request.on_token = [&](const TokenEvent& e) { heard += e.text; };
  const auto out = engine->generate_one(request);
  ASSERT_TRUE(out.has_value()) << out.error().message;
  EXPECT_EQ(out->answer, "Paris.");
  EXPECT_EQ(heard, "Paris.");
  EXPECT_EQ(out->prompt_tokens, Tokens{11});
  EXPECT_EQ(out->answer_tokens, Tokens{3});
  EXPECT_EQ(out->token_source, "usage");
  EXPECT_EQ(out->finish, Finish::stop);
  expect_tiled(*out);
  EXPECT_EQ(engine->info().model, ScriptedEndpoint::kModel);
  EXPECT_TRUE(engine->info().local);
  const auto seen = endpoint.requests().at(0);
  EXPECT_EQ(seen.path, "/v1/chat/completions");
  const auto body = parse_json(seen.body).value();
  EXPECT_EQ(body["model"].as_string(), ScriptedEndpoint::kModel);
  EXPECT_TRUE(body["stream"].as_bool());
  EXPECT_TRUE(body["stream_options"]["include_usage"].as_bool());
  EXPECT_EQ(body["messages"].at(0)["role"].as_string(), "system");
  EXPECT_EQ(body["messages"].at(1)["content"].as_string(), "capital?");
  EXPECT_FALSE(body.has("chat_template_kwargs"));
}

TEST(HttpEngine, TellsThinkingFromAnswerHoweverItIsMarked) {
  for (const auto* field : {"reasoning_content", "reasoning"}) {
    const auto out = answer_of(
        ScriptedReply::stream({delta(field, "hm "), delta(field, "so"), delta("content", "yes"),
                               R"({"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":9,)"
                               R"("completion_tokens_details":{"reasoning_tokens":7}}})"}));
    ASSERT_TRUE(out.has_value()) << out.error().message;
    EXPECT_EQ(out->reasoning, "hm so");
    EXPECT_EQ(out->answer, "yes");
    EXPECT_EQ(out->reasoning_tokens, Tokens{7});
    EXPECT_EQ(out->answer_tokens, Tokens{2});
    EXPECT_TRUE(out->reasoning_marked);
    expect_tiled(*out);
  }
  const auto inside = answer_of(ScriptedReply::stream(
      {delta("content", "<th"), delta("content", "ink>hm</thi"), delta("content", "nk>yes")}));
  EXPECT_EQ(inside->reasoning, "hm");
  EXPECT_EQ(inside->answer, "yes");
  EXPECT_EQ(inside->token_source, "deltas");
}

TEST(HttpEngine, CutAtEveryByteOnTheWireGivesTheSame) {
  const auto whole = ScriptedReply::stream(
      {delta("content", "<think>a \xE2\x82\xAC</think>b"),
       R"({"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":9}})"});
  std::string wire;
  for (const auto& chunk : whole.chunks) wire += chunk;
  ScriptedReply bytes;
  for (const char c : wire) bytes.chunks.emplace_back(1, c);
  const auto out = answer_of(bytes);
  ASSERT_TRUE(out.has_value());
  EXPECT_EQ(out->reasoning, "a \xE2\x82\xAC");
  EXPECT_EQ(out->answer, "b");
  EXPECT_EQ(out->output_tokens(), Tokens{9});
}

TEST(HttpEngine, ReadsLlamaServersTimingsAndCache) {
  const auto out = answer_of(ScriptedReply::stream(
      {delta("content", "x"),
       R"({"choices":[{"delta":{},"finish_reason":"length"}],"timings":{"cache_n":6,"prompt_n":4,)"
       R"("prompt_ms":0.001,"predicted_n":3,"predicted_ms":2}})"}));
  ASSERT_TRUE(out.has_value());
  EXPECT_EQ(out->prompt_tokens, Tokens{10});
  EXPECT_EQ(out->cached_tokens, Tokens{6});
  EXPECT_EQ(out->answer_tokens, Tokens{3});
  EXPECT_EQ(out->finish, Finish::length);
  EXPECT_EQ(out->phases.front().phase, Phase::queue);
  EXPECT_THAT(out->warnings, testing::Contains(HasSubstr("cache")));
  expect_tiled(*out);
}

TEST(HttpEngine, TakesAReplyThatWasNotStreamed) {
  const auto out = answer_of(
      ScriptedReply::json(R"({"choices":[{"message":{"content":"hello"},"finish_reason":"stop"}],)"
                          R"("usage":{"prompt_tokens":3,"completion_tokens":1}})"));
  ASSERT_TRUE(out.has_value()) << out.error().message;
  EXPECT_EQ(out->answer, "hello");
  EXPECT_EQ(out->answer_tokens, Tokens{1});
}

TEST(HttpEngine, NamesEachFailureWithItsCure) {
  const std::vector<std::pair<int, std::string>> codes = {
      {401, "endpoint.unauthorized"}, {403, "endpoint.unauthorized"}, {404, "endpoint.not_found"},
      {500, "endpoint.failed"},       {503, "endpoint.failed"},       {400, "endpoint.failed"}};
  for (const auto& [status, code] : codes) {
    const auto out = answer_of(ScriptedReply::json(R"({"error":{"message":"because"}})", status));
    ASSERT_FALSE(out.has_value()) << status;
    EXPECT_EQ(out.error().code, code);
    EXPECT_EQ(out.error().kind, ErrorKind::engine);
    EXPECT_THAT(out.error().message, HasSubstr("because"));
    EXPECT_FALSE(out.error().cure.empty());
  }
  const auto nobody = open_engine("http://127.0.0.1:1", {});
  ASSERT_FALSE(nobody.has_value());
  EXPECT_EQ(nobody.error().code, "endpoint.refused");
  const auto inside = answer_of(ScriptedReply::stream({R"({"error":{"message":"out of slots"}})"}));
  EXPECT_EQ(inside.error().code, "endpoint.failed");
  EXPECT_THAT(inside.error().message, HasSubstr("out of slots"));
  const auto html = answer_of(ScriptedReply::json("<html>hello</html>"));
  EXPECT_EQ(html.error().code, "endpoint.failed");
  const auto longer = answer_of(ScriptedReply::json(
      R"({"error":{"type":"exceed_context_size_error","message":"too many"}})", 400));
  EXPECT_EQ(longer.error().code, "prompt.too_long");
}

TEST(HttpEngine, WaitsWhenThrottledButNotForEver) {
  auto throttled = ScriptedReply::json("{}", 429);
  throttled.headers.emplace_back("Retry-After: 0");
  ScriptedEndpoint kind({throttled, ScriptedReply::answer({"ok"})});
  EXPECT_EQ(open(kind.address())->generate_one(ask("hi"))->answer, "ok");
  EXPECT_EQ(kind.requests().size(), 2U);
  ScriptedEndpoint hard({throttled});
  const auto out = open(hard.address())->generate_one(ask("hi"));
  EXPECT_EQ(out.error().code, "endpoint.throttled");
  EXPECT_EQ(hard.requests().size(), 3U);
}

TEST(HttpEngine, AsksWithoutUsageWhereThatIsRefused) {
  ScriptedEndpoint endpoint(
      {ScriptedReply::json(R"({"error":"unknown field stream_options"})", 400),
       ScriptedReply::answer({"ok"})});
  EXPECT_EQ(open(endpoint.address())->generate_one(ask("hi"))->answer, "ok");
  EXPECT_FALSE(parse_json(endpoint.requests().at(1).body)->has("stream_options"));
}

TEST(HttpEngine, AStreamCutInTheMiddleIsAnErrorThatTellsNoText) {
  ScriptedReply chunked;
  chunked.chunks = {"data: " + delta("content", "half an ans") + "\n\n"};
  chunked.cut = true;
  auto raw = chunked;
  raw.chunked = false;
  for (const auto& reply : {chunked, raw}) {
    const auto out = answer_of(reply);
    ASSERT_FALSE(out.has_value());
    EXPECT_EQ(out.error().code, "endpoint.cut");
    EXPECT_THAT(out.error().message, testing::Not(HasSubstr("half an ans")));  // never logged
  }
}

TEST(HttpEngine, RepairsInvalidUtf8) {
  ScriptedReply reply;
  reply.chunks = {"data: {\"choices\":[{\"delta\":{\"content\":\"a\xFF b\"}}]}\n\n",
                  "data: [DONE]\n\n"};
  EXPECT_EQ(answer_of(reply)->answer, "a\xEF\xBF\xBD b");
}

TEST(HttpEngine, AsksSideBySideAndKeepsTheErrorsApart) {
  ScriptedEndpoint endpoint({ScriptedReply::answer({"ok"})});
  const std::vector<GenerateRequest> requests = {ask("a"), ask(" "), ask("c")};
  const auto out = open(endpoint.address())->generate(requests);
  EXPECT_EQ(out[0]->answer, "ok");
  EXPECT_EQ(out[1].error().code, "prompt.empty");
  EXPECT_EQ(out[2]->answer, "ok");
}

TEST(HttpEngine, CancelEndsTheRequest) {
  ScriptedReply slow = ScriptedReply::stream({delta("content", "one"), delta("content", "two")});
  slow.delay = milliseconds(100);
  for (int i = 0; i < 20; ++i) slow.chunks.insert(slow.chunks.end() - 1, slow.chunks[1]);
  std::atomic<bool> cancel{false};
  auto request = ask("hi");
  request.cancel = &cancel;
  request.on_token = [&](const TokenEvent&) { cancel = true; };
  const auto out = answer_of(slow, request);
  ASSERT_TRUE(out.has_value());
  EXPECT_EQ(out->finish, Finish::cancelled);
  EXPECT_LT(out->answer.size(), 20U);
}

TEST(HttpEngine, SendsTheKeyAndNeverShowsIt) {
  setenv("JOULEBOOK_TEST_KEY", "secret-123", 1);
  ScriptedEndpoint endpoint({ScriptedReply::json(R"({"error":{"message":"bad key"}})", 401)});
  EngineOptions options;
  options.api_key_env = "JOULEBOOK_TEST_KEY";
  const auto out = open(endpoint.address(), options)->generate_one(ask("hi"));
  EXPECT_THAT(endpoint.requests().at(0).headers, HasSubstr("Authorization: Bearer secret-123"));
  EXPECT_THAT(out.error().message + out.error().cure, Not(HasSubstr("secret-123")));
  unsetenv("JOULEBOOK_TEST_KEY");
}

TEST(HttpEngine, AsksForThinkingInTheTemplatesWay) {
  ScriptedEndpoint endpoint({ScriptedReply::answer({"ok"})});
  auto request = ask("hi");
  request.reasoning = Reasoning::off;
  EXPECT_TRUE(open(endpoint.address())->generate_one(request).has_value());
  const auto body = parse_json(endpoint.requests().at(0).body).value();
  EXPECT_TRUE(body["chat_template_kwargs"].has("enable_thinking"));
  EXPECT_FALSE(body["chat_template_kwargs"]["enable_thinking"].as_bool(true));
}

TEST(HttpEngine, SendsTheEffortWhereOneIsAskedFor) {
  ScriptedEndpoint endpoint({ScriptedReply::answer({"ok"}), ScriptedReply::answer({"ok"})});
  auto request = ask("hi");
  const auto engine = open(endpoint.address());
  EXPECT_TRUE(engine->generate_one(request).has_value());
  request.effort = "high";
  EXPECT_TRUE(engine->generate_one(request).has_value());
  EXPECT_FALSE(parse_json(endpoint.requests().at(0).body).value().has("reasoning_effort"));
  EXPECT_EQ(parse_json(endpoint.requests().at(1).body).value()["reasoning_effort"].as_string(), "high");
}

TEST(EndpointAddress, FindsBaseHostAndWhetherItIsHere) {
  EXPECT_EQ(parse_endpoint("http://127.0.0.1:8080")->base, "http://127.0.0.1:8080/v1");
  EXPECT_EQ(parse_endpoint("http://h:1/v1/")->base, "http://h:1/v1");
  EXPECT_EQ(parse_endpoint("https://h/api/v3/chat/completions")->base, "https://h/api/v3");
  EXPECT_EQ(parse_endpoint("https://h")->port, 443);
  EXPECT_EQ(parse_endpoint("http://[::1]:9/v1")->host, "::1");
  EXPECT_EQ(parse_endpoint("http://[::1]:9/v1")->port, 9);
  for (const auto* here : {"http://localhost:1", "http://127.3.2.1", "http://[::1]:1"}) {
    EXPECT_TRUE(parse_endpoint(here)->local) << here;
  }
  EXPECT_FALSE(parse_endpoint("https://api.example.com")->local);
  EXPECT_FALSE(parse_endpoint("http://192.0.2.1")->local);
  for (const auto* wrong : {"ftp://h", "http://", "http://h:99999", "h:1"}) {
    EXPECT_FALSE(parse_endpoint(wrong).has_value()) << wrong;
  }
}

TEST(OpenEngine, TellsFilesFromAddresses) {
  EXPECT_EQ(open_engine("/nowhere/x.gguf", {}).error().code, "model.missing");
  EXPECT_EQ(open_engine("HTTP://127.0.0.1:1", {}).error().code, "endpoint.refused");
}

}  // namespace
}  // namespace joulebook
