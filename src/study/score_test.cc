#include "study/score.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <map>

namespace joulebook {
namespace {

// The definitions word for word, without a table: slow, and plainly right.
std::size_t slow_edits(const Units& a, const Units& b, std::size_t i, std::size_t j) {
  if (i == a.size()) return b.size() - j;
  if (j == b.size()) return a.size() - i;
  const std::size_t change = slow_edits(a, b, i + 1, j + 1) + (a[i] == b[j] ? 0 : 1);
  return std::min({change, slow_edits(a, b, i + 1, j) + 1, slow_edits(a, b, i, j + 1) + 1});
}

std::size_t slow_common(const Units& a, const Units& b, std::size_t i, std::size_t j) {
  if (i == a.size() || j == b.size()) return 0;
  if (a[i] == b[j]) return 1 + slow_common(a, b, i + 1, j + 1);
  return std::max(slow_common(a, b, i + 1, j), slow_common(a, b, i, j + 1));
}

Units few_words(std::size_t least) {
  const auto count = *rc::gen::inRange<std::size_t>(least, 7);
  Units out;
  for (std::size_t i = 0; i < count; ++i) {
    out.emplace_back(1, static_cast<char32_t>(*rc::gen::inRange(U'a', U'd')));
  }
  return out;
}

RC_GTEST_PROP(Score, ErrorRateIsTheLeastEdit, ()) {
  const Units expected = few_words(1);
  const Units answer = few_words(0);
  const auto edits = static_cast<double>(slow_edits(expected, answer, 0, 0));
  RC_ASSERT(error_rate(expected, answer) == edits / static_cast<double>(expected.size()));
  RC_ASSERT(error_rate(expected, expected) == 0);
}

RC_GTEST_PROP(Score, RougeLIsTheHarmonicMeanOverTheLongestSubsequence, ()) {
  const Units a = few_words(1);
  const Units b = few_words(1);
  const auto common = static_cast<double>(slow_common(a, b, 0, 0));
  const double recall = common / static_cast<double>(a.size());
  const double precision = common / static_cast<double>(b.size());
  const double wanted = common == 0 ? 0 : 2 * recall * precision / (recall + precision);
  RC_ASSERT(std::abs(rouge_l(a, b) - wanted) < 1e-12);
  RC_ASSERT(rouge_l(a, b) == rouge_l(b, a));
  RC_ASSERT(rouge_l(a, a) == 1);
}

RC_GTEST_PROP(Score, F1CountsEachSpanOnce, ()) {
  const auto bag = rc::gen::container<std::vector<std::string>>(
      rc::gen::element<std::string>("a", "b", "c"));
  const auto expected = *bag;
  const auto answer = *bag;
  std::map<std::string, int> left;
  for (const auto& s : expected) ++left[s];
  double both = 0;
  for (const auto& s : answer) both += left[s]-- > 0 ? 1 : 0;
  const double all = static_cast<double>(expected.size() + answer.size());
  RC_ASSERT(std::abs(f1(expected, answer) - (all == 0 ? 1 : 2 * both / all)) < 1e-12);
}

RC_GTEST_PROP(Score, CosineIsOfTheDirectionAlone, ()) {
  const auto number = rc::gen::map(rc::gen::inRange(-1000, 1000), [](int x) { return x / 16.0; });
  const auto a = *rc::gen::container<std::vector<double>>(5, number);
  const auto b = *rc::gen::container<std::vector<double>>(5, number);
  double dot = 0;
  double aa = 0;
  double bb = 0;
  for (std::size_t i = 0; i < 5; ++i) {
    dot += a[i] * b[i];
    aa += a[i] * a[i];
    bb += b[i] * b[i];
  }
  const auto got = cosine(a, b);
  RC_ASSERT(got.has_value() == (aa > 0 && bb > 0));
  if (!got) return;
  RC_ASSERT(std::abs(*got - dot / std::sqrt(aa) / std::sqrt(bb)) < 1e-12);
  std::vector<double> huge = b;
  for (double& x : huge) x *= 1e300;
  RC_ASSERT(std::abs(*cosine(a, huge) - *got) < 1e-12);
}

TEST(Score, WordsAndCharacters) {
  EXPECT_EQ(words_of(" The  cat, sat.\n").size(), 3U);
  EXPECT_EQ(words_of("The CAT"), words_of("the cat!"));
  EXPECT_EQ(characters_of(" a\n b ").size(), 3U);
  EXPECT_EQ(characters_of("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"),
            (Units{U"\u00E9", U"\u20AC", U"\U0001F600"}));
  EXPECT_EQ(words_of("“Ça\u00A0va ?” – Oui…"), words_of("ça va oui"));
  EXPECT_EQ(characters_of("\u00A0a\u202F\u3000b "), (Units{U"a", U" ", U"b"}));
  // sclite's example of the three kinds: one changed, one left out, one put in, of five.
  EXPECT_DOUBLE_EQ(error_rate(words_of("a b c d e"), words_of("a x c e f")), 0.6);
}

TEST(Score, WhatWouldTakeTooLongIsBounded) {
  const Units expected(8192, U"a");
  const Units answer(200'000, U"a");
  EXPECT_DOUBLE_EQ(error_rate(expected, answer), (200'000.0 - 8192) / 8192);
  EXPECT_GT(rouge_l(expected, answer), 0);
}

}  // namespace
}  // namespace joulebook
