#pragma once
// A quantity: what every public function returns for energy, power, carbon, water or money.
// Either a value with an interval, or an absence with a reason; never a bare number.
//
// Uncertainty has an *own* part (edges, noise, sampling: independent between windows) and *shared*
// parts, each with a name, each the same in every window of its domain (gain, idle watts, load
// curve, instruction mix). A shared part is kept as the two factors by which this quantity's value
// would be multiplied if the named parameter sat at its low or at its high end, all others nominal.
// So a part that two quantities share cancels in their ratio exactly as far as it really does:
// ratio(a, b) divides the factors end by end. A part whose effect differs between arms carries the
// arm in its id and so stays in the ratio.
//
// Thread safety: plain values; const access from many threads is safe.
#include <joulebook/result.h>
#include <joulebook/units.h>

#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace joulebook {

// Where a figure came from, best first. A result takes the weakest tier of its parts.
enum class Tier { measured, apportioned, modelled, published };

[[nodiscard]] std::string_view to_string(Tier tier);
[[nodiscard]] std::optional<Tier> tier_from_string(std::string_view text);
[[nodiscard]] constexpr Tier weakest(Tier a, Tier b) { return a < b ? b : a; }

struct Interval {
  double lo = 0;
  double hi = 0;  // +infinity: unbounded above

  [[nodiscard]] constexpr bool contains(double x) const { return lo <= x && x <= hi; }
  [[nodiscard]] constexpr double width() const { return hi - lo; }
  bool operator==(const Interval&) const = default;
};

// One named part of the error that every window of a domain shares; factors on the value.
// 0 <= factors; usually lo <= 1 <= hi, but a parameter may act the other way round.
struct SharedPart {
  std::string id;
  double lo = 1;
  double hi = 1;

  bool operator==(const SharedPart&) const = default;
};

struct Quantity {
  std::optional<double> value;     // empty: an absence, and `reason` says why
  Interval own{0, 0};              // interval from the own part alone, in `unit`
  std::vector<SharedPart> shared;  // named shared parts, each id at most once
  double level = 0.95;             // 1: a bound; else the coverage claimed for [lo, hi]
  std::string unit = "J";          // UCUM-like: "J", "W", "J/{token}" is unit "J" per "token"
  std::string per;                 // denominator by name; empty for a total
  Tier tier = Tier::measured;
  std::string boundary;            // domain kinds joined by '+', e.g. "package+dram"
  std::string method;              // sensor and rule in one line
  std::optional<Reason> reason;    // set exactly when `value` is empty
  std::optional<double> known_lo;  // lower bound of an absence, where one is known

  [[nodiscard]] static Quantity absent(std::string unit, Reason reason,
                                       std::optional<double> known_lo = std::nullopt);
  // A quantity without uncertainty of its own (own = [value, value]).
  [[nodiscard]] static Quantity exact(double value, std::string unit);

  [[nodiscard]] bool present() const { return value.has_value(); }
  // The full interval: own and shared parts together. At level 1 the ends of all parts are
  // multiplied (a bound); below it the parts' log deviations add in quadrature, each side apart.
  // REQUIRES: present().
  [[nodiscard]] Interval interval() const;

  bool operator==(const Quantity&) const = default;
};

// The sum over disjoint windows or domains. Absent if any part is (with the first reason and the
// sum of what is known as lower bound). Own parts add in quadrature below level 1 and linearly at
// level 1; shared parts of one id act together on all quantities that carry them.
// REQUIRES: the units agree. An empty span gives an absence ("sum.empty").
[[nodiscard]] Quantity sum(std::span<const Quantity> parts);

// a - b over the same domain: a shared part of one id cancels as far as it acts alike.
[[nodiscard]] Quantity difference(const Quantity& a, const Quantity& b);

// a / b, with shared parts of one id divided end by end, so that a common gain cancels.
// An absence if either is absent or b is not positive ("ratio.undefined").
[[nodiscard]] Quantity ratio(const Quantity& a, const Quantity& b);

// k * q for an exact k (k >= 0), with a new denominator name: J / 40 responses.
[[nodiscard]] Quantity scaled(const Quantity& q, double k, std::string per = {});

// "17.8 kJ", "512 J", "0.37 mJ": SI prefix, `digits` significant digits, for screens only.
[[nodiscard]] std::string human(double value, std::string_view unit, int digits = 3);
// "12.3 J [11.9, 12.8] measured", or "no reading (sensor.reset)".
[[nodiscard]] std::string human(const Quantity& q);

}  // namespace joulebook
