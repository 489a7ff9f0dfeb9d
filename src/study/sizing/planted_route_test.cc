// Routes whose truth is planted: the cross-fitted value has no bias where the value on the very
// prompts has, and its intervals hold.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "study/sizing/cross_fit.h"
#include "study/sizing/route.h"
#include "study/sizing/sizing_test_study.h"

namespace joulebook {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int kRuns = 60;
#else
constexpr int kRuns = 500;
#endif

constexpr Requirement kMost{Measured::correct, 0.6};

// Six arms that are alike: whichever the rule chooses, a day takes the same.
test::PlantedWorld alike() {
  test::PlantedWorld world;
  for (int a = 0; a < 6; ++a) {
    world.arms.push_back({"arm" + std::to_string(a), {0.7, 0.7, 0.7}, {10, 20, 40}});
  }
  return world;
}

// A cheap arm that is good at one kind alone, a middling one, a dear one that is good at all.
test::PlantedWorld mixed() {
  test::PlantedWorld world;
  world.arms = {{"small", {0.9, 0.2, 0.55}, {2, 3, 4}},
                {"middle", {0.9, 0.7, 0.6}, {8, 10, 14}},
                {"large", {0.95, 0.9, 0.8}, {40, 60, 80}}};
  world.prompts = 12;
  return world;
}

struct Moments {
  double sum = 0;
  double squares = 0;
  int n = 0;
  void add(double x) {
    sum += x;
    squares += x * x;
    ++n;
  }
  [[nodiscard]] double mean() const { return sum / n; }
  [[nodiscard]] double error() const {
    return std::sqrt((squares / n - mean() * mean()) / (n - 1));
  }
};

// What the rules that were chosen would truly take and get right, a prompt of each kind.
struct Truth {
  double joules = 0;
  double grade = 0;
};

Truth truth_of(const test::PlantedWorld& world, const CrossFit& fit) {
  Truth out;
  for (std::size_t k = 0; k < fit.chosen.size(); ++k) {
    for (std::size_t a = 0; a < world.arms.size(); ++a) {
      out.joules += fit.chosen[k][a] * world.arms[a].joules[k];
      out.grade += fit.chosen[k][a] * world.arms[a].share[k];
    }
  }
  out.grade /= static_cast<double>(fit.chosen.size());
  return out;
}

struct Biases {
  Moments joules, grade, joules_here, grade_here;
  int held = 0;
  int runs = 0;
};

Biases biases_of(const test::PlantedWorld& world, int runs) {
  Biases out;
  for (int run = 0; run < runs; ++run) {
    const StudyResult study = test::planted(world, 1000 + static_cast<std::uint64_t>(run));
    const Field field = field_of(study, kMost, {});
    const CrossFit fit = cross_fit(field, 0, 4, study.spec.seed);
    const Mix mix(study.spec.prompts.size(), 1.0 / static_cast<double>(world.prompts));
    const Truth truth = truth_of(world, fit);
    const Policy here = send_by_kind(field, choose_rule(field, field.prompts, 0).arm_of);
    const Quantity crossed = joules_of(field, mix, fit.route);
    out.joules.add(*crossed.value / truth.joules - 1);
    out.grade.add(grade_of(field, mix, fit.route)->value - truth.grade);
    out.joules_here.add(*joules_of(field, mix, here).value / truth.joules - 1);
    out.grade_here.add(grade_of(field, mix, here)->value - truth.grade);
    out.held += crossed.interval().contains(truth.joules) ? 1 : 0;
    ++out.runs;
  }
  return out;
}

// By how many standard errors a bias that is there must show: 5 in the whole run, less in a shorter.
double clear_of(int runs) { return 5 * std::sqrt(std::min(1.0, runs / 500.0)); }

TEST(PlantedRoute, OfArmsThatAreAlikeTheLuckyOneLooksCheaper) {
  const Biases b = biases_of(alike(), kRuns);
  EXPECT_NEAR(b.joules.mean(), 0, 4 * b.joules.error());
  EXPECT_NEAR(b.grade.mean(), 0, 4 * b.grade.error());
  // On the very prompts: too few joules, too many right answers.
  EXPECT_LT(b.joules_here.mean(), -clear_of(b.runs) * b.joules_here.error());
  EXPECT_GT(b.grade_here.mean(), clear_of(b.runs) * b.grade_here.error());
}

TEST(PlantedRoute, TheCrossFittedValueHasNoBias) {
  const Biases b = biases_of(mixed(), kRuns);
  EXPECT_NEAR(b.joules.mean(), 0, 4 * b.joules.error());
  EXPECT_NEAR(b.grade.mean(), 0, 4 * b.grade.error());
  EXPECT_GT(b.grade_here.mean(), clear_of(b.runs) * b.grade_here.error());
}

TEST(PlantedRoute, IntervalsHold) {
  // A rule that is given: its joules' interval holds the truth as often as it says.
  test::PlantedWorld world = mixed();
  int joules = 0;
  int ratio = 0;
  int grade = 0;
  int difference = 0;
  for (int run = 0; run < kRuns; ++run) {
    const StudyResult study = test::planted(world, 77'000 + static_cast<std::uint64_t>(run));
    const Field field = field_of(study, kMost, {});
    const Mix mix(study.spec.prompts.size(), 1.0 / 12);
    const Policy route = send_by_kind(field, std::vector<std::size_t>{0, 1, 2});
    const Policy large = send_all_to(field, 2);
    joules += joules_of(field, mix, route).interval().contains(2 + 10 + 80) ? 1 : 0;
    ratio += joules_ratio(field, mix, route, large).interval().contains(92.0 / 180) ? 1 : 0;
    grade += grade_of(field, mix, route)->interval->contains(2.4 / 3) ? 1 : 0;
    difference += grade_difference(field, mix, route, large)->interval->contains(-0.25 / 3) ? 1 : 0;
  }
  for (const int held : {joules, ratio, grade, difference}) {
    EXPECT_NEAR(static_cast<double>(held) / kRuns, 0.95, kRuns < 100 ? 0.1 : 0.03);
  }
}

}  // namespace
}  // namespace joulebook
