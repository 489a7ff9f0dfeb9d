#pragma once
// A number that is not known exactly, as people state it: "100 kWh", "90-110 kWh" (uniform), "0.42 +- 0.13 Wh"
// (uniform, too: nobody said more), "normal(100, 10) kWh" (mean, standard deviation; draws below 0 are drawn
// again), "lognormal(100, 1.5) kWh" (median, geometric standard deviation), "triangular(80, 100, 150) kWh" (least,
// mode, most), "uniform(80, 120) kWh", "discrete(1:0.25, 2:0.75) kWh" (value:probability, which sum to 1).
// Plain values; a draw advances the generator that it is given, and nothing else.
#include <joulebook/result.h>

#include <string>
#include <string_view>
#include <vector>

#include "account/units/measure.h"
#include "study/rng.h"

namespace joulebook::account {

struct Distribution {
  enum class Kind { fixed, normal, lognormal, triangular, uniform, discrete };
  Kind kind = Kind::fixed;
  std::vector<double> numbers;        // in the target unit's base units; lognormal's second is a plain ratio
  std::vector<double> probabilities;  // of discrete
  std::string stated;

  [[nodiscard]] static Distribution fixed(double base_value);
  // Error: input "distribution.unknown" (with the names), "distribution.numbers" (how many, in which order, at
  // least 0), "distribution.normalise" (probabilities do not sum to 1; the cure gives those that do), and those
  // of Measure and converted.
  [[nodiscard]] static Result<Distribution> parse(std::string_view text, std::string_view unit);

  [[nodiscard]] bool certain() const { return kind == Kind::fixed; }
  [[nodiscard]] double draw(Rng& rng) const;
};

}  // namespace joulebook::account
