#include "study/answer_text.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>
#include <string>

#include "study/checker.h"

namespace joulebook {
namespace {

using Numbers = std::vector<double>;

TEST(AnswerText, FindsNumbers) {
  EXPECT_EQ(numbers("56"), Numbers{56});
  EXPECT_EQ(numbers("about 1,234.5 kg"), Numbers{1234.5});
  EXPECT_EQ(numbers("12 345 678"), Numbers{12345678});
  EXPECT_EQ(numbers("1234,567"), (Numbers{1234, 567}));
  EXPECT_EQ(numbers("3, 4, and 5"), (Numbers{3, 4, 5}));
  EXPECT_EQ(numbers("-3 and 7-4, b2b, 2e3, 3/4"), (Numbers{-3, 7, 4, 2000, 0.75}));
  EXPECT_EQ(numbers("$36."), Numbers{36});
  EXPECT_TRUE(numbers("none, x86").empty());
}

TEST(AnswerText, NumbersAreFoundWhateverStandsAroundThem) {
  EXPECT_EQ(numbers("€36 or £1,200"), (Numbers{36, 1200}));
  EXPECT_EQ(numbers("“36”, «7»"), (Numbers{36, 7}));
  EXPECT_EQ(numbers("答案是36。"), Numbers{36});
  EXPECT_EQ(numbers("-.5 and .25, no.7, 3..4"), (Numbers{-0.5, 0.25, 7, 3, 4}));
  EXPECT_EQ(numbers("\u22125 °C, 3\u22124"), (Numbers{-5, 3, 4}));
  EXPECT_EQ(numbers("1\u202F234\u202F567, 12\u00A0345, 1'234.5, 1’234"), (Numbers{1234567, 12345, 1234.5, 1234}));
  EXPECT_EQ(numbers("\\frac{3}{4}, -\\dfrac{1}{2}, \\sqrt{36}{4}"), (Numbers{0.75, -0.5, 36, 4}));
  EXPECT_TRUE(numbers("é5, б2, a1").empty());
  EXPECT_EQ(numbers("1e400"), Numbers{std::numeric_limits<double>::infinity()});
  EXPECT_EQ(numbers("1e-400"), Numbers{0});
}

TEST(AnswerText, WordsCompareWithoutDressInAnyScript) {
  EXPECT_EQ(normalised("“Café” — ÉCOLE…"), "café école");
  EXPECT_EQ(normalised("It’s\u00A0so."), "it's so");
  EXPECT_EQ(normalised("ΟΔΟΣ, Ёлка; ŽIŽEK"), "οδοσ ёлка žižek");
  EXPECT_EQ(normalised("「東京」。"), "東京");
  EXPECT_EQ(normalised("-5, \u22125, (+5) - 5 €5 5²"), "-5 -5 5 5 €5 5²");
  EXPECT_EQ(normalised("a-b x--"), "a-b x");
}

TEST(AnswerText, TheLastMarkerWins) {
  EXPECT_EQ(marked("Answer: 3\nno: Answer: 4\nbye"), "4");
  EXPECT_EQ(marked("**Answer:** yes"), "yes");
  EXPECT_EQ(marked("So the answer is:\n12 coins"), "12 coins");
  EXPECT_EQ(marked("thus $\\boxed{60}$."), "60");
  EXPECT_EQ(marked("so \\boxed{\\frac{1}{2}}."), "\\frac{1}{2}");
  EXPECT_EQ(marked("so \\boxed{1"), "1");
  EXPECT_FALSE(marked("no marker"));
  EXPECT_FALSE(marked("Answer:"));
}

TEST(AnswerText, FindsTheFirstCompleteJson) {
  EXPECT_EQ(first_json("see {this} then {\"a\": [1, \"}\"]} end")->dump(), R"({"a":[1,"}"]})");
  EXPECT_EQ(first_json("```json\n42\n```")->dump(), "42");
  EXPECT_FALSE(first_json("{\"a\": 1"));
  EXPECT_FALSE(first_json("plain words"));
}

RC_GTEST_PROP(AnswerText, NothingCrashesOnAnyText, (const std::string& text)) {
  (void)numbers(text);
  (void)candidates(text);
  (void)first_json(text);
}

RC_GTEST_PROP(AnswerText, AnIntegerIsFoundInASentence, (std::int32_t n)) {
  RC_ASSERT(numbers("it is " + std::to_string(n) + ", I think") == Numbers{static_cast<double>(n)});
}

}  // namespace
}  // namespace joulebook
