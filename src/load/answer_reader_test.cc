#include "load/answer_reader.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/json.h"
#include "core/json_scan.h"

namespace joulebook::load {
namespace {

AnswerReader read(std::string_view bytes, std::size_t step, bool keep = false) {
  AnswerReader reader;
  reader.begin(keep);
  for (std::size_t at = 0; at < bytes.size(); at += step) reader.feed(bytes.substr(at, step));
  reader.finish();
  return reader;
}

constexpr std::string_view kStream =
    ": a comment\n\n"
    "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}],\"usage\":null}\n\n"
    "data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"hm\"}}]}\n\n"
    "data: {\"choices\":[{\"delta\":{\"content\":\"a \\\"b\\\" \\u00e9\"}}]}\r\n\r\n"
    "data:{\"choices\":[{\"delta\":{\"content\":null},\"finish_reason\":\"stop\"}]}\n\n"
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":11,\"completion_tokens\":5,"
    "\"prompt_tokens_details\":{\"cached_tokens\":4},\"completion_tokens_details\":{\"reasoning_"
    "tokens\":2}}}\n\n"
    "data: [DONE]\n\n";

TEST(AnswerReader, CountsPiecesAndTakesUsageHoweverItIsCut) {
  for (const std::size_t step : {1UL, 2UL, 7UL, 64UL, 100000UL}) {
    AnswerReader reader = read(kStream, step, true);
    EXPECT_EQ(reader.pieces(), 2) << step;
    EXPECT_TRUE(reader.complete());
    EXPECT_EQ(reader.finish_reason(), "stop");
    EXPECT_EQ(reader.counts().prompt, 11);
    EXPECT_EQ(reader.counts().output, 5);
    EXPECT_EQ(reader.counts().cached, 4);
    EXPECT_EQ(reader.counts().reasoning, 2);
    EXPECT_EQ(reader.take_text(), "hma \"b\" é");
  }
}

TEST(AnswerReader, ServersOwnTimingsStandInForUsage) {
  const auto reader = read(
      "data: {\"choices\":[{\"delta\":{\"content\":\"x\"},\"finish_reason\":\"length\"}],"
      "\"timings\":{\"cache_n\":3,\"prompt_n\":9,\"predicted_n\":21}}\n\n",
      1000);
  EXPECT_EQ(reader.counts().prompt, 12);
  EXPECT_EQ(reader.counts().cached, 3);
  EXPECT_EQ(reader.counts().output, 21);
}

TEST(AnswerReader, WholeRepliesAndTextCompletions) {
  const auto whole = read(
      " {\"choices\":[{\"message\":{\"content\":\"hi\"},\"finish_reason\":\"stop\"}],"
      "\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":9}}",
      3);
  EXPECT_EQ(whole.pieces(), 1);
  EXPECT_EQ(whole.counts().output, 9);
  EXPECT_TRUE(whole.complete());
  EXPECT_EQ(read("data: {\"choices\":[{\"text\":\"hi\"}]}\n\n", 9).pieces(), 1);
  EXPECT_EQ(read("data: {\"choices\":[{\"delta\":{\"tool_calls\":[{}]}}]}\n\n", 9).pieces(), 1);
}

TEST(AnswerReader, ErrorsInsideTheStreamAreSeen) {
  const auto reader = read("data: {\"error\":{\"message\":\"no\"}}\n\n", 5);
  EXPECT_TRUE(reader.failed());
  EXPECT_FALSE(reader.complete());
  EXPECT_FALSE(read("data: {\"error\":null}\n\n", 5).failed());
}

TEST(AnswerReader, BegunAgainItForgets) {
  AnswerReader reader;
  reader.begin(false);
  reader.feed(kStream);
  reader.begin(false);
  reader.feed("data: {\"choices\":[{\"delta\":{\"content\":\"y\"}}]}\n\n");
  reader.finish();
  EXPECT_EQ(reader.pieces(), 1);
  EXPECT_FALSE(reader.complete());
  EXPECT_FALSE(reader.counts().prompt.has_value());
}

rc::Gen<Json> some_json(int depth) {
  const auto text =
      rc::gen::map(rc::gen::arbitrary<std::string>(), [](const std::string& s) { return Json(s); });
  const auto scalar = rc::gen::oneOf(text, rc::gen::just(Json(true)), rc::gen::just(Json(-1.5e9)),
                                     rc::gen::just(Json(nullptr)));
  if (depth == 0) return scalar;
  const auto items = rc::gen::resize(4, rc::gen::container<std::vector<Json>>(
                                            rc::gen::lazy([=] { return some_json(depth - 1); })));
  const auto list = rc::gen::map(items, [](const std::vector<Json>& v) { return Json(v); });
  const auto object = rc::gen::map(items, [](const std::vector<Json>& v) {
    Json out = Json::object();
    for (std::size_t i = 0; i < v.size(); ++i) out.set("k\"" + std::to_string(i), v[i]);
    return out;
  });
  return rc::gen::oneOf(scalar, list, object);
}

// What the scan hands on, parsed, is what a parser finds there.
RC_GTEST_PROP(JsonScan, AgreesWithTheParser, ()) {
  Json object = Json::object();
  const int members = *rc::gen::inRange(0, 5);
  for (int i = 0; i < members; ++i) object.set("m" + std::to_string(i), *some_json(3));
  const std::string text = object.dump(*rc::gen::element(0, 2));
  const Json parsed = parse_json(text).value();
  std::size_t seen = 0;
  RC_ASSERT(walk_object(text, [&](std::string_view name, std::string_view value) {
    const Json& expected = parsed[name];
    RC_ASSERT(parse_json(value).value() == expected);
    if (expected.is_array()) {
      std::size_t i = 0;
      RC_ASSERT(walk_array(value, [&](std::string_view item) {
        RC_ASSERT(parse_json(item).value() == expected.at(i++));
        return true;
      }));
      RC_ASSERT(i == expected.items().size());
    }
    ++seen;
    return true;
  }));
  RC_ASSERT(seen == parsed.members().size());
}

TEST(JsonScan, RefusesWhatDoesNotFitTogether) {
  const auto none = [](std::string_view, std::string_view) { return true; };
  for (const auto* text :
       {"", "{", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "[1]", "{\"a\":[1}",
        "{\"a\":\"x}", "{a:1}", "{\"a\":1}x", "{\"a\":1 2}"}) {
    EXPECT_FALSE(walk_object(text, none)) << text;
  }
  const std::string deep = "{\"a\":" + std::string(100, '[') + std::string(100, ']') + "}";
  EXPECT_FALSE(walk_object(deep, none));
}

}  // namespace
}  // namespace joulebook::load
