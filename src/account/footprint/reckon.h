#pragma once
// A quantity times what follows from constants, each with its range and its source. What is reckoned so
// is linear in the quantity; a constant that two figures share cancels in their ratio. Pure; thread-safe.
#include <joulebook/quantity.h>

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "account/factors/factors.h"

namespace joulebook::account {

// What a figure is, beside its number.
struct Figure {
  std::string unit;      // "kgCO2e"
  std::string boundary;  // as in DESIGN: kinds joined by '+'
  std::string method;
};

// q times f of the inputs' values. Each input with a range becomes a shared part, by its id: f at its two
// ends, all others nominal; parts of one id act together. Tier modelled at best, published where q is. An
// absence stays one, in the new unit. REQUIRES: f gives at least 0 for all in range.
[[nodiscard]] Quantity reckoned(const Quantity& q, const std::vector<const Factor*>& inputs,
                                const std::function<double(std::span<const double>)>& f, Figure figure);
// q times one constant.
[[nodiscard]] Quantity times(const Quantity& q, const Factor& by, Figure figure);

// The user's own number as a constant: `flag` is what gave it.
[[nodiscard]] Factor given(std::string id, std::string name, std::string kind, Measure measure, std::string flag);

// The text's measure in `unit`'s base units. Errors: those of Measure::parse and converted; input
// "value.negative" where it is below 0; "unit.pounds" of an intensity.
[[nodiscard]] Result<Measure> measure_in(std::string_view text, std::string_view unit, std::string_view flag);
// A PUE: a number of at least 1. Error: input "pue.range".
[[nodiscard]] Result<Measure> pue_of(std::string_view text);
// A unit of carbon per energy. Errors: input "unit.pounds" (intensity is not given in pounds; the cure
// says what to write), "unit.mismatch", those of Unit::parse.
[[nodiscard]] Result<Unit> intensity_unit(std::string_view text);
// "300 gCO2e/kWh"; also "300 g/kWh", where grams can be of nothing else.
[[nodiscard]] Result<Measure> intensity_of(std::string_view text, std::string_view flag);

}  // namespace joulebook::account
