#pragma once
// A stated amount with its unit, as people write it: "17,800 J/response", "3-4 J/output token",
// "0.42 +- 0.13 Wh", "626155 lb CO2e", "2.907 kWh/1000 images", "500000 kWh/day". Units are checked:
// J never adds to W, gCO2e never compares with Wh, J/token never with J/response.
//
// Base units: J, s, kgCO2e, m3 (water), m, kgSbe, FLOP, B (bytes), each currency by its ISO code
// (USD and EUR don't convert), and nouns for what is counted (response, token, image, ...). A noun is
// a base unit of its own; plurals and synonyms fold (docs/formats/units.md lists them: request, query,
// prompt, answer, message -> response). Input and output tokens are both `token`; which was said stays
// in `stated`. %, ratio, x: dimensionless. W is J/s; year is 365.25 d unless calendar arithmetic says
// otherwise. Bare `g`, `kg`, `t`, `lb` are refused with the cure (of what? CO2e, Sb), so are `ton` (long,
// short or metric?) and `gal` without US.
//
// Pure values; thread-safe.
#include <joulebook/result.h>

#include <map>
#include <string>
#include <string_view>

namespace joulebook::account {

// A product of powers of base units: {"J": 1, "token": -1}. No zero powers are kept.
struct Dimension {
  std::map<std::string, int, std::less<>> powers;

  [[nodiscard]] bool none() const { return powers.empty(); }
  // "J/token", "kgCO2e/J", "1" for none.
  [[nodiscard]] std::string text() const;
  friend Dimension operator*(const Dimension& a, const Dimension& b);
  friend Dimension operator/(const Dimension& a, const Dimension& b);
  bool operator==(const Dimension&) const = default;
};

// A unit: how many base units one of it is, and of which dimension.
struct Unit {
  double factor = 1;
  Dimension dimension;
  std::string text;  // as written, spaces folded

  // Errors: input "unit.unknown" (naming the part and its nearest relative), "unit.ambiguous" (with
  // what to write instead), "unit.empty".
  [[nodiscard]] static Result<Unit> parse(std::string_view text);
};

// lo <= value <= hi, in base units of `unit.dimension`. For a range without a best value `value` is the
// geometric middle where both ends are positive, else the arithmetic.
struct Measure {
  double value = 0, lo = 0, hi = 0;
  Unit unit;           // that it was stated in
  std::string stated;  // as written
  // Half a unit of the last digit that was written, in base units: 0.24 Wh -> 18 J (0.005 Wh). What
  // rounding alone lets the value be. Trailing zeros of whole numbers count as not significant.
  double rounding = 0;
  bool range = false;  // the statement gave two ends or +-

  // A number (digits may be grouped by commas or spaces in threes; 1e-3, 1.5e6), a range "a-b", "a to b",
  // "a..b", or "a +- b" / "a ± b", and then a unit, which may be empty (dimensionless).
  // Errors: input "measure.number", "measure.range" (ends the wrong way round), and those of Unit::parse.
  [[nodiscard]] static Result<Measure> parse(std::string_view text);
  [[nodiscard]] static Measure exact(double base_value, Unit unit);

  [[nodiscard]] double in(const Unit& other) const { return value / other.factor; }
};

// The measure's value, lo, hi as numbers of `unit`. Error: input "unit.mismatch", both dimensions named,
// and where they differ by a known slip (Wh against W, gCO2e against kWh, token against response) which.
[[nodiscard]] Result<Measure> converted(const Measure& measure, const Unit& unit);

}  // namespace joulebook::account
