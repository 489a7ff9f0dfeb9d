#pragma once
// Checks prices against traffic: window totals are regressed on the priced parts of their work,
// with the prices as prior (Bayesian linear regression with one scale that all share; the newest
// hour or so weighs most). Bounded: a 7 x 7 system, whatever it has seen. Not thread-safe.
#include "attribution/prices.h"

namespace joulebook::attribution {

using Square = std::array<Parts, kParts>;

// Factors on the prices and how well they are known.
struct Factors {
  Parts value{1, 1, 1, 1, 1, 1};
  Square covariance{};
  double windows = 0;  // what it rests on, older ones faded
  double noise = 0;    // relative, of a window's total
};

class PriceFit {
 public:
  // `model_error`: relative, of a total: what no factors on the parts explain, for costs are not
  // linear in them. It is wrong in every window alike: a thousand say no more than `most_windows`.
  PriceFit(double model_error, double most_windows)
      : model_error_(model_error), most_windows_(most_windows) {}

  // A window whose parts cost `priced` by the prices, and which took `total`, known to `error`
  // (relative). `bent`, 0 to 1: the share that a power limit may have taken off what was due; how
  // much of it did is one more unknown, the same in all windows. Ignored where something is not
  // positive and finite.
  void add(const Parts& priced, double total, double error, double bent);
  // With what is known of the prices before: `spread` of each, relative, or as much as makes its part of
  // all energy that was seen uncertain by `doubt`, if that is more; value[i] > 0.
  [[nodiscard]] Factors solve(const Parts& spread, double doubt = 0) const;

 private:
  static constexpr std::size_t kUnknowns = kParts + 1;  // the last: how much of `bent` was so
  using Row = std::array<double, kUnknowns>;
  using System = std::array<Row, kUnknowns>;
  static bool invert(System& a);
  [[nodiscard]] double residual(const Row& x) const;

  double model_error_;
  double most_windows_;
  System normal_{};  // sum of weight x u u^T, u = parts over their sum, and -bent y
  Row moment_{};     // sum of weight x u y, y = total over that sum
  double square_ = 0;
  double weight_ = 0;
  double count_ = 0;
  double ratio_ = 0;
  Row share_{};  // sum of weight u
};

// g^T C g.
[[nodiscard]] double variance(const Square& covariance, const Parts& gradient);

}  // namespace joulebook::attribution
