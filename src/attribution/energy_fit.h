#pragma once
// Checks prices against traffic: window totals are regressed on the priced parts of their work, engine
// by engine, with the prices as prior (Bayesian linear regression with one scale that all share; the
// newest hour or so weighs most). Engines on one device are alike as far as nothing says otherwise.
// Bounded: 7 unknowns and 6 more for each further engine, and the last minute's windows, whatever it has seen. Not thread-safe.
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

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

// What is known of an engine's prices before: `spread` of each, relative, or as much as makes its part of
// all energy that was seen uncertain by `doubt`, if that is more.
struct PriorPrices {
  Parts spread{};
  double doubt = 0;
  double least_noise = 1;  // of what is expected: as little as windows may be taken to leave unexplained
};

// When a window was; neighbours, of one length, are regressed on together.
struct WindowSpan {
  std::int64_t begin = 0, end = 0;  // ns
};

class PriceFit {
 public:
  // `model_error`: relative, of a total: what no factors on the parts explain, for costs are not
  // linear in them. It is wrong in every window alike: a thousand say no more than `most_windows`.
  PriceFit(double model_error, double most_windows)
      : model_error_(model_error), most_windows_(most_windows) {}

  // A window whose parts cost `priced` by the prices, by engine, and which took `total`, known to `error`
  // (relative). `bent`, 0 to 1: the share that a power limit may have taken off what was due; how
  // much of it did is one more unknown, the same in all windows. Ignored where something is not
  // positive and finite.
  void add(std::span<const Parts> priced, double total, double error, double bent, const WindowSpan& span = {});
  // Of each engine, in the order of `before`; value[i] > 0. An engine beyond those that were added is
  // taken to be like them.
  [[nodiscard]] std::vector<Factors> solve(std::span<const PriorPrices> before) const;

  // The same of one engine alone.
  void add(const Parts& priced, double total, double error, double bent, const WindowSpan& span = {}) {
    add(std::span(&priced, 1), total, error, bent, span);
  }
  [[nodiscard]] Factors solve(const Parts& spread, double doubt = 0) const {
    const PriorPrices before{spread, doubt};
    return solve(std::span(&before, 1)).front();
  }

 private:
  // Unknowns: how much of `bent` was so, then the factors, engine by engine.
  using Row = std::vector<double>;
  using System = std::vector<Row>;
  static bool invert(System& a);
  static Row times(const System& a, const Row& b);
  static void bound(const System& known, const Row& sums, Row& x);
  void grow(std::size_t unknowns);
  [[nodiscard]] double residual(const Row& x) const;
  [[nodiscard]] System prior(std::span<const PriorPrices> before) const;

  struct Seen {
    std::int64_t begin, end;
    Row u;
    double y, weight;
  };
  void fade();
  void count(const Seen& a, const Seen& b, double part);
  void beside(const Seen& seen);
  [[nodiscard]] double scale() const { return weight_ > 0 ? ratio_ / weight_ : 1; }
  // Factors are unknown in units of the scale, the bend in none.
  [[nodiscard]] double unit(std::size_t i) const { return i == 0 ? 1 : scale(); }
  [[nodiscard]] static System doubted(const System& prior, const Row& x);
  Row at_noise(double noise, const System& prior, System& a) const;

  double model_error_;
  double most_windows_;
  System normal_{};  // sum of weight x u u^T, u = parts over their sum, and -bent y
  Row moment_{};     // sum of weight x u y, y = total over that sum
  Row share_{};      // sum of weight u
  double square_ = 0;
  double weight_ = 0;
  double count_ = 0;
  double ratio_ = 0;
  std::deque<Seen> seen_;
};

// g^T C g.
[[nodiscard]] double variance(const Square& covariance, const Parts& gradient);

}  // namespace joulebook::attribution
