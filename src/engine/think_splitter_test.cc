#include "engine/think_splitter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/text.h"
#include "engine/utf8_tail.h"

namespace joulebook {
namespace {

struct Split {
  std::string reasoning;
  std::string answer;
  bool marked = false;
  bool closed_unopened = false;
  bool operator==(const Split&) const = default;
};

Split split(const std::vector<std::string>& chunks, bool thinking = false) {
  Split out;
  ThinkSplitter splitter(thinking, [&](Phase phase, std::string_view text) {
    EXPECT_TRUE(is_valid_utf8(text));
    (phase == Phase::reason ? out.reasoning : out.answer) += text;
  });
  for (const auto& chunk : chunks) splitter.feed(chunk);
  splitter.finish();
  EXPECT_FALSE(splitter.holding());
  out.marked = splitter.marked();
  out.closed_unopened = splitter.closed_unopened();
  return out;
}

struct Case {
  std::string text;
  std::string reasoning;
  std::string answer;
  bool thinking = false;
};

const std::vector<Case>& cases() {
  static const std::vector<Case> kCases = {
      {"<think>\nlet me see\n</think>\n\nForty two.", "let me see", "Forty two."},
      {"plain answer, 1 < 2 and a[3] > b", "", "plain answer, 1 < 2 and a[3] > b"},
      {"<thinking>a</thinking>b", "a", "b"},
      {"<reasoning>a</reasoning>b", "a", "b"},
      {"<thought>a</thought>b", "a", "b"},
      {"<seed:think>a</seed:think>b", "a", "b"},
      {"[THINK]a[/THINK]b", "a", "b"},
      {"<|begin_of_thought|>a<|end_of_thought|>\n<|begin_of_solution|>b<|end_of_solution|>", "a",
       "b"},
      {"<|START_THINKING|>a<|END_THINKING|><|START_RESPONSE|>b<|END_RESPONSE|>", "a", "b"},
      {"<|channel|>analysis<|message|>user asks<|end|><|start|>assistant<|channel|>final"
       "<|message|>Paris.<|return|>",
       "user asks", "Paris."},
      {"<|channel|>final<|message|>Paris.", "", "Paris."},
      {"<think>never closed", "never closed", ""},
      {"opened by the prompt</think>\nyes", "opened by the prompt", "yes", true},
      {"<think>twice opened</think>yes", "twice opened", "yes", true},
      {"the tag <think> in a sentence", "", "the tag <think> in a sentence"},
      {"First.\n<think>again</think>Then.", "again", "First.Then."},
      {"<think>a <b>bold</b> idea \xE2\x82\xAC</think>5 \xE2\x82\xAC, \xF0\x9F\x98\x80!",
       "a <b>bold</b> idea \xE2\x82\xAC", "5 \xE2\x82\xAC, \xF0\x9F\x98\x80!"},
      {"  \n<think></think>empty", "", "empty"},
      {"bad \xFF byte \xE2\x82", "", "bad \xEF\xBF\xBD byte \xEF\xBF\xBD"},
      {"code:\n    x = 1\n\n", "", "code:\n    x = 1\n\n"},
      {"a</", "", "a</"},
      {"x\x80\x80y\x80", "", "x\xEF\xBF\xBDy\xEF\xBF\xBD"},
  };
  return kCases;
}

TEST(ThinkSplitter, KnowsTheMarkers) {
  for (const auto& c : cases()) {
    const auto out = split({c.text}, c.thinking);
    EXPECT_EQ(out.reasoning, c.reasoning) << c.text;
    EXPECT_EQ(out.answer, c.answer) << c.text;
  }
}

TEST(ThinkSplitter, CutAtEveryByteGivesTheSame) {
  for (const auto& c : cases()) {
    const auto whole = split({c.text}, c.thinking);
    std::vector<std::string> bytes;
    for (const char byte : c.text) bytes.emplace_back(1, byte);
    EXPECT_EQ(split(bytes, c.thinking), whole) << c.text;
    for (std::size_t i = 0; i <= c.text.size(); ++i) {
      EXPECT_EQ(split({c.text.substr(0, i), c.text.substr(i)}, c.thinking), whole)
          << c.text << " at " << i;
    }
  }
}

RC_GTEST_PROP(ThinkSplitterFuzz, AnyBytesAnyCutsGiveTheSame, ()) {
  static const std::vector<std::string> kPieces = {
      "<think>", "</think>",    "<",         "[",       "|>",   "<|channel|>", "analysis",
      "final",   "<|message|>", "<|start|>", "<|end|>", "</",   "think",       ">",
      "\n",      " ",           "x",         "\xE2",    "\x82", "\xAC",        "\xF0"};
  const auto picks = *rc::gen::container<std::vector<std::size_t>>(
      rc::gen::inRange<std::size_t>(0, kPieces.size()));
  std::string text;
  for (const auto pick : picks) text += kPieces[pick];
  const bool thinking = *rc::gen::arbitrary<bool>();
  std::vector<std::string> chunks;
  for (std::size_t at = 0; at < text.size();) {
    const auto n = *rc::gen::inRange<std::size_t>(1, 6);
    chunks.push_back(text.substr(at, n));
    at += n;
  }
  RC_ASSERT(split(chunks, thinking) == split({text}, thinking));
}

TEST(ThinkSplitter, SaysWhenTheClosingMarkerWasNeverOpened) {
  EXPECT_TRUE(split({"hm</think>yes"}).closed_unopened);
  EXPECT_FALSE(split({"hm</think>yes"}, true).closed_unopened);
  EXPECT_FALSE(split({"<think>hm</think>yes</think>"}).closed_unopened);
  EXPECT_FALSE(split({"plain"}).marked);
}

TEST(ThinkSplitter, AHeaderWithoutEndIsTextInTheEnd) {
  const std::string endless = "<|channel|>" + std::string(100, 'x');
  EXPECT_EQ(split({endless}).answer, std::string(36, 'x'));
}

TEST(WholeCharacters, HoldsBackOnlyWhatCanStillBecomeValid) {
  EXPECT_EQ(whole_characters("abc"), 3U);
  EXPECT_EQ(whole_characters("a\xE2\x82"), 1U);
  EXPECT_EQ(whole_characters("a\xE2\x82\xAC"), 4U);
  EXPECT_EQ(whole_characters("\xF0\x9F\x98"), 0U);
  EXPECT_EQ(whole_characters("a\x82"), 2U);
  EXPECT_EQ(whole_characters("a\xE0\x80"), 3U);
  EXPECT_EQ(whole_characters(""), 0U);
}

}  // namespace
}  // namespace joulebook
