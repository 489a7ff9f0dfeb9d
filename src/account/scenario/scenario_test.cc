// Scenarios: closed forms of each part, drivers that multiply to the change, and back-tests.
#include "account/scenario/scenario.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

#include "account/factors/factors.h"

namespace joulebook::account {
namespace {

constexpr const char* kPlain =
    "name = 'plain'\nstart = 2020\nend = 2030\ndraws = 200\n[demand]\nanswers = '1e9 response/year'\ngrowth = 0.1\n[efficiency]\nanswer = '1 J/response'\n";

Scenario read(const std::string& toml) {
  auto s = parse_scenario(toml, "s.toml");
  EXPECT_TRUE(s.has_value()) << s.error().message;
  return s.value_or(Scenario{});
}

double last(const Scenario& s) { return *simulate(s).value().years.back().energy.whole.value; }

TEST(Scenario, GrowthGainAndReboundInClosedForm) {
  EXPECT_NEAR(last(read(kPlain)), 1e9 * std::pow(1.1, 10), 1);
  EXPECT_NEAR(last(read(std::string(kPlain) + "gain = 0.2\n")), 1e9 * std::pow(1.1 * 0.8, 10), 1);
  // Elasticity 1: all that is saved is used up again; 0.5: half of it, in logarithms.
  EXPECT_NEAR(last(read(std::string(kPlain) + "gain = 0.2\n[rebound]\nelasticity = 1\n")), 1e9 * std::pow(1.1, 10), 1);
  EXPECT_NEAR(last(read(std::string(kPlain) + "gain = 0.2\n[rebound]\nelasticity = 0.5\n")), 1e9 * std::pow(1.1 * std::sqrt(0.8), 10), 1);
}

TEST(Scenario, CapFloorMixAndLimits) {
  const std::string plain = kPlain;
  const auto capped = [](std::string toml) { return toml.replace(toml.find("growth = 0.1"), 12, "growth = 2\ncap = '3e9 response/year'"); };
  EXPECT_NEAR(last(read(capped(plain))), 3e9, 1e6);
  EXPECT_NEAR(last(read(plain + "gain = 0.9\nfloor = '0.5 J/response'\n")), 0.5e9 * std::pow(1.1, 10), 1);
  // Half reason at ten times, a quarter is small at a fifth.
  EXPECT_NEAR(last(read(plain + "[mix]\nreasoning = [0.0, 0.5]\nreasoning_factor = 10\nsmall = 0.25\nsmall_factor = 0.2\n")),
              1e9 * std::pow(1.1, 10) * (1 + 0.5 * 9 - 0.25 * 0.8), 1);
  const Outcome limited = simulate(read(plain + "[limits]\npower = '40 W'\n")).value();
  EXPECT_NEAR(*limited.years.back().energy.whole.value, 40 * kYear, 1);
  EXPECT_EQ(limited.years.back().limit, "power");
  EXPECT_EQ(limited.years.back().limited, 1);
  EXPECT_EQ(limited.years.front().limited, 0);
  EXPECT_NEAR(*limited.years.back().answers.whole.value, 40 * kYear, 1);  // of 1 J each
}

TEST(Scenario, GridTrend) {
  const Outcome o = simulate(read(std::string(kPlain) + "[grid]\nintensity = '360 gCO2e/kWh'\ndecline = 0.05\n")).value();
  EXPECT_NEAR(*o.years[0].carbon.whole.value, 1e9 * 1e-7, 1e-6);
  EXPECT_NEAR(*o.years[10].carbon.whole.value, 1e9 * std::pow(1.1 * 0.95, 10) * 1e-7, 1e-6);
  EXPECT_EQ(simulate(read(kPlain)).value().years[0].carbon.whole.reason->code, "grid.none");
}

TEST(Scenario, DriversMultiplyToTheChange) {
  const Outcome o = simulate(read(std::string(kPlain) + "gain = 0.2\n[rebound]\nelasticity = 0.3\n[mix]\nreasoning = [0.1, 0.3]\nreasoning_factor = 5\n[limits]\npower = '25 W'\n")).value();
  double product = 1;
  for (const Driver& d : o.drivers) product *= *d.factor.value;
  EXPECT_NEAR(product, *o.years.back().energy.whole.value / *o.years.front().energy.whole.value, 1e-9);
  ASSERT_EQ(o.drivers.size(), 5U);
}

TEST(Scenario, TheStrongestInfluenceIsNamedFirst) {
  const Outcome o = simulate(read("start = 2020\nend = 2030\n[demand]\nanswers = '1e9 response/year'\ngrowth = 'uniform(0, 1)'\n[efficiency]\nanswer = 'uniform(0.95, 1.05) J/response'\n")).value();
  ASSERT_EQ(o.influences.size(), 2U);
  EXPECT_EQ(o.influences[0].input, "growth");
  EXPECT_GT(o.influences[0].correlation, 0.95);
}

TEST(Scenario, DataCentres2010To2018) {
  const Scenario s = read(std::string(back_tests()[0].second));
  const BackTest b = simulate(s).value().back_test.value();
  EXPECT_NEAR(b.observed, 1 + factor("history.energy-2010-2018").value()->measure.value, 1e-9);
  EXPECT_NEAR(b.frozen, 1 + factor("history.compute-2010-2018").value()->measure.value, 0.001);  // what frozen efficiency would say
  EXPECT_TRUE(b.inside) << b.lo << " to " << b.hi;
  EXPECT_LT(b.hi, b.frozen);  // and that the fan leaves out
  EXPECT_NEAR(b.needed_gain, 0.203, 0.001);
  // A narrow trend that is too slow is found out.
  std::string slow(back_tests()[0].second);
  slow.replace(slow.find("uniform(0.10, 0.30)"), 19, "uniform(0.05, 0.10)");
  EXPECT_FALSE(simulate(read(slow)).value().back_test->inside);
}

TEST(Scenario, WorstCaseOfSearch) {
  const double worst = factor("history.search-worst-energy").value()->measure.value * kYear;  // J in a year
  Scenario s = read(std::string(back_tests()[1].second));
  const Outcome o = simulate(s).value();
  EXPECT_LT(o.years.back().energy.whole.own.hi, 0.51 * worst);
  EXPECT_EQ(o.years.back().limit, "money");
  EXPECT_GT(o.years.back().limited, 0.9);
  // All of the money buys all of it, and demand alone would have asked for it.
  s.money = Distribution::fixed(factor("history.search-worst-money").value()->measure.value);
  EXPECT_NEAR(simulate(s).value().years.back().energy.whole.own.hi, worst, 1e-3 * worst);
  s.money.reset();
  EXPECT_NEAR(simulate(s).value().years.back().energy.whole.own.hi, worst, 1e-3 * worst);
}

TEST(Scenario, BadFilesAreRefused) {
  const auto code = [](const std::string& toml) { return parse_scenario(toml, "s.toml").error().code; };
  const std::string plain = kPlain;
  EXPECT_EQ(code(plain + "gian = 0.2\n"), "toml.unknown_key");
  EXPECT_EQ(code(plain + "gain = 'discrete(0.1:0.5, 0.2:0.6)'\n"), "distribution.normalise");
  EXPECT_EQ(code("start = 2020\nend = 2030\n"), "toml.value");
  EXPECT_EQ(code("start = 'soon'\nend = 2030\n"), "toml.value");
  EXPECT_EQ(code(plain + "[mix]\nsmall = 'all'\n"), "toml.value");
  EXPECT_EQ(code(plain + "[grid]\nintensity = '0.8 lb/kWh'\n"), "unit.pounds");
  const auto refused = [](const std::string& toml) { return simulate(read(toml)).error().code; };
  EXPECT_EQ(refused(plain + "[mix]\nsmall = [0.6, 0.6]\nreasoning = [0.1, 0.6]\n"), "scenario.share");
  EXPECT_EQ(refused(plain + "[limits]\nchips = 10\n"), "scenario.limit");
  EXPECT_EQ(refused("draws = 4611686018427387904\nstart = 2020\nend = 2023\n[demand]\nanswers = '1 response/year'\n[efficiency]\nanswer = '1 J/response'\n"), "scenario.draws");
  EXPECT_EQ(refused("start = 2030\nend = 2020\n[demand]\nanswers = '1 response/year'\n[efficiency]\nanswer = '1 J/response'\n"), "scenario.years");
  EXPECT_EQ(refused(plain + "[observed]\nyear = 2040\nenergy_ratio = 1\nsource = 'x'\n"), "scenario.years");
}

RC_GTEST_PROP(ScenarioProperties, SeededLinearAndInOrder, ()) {
  const int joules = *rc::gen::inRange(1, 1000), seed = *rc::gen::inRange(0, 100);
  const auto toml = [&](int k) {
    return "seed = " + std::to_string(seed) + "\ndraws = 100\nstart = 2020\nend = 2025\n[demand]\nanswers = '1e9 response/year'\ngrowth = 'uniform(0, 1)'\n[efficiency]\nanswer = '" +
           std::to_string(k * joules) + " J/response'\ngain = 'uniform(0, 0.5)'\n";
  };
  const Outcome one = simulate(read(toml(1))).value(), again = simulate(read(toml(1))).value(), three = simulate(read(toml(3))).value();
  for (std::size_t t = 0; t < one.years.size(); ++t) {
    const Fan &a = one.years[t].energy, &b = three.years[t].energy;
    RC_ASSERT(a.whole == again.years[t].energy.whole);
    RC_ASSERT(std::abs(*b.whole.value - 3 * *a.whole.value) <= 1e-9 * *b.whole.value);
    RC_ASSERT(a.whole.own.lo <= a.q25 && a.q25 <= *a.whole.value && *a.whole.value <= a.q75 && a.q75 <= a.whole.own.hi);
  }
}

struct Slip {
  std::string_view demand, efficiency, rest, code, says;
};
// What would silently bind from the first year on is a slip, and its cure names the key.
TEST(Scenario, SlipsAreRefused) {
  for (const Slip& slip : {Slip{"cap = '5e11 response/year'", "", "", "scenario.cap", "demand.cap"}, Slip{"", "floor = '1 Wh/response'", "", "scenario.floor", "efficiency.floor"},
                           Slip{"", "gain = 1.2", "", "scenario.share", "efficiency.gain"}, Slip{"", "gain = 'uniform(0.1, 1.5)'", "", "scenario.share", "efficiency.gain"},
                           Slip{"", "", "[grid]\nintensity = '380 g/kWh'\ndecline = 2", "scenario.share", "grid.decline"},
                           Slip{"", "", "[grid]\nintensity = '0.8 lb/kWh'", "unit.pounds", "pounds"}, Slip{"growth = nan", "", "", "toml.value", "demand.growth"}}) {
    const auto s = parse_scenario(fmt::format("start = 2025\nend = 2030\n[demand]\nanswers = '1e12 response/year'\n{}\n[efficiency]\nanswer = '0.3 Wh/response'\n{}\n{}\n",
                                              slip.demand, slip.efficiency, slip.rest), "slip.toml");
    Error error = s ? Error{} : s.error();
    if (s) {
      const auto run = simulate(*s);
      ASSERT_FALSE(run) << slip.says;
      error = run.error();
    }
    EXPECT_EQ(error.code, slip.code) << error.message;
    EXPECT_NE(error.message.find(slip.says), std::string::npos) << error.message;
    EXPECT_FALSE(error.cure.empty());
  }
}

}  // namespace
}  // namespace joulebook::account
