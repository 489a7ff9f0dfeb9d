#include "core/json.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/json_scan.h"
#include "core/json_text.h"
#include "core/text.h"
#include "core/toml.h"

namespace joulebook {
namespace {

TEST(Json, KeepsOrderAndReplacesMembers) {
  Json json = Json::object({{"b", 1}, {"a", "x"}});
  json.set("b", 2.5).set("c", Json::array({nullptr, true}));
  EXPECT_EQ(json.dump(), R"({"b":2.5,"a":"x","c":[null,true]})");
}

TEST(Json, EscapesControlCharactersAndRepairsUtf8) {
  EXPECT_EQ(Json("a\"\\\n\x01\xff z").dump(), "\"a\\\"\\\\\\n\\u0001\xEF\xBF\xBD z\"");
}

TEST(Json, ReadersFallBackInsteadOfThrowing) {
  const Json json = Json::object({{"n", 3}});
  EXPECT_EQ(json["n"].as_int(), 3);
  EXPECT_EQ(json["missing"]["deeper"].as_string("none"), "none");
  EXPECT_TRUE(json.at(7).is_null());
}

TEST(Json, SyntaxErrorsNameLineAndColumn) {
  const auto parsed = parse_json("{\"a\": 1,\n  oops}");
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().code, "json.syntax");
  EXPECT_NE(parsed.error().message.find("line 2"), std::string::npos);
  EXPECT_FALSE(parse_json("[1] x"));
  EXPECT_FALSE(parse_json(""));
  EXPECT_TRUE(parse_json(" [1] \n"));
}

// A NUL ends nothing: what follows it would go unread.
TEST(Json, ANulByteIsNoJson) {
  for (const std::string_view text : {std::string_view("{\"a\":7}\0{}", 10), std::string_view("\0", 1), std::string_view("\"a\0\"", 4)}) {
    EXPECT_FALSE(parse_json(text));
  }
  const auto parsed = parse_json(std::string_view("{\n \0}", 5));
  EXPECT_NE(parsed.error().message.find("line 2, column 2"), std::string::npos) << parsed.error().message;
}

TEST(Json, NonFiniteNumbersBecomeNull) {
  EXPECT_EQ(Json(std::nan("")).dump(), "null");
  EXPECT_EQ(Json(INFINITY).dump(), "null");
}

RC_GTEST_PROP(Json, NumbersReadBackTheSame, (double x, std::int64_t n)) {
  RC_PRE(std::isfinite(x));
  const auto back = parse_json(Json::array({x, n}).dump());
  RC_ASSERT(back.has_value());
  RC_ASSERT(back->at(0).as_double() == x);
  RC_ASSERT(back->at(1).as_int() == n);
}

RC_GTEST_PROP(JsonScan, TextsComeToWhatTheyAreParsedTo, ()) {
  const auto text = *rc::gen::container<std::string>(
      rc::gen::elementOf(std::string("a\\\"\n\x01 \xc3\xa9/{}[],:")));
  const std::string written = Json(text).dump();
  std::string room;
  RC_PRE(is_valid_utf8(text));
  RC_ASSERT(text_of(written, room) == text);
  RC_ASSERT(text_size(written) == text.size());
}

TEST(JsonScan, EscapesCountAsTheBytesThatTheyMean) {
  EXPECT_EQ(text_size(R"("\u0041\u00e9\u20ac\ud83d\ude00\n")"), 1U + 2 + 3 + 4 + 1);
  EXPECT_EQ(text_size("null"), 0U);
  EXPECT_EQ(text_size("\"\""), 0U);
  EXPECT_EQ(text_size("\"\\u12\""), 3U);  // unsound, and within what was given
}

RC_GTEST_PROP(JsonScan, FindsEitherOfTwoBytes, ()) {
  const auto text = *rc::gen::container<std::string>(rc::gen::elementOf(std::string("ab\n\r\x80\xff\x0b\x09")));
  const std::size_t at = *rc::gen::inRange<std::size_t>(0, text.size() + 2);
  RC_ASSERT(find_either(text, at, '\n', '\r') ==
            (at > text.size() ? at : std::min(text.find_first_of("\n\r", at), text.size())));
}

TEST(JsonScan, MembersByName) {
  const auto [a, b, none] = members_of(R"( {"a": [1, {"b":2}], "b":"x\"}", "a":3} )",
                                       std::array<std::string_view, 3>{"a", "b", "c"});
  EXPECT_EQ(a, "3");  // the last counts
  EXPECT_EQ(b, R"("x\"}")");
  EXPECT_EQ(none, "");
  for (const char* bad : {R"({"a":1)", R"({"a":1}x)", R"({"a":[1})", R"({"a" 1})", "[1]", "", "{\"a\":\"\n\"}"}) {
    EXPECT_EQ(members_of(bad, std::array<std::string_view, 1>{"a"})[0], "") << bad;
  }
  const std::string deep = R"({"a":)" + std::string(100, '[') + std::string(100, ']') + "}";
  EXPECT_EQ(members_of(deep, std::array<std::string_view, 1>{"a"})[0], "");
}

// Blocks of sixteen and of eight, and what is left over: each length, each place, and a byte that only looks like one.
TEST(JsonScan, FindsAByteWhereverItStands) {
  for (std::size_t size = 0; size < 70; ++size) {
    for (std::size_t place = 0; place <= size; ++place) {
      std::string text(size, '\xA2');  // a quote, but for its highest bit
      if (place < size) text[place] = '"';
      for (std::size_t from = 0; from <= place; ++from) ASSERT_EQ(find_either(text, from, '"', '\n'), place);
      std::string json = '"' + text;
      ASSERT_EQ(scan::skip_string(json, 0), place < size ? place + 2 : scan::kBad);
      if (place == size) continue;
      json[place + 1] = '\x1f';
      ASSERT_EQ(scan::skip_string(json + '"', 0), scan::kBad);
      json[place + 1] = '\\';
      json += "\"\"";
      ASSERT_EQ(scan::skip_string(json, 0), place + 1 == size ? size + 3 : size + 2);
    }
  }
}

TEST(Json, TextWithoutNodesIsTheSame) {
  Quantity q = Quantity::exact(12.5, "J");
  const auto same = [&q] {
    std::string text;
    append_json(text, q);
    EXPECT_EQ(text, to_json(q).dump());
  };
  same();
  q.own = {11, std::numeric_limits<double>::infinity()};
  q.shared = {{"gain", 0.9, 1.1}, {"idle \"0\"", 1.2, 0.8}};
  q.per = "token\n\xff";
  q.tier = Tier::modelled;
  q.method = "a rule";
  q.boundary = "gpu+dram";
  same();
  q = Quantity::absent("J", {"sensor.none", "no \\ meter", "c"}, 3.0);
  same();
  q.known_lo.reset();
  q.per = "request";
  same();
  q = Quantity{};
  same();
  EXPECT_EQ(to_json(q).dump(), R"({"value":null,"unit":"J","reason":{"code":"unknown","message":"no reason was given","cure":""}})");
}

TEST(JsonScan, Numbers) {
  EXPECT_EQ(integer_of("-12"), -12);
  EXPECT_FALSE(integer_of("1.5"));
  EXPECT_FALSE(integer_of("99999999999999999999"));
  EXPECT_EQ(number_of("1.5e3"), 1500);
  for (const char* bad : {"1e999", "nan", "inf", "", "\"1\"", "1x", "null"}) EXPECT_FALSE(number_of(bad)) << bad;
}

TEST(Toml, UnknownKeyNamesLineAndNearest) {
  const auto doc = parse_toml("seed = 1\n[[arm]]\nmodell = 'a.gguf'\n", "s.toml");
  ASSERT_TRUE(doc);
  EXPECT_TRUE(check_keys(*doc, "", doc->root, std::vector<std::string>{"seed", "arm"}));
  const auto bad =
      check_keys(*doc, "arm[0]", doc->root["arm"].at(0), std::vector<std::string>{"model", "mode"});
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code, "toml.unknown_key");
  EXPECT_NE(bad.error().message.find("s.toml:3"), std::string::npos);
  EXPECT_EQ(bad.error().cure, "did you mean 'model'?");
}

TEST(Toml, SyntaxErrorIsPlaced) {
  const auto doc = parse_toml("a = 1\nb = = 2\n", "x.toml");
  ASSERT_FALSE(doc);
  EXPECT_NE(doc.error().message.find("x.toml:2:"), std::string::npos);
}

}  // namespace
}  // namespace joulebook
