// Comparisons: all sources side by side, nothing without one, and a net that is the difference.
#include "account/compare/compare.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

namespace joulebook::account {
namespace {

Footprint used(double joules, const char* place = "US") {
  Terms t;
  if (*place != '\0') {
    EXPECT_TRUE(set_place(t, place));
  }
  Quantity q = Quantity::exact(joules, "J");
  q.level = 1, q.boundary = "it";
  return footprint(q, Preset::it, Preset::it, t).value();
}

TEST(Equivalents, APhoneChargeHasTwoSources) {
  const auto all = equivalents_of(used(0.01149 * 3.6e6), {"Smartphone charge"}).value();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_NEAR(*all[0].count.value, 0.01149 / 0.012, 1e-9);
  EXPECT_NEAR(*all[1].count.value, 0.01149 / 0.019, 1e-9);
  EXPECT_NE(all[0].source.source, all[1].source.source);
}

TEST(Equivalents, TenMinutesOfVideo) {
  // 17.8 kJ against the IEA's 0.077 kWh an hour, its device inside: 3.9 minutes, not ten.
  const auto all = equivalents_of(used(17800), {"Video streaming, 1 hour"}).value();
  EXPECT_NEAR(*all[0].count.value * 60, 3.85, 0.01);
}

TEST(Equivalents, OfCarbonNeedsAGrid) {
  const auto with = equivalents_of(used(3.6e9), {"Passenger car, EU", "Tree absorption"}).value();
  EXPECT_NEAR(*with[0].count.value, 369.473 / 0.175e-3, 1);  // m
  EXPECT_EQ(with[0].count.unit, "m");
  EXPECT_EQ(with[1].count.unit, "s");
  EXPECT_FALSE(equivalents_of(used(3.6e9, ""), {"Passenger car, EU"}).value()[0].count.present());
  EXPECT_EQ(equivalents_of(used(1), {"herd of cows"}).error().code, "equivalent.unknown");
  EXPECT_GT(equivalents_of(used(1), {"all"}).value().size(), 15U);
}

TEST(Instead, ACallForAFlight) {
  const Choice choice = choice_of("call").value();
  const auto nets = net_of(used(3.6e6), choice).value();
  ASSERT_EQ(nets.size(), 3U);  // New York - San Francisco from two sources, Paris - London from one
  for (const Net& n : nets) {
    EXPECT_NEAR(*n.net.value, *n.here.value - *n.there.value, 1e-9);
    EXPECT_LT(*n.net.value, 0);
    EXPECT_FALSE(n.source.empty());
  }
  EXPECT_FALSE(choice.assumptions.empty());
}

// Whatever it is called by, the account's figure is the e-mail's and the other side the letter's.
TEST(Instead, AnEmailForALetterAndAStreamForADisc) {
  for (const char* name : {"letter", "email", "e-mail"}) {
    const auto nets = net_of(used(3600), choice_of(name).value()).value();
    ASSERT_EQ(nets.size(), 2U) << name;  // two sources
    EXPECT_EQ(nets[0].of, "carbon.location.direct");
    EXPECT_NEAR(*nets[0].there.value, std::sqrt(20e-3 * 30e-3), 1e-9);
    EXPECT_NEAR(nets[0].there.interval().lo, 20e-3, 1e-9);
    EXPECT_NEAR(nets[0].there.interval().hi, 30e-3, 1e-9);
    EXPECT_NEAR(*nets[1].there.value, 20e-3, 1e-9);
  }
  for (const char* name : {"disc", "stream"}) {
    const auto nets = net_of(used(3600), choice_of(name).value()).value();
    ASSERT_EQ(nets.size(), 2U) << name;  // joules, and grams
    EXPECT_NEAR(*nets[0].there.value, 12e6, 1);
    EXPECT_NEAR(*nets[1].there.value, 0.71, 1e-9);
  }
}

TEST(Instead, WhatHasNoSourceIsTheUsersToGive) {
  for (const char* name : {"cinema", "herd of cows"}) {
    EXPECT_EQ(choice_of(name).error().code, "instead.no_source") << name;
    EXPECT_NE(choice_of(name).error().cure.find(".toml"), std::string::npos) << name;
  }
}

TEST(Instead, AUsersOwnPair) {
  const char* toml = "name = 'e-mail for letter'\nshare = 0.5\n[that]\nname = 'letter'\ncarbon = '20-30 gCO2e'\nsource = 'my post office, 2024'\n";
  const Choice c = parse_choice(toml, "pair.toml").value();
  const auto nets = net_of(used(3.6e3), c).value();
  ASSERT_EQ(nets.size(), 1U);
  EXPECT_NEAR(*nets[0].here.value, 0.000369473, 1e-9);
  const Interval i = nets[0].net.interval();
  EXPECT_NEAR(i.lo, 0.000369473 - 0.015, 1e-6);
  EXPECT_NEAR(i.hi, 0.000369473 - 0.010, 1e-6);
  const auto code = [](const std::string& text) { return parse_choice(text, "pair.toml").error().code; };
  EXPECT_EQ(code("[that]\ncarbon = '20 gCO2e'\n"), "instead.source");
  EXPECT_EQ(code("[that]\ncarbon = '20 g'\nsource = 'x'\n"), "unit.ambiguous");
  EXPECT_EQ(code("[that]\ncarbn = '20 g'\nsource = 'x'\n"), "toml.unknown_key");
  EXPECT_EQ(code("share = 2\n[that]\ncarbon = '20 gCO2e'\nsource = 'x'\n"), "toml.value");
  EXPECT_EQ(code("name = 'x'\n"), "toml.value");
  const Choice mixed = parse_choice("[this]\nenergy = '1 J'\nsource = 'x'\n[that]\ncarbon = '1 kgCO2e'\nsource = 'y'\n", "pair.toml").value();
  EXPECT_EQ(net_of(used(1), mixed).error().code, "instead.kinds");
}

RC_GTEST_PROP(CompareProperties, CountsAreLinear, ()) {
  const int joules = *rc::gen::inRange(1, 1'000'000), k = *rc::gen::inRange(2, 100);
  const auto one = equivalents_of(used(joules), {"all"}).value(), many = equivalents_of(used(1.0 * k * joules), {"all"}).value();
  for (std::size_t i = 0; i < one.size(); ++i) {
    RC_ASSERT(std::abs(*many[i].count.value - k * *one[i].count.value) <= 1e-9 * *many[i].count.value);
  }
}

}  // namespace
}  // namespace joulebook::account
