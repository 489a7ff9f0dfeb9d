#pragma once
// A scenario: what a service takes over years, by Monte Carlo over stated distributions, each draw a whole
// history. For year t = 0, 1, ... after the start:
//
//   demand      d(t+1) = d(t) (1 + g (1 - d(t)/cap)), without a cap d(t) (1 + g)
//   efficiency  e(t+1) = max(floor, e(t) (1 - r(t))), r(t) = r0 x k^t: k below 1, returns diminish
//   mix         m(t) = 1 + reasoning(t) (f_reasoning - 1) + small(t) (f_small - 1), shares rising by line
//   rebound     b(t) = (e(t) m(t) / (e(0) m(0)))^-elasticity: cheaper answers are asked for more often (Jevons);
//               0 none, 1: all that was saved is used up
//   wanted      E(t) = d b e m
//   limits      least of power x year, chips x watts x year, money / price of a chip x watts x year
//   energy      min(wanted, limit); who is not served is counted
//   carbon      energy x i0 (1 - decline)^t
//
// Same seed, same figures (study/rng.h). Pure; thread-safe.
#include <joulebook/quantity.h>
#include <joulebook/result.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "account/life/life.h"

namespace joulebook::account {

struct Ramp {
  double from = 0, to = 0;  // at the first and in the last year
};

// What really happened, for a back-test.
struct Observed {
  int year = 0;
  Distribution ratio = Distribution::fixed(1);  // of energy against the first year's
  std::string source;
};

struct Scenario {
  std::string name, note;
  int start = 0, end = 0;
  Draws draws{1, 4000};
  Distribution demand = Distribution::fixed(0);  // answers a second, at the start
  Distribution growth = Distribution::fixed(0);
  std::optional<Distribution> cap;                // answers a second
  Distribution answer = Distribution::fixed(0);  // J, at the start
  Distribution gain = Distribution::fixed(0), diminishing = Distribution::fixed(1);
  std::optional<Distribution> floor;  // J
  Distribution elasticity = Distribution::fixed(0);
  Ramp reasoning, small;
  Distribution reasoning_factor = Distribution::fixed(1), small_factor = Distribution::fixed(1);
  std::optional<Distribution> power, chips, chip_power, money, chip_price;  // W, 1, W, USD, USD
  std::optional<Distribution> intensity;  // kgCO2e/J
  Distribution decline = Distribution::fixed(0);
  std::optional<Observed> observed;
};

// Middle and ends of a figure over the draws.
struct Fan {
  Quantity whole;        // median, 5th to 95th percentile
  double q25 = 0, q75 = 0;
};

struct ScenarioYear {
  int year = 0;
  Fan energy;    // J in the year
  Fan carbon;    // kgCO2e; an absence without an intensity
  Fan answers;   // served in the year, unit "1"
  double limited = 0;   // share of draws in which a limit binds
  std::string limit;    // that binds most often: "power", "chips", "money"; empty: none does
};

struct Driver {
  std::string name;    // "demand", "efficiency", "rebound", "mix", "limit"
  Quantity factor;     // last year against the first, unit "1"; their product is the change of energy in each draw
};
struct Influence {
  std::string input;   // "growth"
  double correlation = 0;  // of ranks (Spearman), of the input with the last year's energy
};

struct BackTest {
  int year = 0;
  double observed = 0, predicted = 0, lo = 0, hi = 0;  // ratio against the first year: what was, median, 5th and 95th percentile
  double frozen = 0;       // what constant efficiency would have given, median
  double needed_gain = 0;  // a year, so that the median demand gives what was observed; negative: it got worse
  bool inside = false;     // the fan holds what was observed
  std::string source;
};

struct Outcome {
  std::vector<ScenarioYear> years;
  std::vector<Driver> drivers;
  std::vector<Influence> influences;  // strongest first; inputs that are certain have none
  std::optional<BackTest> back_test;
};

// Errors: input "scenario.years", "scenario.draws", "scenario.share", "scenario.limit" (a limit lacks what it needs).
[[nodiscard]] Result<Outcome> simulate(const Scenario& scenario);

// docs/formats/scenario.md. Errors: those of toml.h and of distributions, placed.
[[nodiscard]] Result<Scenario> parse_scenario(std::string_view toml, std::string origin);

// Every input by its name in the file, as it was stated.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> stated_inputs(const Scenario& scenario);

// The built-in back-tests: "data-centres-2010", "search-2023".
[[nodiscard]] std::vector<std::pair<std::string, std::string_view>> back_tests();

}  // namespace joulebook::account
