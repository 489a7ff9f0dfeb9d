#include "core/json.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

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
