#include "study/sizing/requirement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace joulebook {
namespace {

using testing::HasSubstr;

TEST(Requirement, TakesWhatPeopleWrite) {
  const Requirement share{Measured::correct, 0.8};
  for (const char* text : {"correct>=0.8", "correct >= 80%", " correct>=80 % ", "Correct>=.8",
                           "correct≥0.8"}) {
    const auto r = parse_requirement(text);
    ASSERT_TRUE(r.has_value()) << text << ": " << r.error().message;
    EXPECT_EQ(*r, share) << text;
  }
  EXPECT_EQ(*parse_requirement("wer<=20%"), (Requirement{Measured::wer, 0.2}));
  EXPECT_EQ(*parse_requirement("cer<=1.5"), (Requirement{Measured::cer, 1.5}));
  EXPECT_EQ(*parse_requirement("rouge_l>=0.3"), (Requirement{Measured::rouge_l, 0.3}));
  EXPECT_EQ(to_string(share), "correct >= 80 %");
  EXPECT_EQ(to_string(Requirement{Measured::wer, 0.2}), "wer <= 0.2");
}

struct Refused {
  const char* text;
  const char* code;
  const char* cure;
};

TEST(Requirement, RefusesTheRestWithACure) {
  const Refused kCases[] = {
      {"", "require.form", "correct>=0.8"},
      {"correct", "require.form", "correct>=0.8"},
      {"correct=0.8", "require.form", "correct>=0.8"},
      {"correct>0.8", "require.form", "correct>=0.8"},
      {">=0.8", "require.form", "correct>=0.8"},
      {"correct>=", "require.form", "correct>=0.8"},
      {"corect>=0.8", "require.measure", "did you mean 'correct'"},
      {"speed>=3", "require.measure", "one of: correct"},
      {"correct<=0.8", "require.direction", "correct>=0.8"},
      {"wer>=0.2", "require.direction", "wer<=0.2"},
      {"correct>=80", "require.limit", "did you mean 80 %"},
      {"correct>=101%", "require.limit", "from 0 to 1"},
      {"correct>=-1", "require.limit", "from 0 to 1"},
      {"correct>=nan", "require.limit", "from 0 to 1"},
      {"wer<=inf", "require.limit", "from 0 to 100"},
      {"correct>=0.8x", "require.limit", "from 0 to 1"},
      {"correct>=0.8>=0.9", "require.limit", "from 0 to 1"},
  };
  for (const auto& [text, code, cure] : kCases) {
    const auto r = parse_requirement(text);
    ASSERT_FALSE(r.has_value()) << text;
    EXPECT_EQ(r.error().code, code) << text;
    EXPECT_EQ(r.error().kind, ErrorKind::usage) << text;
    EXPECT_THAT(r.error().cure, HasSubstr(cure)) << text;
  }
}

TEST(Requirement, RoundingDoesNotDecide) {
  const Requirement r{Measured::correct, 0.3};
  EXPECT_TRUE(r.met_by(0.1 + 0.1 + 0.1));
  EXPECT_TRUE(r.met_by(0.3 - 1e-12));
  EXPECT_FALSE(r.met_by(0.299));
  const Requirement rate{Measured::wer, 0.3};
  EXPECT_TRUE(rate.met_by(0.1 + 0.2));
  EXPECT_FALSE(rate.met_by(0.301));
  EXPECT_TRUE(rate.better(0.1, 0.2));
}

TEST(Requirement, GradesOnlyWhatItsRuleChecked) {
  Prompt prompt{"p", "k", "?", {}};
  TrialRecord trial;
  trial.correct = true;
  trial.score = 0.4;
  const Requirement share{Measured::correct, 0.5};
  const Requirement f1{Measured::f1, 0.5};
  EXPECT_EQ(graded(share, prompt, trial), std::nullopt);
  prompt.checker.kind = Checker::Kind::spans;
  EXPECT_EQ(graded(share, prompt, trial), 1.0);
  EXPECT_EQ(graded(f1, prompt, trial), 0.4);
  EXPECT_EQ(graded({Measured::wer, 1}, prompt, trial), std::nullopt);
  prompt.checker.kind = Checker::Kind::nearest;
  EXPECT_EQ(graded({Measured::rank, 0.5}, prompt, trial), 0.4);
  trial.error = Error{ErrorKind::engine, "command.exit", "it ended", ""};
  EXPECT_EQ(graded(share, prompt, trial), 0.0);
  prompt.checker.kind = Checker::Kind::wer;
  EXPECT_EQ(graded({Measured::wer, 0.5}, prompt, trial), 1.0);
  trial.error.reset();
  trial.correct.reset();
  EXPECT_EQ(graded(share, prompt, trial), std::nullopt);
}

}  // namespace
}  // namespace joulebook
