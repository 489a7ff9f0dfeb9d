#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "gateway/wire/fake_sink.h"
#include "gateway/wire/metrics_page.h"

namespace joulebook::gateway {
namespace {

constexpr std::string_view kEvents = "text/event-stream";
constexpr std::string_view kAsk = R"({"model":"m","stream":true, "messages":[{"role":"user","content":"four"}]})";
constexpr std::string_view kChunks =
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\"}}],\"usage\":null}\n\n"
    ": keep-alive\n\n"
    "data:{\"choices\":[{\"index\":0,\"delta\":{\"reasoning_content\":\"hm\"}}]}\r\n\r\n"
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"He\"}}]}\n\n"
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"llo\"},\"finish_reason\":\"stop\"}]}\n\n";
constexpr std::string_view kUsage =
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":3,"
    "\"prompt_tokens_details\":{\"cached_tokens\":4},\"completion_tokens_details\":{\"reasoning_tokens\":1}}}\n\n";
constexpr std::string_view kDone = "data: [DONE]\n\n";

TEST(MeteredExchange, AsksForUsageAndTakesItOutAgain) {
  FakeSink sink;
  const std::string answer = std::string(kChunks) + std::string(kUsage) + std::string(kDone);
  const auto passed = pass(sink, "/v1/chat/completions", kAsk, kEvents, answer, 1000);
  EXPECT_EQ(passed.upstream_body,
            R"({"stream_options":{"include_usage":true},"model":"m","stream":true, "messages":[{"role":"user","content":"four"}]})");
  EXPECT_TRUE(passed.client.starts_with(kChunks));
  EXPECT_TRUE(passed.client.ends_with(kDone));
  EXPECT_EQ(passed.client.find("prompt_tokens"), std::string::npos);
  const std::string note = passed.client.substr(kChunks.size(), passed.client.size() - kChunks.size() - kDone.size());
  EXPECT_TRUE(note.starts_with(": joulebook {\"id\":\"jb-1\",\"status\":\"pending\"")) << note;
  EXPECT_TRUE(note.ends_with("}\n\n"));
  EXPECT_EQ(passed.header, "x-joulebook-request-id: jb-1\r\n");
  EXPECT_EQ(sink.begun.at(0).model, "m");
  EXPECT_EQ(sink.tokens(true), 1);
  EXPECT_EQ(sink.tokens(false), 2);
  EXPECT_EQ(sink.usage().prompt, 9);
  EXPECT_EQ(sink.usage().cached, 4);
  EXPECT_EQ(sink.usage().output, 3);
  EXPECT_EQ(sink.usage().reasoning, 1);
  EXPECT_EQ(sink.all<attribution::Arrived>().at(0).prompt_bytes, 4);
  EXPECT_EQ(sink.all<attribution::Ended>().at(0).outcome, attribution::Outcome::complete);
}

TEST(MeteredExchange, LeavesTheUsageThatTheClientAskedFor) {
  for (const char* options : {R"({"include_usage":true})", R"({"include_usage":false})", "{}"}) {
    FakeSink sink;
    const std::string ask = std::string(R"({"stream":true,"stream_options":)") + options + "}";
    const std::string answer = std::string(kChunks) + std::string(kUsage) + std::string(kDone);
    const auto passed = pass(sink, "/v1/chat/completions", ask, kEvents, answer, 1000);
    EXPECT_EQ(passed.upstream_body, ask);
    EXPECT_NE(passed.client.find(kUsage), std::string::npos);
  }
}

// An upstream that refuses stream_options gets the body as it came, and nothing is taken out of its stream.
TEST(MeteredExchange, AsksOnlyUpstreamsThatMayBeAsked) {
  WireOptions options;
  options.upstreams = {"http://a:80", "http://b:80"};
  options.no_usage_from = {"http://b:80"};
  for (const std::uint32_t upstream : {0U, 1U}) {
    FakeSink sink;
    MeteredExchange exchange(Api::chat, 1, {}, options, sink);
    EXPECT_TRUE(exchange.body(kAsk));
    EXPECT_EQ(exchange.replaces_for(upstream), upstream == 0);
    exchange.sent(upstream, {10});
    const HeaderField field{"Content-Type", kEvents};
    bool framed = false;
    (void)exchange.head({200, {&field, 1}}, {20}, framed);
    std::string out;
    exchange.payload(kUsage, {30}, out);
    EXPECT_EQ(out, upstream == 0 ? "" : kUsage);
    EXPECT_EQ(sink.usage().output, 3);
  }
}

// No upstream could be reached: nothing is metered, and an id would lead nowhere.
TEST(MeteredExchange, WhatWasNeverSentHasNoId) {
  FakeSink sink;
  const WireOptions options;
  MeteredExchange exchange(Api::chat, 1, {}, options, sink);
  (void)exchange.body(kAsk);
  bool framed = false;
  EXPECT_EQ(exchange.head({503, {}}, {20}, framed), "");
  exchange.over(Finish::refused, {30});
  EXPECT_TRUE(sink.begun.empty());
  EXPECT_TRUE(sink.remarks.empty());
}

TEST(MeteredExchange, AsksNothingWhereThereIsNoStream) {
  FakeSink sink;
  const std::string answer = R"({"choices":[{"message":{"content":"x"}}],"usage":{"prompt_tokens":5,"completion_tokens":7}})";
  const auto passed = pass(sink, "/v1/chat/completions", R"({"model":"m"})", "application/json", answer, 3);
  EXPECT_EQ(passed.upstream_body, R"({"model":"m"})");
  EXPECT_EQ(passed.client, answer);
  EXPECT_EQ(sink.usage().output, 7);
  EXPECT_EQ(sink.tokens(false), 0);
}

TEST(MeteredExchange, PristineAddsNothing) {
  FakeSink sink;
  WireOptions options;
  options.pristine = true;
  const std::string answer = std::string(kChunks) + std::string(kUsage) + std::string(kDone);
  const auto passed = pass(sink, "/v1/chat/completions", kAsk, kEvents, answer, 7, options);
  EXPECT_EQ(passed.upstream_body, kAsk);
  EXPECT_EQ(passed.client, answer);
  EXPECT_EQ(passed.header, "");
  EXPECT_EQ(passed.trailer, "");
  EXPECT_EQ(sink.tokens(false), 2);
}

TEST(MeteredExchange, AnEventAndATrailerWhereAsked) {
  FakeSink sink;
  WireOptions options;
  options.energy_event = options.trailer = true;
  const auto passed = pass(sink, "/v1/chat/completions", kAsk, kEvents, std::string(kChunks) + std::string(kDone), 11, options);
  EXPECT_NE(passed.client.find("\n\nevent: energy\ndata: {\"id\":\"jb-1\""), std::string::npos);
  EXPECT_TRUE(passed.client.ends_with(kDone));
  EXPECT_TRUE(passed.trailer.starts_with("x-joulebook-energy: {\"value\":3"));
  EXPECT_NE(passed.header.find("Trailer: x-joulebook-energy\r\n"), std::string::npos);
}

TEST(MeteredExchange, ACodingIsNotReadAndNotTouched) {
  FakeSink sink;
  const WireOptions options;
  MeteredExchange exchange(Api::chat, 1, {}, options, sink);
  exchange.sent(0, {1});
  const HeaderField fields[] = {{"content-type", "text/event-stream"}, {"Content-Encoding", "gzip"}};
  bool framed = false;
  (void)exchange.head({200, fields}, {2}, framed);
  EXPECT_FALSE(framed);
}

TEST(MeteredExchange, ALongEventPassesUnread) {
  FakeSink sink;
  const std::string answer = "data: {\"x\":\"" + std::string(20 << 20, 'y') + "\"}\n\n" + std::string(kDone);
  const auto passed = pass(sink, "/v1/chat/completions", kAsk, kEvents, answer, 1 << 20);
  EXPECT_TRUE(passed.client.starts_with(answer.substr(0, answer.size() - kDone.size())));
  EXPECT_TRUE(passed.client.ends_with(kDone));
}

// However the answer is cut, the same is told and the client sees the same.
RC_GTEST_PROP(MeteredExchange, AnyCutTellsTheSame, ()) {
  const std::string answer = std::string(kChunks) + std::string(kUsage) + std::string(kDone);
  FakeSink whole;
  const auto expected = pass(whole, "/v1/chat/completions", kAsk, kEvents, answer, answer.size());
  FakeSink cut;
  const auto passed = pass(cut, "/v1/chat/completions", kAsk, kEvents, answer,
                           *rc::gen::inRange<std::size_t>(1, 200));
  RC_ASSERT(passed.client == expected.client);
  RC_ASSERT(cut.remarks.size() == whole.remarks.size());
  RC_ASSERT(cut.tokens(true) == whole.tokens(true));
}

// Whatever an upstream sends, without our own additions the client sees exactly that.
RC_GTEST_PROP(MeteredExchange, WhatIsNoEventPassesToo, ()) {
  const auto answer = *rc::gen::container<std::string>(
      rc::gen::elementOf(std::string("data: {}[]\":\r\n\r\nx,0")));
  FakeSink sink;
  const auto passed = pass(sink, "/v1/chat/completions", kAsk, kEvents, answer, *rc::gen::inRange<std::size_t>(1, 20));
  const auto note = passed.client.find(": joulebook ");
  RC_ASSERT(note != std::string::npos);
  const auto end = passed.client.find("\n\n", note);
  RC_ASSERT(passed.client.substr(0, note) + passed.client.substr(end + 2) == answer);
}

TEST(MetricsPage, TakesWhatIsThere) {
  const auto vllm = read_metrics_page(
      "# HELP x\nvllm:num_requests_running{engine=\"0\",model_name=\"a}b\"} 3.0\n"
      "vllm:num_requests_running{engine=\"1\"} 2 1700000000\nvllm:iteration_tokens_total_count{} 12\n"
      "vllm:generation_tokens_total 1e3\nvllm:kv_cache_usage_perc NaN\n");
  ASSERT_TRUE(vllm);
  EXPECT_EQ(vllm->running, 5);
  EXPECT_EQ(vllm->steps, 12);
  EXPECT_EQ(vllm->output_tokens, 1000);
  EXPECT_FALSE(vllm->kv_use);
  EXPECT_FALSE(vllm->waiting);
  const auto twice = read_metrics_page(
      "vllm:prefix_cache_hits_total 70\nvllm:prompt_tokens_cached_total 50\n"
      "vllm:kv_cache_usage_perc{engine=\"0\"} 0.9\nvllm:kv_cache_usage_perc{engine=\"1\"} 0.5\n"
      "vllm:gpu_cache_usage_perc 0.8\n");
  ASSERT_TRUE(twice);
  EXPECT_EQ(twice->cached_tokens, 50);
  EXPECT_NEAR(twice->kv_use.value(), 0.7, 1e-12);
  const auto llama = read_metrics_page("llamacpp:requests_processing 1\r\nllamacpp:tokens_predicted_total 40\r\n");
  ASSERT_TRUE(llama);
  EXPECT_EQ(llama->output_tokens, 40);
  EXPECT_FALSE(llama->cached_tokens);
  // It counts what it processed: of that the cache served nothing.
  const auto processed = read_metrics_page("llamacpp:prompt_tokens_total 700\n");
  ASSERT_TRUE(processed);
  EXPECT_EQ(processed->prompt_tokens, 700);
  EXPECT_EQ(processed->cached_tokens, 0);
  const auto beyond = read_metrics_page("vllm:num_requests_running 1e308\nvllm:num_requests_running 1.7e308\n");
  EXPECT_EQ(beyond->running, 1e308);  // a sum that is no number adds nothing
  EXPECT_FALSE(read_metrics_page("go_goroutines 7\n\n{\n vllm: 3\n"));
}

}  // namespace
}  // namespace joulebook::gateway
