#include "study/answers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fakes/fake_engine.h"
#include "study/study_fixture.h"

namespace joulebook {
namespace {

using K = Checker::Kind;

Checker number(const char* expected) { return {K::number, expected}; }

TEST(Answers, TheMajorityCountsWhatTheCheckerReads) {
  const std::vector<std::string> answers = {"It is 41.", "Answer: 42", "I get 42", "no idea"};
  const ChosenAnswer c = choose_answer(number("42"), false, answers);
  EXPECT_EQ(c.index, 1u);
  EXPECT_EQ(c.well_formed, 3);
  EXPECT_EQ(c.right, 2);
}

TEST(Answers, EqualAnswersAreCountedAsTheRuleComparesThem) {
  const std::vector<std::string> sums = {"Answer: 40", "Answer: 12 x 3 = 36", "Answer: 36", "Answer: 12"};
  EXPECT_EQ(choose_answer(number("36"), false, sums).index, 1u);
  const std::vector<std::string> spans = {"[\"b\"]", R"(["a", "B"])", "b\na"};
  EXPECT_EQ(choose_answer({K::spans, R"(["a", "b"])"}, false, spans).index, 1u);
  const std::vector<std::string> ids = {"d2 d1", "d1, d2", R"(["d1", "d2"])"};
  EXPECT_EQ(choose_answer({K::nearest, "d1"}, false, ids).index, 1u);
}

TEST(Answers, TheMajorityMayBeWrong) {
  const std::vector<std::string> answers = {"42", "41", "so 41", "40"};
  EXPECT_EQ(choose_answer(number("42"), false, answers).index, 1u);
  EXPECT_EQ(choose_answer(number("42"), true, answers).index, 0u);  // the checker knows better
}

TEST(Answers, TheFirstOfEqualsAndNeverTheUnreadable) {
  const std::vector<std::string> unreadable = {"dunno", "7", "8"};
  EXPECT_EQ(choose_answer(number("8"), false, unreadable).index, 1u);
  const std::vector<std::string> none = {"dunno", "nor I"};
  const ChosenAnswer c = choose_answer(number("8"), false, none);
  EXPECT_EQ(c.index, 0u);
  EXPECT_EQ(c.well_formed, 0);
  EXPECT_EQ(c.right, 0);
}

TEST(Answers, TheBestByScoreWhereNoneIsRight) {
  const Checker wer{K::wer, "one two three four", 0, {}, 0.0};
  const std::vector<std::string> answers = {"five", "one two six seven", "one two three six"};
  EXPECT_EQ(choose_answer(wer, true, answers).index, 2u);
  const Checker rouge{K::rouge_l, "one two three four", 0, {}, 0.99};
  EXPECT_EQ(choose_answer(rouge, true, answers).index, 2u);
}

TEST(Answers, LabelsJsonAndTextHaveKeys) {
  const Checker label{K::label, "up", 0, {}, {}, std::vector<std::string>{"up", "down"}};
  EXPECT_EQ(answer_key(label, "Down."), "down");
  EXPECT_EQ(answer_key(label, "sideways"), std::nullopt);
  EXPECT_EQ(answer_key({K::json, "{}"}, "```json\n{\"a\": 1}\n```"), "{\"a\":1}");
  EXPECT_EQ(answer_key({K::json, "{}"}, "none"), std::nullopt);
  EXPECT_EQ(answer_key({K::exact, "x"}, "**Paris**."), answer_key({K::exact, "x"}, "paris"));
  EXPECT_EQ(answer_key({K::none, ""}, "  "), std::nullopt);
  const ChosenAnswer unchecked = choose_answer({}, true, std::vector<std::string>{"a", "b"});
  EXPECT_EQ(unchecked.index, 0u);
  EXPECT_FALSE(unchecked.right);
}

// All answers are one trial: their tokens, time and joules count, and the spans tile.
TEST(Answers, AStudyCountsTheEnergyOfAll) {
  StudyBench bench;
  StudySpec spec = small_spec(2);
  spec.stopping = {1, 1, 0.02, 1e6};
  spec.arms[1] = spec.arms[0];
  spec.arms[1].name = "three";
  spec.arms[1].answers = 3;
  spec.arms[1].pick = "majority";
  const auto result = bench.run(spec);
  ASSERT_TRUE(result.has_value()) << result.error().message;
  for (const auto& t : result->trials) {
    EXPECT_EQ(t.well_formed.has_value(), t.arm == 1);
    for (std::size_t i = 1; i < t.phases.size(); ++i) {
      EXPECT_EQ(t.phases[i].span.begin, t.phases[i - 1].span.end);
    }
  }
  EXPECT_DOUBLE_EQ(result->arms[1].output_tokens, 3 * result->arms[0].output_tokens);
  EXPECT_NEAR(*result->arms[1].j_per_response.these.value /
                  *result->arms[0].j_per_response.these.value,
              3, 0.6);
}

TEST(Answers, LengthsAreReadOrRefused) {
  EXPECT_EQ(*parse_fixed("pp512"), (FixedWork{512, 0}));
  EXPECT_EQ(*parse_fixed("tg1"), (FixedWork{0, 1}));
  for (const char* text : {"", "pp", "pp0", "tg-1", "xx5", "pp1.5", "pp1000001", "512", "PP512"}) {
    const auto bad = parse_fixed(text);
    ASSERT_FALSE(bad.has_value()) << text;
    EXPECT_EQ(bad.error().code, "study.fixed");
  }
}

Result<StudySpec> parsed(const std::string& arm) {
  return parse_study("[[arm]]\nmodel = \"m.gguf\"\n" + arm, testing::TempDir() + "s.toml", "m.gguf");
}

TEST(Answers, TheFileSaysThemAndRefusesWhatCantBe) {
  const auto five = parsed("answers = 5\npick = \"best\"\n");
  ASSERT_TRUE(five.has_value()) << five.error().message;
  EXPECT_EQ(five->arms[0].answers, 5);
  EXPECT_EQ(five->arms[0].pick, "best");
  EXPECT_EQ(parsed("answers = 3\n")->arms[0].pick, "majority");
  EXPECT_EQ(parsed("answers = 3\ntemperature = 0\n").error().code, "study.answers");
  EXPECT_EQ(parsed("pick = \"best\"\n").error().code, "study.answers");
  EXPECT_EQ(parsed("answers = 1\n").error().code, "study.bad_value");
  EXPECT_EQ(parsed("effort = \"low\"\n").error().code, "study.effort");
  EXPECT_EQ(parsed("fixed = \"pp\"\n").error().code, "study.fixed");
  EXPECT_EQ(parsed("fixed = \"pp8\"\n[[arm]]\nname = \"x\"\n").error().code, "study.fixed");
}

TEST(Answers, FixedArmsAreGivenOneItem) {
  const auto spec = parsed("fixed = \"pp8\"\n[[arm]]\nname = \"x\"\nfixed = \"tg4\"\n");
  ASSERT_TRUE(spec.has_value()) << spec.error().message;
  EXPECT_EQ(spec->prompts.size(), 1u);
  StudyFlags flags;
  flags.fixed = {"pp16", "tg8"};
  const auto by_flag = with_flags(forty_study("smol.gguf"), flags);
  ASSERT_TRUE(by_flag.has_value()) << by_flag.error().message;
  ASSERT_EQ(by_flag->arms.size(), 2u);  // two modes of one model are one engine here
  EXPECT_EQ(by_flag->arms[0].name, "smol pp16");
  EXPECT_EQ(by_flag->prompts.size(), 1u);
}

TEST(Answers, AListIsALadder) {
  const auto spec = parsed("name = \"think\"\nthink_budget = [64, 256]\n");
  ASSERT_TRUE(spec.has_value()) << spec.error().message;
  ASSERT_EQ(spec->arms.size(), 2u);
  EXPECT_EQ(spec->arms[1].name, "think, thinking 256");
  EXPECT_EQ(spec->arms[1].think_budget, 256);
  const auto effort = parse_study(
      "[[arm]]\nmodel = \"http://localhost:1/v1\"\neffort = [\"low\", \"high\"]\n", "s.toml", "m");
  ASSERT_TRUE(effort.has_value()) << effort.error().message;
  EXPECT_EQ(effort->arms[1].effort, "high");
  EXPECT_EQ(parsed("think_budget = []\n").error().code, "toml.value");
  EXPECT_EQ(parsed("think_budget = [\"a\"]\n").error().code, "toml.value");
}

}  // namespace
}  // namespace joulebook
