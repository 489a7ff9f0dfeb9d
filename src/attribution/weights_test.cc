// Prices, their fit, and who shares a step.
#include <gmock/gmock.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>

#include "attribution/energy_fit.h"
#include "attribution/step_curve.h"

namespace joulebook::attribution {
namespace {

TEST(Prices, EveryModelOfTheCatalogueHasThem) {
  const auto device = serving::find_device("H100");
  ASSERT_TRUE(device);
  for (const serving::Shape& shape : serving::all_shapes()) {
    serving::Workload work{.shape = shape, .device = *device};
    const Prices p = prices_of(work);
    EXPECT_TRUE(p.known) << shape.name;
    for (const double j : p.joules) EXPECT_TRUE(std::isfinite(j) && j >= 0) << shape.name;
    EXPECT_GT(p.joules[kStep] + p.expert_joules, 0) << shape.name;
    EXPECT_GT(p.joules[kPrompt], 0) << shape.name;
    EXPECT_GT(p.limit_w, 0) << shape.name;
  }
}

TEST(Prices, ExpertsAreTouchedAsTokensChooseThem) {
  Prices p;
  EXPECT_EQ(p.touched(100), 0);  // there are none
  p.chosen_share = 0.125;
  EXPECT_DOUBLE_EQ(p.touched(1), 0.125);
  EXPECT_DOUBLE_EQ(p.touched(2), 1 - 0.875 * 0.875);
  EXPECT_NEAR(p.touched(1000), 1, 1e-9);
}

TEST(Prices, AWindowOfAttentionBoundsTheContextRead) {
  Prices p;
  EXPECT_EQ(p.seen(5000), 5000);
  p.window = 1000;
  p.window_share = 0.5;
  EXPECT_DOUBLE_EQ(p.seen(5000), 3000);
}

// Parts of a window, no two alike, and what they cost by these factors.
Parts window_parts(int k, double shift = 1.3) {
  Parts parts{};
  for (std::size_t i = 0; i < kParts; ++i)
    parts[i] = 1 + std::sin(k * (shift + static_cast<double>(i)));
  return parts;
}
double cost(const Parts& factors, const Parts& parts) {
  double total = 0;
  for (std::size_t i = 0; i < kParts; ++i) total += factors[i] * parts[i];
  return total;
}
constexpr Parts kHalf{0.5, 0.5, 0.5, 0.5, 0.5, 0.5};

TEST(PriceFit, WithoutWindowsThePricesStand) {
  const Factors f = PriceFit(0.03, 16).solve(kHalf);
  for (std::size_t i = 0; i < kParts; ++i) {
    EXPECT_DOUBLE_EQ(f.value[i], 1);
    EXPECT_NEAR(f.covariance[i][i], 0.25, 1e-12);
  }
}

TEST(PriceFit, FindsFactorsThatWindowsShow) {
  const Parts truth{1.4, 0.6, 1.5, 0.7, 1.3, 1};
  PriceFit fit(0.01, 1000);
  for (int k = 0; k < 300; ++k) {
    const Parts parts = window_parts(k);
    fit.add(parts, 3 * cost(truth, parts), 0.001, 1);  // whatever the scale
  }
  const Factors f = fit.solve(kHalf);
  for (std::size_t i = 0; i < kParts; ++i) EXPECT_NEAR(f.value[i], 3 * truth[i], 0.06 * 3) << i;
}

TEST(PriceFit, WhatIsNoEnergyTeachesNothing) {
  PriceFit fit(0.03, 16);
  fit.add(Parts{}, 5, 0, 1);
  fit.add(kHalf, -5, 0, 1);
  fit.add(kHalf, std::numeric_limits<double>::quiet_NaN(), 0, 1);
  fit.add(kHalf, 5, std::numeric_limits<double>::infinity(), 1);
  EXPECT_EQ(fit.solve(kHalf).windows, 0);
}

// Two engines under one meter, of which each window has another mixture; one that was never seen is like them.
TEST(PriceFit, EnginesUnderOneMeterHaveFactorsOfTheirOwn) {
  const Parts truth[] = {{1.4, 0.6, 1.5, 0.7, 1.3, 1}, {0.7, 1.3, 0.8, 1.2, 0.6, 1}};
  PriceFit fit(0.01, 1000);
  for (int k = 0; k < 400; ++k) {
    Parts parts[] = {window_parts(k), window_parts(k, 2.1)};
    if (k % 3 == 1) parts[0] = {};
    if (k % 3 == 2) parts[1] = {};
    fit.add(parts, 3 * (cost(truth[0], parts[0]) + cost(truth[1], parts[1])), 0.001, 0);
  }
  const PriorPrices before[] = {{kHalf}, {kHalf}, {kHalf}};
  const auto f = fit.solve(before);
  ASSERT_EQ(f.size(), 3U);
  for (std::size_t i = 0; i < kParts; ++i) {
    EXPECT_NEAR(f[0].value[i], 3 * truth[0][i], 0.3) << i;
    EXPECT_NEAR(f[1].value[i], 3 * truth[1][i], 0.3) << i;
    EXPECT_GT(f[2].covariance[i][i], 10 * f[0].covariance[i][i]) << i;
  }
}

// A busy engine: steps and tokens give way to prompts, whose place in time is seen less well than theirs. A
// plain fit lets steps and tokens give energy back, for they tell better where prompts were.
TEST(PriceFit, NoWorkGivesEnergyBack) {
  const auto window = [](int k, double seen) {  // kStep, kTime, kToken, kContext, kPrompt, kPromptContext
    const double read = 0.15 + 0.15 * std::sin(2.9 * k) + seen * std::sin(11.3 * k);
    const double left = 1 - 1.5 * (0.15 + 0.15 * std::sin(2.9 * k));
    return Parts{0.1 * left, 1, 0.04 * left, 0.02, std::max(read, 0.0), 0.01};
  };
  const Parts truth{2, 0.4, 5, 1, 3, 1}, doubt{1.5, 1.5, 40, 1.5, 3, 1.5};
  PriceFit fit(0.01, 1000);
  for (int k = 0; k < 300; ++k) fit.add(window(k, 0.05), cost(truth, window(k, 0)), 0.01, 0);
  const Factors f = fit.solve(doubt);
  const Parts reads = window(3, 0), decodes = window(1, 0);
  for (const Parts& parts : {reads, decodes}) EXPECT_NEAR(cost(f.value, parts) / cost(truth, parts), 1, 0.05);
  EXPECT_GT(f.value[4], 0.6 * truth[4]);
}

// What a window was given too much of a prompt its neighbour lacks: sums of neighbours say what a prompt costs, whatever
// order they come in; windows one by one say less.
TEST(PriceFit, WhatAWindowLacksItsNeighbourHas) {
  const Parts truth{1, 1, 1, 1, 3, 1};
  const auto noise = [](int k) { return std::sin(7.7 * k * k + 1.3 * k); };
  const auto window = [&](int k, double misplaced) {
    Parts parts{0.2, 1, 0.2, 0.1, 0, 0.01};
    parts[kPrompt] = 0.5 + 0.2 * std::sin(1.1 * k) + misplaced * (noise(k) - noise(k + 1));
    return parts;
  };
  const auto price = [&](bool neighbours) {
    PriceFit fit(0.01, 1000);
    for (int i = 0; i < 300; ++i) {
      const int k = i ^ 1;  // pairs, the later first
      const std::int64_t begin = k * std::int64_t{1'000'000'000};
      fit.add(window(k, 0.15), cost(truth, window(k, 0)), 0.01, 0, neighbours ? WindowSpan{begin, begin + 1'000'000'000} : WindowSpan{});
    }
    const Factors f = fit.solve(Parts{5, 5, 5, 5, 5, 5});
    return f.value[kPrompt] / f.value[kTime];
  };
  EXPECT_LT(price(false), 0.75 * price(true));
  EXPECT_GT(price(true), 0.65 * 3);
}

// Of tokens that came together all but the first took no time.
TEST(StepCurve, AnInstantHasAShareAndNoTime) {
  StepCurve curve(0, 1'000'000'000, 0);
  curve.sequence(0, 1'000'000'000, StepCurve::kDecoding);
  curve.sequence(0, 500'000'000, StepCurve::kReading);
  curve.build();
  const StepCurve::Span shared = curve.over(400'000'000, 400'000'000, StepCurve::kDecoding),
                        alone = curve.over(600'000'000, 600'000'000, StepCurve::kDecoding);
  EXPECT_EQ(shared.mean_share(), 0.5);
  EXPECT_EQ(shared.alone_part(), 0);
  EXPECT_EQ(alone.mean_share(), 1);
  EXPECT_EQ(alone.alone_part(), 1);
  for (const auto& span : {shared, alone}) {
    EXPECT_EQ(span.seconds + span.shares_s + span.alone_s + span.steps + span.share_steps, 0);
  }
}

TEST(PriceFit, ALimitThatHeldInSomeWindowsIsToldFromThePrices) {
  const Parts truth{0.7, 1.3, 1.2, 0.8, 1.4, 1};
  PriceFit fit(0.01, 1000);
  for (int k = 0; k < 300; ++k) {
    const Parts parts = window_parts(k);
    const double total = cost(truth, parts);
    const double bent = std::clamp(total / 20, 0.0, 0.5);  // where work is much
    fit.add(parts, total / (1 + 0.6 * bent), 0.001, bent);
  }
  const Factors f = fit.solve(kHalf);
  for (std::size_t i = 0; i < kParts; ++i) EXPECT_NEAR(f.value[i], truth[i], 0.06) << i;
}

// However many sequences come and go, and whether prompts have steps of their own: their shares of the
// time add up to the time in which one was there.
RC_GTEST_PROP(StepCurve, SharesSumToTheBusyTime, ()) {
  constexpr std::int64_t kWindow = 1'000'000'000;
  struct Stretch {
    std::int64_t from, to;
    StepCurve::Kind kind;
  };
  StepCurve curve(0, kWindow, 0, *rc::gen::arbitrary<bool>());
  std::vector<Stretch> spans;
  for (int i = *rc::gen::inRange(0, 20); i > 0; --i) {
    const auto from = *rc::gen::inRange<std::int64_t>(-kWindow / 2, kWindow);
    const auto length = *rc::gen::inRange<std::int64_t>(0, kWindow);
    spans.push_back({from, from + length, *rc::gen::element(StepCurve::kReading, StepCurve::kDecoding)});
    curve.sequence(spans.back().from, spans.back().to, spans.back().kind);
  }
  curve.build();
  double shares = 0;
  for (const auto& [from, to, kind] : spans) {
    if (std::min(to, kWindow) > std::max<std::int64_t>(from, 0))
      shares += curve.over(from, to, kind).shares_s;
  }
  RC_ASSERT(std::abs(shares - curve.busy_s()) < 1e-9);
  RC_ASSERT(curve.busy_s() <= 1 + 1e-12);
}

// Two decode all the time; a prompt is read in the first half. Apart, those who decode wait for it.
TEST(StepCurve, PromptsThatAreReadApartShareNoStepWithDecoders) {
  for (const bool apart : {false, true}) {
    StepCurve curve(0, 1'000'000'000, 0, apart);
    for (int i = 0; i < 2; ++i) curve.sequence(0, 1'000'000'000, StepCurve::kDecoding);
    curve.sequence(0, 500'000'000, StepCurve::kReading);
    curve.build();
    const auto prompt = curve.over(0, 500'000'000, StepCurve::kReading);
    const auto decoder = curve.over(0, 1'000'000'000, StepCurve::kDecoding);
    EXPECT_NEAR(prompt.shares_s, apart ? 0.5 : 0.5 / 3, 1e-12);
    EXPECT_NEAR(decoder.shares_s, apart ? 0.25 : 0.5 / 3 + 0.25, 1e-12);
    EXPECT_NEAR(decoder.mean_share(), apart ? 0.5 : 0.5 / 3 + 0.25, 1e-12);
    EXPECT_EQ(prompt.alone_part(), apart ? 1 : 0);
  }
}

}  // namespace
}  // namespace joulebook::attribution
