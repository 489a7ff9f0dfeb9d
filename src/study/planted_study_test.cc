// Studies whose truth is planted: intervals must hold as often as they say, sentences be right.
// 1,000 runs a truth; under sanitizers 60 (an interval is then held to three standard errors more).
// JOULEBOOK_PLANTED_RUNS sets another number.
#include "fakes/planted_study.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <string>

#include "core/text.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define JOULEBOOK_SANITIZED 1
#else
#define JOULEBOOK_SANITIZED 0
#endif

namespace joulebook::fakes {
namespace {

constexpr std::uint64_t kSeed = 20261123;
constexpr int kEnough = 1000;
// A sentence makes three claims; the planted studies see it claim exactly what is so this often.
constexpr double kSentencesRight = 0.95;

int planted_runs() {
  const char* text = std::getenv("JOULEBOOK_PLANTED_RUNS");
  if (text != nullptr) return static_cast<int>(parse_int(text).value_or(kEnough));
  return JOULEBOOK_SANITIZED ? 60 : kEnough;
}

// Fewer runs than promised know the coverage less well.
double slack(int runs, double p) { return runs >= kEnough ? 0 : 3 * std::sqrt(p * (1 - p) / runs); }

class PlantedStudies : public testing::TestWithParam<std::size_t> {};

TEST_P(PlantedStudies, IntervalsHoldAndSentencesAreRight) {
  const PlantedTruth truth = planted_truths()[GetParam()];
  const int runs = planted_runs();
  const Coverage c = cover(truth, PlantedNoise{}, StoppingSpec{2, 10, 0.05, 1e9}, runs,
                           kSeed + GetParam() * 1'000'003);
  const auto within = [&](int held, const char* which, std::size_t ratio) {
    const double share = c.share(held);
    const std::string what = std::string(which) + " ratio " + std::to_string(ratio);
    RecordProperty(what, std::to_string(share));
    EXPECT_GE(share, 0.93 - slack(runs, 0.95)) << what << " of " << truth.name;
    EXPECT_LE(share, 0.97 + slack(runs, 0.95)) << what << " of " << truth.name;
  };
  for (std::size_t i = 0; i < 3; ++i) {
    within(c.these[i], "these", i);
    within(c.alike[i], "alike", i);
  }
  EXPECT_GE(c.share(c.right), kSentencesRight - slack(runs, kSentencesRight)) << truth.name;
  EXPECT_GE(c.share(c.truthful), kSentencesRight - slack(runs, kSentencesRight)) << truth.name;
  // The stopping rule was at work: neither always the fewest nor always the most rounds.
  EXPECT_GT(c.rounds / c.runs, 2.05);
  EXPECT_LT(c.rounds / c.runs, 9.5);
}

INSTANTIATE_TEST_SUITE_P(Truths, PlantedStudies, testing::Range<std::size_t>(0, 4));

TEST(PlantedStudy, SaysWhatWasPlanted) {
  const PlantedStudy planted =
      plant({"both", 1.87, 1.87}, PlantedNoise{}, StoppingSpec{2, 10, 0.05, 1e9}, 4);
  const std::string& sentence = planted.study.sentence;
  EXPECT_NE(sentence.find("times the energy of answering at once"), std::string::npos) << sentence;
  EXPECT_EQ(sentence.find("no difference"), std::string::npos) << sentence;
}

TEST(PlantedStudy, TheSameSeedGivesTheSameStudy) {
  const StoppingSpec stopping{2, 4, 0.05, 1e9};
  const auto a = plant({"both", 1.87, 1.87}, PlantedNoise{}, stopping, 9);
  const auto b = plant({"both", 1.87, 1.87}, PlantedNoise{}, stopping, 9);
  EXPECT_EQ(a.study.comparisons[0].split.energy.these, b.study.comparisons[0].split.energy.these);
  EXPECT_EQ(a.study.sentence, b.study.sentence);
}

}  // namespace
}  // namespace joulebook::fakes
