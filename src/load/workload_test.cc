#include "load/workload.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace joulebook::load {
namespace {

double mean_of(const Lengths& lengths, int n) {
  Rng rng(5);
  double sum = 0;
  for (int i = 0; i < n; ++i) sum += static_cast<double>(lengths.draw(rng));
  return sum / n;
}

TEST(Lengths, AreRead) {
  EXPECT_EQ(mean_of(*Lengths::parse("512"), 10), 512);
  EXPECT_NEAR(mean_of(*Lengths::parse("uniform:100-300"), 20000), 200, 5 * 58 / std::sqrt(20000));
  EXPECT_NEAR(mean_of(*Lengths::parse("normal:500,50"), 20000), 500, 5 * 50 / std::sqrt(20000));
  EXPECT_NEAR(mean_of(*Lengths::parse("lognormal:500,0.5"), 20000), 500, 10);
  for (const auto* bad : {"", "0", "-5", "1.5", "abc", "uniform:", "uniform:5", "uniform:9-5",
                          "normal:5", "normal:0,1", "normal:5,-1", "lognormal:5,9", "gamma:5,1",
                          "99999999999", "uniform:1-inf", "normal:nan,1"}) {
    const auto lengths = Lengths::parse(bad);
    ASSERT_FALSE(lengths.has_value()) << bad;
    EXPECT_FALSE(lengths.error().cure.empty());
  }
}

RC_GTEST_PROP(Lengths, NeverBelowOne, (std::uint64_t seed)) {
  Rng rng(seed);
  for (const auto* text : {"normal:2,100", "lognormal:1,5", "uniform:1-3"}) {
    RC_ASSERT(Lengths::parse(text)->draw(rng) >= 1);
  }
}

// A tokenizer of a known template and a known number of tokens a word is found out.
RC_GTEST_PROP(LengthFit, FindsTheTemplateAndTheTokensAWord, ()) {
  const auto base = *rc::gen::inRange<std::int64_t>(0, 200);
  const auto per_word = *rc::gen::inRange<std::int64_t>(1, 4);
  const auto count = [&](std::int64_t words) { return base + per_word * words; };
  const auto fit = LengthFit::from(16, count(16), 144, count(144));
  RC_ASSERT(fit.has_value());
  const auto wanted = *rc::gen::inRange<std::int64_t>(300, 5000);
  RC_ASSERT(std::abs(count(fit->words_for(wanted)) - wanted) <= per_word / 2);
  RC_ASSERT(fit->words_for(1) == 1);
}

TEST(LengthFit, NonsenseIsNotLearned) {
  EXPECT_FALSE(LengthFit::from(16, 50, 144, 50).has_value());    // the same for both
  EXPECT_FALSE(LengthFit::from(16, 60, 144, 50).has_value());    // fewer for more
  EXPECT_FALSE(LengthFit::from(16, 0, 144, 50).has_value());     // not counted
  EXPECT_FALSE(LengthFit::from(16, 17, 144, 9000).has_value());  // 70 tokens a word
}

TEST(Workload, EachPromptIsUnlikeTheOthersAndTheSameAgain) {
  Workload work;
  work.input = Lengths::fixed(40);
  std::set<std::string> seen;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    const WorkItem item = work.item(i);
    EXPECT_EQ(std::count(item.text.begin(), item.text.end(), ' '), 39);
    EXPECT_TRUE(seen.insert(item.text).second) << i;
    EXPECT_EQ(work.item(i).text, item.text);
  }
}

TEST(Workload, TakesAUsersPromptsInTurnAndATracesLengths) {
  Workload own;
  own.prompts = {{"first", {}, 5}, {"second", {}, {}}};
  own.output = Lengths::fixed(9);
  EXPECT_EQ(own.item(0).text, "first");
  EXPECT_EQ(own.item(0).output_tokens, 5);
  EXPECT_EQ(own.item(3).text, "second");
  EXPECT_EQ(own.item(3).output_tokens, 9);
  EXPECT_EQ(own.item(3).input_tokens, 0);
  const std::vector<TraceEntry> trace = {{0, 10, 20}, {1, 30, 40}};
  Workload replay;
  replay.trace = &trace;
  EXPECT_EQ(replay.item(1).input_tokens, 30);
  EXPECT_EQ(replay.item(1).output_tokens, 40);
}

}  // namespace
}  // namespace joulebook::load
