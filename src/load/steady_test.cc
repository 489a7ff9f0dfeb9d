#include "load/steady.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

#include "study/rng.h"

namespace joulebook::load {
namespace {

// Windows of 5 s with a throughput and a latency each.
std::vector<WindowPoint> windows(const std::vector<double>& per_s,
                                 const std::vector<double>& latency) {
  std::vector<WindowPoint> out;
  for (std::size_t i = 0; i < per_s.size(); ++i) {
    const auto n = static_cast<std::int64_t>(std::llround(5 * per_s[i]));
    out.push_back({5, n, n, 20 * n, static_cast<double>(n) * latency[i]});
  }
  return out;
}

Steadiness judged(const std::vector<double>& per_s, const std::vector<double>& latency) {
  return judge_windows(windows(per_s, latency), {}).steadiness;
}

TEST(Steady, PlantedSeries) {
  EXPECT_EQ(judged({100, 103, 98}, {0.2, 0.205, 0.198}), Steadiness::steady);
  EXPECT_EQ(judged({100, 120, 140}, {0.2, 0.2, 0.2}), Steadiness::unsteady);  // climbs
  EXPECT_EQ(judged({100, 100, 100}, {0.2, 0.3, 0.4}), Steadiness::unsteady);  // a queue grows
  EXPECT_EQ(judged({100, 60, 100}, {0.2, 0.2, 0.2}), Steadiness::unsteady);   // swings
  EXPECT_EQ(judged({100, 100}, {0.2, 0.2}), Steadiness::unjudged);
  EXPECT_EQ(judged({1, 1, 1}, {0.2, 0.2, 0.2}), Steadiness::unjudged);  // 5 answers a window
  EXPECT_EQ(judged({100, 0, 100}, {0.2, 0.2, 0.2}), Steadiness::unjudged);
}

TEST(Steady, AnOpenLoopsOwnScatterIsNotTheServers) {
  const auto verdict = [](const std::vector<WindowPoint>& points) {
    return judge_windows(points, {.open = true}).steadiness;
  };
  EXPECT_EQ(verdict(windows({20, 30, 25}, {0.2, 0.2, 0.2})), Steadiness::steady);
  EXPECT_EQ(verdict(windows({20, 30, 25}, {0.2, 0.3, 0.4})), Steadiness::unsteady);
  auto behind = windows({20, 20, 20}, {0.2, 0.2, 0.2});
  behind[2].due *= 2;
  EXPECT_EQ(verdict(behind), Steadiness::unsteady);
}

TEST(Steady, SaysWhy) {
  const auto v = judge_windows(windows({100, 100, 100}, {0.2, 0.3, 0.4}), {});
  EXPECT_EQ(v.why, "latency differs by 100 % between three windows");
  EXPECT_NEAR(*v.latency_spread, 1, 1e-9);
}

TEST(Steady, MoreWindowsAreGatheredIntoThree) {
  // Six that swing by 30 % from one to the next, but not by thirds.
  EXPECT_EQ(judged({100, 130, 100, 130, 100, 130}, {1, 1, 1, 1, 1, 1}), Steadiness::steady);
  EXPECT_EQ(judged({100, 100, 115, 115, 130, 130}, {1, 1, 1, 1, 1, 1}), Steadiness::unsteady);
}

std::vector<std::pair<double, double>> series(Rng& rng, int n, double drift, double noise) {
  std::vector<std::pair<double, double>> out;
  for (int i = 0; i < n; ++i) {
    out.emplace_back(i, 2 * (1 + drift * i / (n - 1) + noise * rng.normal()));
  }
  return out;
}

TEST(Trend, ADriftIsFoundAndASteadySeriesIsLeftAlone) {
  constexpr int kTries = 400;
  int drifting = 0;
  int steady = 0;
  int swinging = 0;
  for (int i = 0; i < kTries; ++i) {
    Rng rng(7, static_cast<std::uint64_t>(i));
    const auto found = [](const std::vector<std::pair<double, double>>& points) {
      SteadyVerdict v;
      v.steadiness = Steadiness::steady;
      judge_trend(v, trend_of(points), {});
      return v.steadiness == Steadiness::unsteady ? 1 : 0;
    };
    drifting += found(series(rng, 12, 0.3, 0.05));
    steady += found(series(rng, 12, 0, 0.05));
    auto swing = series(rng, 12, 0, 0.02);
    for (auto& [x, y] : swing) y *= 1 + 0.3 * std::sin(x * M_PI);  // whole swings: no drift
    swinging += found(swing);
  }
  EXPECT_GT(drifting, kTries * 95 / 100);
  EXPECT_LT(steady, kTries * 2 / 100);
  EXPECT_LT(swinging, kTries * 2 / 100);
}

// By chance a slope is as steep in 1 % of series without one.
TEST(Trend, ItsPIsHonest) {
  constexpr int kTries = 4000;
  int below = 0;
  for (int i = 0; i < kTries; ++i) {
    Rng rng(11, static_cast<std::uint64_t>(i));
    below += trend_of(series(rng, 12, 0, 0.1))->p < 0.05 ? 1 : 0;
  }
  EXPECT_NEAR(below, kTries * 0.05, 5 * std::sqrt(kTries * 0.05 * 0.95));
}

TEST(Trend, TooFewOrNoValuesSayNothing) {
  Rng rng(1);
  EXPECT_FALSE(trend_of(series(rng, 5, 1, 0)).has_value());
  const std::vector<std::pair<double, double>> zeros(10, {1, 0});
  EXPECT_FALSE(trend_of(zeros).has_value());
}

TEST(Trend, AnExactLineIsADrift) {
  Rng rng(1);
  const auto trend = trend_of(series(rng, 10, 0.5, 0)).value();
  EXPECT_LT(trend.p, 1e-6);
  EXPECT_NEAR(trend.change, 0.4, 1e-9);  // of the mean, 1.25 of the first
  EXPECT_EQ(trend_of(series(rng, 10, 0, 0))->p, 1);
}

}  // namespace
}  // namespace joulebook::load
