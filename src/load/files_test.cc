#include "load/files.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace joulebook::load {
namespace {

using testing::HasSubstr;

TEST(Trace, OwnAndMooncakesLines) {
  const auto own = parse_trace(
      "{\"at_s\": 5, \"input_tokens\": 10, \"output_tokens\": 3}\n\n"
      "{\"at_s\": 5.5, \"input_tokens\": 20, \"output_tokens\": 4}",
      "t", 1);
  ASSERT_TRUE(own.has_value()) << own.error().message;
  EXPECT_EQ((*own)[0].at_s, 0);
  EXPECT_EQ((*own)[1].at_s, 0.5);
  EXPECT_EQ((*own)[1].input_tokens, 20);
  const auto mooncake = parse_trace(
      "{\"timestamp\": 3000, \"input_length\": 6758, \"output_length\": 500, \"hash_ids\": [0]}\n"
      "{\"timestamp\": 6000, \"input_length\": 1, \"output_length\": 1, \"hash_ids\": []}\n",
      "t", 2);
  ASSERT_TRUE(mooncake.has_value()) << mooncake.error().message;
  EXPECT_EQ((*mooncake)[1].at_s, 1.5);
  EXPECT_EQ((*mooncake)[0].input_tokens, 6758);
}

TEST(Trace, WhatIsWrongIsPlaced) {
  const std::string good = "{\"at_s\": 1, \"input_tokens\": 1, \"output_tokens\": 1}\n";
  const auto why = [&](const std::string& line) {
    const auto trace = parse_trace(good + line, "trace.jsonl", 1);
    return trace ? std::string("read") : trace.error().message;
  };
  EXPECT_THAT(why("nonsense"), HasSubstr("trace.jsonl:2: this line is no JSON object"));
  EXPECT_THAT(why("[]"), HasSubstr("trace.jsonl:2"));
  EXPECT_THAT(why(R"({"at_s": 0.5, "input_tokens": 1, "output_tokens": 1})"), HasSubstr("back"));
  EXPECT_THAT(why(R"({"at_s": 2, "input_tokens": 0, "output_tokens": 1})"), HasSubstr("lengths"));
  EXPECT_THAT(why(R"({"at_s": 2, "input_tokens": 1.5, "output_tokens": 1})"), HasSubstr("lengths"));
  EXPECT_THAT(why(R"({"at_s": -2, "input_tokens": 1, "output_tokens": 1})"), HasSubstr("time"));
  EXPECT_THAT(why(R"({"at_s": 1e300, "input_tokens": 1, "output_tokens": 1})"), HasSubstr("time"));
  EXPECT_THAT(why(R"({"input_tokens": 1, "output_tokens": 1})"), HasSubstr("time"));
  EXPECT_FALSE(parse_trace("\n \n", "t", 1).has_value());
}

RC_GTEST_PROP(Trace, ReadsBackWhatWasWritten, ()) {
  const auto gaps =
      *rc::gen::nonEmpty(rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 5000)));
  std::string text;
  std::vector<double> at;
  double t = 0;
  for (const int gap : gaps) {
    t += at.empty() ? 0 : gap / 1000.0;
    at.push_back(t);
    text += fmt::format("{{\"at_s\":{},\"input_tokens\":{},\"output_tokens\":2}}\n", t, gap + 1);
  }
  const auto trace = parse_trace(text, "t", 1);
  RC_ASSERT(trace.has_value());
  RC_ASSERT(trace->size() == gaps.size());
  for (std::size_t i = 0; i < at.size(); ++i) {
    RC_ASSERT(std::abs((*trace)[i].at_s - at[i]) < 1e-9);
    RC_ASSERT((*trace)[i].input_tokens == gaps[i] + 1);
  }
}

TEST(UserPrompts, TextsMessagesAndAStudysLines) {
  const auto prompts = parse_user_prompts(
      "{\"prompt\": \"hello\", \"output_tokens\": 7}\n"
      "{\"messages\": [{\"role\": \"user\", \"content\": \"hi\"}]}\n"
      "{\"id\": \"a\", \"kind\": \"k\", \"prompt\": \"third\", \"check\": {}}\n",
      "p");
  ASSERT_TRUE(prompts.has_value()) << prompts.error().message;
  EXPECT_EQ((*prompts)[0].text, "hello");
  EXPECT_EQ((*prompts)[0].output_tokens, 7);
  EXPECT_EQ((*prompts)[1].messages.items().size(), 1U);
  EXPECT_EQ((*prompts)[2].text, "third");
}

TEST(UserPrompts, WhatIsWrongIsPlacedAndNotQuoted) {
  for (const auto* bad : {"", "{}", "{\"prompt\": \"  \"}", "{\"messages\": []}",
                          "{\"prompt\": \"secret\", \"messages\": [{}]}",
                          "{\"prompt\": \"secret\", \"output_tokens\": 0}"}) {
    const auto prompts = parse_user_prompts(bad, "p.jsonl");
    ASSERT_FALSE(prompts.has_value()) << bad;
    EXPECT_THAT(prompts.error().message, testing::Not(HasSubstr("secret")));
    EXPECT_THAT(prompts.error().message, HasSubstr("p.jsonl"));
  }
}

}  // namespace
}  // namespace joulebook::load
