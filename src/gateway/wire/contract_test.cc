// What a reader of answers must keep to, whatever it is built of: each server's extras, what is missing,
// doubled or null, several choices, and bytes that are made to break it.
#include <gtest/gtest.h>

#include <array>

#include "gateway/wire/fake_sink.h"

namespace joulebook::gateway {
namespace {

constexpr std::string_view kChat = "/v1/chat/completions";
constexpr std::string_view kStream = R"({"model":"m","stream":true,"messages":[]})";
constexpr std::string_view kEvents = "text/event-stream";
constexpr std::string_view kDone = "data: [DONE]\n\n";

std::string event(std::string_view json) { return "data: " + std::string(json) + "\n\n"; }

// What the client saw, without the gateway's comment.
std::string plain(std::string text) {
  for (auto at = text.find(": joulebook "); at != text.npos; at = text.find(": joulebook ")) {
    text.erase(at, text.find("\n\n", at) + 2 - at);
  }
  return text;
}

Passed chat(FakeSink& sink, std::string_view answer, std::size_t step = 4096, WireOptions options = {}) {
  return pass(sink, kChat, kStream, kEvents, answer, step, std::move(options));
}

TEST(ReaderContract, SeveralChoicesAreOneSumUnderOneUsage) {
  FakeSink sink;
  std::string answer;
  for (const char* text : {"a", "b", "c"}) {
    for (const int index : {1, 0, 2}) {
      answer += event(R"({"choices":[{"index":)" + std::to_string(index) + R"(,"delta":{"content":")" + text + "\"}}]}");
    }
  }
  // Two of them in one chunk.
  answer += event(R"({"choices":[{"index":0,"delta":{"content":"x"}},{"index":2,"delta":{"reasoning":"y"}}]})");
  answer += event(R"({"choices":[],"usage":{"prompt_tokens":4,"completion_tokens":11}})");
  (void)chat(sink, answer + std::string(kDone));
  EXPECT_EQ(sink.tokens(false), 10);
  EXPECT_EQ(sink.tokens(true), 1);
  EXPECT_EQ(sink.usage().output, 11);
  std::array<int, 3> by_choice{};
  for (const auto& t : sink.all<attribution::Tokens>()) by_choice.at(t.choice) += static_cast<int>(t.count);
  EXPECT_EQ(by_choice, (std::array{4, 3, 4}));
}

TEST(ReaderContract, AChoiceBeyondAllBoundsIsStillOne) {
  FakeSink sink;
  (void)chat(sink, event(R"({"choices":[{"index":-7,"delta":{"content":"a"}},{"index":99999999999,"delta":{"content":"b"}},{"index":"x","delta":{"content":"c"}},{"index":1.5,"delta":{"content":"d"}},7,null,[],{"delta":3}]})"));
  EXPECT_EQ(sink.tokens(false), 4);
  for (const auto& t : sink.all<attribution::Tokens>()) EXPECT_LT(t.choice, 1024U);
}

TEST(ReaderContract, UsageMissingNullOrTwice) {
  const std::string token = event(R"({"choices":[{"index":0,"delta":{"content":"a"}}],"usage":null})");
  FakeSink missing;
  (void)chat(missing, token + token + std::string(kDone));
  EXPECT_EQ(missing.tokens(false), 2);
  EXPECT_FALSE(missing.usage().output);
  EXPECT_FALSE(missing.usage().prompt);

  // The newest holds; what it leaves out stays.
  FakeSink twice;
  (void)chat(twice, token + event(R"({"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":9,"prompt_tokens_details":{"cached_tokens":2}}})") +
                        event(R"({"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":1}})") +
                        event(R"({"choices":[],"usage":null})") + std::string(kDone));
  EXPECT_EQ(twice.usage().prompt, 5);
  EXPECT_EQ(twice.usage().output, 1);
  EXPECT_EQ(twice.usage().cached, 2);
}

// Both chunks that our own question brought are taken out, one with usage beside a choice is not.
TEST(ReaderContract, OnlyTheExtraChunkIsTakenOut) {
  const std::string extra = event(R"({"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":9}})");
  const std::string beside = event(R"({"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":9}})");
  const std::string filter = event(R"({"choices":[],"prompt_filter_results":[]})");
  const std::string nothing = event(R"({"choices":[],"usage":null})");
  FakeSink sink;
  const auto passed = chat(sink, filter + beside + extra + nothing + extra + std::string(kDone), 5);
  EXPECT_EQ(plain(passed.client), filter + beside + nothing + std::string(kDone));
  EXPECT_EQ(sink.usage().output, 9);
  // In pristine mode nothing was asked, and nothing is taken.
  WireOptions pristine;
  pristine.pristine = true;
  FakeSink other;
  EXPECT_EQ(chat(other, extra + std::string(kDone), 3, pristine).client, extra + std::string(kDone));
}

TEST(ReaderContract, CountsOfSGLangAndVllm) {
  FakeSink sink;
  (void)chat(sink,
             event(R"({"id":"s","choices":[{"index":0,"delta":{"role":"assistant","content":"","reasoning_content":null,"tool_calls":null},"logprobs":null,"finish_reason":null,"matched_stop":null}],"usage":null})") +
                 event(R"({"choices":[{"index":0,"delta":{"reasoning_content":"r"}}]})") +
                 event(R"({"choices":[{"index":0,"delta":{"reasoning":"r","reasoning_content":"r"}}]})") +
                 event(R"({"choices":[{"index":0,"delta":{"content":"c"}}]})") +
                 event(R"({"choices":[],"usage":{"prompt_tokens":50,"total_tokens":53,"completion_tokens":3,"prompt_tokens_details":{"cached_tokens":48},"reasoning_tokens":0,"completion_tokens_details":null}})") +
                 std::string(kDone));
  EXPECT_EQ(sink.tokens(true), 2);  // under two names it is one
  EXPECT_EQ(sink.tokens(false), 1);
  EXPECT_EQ(sink.usage().cached, 48);
  EXPECT_EQ(sink.usage().output, 3);
  EXPECT_FALSE(sink.usage().reasoning);
}

TEST(ReaderContract, ToolCallsAreTokensOfTheAnswer) {
  FakeSink sink;
  (void)chat(sink, event(R"({"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c","type":"function","function":{"name":"f","arguments":""}}]}}]})") +
                       event(R"({"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"a\":"}}]}}]})") +
                       event(R"({"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"1}"}}]}}]})"));
  EXPECT_EQ(sink.tokens(false), 2);
}

// Counts that no server can mean are left out, whatever their kind.
TEST(ReaderContract, AbsurdCountsAreNoCounts) {
  for (const char* n : {"-1", "1e13", "1e400", "\"5\"", "[5]", "{}", "true", "null", "99999999999999999999999"}) {
    FakeSink sink;
    (void)chat(sink, event(std::string(R"({"choices":[],"usage":{"prompt_tokens":)") + n + R"(,"completion_tokens":7}})"));
    EXPECT_FALSE(sink.usage().prompt) << n;
    EXPECT_TRUE(std::string_view(n) == "1e400" || sink.usage().output == 7) << n;
  }
}

// A count in the last chunk alone, beside a choice (DeepSeek's way), adds no tokens to those that came.
TEST(ReaderContract, UsageInTheLastChunkAloneIsNoChunksOwn) {
  FakeSink sink;
  const std::string token = event(R"({"choices":[{"index":0,"delta":{"content":"a b c"}}]})");
  (void)chat(sink, token + token + event(R"({"choices":[{"index":0,"delta":{"content":""},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":6}})") +
                       std::string(kDone));
  EXPECT_EQ(sink.tokens(false), 2);
  EXPECT_EQ(sink.usage().output, 6);
}

// vLLM counts each choice by itself where it counts with every chunk: with several of them an event is one.
TEST(ReaderContract, ContinuousCountsOfSeveralChoicesAreNotMixed) {
  FakeSink sink;
  std::string answer;
  for (const int so_far : {0, 1, 2, 3}) {
    for (const int index : {0, 1}) {
      answer += event(R"({"choices":[{"index":)" + std::to_string(index) + R"(,"delta":{"content":")" + (so_far > 0 ? "x" : "") +
                      R"("}}],"usage":{"prompt_tokens":7,"completion_tokens":)" + std::to_string(so_far) + "}}");
    }
  }
  (void)chat(sink, answer + event(R"({"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":6}})"));
  EXPECT_EQ(sink.tokens(false), 6);
  EXPECT_EQ(sink.usage().output, 6);
  EXPECT_EQ(sink.usage().prompt, 7);
}

// Per chunk its rise, also where a chunk brings several tokens or none; the end brings all counts.
TEST(ReaderContract, ContinuousCountsAreEachChunksRise) {
  FakeSink sink;
  std::string answer = event(R"({"choices":[{"index":0,"delta":{"role":"assistant","content":""}}],"usage":{"prompt_tokens":7,"completion_tokens":0}})");
  answer += event(R"({"choices":[{"index":0,"delta":{"reasoning":"x"}}],"usage":{"prompt_tokens":7,"completion_tokens":3}})");
  answer += event(R"({"choices":[{"index":0,"delta":{"content":"x"}}],"usage":{"prompt_tokens":7,"completion_tokens":3}})");
  answer += event(R"({"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"stop"}],"usage":{"prompt_tokens":7,"completion_tokens":8,"completion_tokens_details":{"reasoning_tokens":3}}})");
  (void)chat(sink, answer + std::string(kDone));
  EXPECT_EQ(sink.tokens(true), 3);
  EXPECT_EQ(sink.tokens(false), 5);
  EXPECT_EQ(sink.usage().output, 8);
  EXPECT_EQ(sink.usage().reasoning, 3);
}

TEST(ReaderContract, VllmTimesARequest) {
  constexpr std::string_view kMetrics =
      R"("metrics":{"time_to_first_token_ms":85.5,"generation_time_ms":1240.5,"queue_time_ms":12,"mean_itl_ms":null,"tokens_per_second":103.2,"output_token_metrics":{"reasoning":{"token_count":36},"content":{"token_count":20},"unclassified_token_count":2}})";
  const std::string usage = R"("usage":{"prompt_tokens":42,"completion_tokens":58})";
  FakeSink streamed;
  (void)chat(streamed, event(R"({"choices":[],)" + usage + "," + std::string(kMetrics) + "}") + std::string(kDone));
  FakeSink whole;
  (void)pass(whole, kChat, "{}", "application/json", R"({"choices":[{"index":0,"message":{"content":"a"}}],)" + usage + "," + std::string(kMetrics) + "}", 9);
  FakeSink responses;
  (void)pass(responses, "/v1/responses", kStream, kEvents,
             event(R"({"type":"response.completed","response":{"usage":{"input_tokens":42,"output_tokens":58},)" + std::string(kMetrics) + "}}"), 9);
  for (const FakeSink* sink : {&streamed, &whole, &responses}) {
    EXPECT_NEAR(sink->timings().queue_s.value(), 0.012, 1e-12);
    EXPECT_NEAR(sink->timings().prefill_s.value(), 0.0855, 1e-12);
    EXPECT_NEAR(sink->timings().decode_s.value(), 1.2405, 1e-12);
    EXPECT_EQ(sink->usage().reasoning, 36);
    EXPECT_EQ(sink->usage().output, 58);
  }
  // Several sequences have none.
  FakeSink none;
  (void)chat(none, event(R"({"choices":[],)" + usage + R"(,"metrics":null})") + event(R"({"choices":[],"metrics":{"queue_time_ms":null}})"));
  EXPECT_TRUE(none.all<attribution::Timings>().empty());
}

// What was thought, in tokens, between marks in the text itself: marks are thinking's own.
TEST(ReaderContract, ThinkingBetweenMarksIsReasoning) {
  struct Case {
    const char* target;
    const char* type;
    std::string (*piece)(const std::string&);
  };
  const auto chat_piece = [](const std::string& t) { return event(R"({"choices":[{"index":0,"delta":{"content":")" + t + "\"}}]}"); };
  const auto text_piece = [](const std::string& t) { return event(R"({"choices":[{"index":0,"text":")" + t + "\"}]}"); };
  const auto llama_piece = [](const std::string& t) { return event(R"({"content":")" + t + "\",\"stop\":false}"); };
  const auto ollama_piece = [](const std::string& t) { return R"({"message":{"content":")" + t + "\"},\"done\":false}\n"; };
  const auto generate_piece = [](const std::string& t) { return R"({"response":")" + t + "\",\"done\":false}\n"; };
  for (const Case& c : {Case{"/v1/chat/completions", "text/event-stream", chat_piece}, Case{"/v1/completions", "text/event-stream", text_piece},
                        Case{"/completion", "text/event-stream", llama_piece}, Case{"/api/chat", "application/x-ndjson", ollama_piece},
                        Case{"/api/generate", "application/x-ndjson", generate_piece}}) {
    FakeSink sink;
    std::string answer;
    for (const char* t : {"<think>", "\\n", "a", " b", "</", "think>", "\\n", "So", " <", " it", " is"}) answer += c.piece(t);
    (void)pass(sink, c.target, kStream, c.type, answer, 11);
    EXPECT_EQ(sink.tokens(true), 6) << c.target;
    EXPECT_EQ(sink.tokens(false), 5) << c.target;
  }
}

TEST(ReaderContract, AMarkThatOnlyClosesTellsOfAllBefore) {
  FakeSink sink;
  std::string answer;
  for (const char* t : {"a", "b", "c", "</think>", "d", "e"}) answer += event(R"({"choices":[{"index":1,"delta":{"content":")" + std::string(t) + "\"}}]}");
  (void)chat(sink, event(R"({"choices":[{"index":0,"delta":{"content":"z"}}]})") + answer);
  std::int64_t before = 0;
  for (const auto& t : sink.all<attribution::Tokens>()) before += t.thought_before;
  EXPECT_EQ(before, 3);  // of this choice alone
  EXPECT_EQ(sink.tokens(true), 1);
  EXPECT_EQ(sink.tokens(false), 6);
}

// Where the server tells thinking apart, marks in the answer are only talked of.
TEST(ReaderContract, MarksAreNotLookedForWhereTheServerTellsThinkingApart) {
  FakeSink sink;
  (void)chat(sink, event(R"({"choices":[{"index":0,"delta":{"reasoning_content":"r"}}]})") +
                       event(R"({"choices":[{"index":0,"delta":{"content":"<think>"}}]})") + event(R"({"choices":[{"index":0,"delta":{"content":"x"}}]})"));
  EXPECT_EQ(sink.tokens(true), 1);
  EXPECT_EQ(sink.tokens(false), 2);
  for (const auto& t : sink.all<attribution::Tokens>()) EXPECT_EQ(t.thought_before, 0);
}

// Cut off in the middle, a count of the beginning is none of the output.
TEST(ReaderContract, ACountOfTheBeginningIsNoneOfTheEnd) {
  FakeSink anthropic;
  (void)pass(anthropic, "/v1/messages", kStream, kEvents,
             event(R"({"type":"message_start","message":{"usage":{"input_tokens":10,"output_tokens":1}}})") +
                 event(R"({"type":"content_block_delta","delta":{"type":"text_delta","text":"a"}})"), 9);
  EXPECT_EQ(anthropic.usage().prompt, 10);
  EXPECT_FALSE(anthropic.usage().output);
  FakeSink vllm;
  (void)chat(vllm, event(R"({"choices":[{"index":0,"delta":{"content":""}}],"usage":{"prompt_tokens":7,"completion_tokens":0}})") +
                       event(R"({"choices":[{"index":0,"delta":{"content":"a"}}],"usage":{"prompt_tokens":7,"completion_tokens":4}})"));
  EXPECT_EQ(vllm.usage().prompt, 7);
  EXPECT_FALSE(vllm.usage().output);
  EXPECT_EQ(vllm.tokens(false), 4);
}

// What cannot be read passes as it came, and what follows is read again.
TEST(ReaderContract, BrokenEventsPassAndHarmNothingAfter) {
  const std::string token = event(R"({"choices":[{"index":0,"delta":{"content":"a"}}]})");
  const std::string usage = event(R"({"choices":[{"index":0,"delta":{}}],"usage":{"prompt_tokens":2,"completion_tokens":2}})");
  const std::string bomb = "{\"choices\":" + std::string(50'000, '[') + std::string(50'000, ']') + "}";
  const std::string wide = "{\"choices\":[" + std::string(20'000, ' ') + "{}" + [] {
    std::string more;
    for (int i = 0; i < 20'000; ++i) more += ",{}";
    return more;
  }() + "]}";
  const std::string keys = "{" + [] {
    std::string more;
    for (int i = 0; i < 5'000; ++i) more += "\"k" + std::to_string(i) + "\":[[]],";
    return more;
  }() + "\"choices\":[]}";
  for (const std::string& bad :
       {event("{"), event("{\"choices\":[{\"delta\":{\"content\":\"\xff\xfe\"}}]}"), event("{\"choices\":[{\"delta\":{\"content\":\"\xed\xa0\x80\"}}]}"),
        event("\xef\xbb\xbf{}"), event("{\"choices\":[]}}"), event("nan"), event("\"\\ud800\""), event(std::string("\0\0{}", 4)), event(bomb),
        event(wide), event(keys), event("{\"choices\":{\"choices\":[]},\"usage\":[[],{}]}"), event("[]"), event("3"), event("[DONE] "),
        std::string("data\n\n"), std::string("data: {\"choices\":\ndata: []}\n\n"), std::string(":\n\n"), std::string("id: 3\nretry: 1\n\n")}) {
    for (const std::size_t step : {std::size_t{1} << 20, std::size_t{7}}) {
      FakeSink sink;
      const std::string answer = token + bad + token + usage + std::string(kDone);
      EXPECT_EQ(plain(chat(sink, answer, step).client), answer) << bad.substr(0, 60);
      EXPECT_GE(sink.tokens(false), 2) << bad.substr(0, 60);
      EXPECT_LE(sink.tokens(false), 3) << bad.substr(0, 60);
      EXPECT_EQ(sink.usage().output, 2) << bad.substr(0, 60);
    }
  }
}

// An event of all but the longest length is read; one byte too long passes unread. Either way what
// follows is read.
// A stream's status is sent before its engine can fail: what it writes then is all that tells.
TEST(ReaderContract, AnErrorInsideAnAnswerIsAFailure) {
  constexpr std::string_view kLines = "application/x-ndjson";
  struct Case {
    const char* path;
    std::string_view type;
    const char* answer;
    bool failed;
  };
  for (const Case& c : {
           Case{"/api/chat", kLines, "{\"error\":\"runner stopped\"}\n", true},
           Case{"/api/chat", kLines, "{\"message\":{\"content\":\"a\"},\"done\":true}\n", false},
           Case{"/v1/chat/completions", kEvents,
                "data: {\"error\":{\"message\":\"died\",\"code\":500}}\n\ndata: [DONE]\n\n", true},
           Case{"/v1/chat/completions", kEvents,
                "data: {\"error\":null,\"choices\":[{\"delta\":{\"content\":\"error\"}}]}\n\n", false},
           Case{"/v1/messages", kEvents,
                "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\"}}\n\n", true},
           Case{"/v1/responses", kEvents,
                "data: {\"type\":\"response.failed\",\"response\":{\"error\":{\"code\":\"server_error\"}}}\n\n", true},
           Case{"/v1/responses", kEvents,
                "data: {\"type\":\"response.completed\",\"response\":{\"error\":null,\"usage\":null}}\n\n", false},
           Case{"/v1/responses", kEvents,
                "data: {\"type\":\"error\",\"code\":\"server_error\",\"message\":\"died\"}\n\n", true},
           Case{"/v1/chat/completions", "application/json", "{\"error\":{\"message\":\"died\"}}", true},
       }) {
    FakeSink sink;
    (void)pass(sink, c.path, R"({"stream":true})", c.type, c.answer, 7);
    EXPECT_EQ(sink.all<attribution::Ended>().at(0).outcome,
              c.failed ? attribution::Outcome::failed : attribution::Outcome::complete)
        << c.answer;
  }
}

TEST(ReaderContract, TheLongestEventIsRead) {
  constexpr std::size_t kMost = std::size_t{16} << 20;
  const std::string head = R"(data: {"choices":[{"index":0,"delta":{"content":")";
  const std::string tail = "\"}}]}\n\n";
  for (const std::size_t size : {kMost - 64, kMost + 200'000}) {
    const std::string big = head + std::string(size - head.size() - tail.size(), 'y') + tail;
    const std::string answer = big + event(R"({"choices":[{"index":0,"delta":{"content":"a"}}]})") + std::string(kDone);
    FakeSink sink;
    EXPECT_TRUE(plain(chat(sink, answer, 100'000).client) == answer);
    EXPECT_EQ(sink.tokens(false), size < kMost ? 2 : 1);
  }
}

TEST(ReaderContract, WholeAnswersOfEveryInterface) {
  struct Case {
    const char* target;
    const char* body;
    std::int64_t prompt;
    std::optional<std::int64_t> cached;
    std::optional<std::int64_t> output;
  };
  for (const Case& c : {
           Case{"/v1/chat/completions", R"({"choices":[{"index":0,"message":{"content":"a","reasoning":"b"}},{"index":1,"message":{"content":"c"}}],"usage":{"prompt_tokens":6,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":1}}})", 6, 1, 5},
           Case{"/v1/completions", R"({"choices":[{"index":0,"text":"a"}],"usage":{"prompt_tokens":6,"completion_tokens":5,"prompt_tokens_details":null}})", 6, {}, 5},
           Case{"/v1/responses", R"({"object":"response","output":[],"usage":{"input_tokens":6,"input_tokens_details":{"cached_tokens":2},"output_tokens":5,"output_tokens_details":{"reasoning_tokens":1}}})", 6, 2, 5},
           Case{"/v1/embeddings", R"({"data":[{"embedding":[1e-3,2]}],"usage":{"prompt_tokens":6,"total_tokens":6}})", 6, {}, {}},
           Case{"/v1/messages", R"({"type":"message","content":[],"usage":{"input_tokens":4,"cache_read_input_tokens":2,"output_tokens":5}})", 6, 2, 5},
           Case{"/api/chat", R"({"message":{"content":"a"},"done":true,"prompt_eval_count":6,"eval_count":5})", 6, {}, 5},
           Case{"/api/generate", R"({"response":"a","done":true,"prompt_eval_count":6,"eval_count":5,"load_duration":0})", 6, {}, 5},
           Case{"/api/embed", R"({"embeddings":[[1]],"prompt_eval_count":6,"total_duration":5})", 6, {}, {}},
           Case{"/completion", R"({"content":"a","tokens_predicted":5,"timings":{"prompt_n":4,"cache_n":2,"predicted_n":5}})", 6, 2, 5},
           Case{"/infill", R"([{"content":"a"},{"content":"b","timings":{"prompt_n":6,"cache_n":0,"predicted_n":5}}])", 6, 0, 5},
       }) {
    FakeSink sink;
    const std::string body = c.body;
    EXPECT_EQ(pass(sink, c.target, R"({"stream":false})", "application/json; charset=utf-8", body, 7).client, body) << c.target;
    EXPECT_EQ(sink.usage().prompt, c.prompt) << c.target;
    EXPECT_EQ(sink.usage().cached, c.cached) << c.target;
    EXPECT_EQ(sink.usage().output, c.output) << c.target;
    EXPECT_EQ(sink.tokens(false) + sink.tokens(true), 0) << c.target;
  }
}

// A whole answer of 16 MiB is read, a longer one passes.
TEST(ReaderContract, TheLongestWholeAnswerIsRead) {
  for (const std::size_t filler : {std::size_t{15} << 20, std::size_t{17} << 20}) {
    FakeSink sink;
    const std::string body = R"({"data":")" + std::string(filler, 'e') + R"(","usage":{"prompt_tokens":8}})";
    EXPECT_TRUE(pass(sink, "/v1/embeddings", "{}", "application/json", body, 1 << 20).client == body);
    EXPECT_EQ(sink.usage().prompt.has_value(), filler == (std::size_t{15} << 20));
  }
}

}  // namespace
}  // namespace joulebook::gateway
