// The special programs of text.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "study/programs/text_passage.h"
#include "study/programs/text_rules.h"
#include "study/programs/text_search.h"
#include "study/programs/text_words.h"

namespace joulebook {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> spans(std::string_view text) {
  std::vector<std::string> out;
  for (const auto& span : find_spans(text)) out.emplace_back(span.text);
  return out;
}

TEST(TextWords, SentencesEndWhereTheNextBegins) {
  EXPECT_THAT(sentences_of("Dr. Pell came at 8.15 a.m. on foot. \"Why?\" Nobody asked! The end"),
              ElementsAre("Dr. Pell came at 8.15 a.m. on foot.", "\"Why?\"", "Nobody asked!",
                          "The end"));
  EXPECT_THAT(sentences_of("By J. Osk\nnext line"), ElementsAre("By J. Osk", "next line"));
  EXPECT_THAT(sentences_of(" \n "), IsEmpty());
}

TEST(TextWords, ContentIsWithoutCommonWordsAndPlurals) {
  EXPECT_THAT(content_words("How many of the ponies ate the baker's glasses?"),
              ElementsAre("pony", "ate", "baker", "glasse"));
  EXPECT_THAT(content_words("The bus and its gas, and the grass"),
              ElementsAre("bus", "gas", "grass"));
}

// Nothing is lost but blanks.
RC_GTEST_PROP(TextWords, SentencesHoldTheWholeText, (const std::vector<int>& picks)) {
  static const std::vector<std::string> kParts = {"A",  "b", ". ", "! ", "?\" ", "\n",
                                                  "Dr", " ", ".",  "9",  "\xC3\xA9"};
  std::string text;
  for (const int pick : picks) text += kParts[static_cast<unsigned>(pick) % kParts.size()];
  const auto solid = [](std::string s) {
    std::erase_if(s, [](char c) { return c == ' ' || c == '\n'; });
    return s;
  };
  std::string all;
  for (const auto sentence : sentences_of(text)) all += sentence;
  RC_ASSERT(solid(all) == solid(text));
}

TEST(TextRules, FindsDatesInTheirManyForms) {
  for (const std::string date :
       {"3 May 2031", "the 2nd of June", "Monday, 4 March", "October 5th", "August 2027",
        "03.07.2030", "2031-03-14", "12/06/2029", "28 Feb 2030", "December 18th, 2030"}) {
    EXPECT_THAT(spans("we met on " + date + ", all of us"), ElementsAre(date));
  }
  EXPECT_THAT(spans("we sell before October"), ElementsAre("October"));
}

TEST(TextRules, TakesNothingForADateThatIsNone) {
  for (const auto* text : {"it may rain on Monday", "they march 3 miles", "in room 12, 40 guests",
                           "2031-13-14", "32.07.2030", "number 88-1204", "1.2.3.4", "45/50/2030"}) {
    EXPECT_THAT(spans(text), IsEmpty()) << text;
  }
}

TEST(TextRules, FindsAmountsWithTheirCurrency) {
  EXPECT_THAT(spans("it was $1,020.50 or \xC2\xA3" "9, then 14.35 EUR, five hundred crowns, 64.00; 1.5 h"),
              ElementsAre("$1,020.50", "\xC2\xA3" "9", "14.35 EUR", "five hundred crowns", "64.00"));
  EXPECT_THAT(spans("and euros, and twenty-two hours, 9.81 metres, 50.25 % of it"), IsEmpty());
}

TEST(TextRules, FindsNamesByWhatSurroundsThem) {
  EXPECT_THAT(spans("Dear Ms Hollin, Mr R. Osk of Rose Street met Piet van Oosten in Kehl."),
              ElementsAre("Hollin", "R. Osk", "Piet van Oosten"));
  EXPECT_THAT(spans("Customer: Alma Roth | Total: 9 EUR"), ElementsAre("Alma Roth", "9 EUR"));
  EXPECT_THAT(spans("Kofi owes me. Breakfast costs much. The Ferry Company knows."),
              ElementsAre("Kofi"));
}

// Whatever the text: spans lie in it, in order and apart.
RC_GTEST_PROP(TextRules, SpansLieInTheirTextInOrder, (const std::vector<int>& picks)) {
  static const std::vector<std::string> kParts = {
      "3",   "May",  " ", "the ", "2nd", "of ",    "Mr", "Dr. ", "R.",       "Roth", ":",  "|",
      "\n",  "$",    ".", "1,50", "EUR", "\xC2\xA3", "-",  "van ", "Monday, ", "2031", "\xFF", "I "};
  std::string text;
  for (const int pick : picks) text += kParts[static_cast<unsigned>(pick) % kParts.size()];
  const char* from = text.data();
  for (const auto& span : find_spans(text)) {
    RC_ASSERT(!span.text.empty());
    RC_ASSERT(span.text.data() >= from);
    from = span.text.data() + span.text.size();
    RC_ASSERT(from <= text.data() + text.size());
  }
}

constexpr std::string_view kPassage =
    "The light was lit in 1868. Its keeper climbed many steps to the lamp. Gulls nest there. The "
    "keeper's lamp has a light that shows the keeper the steps.";

TEST(TextPassage, AQuestionIsTheLastLineThatSaysSo) {
  const auto split = split_question("A passage.\nQuestion: one?\nQuestion:  two? ");
  EXPECT_EQ(split.passage, "A passage.\nQuestion: one?");
  EXPECT_EQ(split.question, "two?");
  EXPECT_EQ(split_question("Good. Question: is it?").passage, "Good.");
  for (const auto* none : {"No question here", "Question: alone?", "aQuestion: b", ""}) {
    EXPECT_EQ(split_question(none).question, "") << none;
    EXPECT_EQ(split_question(none).passage, none);
  }
}

TEST(TextPassage, TheBestSentenceSharesTheRareWords) {
  EXPECT_EQ(best_sentence(kPassage, "Which birds nest near the light?"), "Gulls nest there.");
  EXPECT_EQ(best_sentence(kPassage, "When was it lit?"), "The light was lit in 1868.");
  EXPECT_EQ(best_sentence(kPassage, "Quite unrelated?"), "The light was lit in 1868.");
  EXPECT_EQ(best_sentence("", "Why?"), "");
}

TEST(TextPassage, TextRankTakesTheSentenceThatMostOthersResemble) {
  EXPECT_EQ(text_rank(kPassage, 1), "The keeper's lamp has a light that shows the keeper the steps.");
  EXPECT_EQ(text_rank(kPassage, 9), std::string(kPassage));
  EXPECT_EQ(text_rank("", 1), "");
  EXPECT_EQ(lead(kPassage, 1), "The light was lit in 1868.");
  EXPECT_EQ(lead(kPassage, 9), std::string(kPassage));
}

TEST(TextPassage, OfSentencesWithoutTiesTheFirstIsTaken) {
  EXPECT_EQ(text_rank("Red. Blue. Red.", 1), "Red.");
  EXPECT_EQ(text_rank("Gulls nest. Ships sail.", 1), "Gulls nest.");
}

constexpr const char* kDocuments = R"({"id": "b", "text": "Moths eat wool, not cotton."}
{"id": "a", "text": "Sheep give wool."}

{"id": "c", "text": "The stapling machine is in the office."}
)";

TEST(TextSearch, RanksByBm25AndStems) {
  auto index = DocumentIndex::build(kDocuments, "d.jsonl");
  ASSERT_TRUE(index) << index.error().message;
  EXPECT_THAT(*index->nearest("What eats my woolen cotton?", 9), ElementsAre("b"));
  EXPECT_THAT(*index->nearest("wool", 9), ElementsAre("a", "b"));  // the shorter one first
  EXPECT_THAT(*index->nearest("wool", 1), ElementsAre("a"));
  EXPECT_THAT(*index->nearest("staple machines", 1), ElementsAre("c"));
  EXPECT_THAT(*index->nearest("nothing fits", 9), IsEmpty());
  EXPECT_THAT(*index->nearest(" ?! ", 9), IsEmpty());
}

TEST(TextSearch, AQueryIsWordsAndNeverAnExpression) {
  auto index = DocumentIndex::build(kDocuments, "d.jsonl");
  ASSERT_TRUE(index);
  for (const auto* query : {"\"wool", "wool AND NEAR", "NEAR(wool", "id:wool*", "wool'); --"}) {
    const auto found = index->nearest(query, 1);
    ASSERT_TRUE(found) << query << found.error().message;
    EXPECT_THAT(*found, ElementsAre("a")) << query;
  }
  std::string many = "wool";
  for (int i = 0; i < 5000; ++i) many += " w" + std::to_string(i);
  EXPECT_TRUE(index->nearest(many, 1));
}

TEST(TextSearch, EveryErrorNamesItsLineAndCure) {
  const auto code = [](std::string_view jsonl) {
    const auto index = DocumentIndex::build(jsonl, "d.jsonl");
    EXPECT_FALSE(index);
    EXPECT_FALSE(index.error().cure.empty());
    return index.error().code + index.error().message.substr(0, 9);
  };
  EXPECT_EQ(code("\n{\"id\": \"a\"}"), "documents.syntaxd.jsonl:2");
  EXPECT_EQ(code("{"), "documents.syntaxd.jsonl:1");
  EXPECT_EQ(code("{\"id\": \"a\", \"text\": \"t\"}\n{\"id\": \"a\", \"text\": \"u\"}"),
            "documents.duplicate_idd.jsonl:2");
  EXPECT_EQ(code(" \n"), "documents.emptyd.jsonl h");
}

}  // namespace
}  // namespace joulebook
