#include "study/graded.h"

#include <gtest/gtest.h>

#include "study/prompts.h"

namespace joulebook {
namespace {

// The checker of an item, as a file of prompts writes it.
Checker checker(const std::string& json) {
  const auto prompts = parse_prompts(
      R"({"id": "a", "kind": "k", "prompt": "p", "check": )" + json + "}", "mine.jsonl");
  EXPECT_TRUE(prompts) << prompts.error().message;
  return prompts ? prompts->front().checker : Checker{};
}

std::string refused(const std::string& json) {
  const auto prompts = parse_prompts(
      R"({"id": "a", "kind": "k", "prompt": "p", "check": )" + json + "}", "mine.jsonl");
  if (prompts) return "";
  EXPECT_FALSE(prompts.error().cure.empty()) << json;
  return prompts.error().code;
}

double score(const Checker& c, std::string_view answer) { return *judge(c, answer)->score; }

TEST(Graded, ALabelIsTheOnlyOneNamed) {
  const Checker c = checker(
      R"({"kind": "label", "expected": "positive", "labels": ["positive", "negative", "very positive"]})");
  for (const auto* right : {"positive", "Positive.", "**positive**", "The sentence is positive.",
                            "It could be negative.\nAnswer: positive", "Label: Positive\n"}) {
    EXPECT_EQ(check(c, right), true) << right;
  }
  for (const auto* wrong : {"", "negative", "very positive", "positive or negative", "nonpositive",
                            "It is very positive.", "positive\nAnswer: negative", "good"}) {
    EXPECT_EQ(check(c, wrong), false) << wrong;
  }
  EXPECT_FALSE(judge(c, "positive")->score);
}

TEST(Graded, ALabelBesideALongerOneCounts) {
  const Checker c = checker(
      R"({"kind": "label", "expected": "very positive", "labels": ["positive", "very positive"]})");
  EXPECT_EQ(check(c, "I find it very positive indeed, do you?"), true);
  EXPECT_EQ(check(c, "Is it very positive? No, positive I think"), false);
}

TEST(Graded, LabelsMayBeSignsOrOfScriptsWithoutBlanks) {
  const Checker sign = checker(R"({"kind": "label", "expected": "1", "labels": ["-1", "0", "1"]})");
  EXPECT_EQ(check(sign, "1"), true);
  EXPECT_EQ(check(sign, "-1"), false);
  EXPECT_EQ(check(sign, "The label is -1."), false);
  const Checker script = checker(R"({"kind": "label", "expected": "正面", "labels": ["正面", "负面"]})");
  EXPECT_EQ(check(script, "这句话是正面的。"), true);
  EXPECT_EQ(check(script, "这句话是负面的。"), false);
  const Checker quoted = checker(R"({"kind": "label", "expected": "Öl", "labels": ["öl", "gas"]})");
  EXPECT_EQ(check(quoted, "Es ist „ÖL“."), true);
}

TEST(Graded, AnAmountIsInItsCurrency) {
  const Checker c = checker(R"({"kind": "spans", "expected": ["€1,200"]})");
  EXPECT_EQ(check(c, "“€1,200”"), true);
  EXPECT_EQ(check(c, "£1,200"), false);
  EXPECT_EQ(check(c, "1,200"), false);
}

TEST(Graded, SpansCountAsAWhole) {
  const Checker c = checker(R"({"kind": "spans", "expected": ["3 May", "Rome"], "at_least": 0.6})");
  EXPECT_EQ(score(c, R"(["rome", "3 May"])"), 1);
  EXPECT_EQ(score(c, "```json\n{\"found\": [\"3 May.\", \"Rome\"]}\n```"), 1);
  EXPECT_EQ(score(c, "3 May\nRome\n"), 1);
  EXPECT_EQ(score(c, "- 3 May\n\n- Rome"), 1);
  EXPECT_DOUBLE_EQ(score(c, R"(["Rome"])"), 2.0 / 3);
  EXPECT_EQ(check(c, R"(["Rome"])"), true);
  EXPECT_EQ(check(c, R"(["Rome", "May", "3"])"), false);
  EXPECT_DOUBLE_EQ(score(c, R"(["Rome", "Rome"])"), 0.5);
  EXPECT_EQ(score(c, ""), 0);
  const Checker none = checker(R"({"kind": "spans", "expected": []})");
  EXPECT_EQ(check(none, "[]"), true);
  EXPECT_EQ(check(none, ""), true);
  EXPECT_EQ(check(none, R"(["x"])"), false);
  const Checker typed = checker(
      R"({"kind": "spans", "expected": [{"type": "place", "text": "Rome"}]})");
  EXPECT_EQ(check(typed, R"([{"text": "rome", "type": "Place"}])"), true);
  EXPECT_EQ(check(typed, R"([{"text": "rome", "type": "person"}])"), false);
}

TEST(Graded, ErrorRatesArePassedBelowTheirLimit) {
  const Checker w = checker(R"({"kind": "wer", "expected": "the cat sat down", "at_most": 0.25})");
  EXPECT_EQ(score(w, "The cat sat down."), 0);
  EXPECT_EQ(check(w, "the cat sat"), true);
  EXPECT_EQ(check(w, "the bat sat"), false);
  EXPECT_EQ(score(w, ""), 1);
  EXPECT_EQ(check(w, "the answer is: the cat sat down"), false);  // a transcript is all of it
  const Checker exact = checker(R"({"kind": "cer", "expected": "ab  cd"})");
  EXPECT_EQ(check(exact, " ab cd\n"), true);
  EXPECT_EQ(check(exact, "Ab cd"), false);
  EXPECT_DOUBLE_EQ(score(exact, "ab cx"), 0.2);
  EXPECT_DOUBLE_EQ(score(exact, "ab c\xff"), 0.2);
}

TEST(Graded, ASummaryIsGradedByItsLongestSubsequence) {
  const Checker c =
      checker(R"({"kind": "rouge_l", "expected": "police killed the gunman", "at_least": 0.7})");
  // The two examples of the paper: both share words, order tells them apart.
  EXPECT_DOUBLE_EQ(score(c, "police kill the gunman"), 0.75);
  EXPECT_DOUBLE_EQ(score(c, "the gunman kill police"), 0.5);
  EXPECT_EQ(check(c, "police kill the gunman"), true);
  EXPECT_EQ(check(c, "the gunman kill police"), false);
  EXPECT_EQ(check(c, ""), false);
}

TEST(Graded, NearestByIdsOrByVectors) {
  const Checker ids = checker(R"({"kind": "nearest", "expected": "d3", "within": 2})");
  EXPECT_EQ(check(ids, "d1 d3 d2"), true);
  EXPECT_EQ(check(ids, R"(["d1", "d2", "d3"])"), false);
  EXPECT_DOUBLE_EQ(score(ids, "d1\nd2,d3"), 1.0 / 3);
  EXPECT_EQ(score(ids, "d33"), 0);
  EXPECT_EQ(check(checker(R"({"kind": "nearest", "expected": 3})"), "[3, 1]"), true);

  const Checker vectors = checker(
      R"({"kind": "nearest", "expected": "b", "among": {"a": [1, 0], "b": [0, 2], "c": [1, 1]}})");
  EXPECT_EQ(check(vectors, "[0.1, 5]"), true);
  EXPECT_DOUBLE_EQ(score(vectors, "[1, 1.5]"), 0.5);
  EXPECT_DOUBLE_EQ(score(vectors, "[3, 0]"), 1.0 / 3);
  EXPECT_EQ(score(vectors, "[1, 2, 3]"), 0);
  EXPECT_EQ(score(vectors, "[0, 0]"), 0);
  EXPECT_EQ(score(vectors, "b"), 0);
}

TEST(Graded, ANumberMayBeOffByAShare) {
  const Checker c = checker(R"({"kind": "number", "expected": 2000, "relative": 0.01})");
  EXPECT_EQ(check(c, "2,020"), true);
  EXPECT_EQ(check(c, "about 1979"), false);
  EXPECT_EQ(check(c, "-2000"), false);
}

// A number, or a text, is what it says: in any script, with any quotation marks, whatever currency stands before it.
TEST(Graded, NumbersAndTextsAreReadInAnyDress) {
  const auto number = [](const std::string& expected) {
    return checker(R"({"kind": "number", "expected": )" + expected + "}");
  };
  for (const auto* right : {"1,234.5", "€1,234.50", "1\u202F234.5", "1'234.5", "1’234.5", "“1234.5”", "1.2345e3",
                            "答案是1234.5。", "\\boxed{\\frac{2469}{2}}", "2469/2"}) {
    EXPECT_EQ(check(number("1234.5"), right), true) << right;
  }
  for (const auto* wrong : {"", "-1,234.5", "\u22121,234.5", "12345", "1e400", "é1234.5"}) {
    EXPECT_EQ(check(number("1234.5"), wrong), false) << wrong;
  }
  EXPECT_EQ(check(number("-0.5"), "Answer: \u2212.5 °C"), true);
  EXPECT_EQ(check(number("5"), "no.5"), true);
  EXPECT_EQ(check(number("1.6e-19"), "0"), false);
  EXPECT_EQ(check(number("1.6e-19"), "1.6e-19 C"), true);
  EXPECT_EQ(check(number("0"), "1e400"), false);
  const Checker text = checker(R"({"kind": "exact", "expected": "São Paulo"})");
  for (const auto* right : {"“SÃO PAULO”", "Answer: São\u00A0Paulo", "são paulo…", "«São Paulo».", "—São Paulo"}) {
    EXPECT_EQ(check(text, right), true) << right;
  }
  EXPECT_EQ(check(text, "Sao Paulo"), false);
  EXPECT_EQ(check(checker(R"({"kind": "exact", "expected": "-5"})"), "5"), false);
  EXPECT_EQ(check(checker(R"({"kind": "exact", "expected": "-5"})"), "**\u22125**"), true);
  const Checker words = checker(R"({"kind": "wer", "expected": "it's ça va, Ёлка"})");
  EXPECT_EQ(check(words, "It’s “Ça\u00A0va” – ёлка…"), true);
  const Checker letters = checker(R"({"kind": "cer", "expected": "a b"})");
  EXPECT_EQ(check(letters, "\u00A0a\u3000b"), true);
}

TEST(Graded, WhatCouldNeverBeAppliedIsRefused) {
  for (const auto* bad : {
           R"({"kind": "label", "expected": "a"})",
           R"({"kind": "label", "expected": "a", "labels": ["a"]})",
           R"({"kind": "label", "expected": "a", "labels": ["a", "A."]})",
           R"({"kind": "label", "expected": "c", "labels": ["a", "b"]})",
           R"({"kind": "label", "expected": "a", "labels": ["a", 1]})",
           R"({"kind": "label", "expected": "a", "labels": "a b"})",
           R"({"kind": "spans", "expected": "a"})",
           R"({"kind": "spans", "expected": ["a"], "at_most": 1})",
           R"({"kind": "spans", "expected": ["a"], "at_least": 1.5})",
           R"({"kind": "wer", "expected": "?!"})",
           R"({"kind": "wer", "expected": "a", "at_least": 1})",
           R"({"kind": "cer", "expected": "a", "at_most": -1})",
           R"({"kind": "rouge_l", "expected": "a"})",
           R"({"kind": "rouge_l", "expected": "a", "at_least": "b"})",
           R"({"kind": "nearest", "expected": "a", "within": 0})",
           R"({"kind": "nearest", "expected": "a", "within": "b"})",
           R"({"kind": "nearest", "expected": "a", "among": {"b": [1]}})",
           R"({"kind": "nearest", "expected": "a", "among": {"a": [1], "b": [1, 2]}})",
           R"({"kind": "nearest", "expected": "a", "among": {"a": [0, 0]}})",
           R"({"kind": "exact", "expected": "a", "labels": ["a", "b"]})",
           R"({"kind": "exact", "expected": "a", "relative": 0.1})",
           R"({"kind": "number", "expected": 1, "at_least": 0.1})",
           R"({"kind": "regex", "expected": "a", "within": 2})",
       }) {
    EXPECT_EQ(refused(bad), "prompts.bad_check") << bad;
  }
  EXPECT_EQ(refused(R"({"kind": "wer", "expected": ")" + std::string(20'000, 'a') + "\"}"), "");
  std::string words;
  for (int i = 0; i < 9000; ++i) words += "a ";
  EXPECT_EQ(refused(R"({"kind": "wer", "expected": ")" + words + "\"}"), "prompts.bad_check");
  EXPECT_EQ(refused(R"({"kind": "exact", "expected": "a", "lables": []})"), "prompts.unknown_key");
}

}  // namespace
}  // namespace joulebook
