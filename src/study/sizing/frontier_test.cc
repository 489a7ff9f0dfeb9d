#include "study/sizing/frontier.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace joulebook {
namespace {

ArmFit arm(double joules, std::optional<double> value) {
  ArmFit out;
  out.joules.these = Quantity::exact(joules, "J");
  out.quality.value = value;
  return out;
}

Fit fit(std::vector<ArmFit> arms) {
  Fit out;
  out.arms = std::move(arms);
  return out;
}

TEST(Frontier, WhatIsBeatenIsNotOnIt) {
  const Fit f = fit({arm(1, 0.2), arm(2, 0.6), arm(3, 0.5), arm(4, 0.9), arm(5, std::nullopt)});
  EXPECT_EQ(frontier_of(f, {}), (std::vector<bool>{true, true, false, true, false}));
  const Requirement rate{Measured::wer, 0.5};
  EXPECT_EQ(frontier_of(f, rate), (std::vector<bool>{true, false, false, false, false}));
}

TEST(Frontier, EqualArmsAreBothOnIt) {
  EXPECT_EQ(frontier_of(fit({arm(1, 0.5), arm(1, 0.5)}), {}), (std::vector<bool>{true, true}));
  EXPECT_EQ(frontier_of(fit({arm(1, 0.5), arm(2, 0.5)}), {}), (std::vector<bool>{true, false}));
}

RC_GTEST_PROP(Frontier, RisesInBothAndHoldsTheBestAndTheCheapest, ()) {
  const auto n = *rc::gen::inRange(1, 12);
  std::vector<ArmFit> arms;
  for (int i = 0; i < n; ++i) {
    arms.push_back(arm(*rc::gen::inRange(1, 20), *rc::gen::inRange(0, 10) / 10.0));
  }
  const auto on = frontier_of(fit(arms), {});
  double best = 0;
  double best_on = 0;
  double least = 1e9;
  double least_on = 1e9;
  for (std::size_t i = 0; i < arms.size(); ++i) {
    best = std::max(best, *arms[i].quality.value);
    least = std::min(least, *arms[i].joules.these.value);
    if (!on[i]) continue;
    best_on = std::max(best_on, *arms[i].quality.value);
    least_on = std::min(least_on, *arms[i].joules.these.value);
    for (std::size_t j = 0; j < arms.size(); ++j) {
      if (!on[j] || *arms[i].joules.these.value >= *arms[j].joules.these.value) continue;
      RC_ASSERT(*arms[i].quality.value < *arms[j].quality.value);
    }
  }
  RC_ASSERT(best == best_on);
  RC_ASSERT(least == least_on);
}

}  // namespace
}  // namespace joulebook
