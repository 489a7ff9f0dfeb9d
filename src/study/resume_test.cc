#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "study/study_fixture.h"
#include "study/study_log.h"

namespace joulebook {
namespace {

// What must not depend on when a study was interrupted.
std::vector<std::string> essence(const StudyResult& result) {
  std::vector<std::string> out;
  for (const auto& t : result.trials) {
    out.push_back(std::to_string(t.ordinal) + " " + std::to_string(t.arm) + " " +
                  std::to_string(t.prompt) + " " + std::to_string(t.round) + " " +
                  std::to_string(t.seed) + " " + std::to_string(t.output_tokens().count) + " " +
                  std::to_string(t.words) + " " +
                  (t.correct ? (*t.correct ? "right" : "wrong") : "open"));
  }
  return out;
}

class Interrupted : public testing::TestWithParam<int> {};

TEST_P(Interrupted, AndResumedEqualsUninterrupted) {
  const int after = GetParam();
  const auto spec = small_spec(4);
  StudyBench whole;
  const auto expected = whole.run(spec);
  ASSERT_TRUE(expected.has_value());

  StudyBench bench;
  Interrupter interrupter(bench.cancel, after);
  bench.context.progress = &interrupter;
  const auto first = bench.run(spec);
  ASSERT_TRUE(first.has_value());
  ASSERT_TRUE(!first->complete);
  ASSERT_TRUE(first->trials.size() == static_cast<std::size_t>(after));
  ASSERT_TRUE(!bench.ledger.runs.at(first->id).complete);

  bench.cancel = false;
  bench.context.progress = nullptr;
  bench.context.resume = first->id;
  const auto again = resumable_spec(bench.ledger, first->id, bench.context.format);
  ASSERT_TRUE(again.has_value());
  const auto second = bench.run(*again);
  ASSERT_TRUE(second.has_value());
  ASSERT_TRUE(second->complete);
  ASSERT_TRUE(second->id == first->id);
  ASSERT_TRUE(essence(*second) == essence(*expected));
  ASSERT_TRUE(second->looks.size() == expected->looks.size());
  ASSERT_TRUE(bench.ledger.runs.at(first->id).complete);
}

INSTANTIATE_TEST_SUITE_P(AfterTrials, Interrupted, testing::Range(1, 16));

TEST(Resume, PromptsThatChangedAreRefused) {
  StudyBench bench;
  auto spec = small_spec(3);
  spec.prompts[1].text += " (of another edition)";
  const auto result = bench.run(spec);
  ASSERT_TRUE(result);
  const auto again = resumable_spec(bench.ledger, result->id, bench.context.format);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, "study.prompts_changed");
}

TEST(Resume, NeedsALedgerAndARun) {
  StudyBench bench;
  bench.context.resume = "study-9";
  EXPECT_EQ(bench.run(small_spec()).error().code, "ledger.no_such_run");
  bench.context.ledger = nullptr;
  EXPECT_EQ(bench.run(small_spec()).error().code, "study.no_ledger");
}

TEST(Resume, CancelledBeforeTheFirstTrialLeavesAnEmptyStudy) {
  StudyBench bench;
  bench.cancel = true;
  const auto result = bench.run(small_spec());
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_FALSE(result->complete);
  EXPECT_TRUE(result->trials.empty());
  EXPECT_EQ(bench.loads, 0);
}

}  // namespace
}  // namespace joulebook
