// What each server's answers look like (their own documentation), and what is read from them.
#include <gtest/gtest.h>

#include "gateway/wire/fake_sink.h"

namespace joulebook::gateway {
namespace {

TEST(Transcripts, AnthropicCountsCacheApartAndWeDoNot) {
  FakeSink sink;
  const std::string answer =
      "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":10,"
      "\"cache_read_input_tokens\":90,\"cache_creation_input_tokens\":5,\"output_tokens\":1}}}\n\n"
      "event: ping\ndata: {\"type\": \"ping\"}\n\n"
      "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"thinking_delta\",\"thinking\":\"a\"}}\n\n"
      "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"text_delta\",\"text\":\"b\"}}\n\n"
      "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":2,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{\"}}\n\n"
      "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{},\"usage\":{\"output_tokens\":42}}\n\n"
      "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
  const auto passed = pass(sink, "/v1/messages", R"({"model":"c","stream":true,"max_tokens":9,"messages":[{"content":[{"type":"text","text":"hi"}]}]})",
                           "text/event-stream; charset=utf-8", answer, 13);
  EXPECT_EQ(sink.usage().prompt, 105);
  EXPECT_EQ(sink.usage().cached, 90);
  EXPECT_EQ(sink.usage().output, 42);
  EXPECT_EQ(sink.tokens(true), 1);
  EXPECT_EQ(sink.tokens(false), 2);
  EXPECT_EQ(sink.all<attribution::Arrived>().at(0).most_tokens, 9);
  EXPECT_EQ(sink.all<attribution::Arrived>().at(0).prompt_bytes, 2);
  const auto note = passed.client.find(": joulebook");
  EXPECT_LT(note, passed.client.find("event: message_stop"));
  EXPECT_GT(note, passed.client.find("event: message_delta"));
}

TEST(Transcripts, ResponsesTellUsageInsideTheLastEvent) {
  FakeSink sink;
  const std::string answer =
      "event: response.created\ndata: {\"type\":\"response.created\",\"response\":{\"usage\":null}}\n\n"
      "event: response.reasoning_text.delta\ndata: {\"type\":\"response.reasoning_text.delta\",\"delta\":\"x\"}\n\n"
      "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"delta\":\"y\"}\n\n"
      "event: response.completed\ndata: {\"type\":\"response.completed\",\"response\":{\"usage\":{\"input_tokens\":8,"
      "\"input_tokens_details\":{\"cached_tokens\":3},\"output_tokens\":6,\"output_tokens_details\":{\"reasoning_tokens\":4}}}}\n\n";
  const auto passed = pass(sink, "/v1/responses", R"({"stream":true,"input":"hello"})", "text/event-stream", answer, 50);
  EXPECT_EQ(sink.usage().prompt, 8);
  EXPECT_EQ(sink.usage().cached, 3);
  EXPECT_EQ(sink.usage().output, 6);
  EXPECT_EQ(sink.usage().reasoning, 4);
  EXPECT_EQ(sink.tokens(true), 1);
  EXPECT_LT(passed.client.find(": joulebook"), passed.client.find("event: response.completed"));
}

TEST(Transcripts, OllamaSpeaksInLinesAndStreamsUnlessToldNotTo) {
  FakeSink sink;
  const std::string answer =
      "{\"message\":{\"role\":\"assistant\",\"content\":\"\",\"thinking\":\"t\"},\"done\":false}\n"
      "{\"message\":{\"content\":\"a\"},\"done\":false}\n"
      "{\"message\":{\"content\":\"\"},\"done\":true,\"total_duration\":5000000000,\"load_duration\":2000000000,"
      "\"prompt_eval_count\":26,\"prompt_eval_duration\":130000000,\"eval_count\":2,\"eval_duration\":400000000}\n";
  const auto passed = pass(sink, "/api/chat", R"({"model":"o","messages":[]})", "application/x-ndjson", answer, 9);
  EXPECT_EQ(passed.client, answer);
  EXPECT_TRUE(sink.begun.at(0).stream);
  EXPECT_EQ(sink.usage().prompt, 26);
  EXPECT_EQ(sink.usage().output, 2);
  EXPECT_NEAR(sink.timings().load_s.value(), 2, 1e-9);
  EXPECT_NEAR(sink.timings().prefill_s.value(), 0.13, 1e-9);
  EXPECT_EQ(sink.tokens(true), 1);
  EXPECT_EQ(sink.tokens(false), 1);
}

TEST(Transcripts, LlamaServerTimesItself) {
  FakeSink sink;
  const std::string answer =
      "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n"
      "data: {\"choices\":[{\"finish_reason\":\"stop\",\"index\":0,\"delta\":{}}],\"timings\":{\"cache_n\":30,\"prompt_n\":12,"
      "\"prompt_ms\":50.5,\"predicted_n\":2,\"predicted_ms\":20,\"draft_n\":5,\"draft_n_accepted\":3}}\n\ndata: [DONE]\n\n";
  (void)pass(sink, "/v1/chat/completions", R"({"stream":true})", "text/event-stream", answer, 1000);
  EXPECT_EQ(sink.usage().prompt, 42);
  EXPECT_EQ(sink.usage().cached, 30);
  EXPECT_EQ(sink.usage().drafted, 5);
  EXPECT_EQ(sink.usage().accepted, 3);
  EXPECT_NEAR(sink.timings().prefill_s.value(), 0.0505, 1e-9);
  EXPECT_NEAR(sink.timings().decode_s.value(), 0.02, 1e-9);
}

TEST(Transcripts, VllmMayCountWithEachChunk) {
  FakeSink sink;
  std::string answer;
  for (const int so_far : {0, 3, 4}) {
    answer += "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"}}],\"usage\":{\"prompt_tokens\":7,"
              "\"completion_tokens\":" + std::to_string(so_far) + "}}\n\n";
  }
  (void)pass(sink, "/v1/chat/completions", R"({"stream":true,"stream_options":{"include_usage":true,"continuous_usage_stats":true}})",
             "text/event-stream", answer + "data: [DONE]\n\n", 1000);
  std::int64_t counted = 0;
  for (const auto& t : sink.all<attribution::Tokens>()) counted += t.counted ? t.count : 0;
  EXPECT_EQ(counted, 4);
  EXPECT_EQ(sink.usage().prompt, 7);
}

TEST(Transcripts, SeveralChoicesAndToolCalls) {
  FakeSink sink;
  const std::string answer =
      "data: {\"choices\":[{\"index\":1,\"delta\":{\"content\":\"a\"}}]}\n\n"
      "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"function\":{\"arguments\":\"{\"}}]}}]}\n\n"
      "data: [DONE]\n\n";
  (void)pass(sink, "/v1/chat/completions", R"({"stream":true,"n":2})", "text/event-stream", answer, 1000);
  const auto tokens = sink.all<attribution::Tokens>();
  ASSERT_EQ(tokens.size(), 2U);
  EXPECT_EQ(tokens[0].choice, 1U);
  EXPECT_EQ(sink.all<attribution::Arrived>().at(0).choices, 2U);
}

TEST(Transcripts, OddUsageIsNoUsage) {
  for (const char* usage : {"null", "{}", "{\"prompt_tokens\":-5}", "{\"prompt_tokens\":\"7\"}", "[1]", "1e999"}) {
    FakeSink sink;
    const std::string answer = std::string(R"({"choices":[],"usage":)") + usage + "}";
    (void)pass(sink, "/v1/embeddings", R"({"input":["a","b"]})", "application/json", answer, 1000);
    EXPECT_FALSE(sink.usage().prompt) << usage;
    EXPECT_TRUE(sink.all<attribution::Arrived>().at(0).embedding);
  }
  FakeSink bomb;
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  EXPECT_EQ(pass(bomb, "/v1/chat/completions", deep, "application/json", deep, 1 << 20).client, deep);
}

TEST(Transcripts, ApisAreFoundBehindAnyPrefixAndOthersPass) {
  EXPECT_EQ(api_of("POST", "/openai/deployments/x/v1/chat/completions?v=1"), Api::chat);
  EXPECT_EQ(route_of("/base/v1/messages?beta=true"), "/v1/messages");
  EXPECT_FALSE(api_of("GET", "/v1/chat/completions"));
  EXPECT_FALSE(api_of("POST", "/v1/models"));
  EXPECT_FALSE(api_of("POST", "/v1/messages/count_tokens"));
}

}  // namespace
}  // namespace joulebook::gateway
