#pragma once
// A quantity as it is kept where there are many of a kind: its numbers, beside words (unit, tier,
// boundary, method, names of shared parts, or why it is absent) that all of the kind share. Making a
// Quantity and letting go of it costs a dozen allocations, a figure none of its own.
//
// Plain values; words and factors never change once they are made, so many threads may share them.
#include <joulebook/quantity.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace joulebook {

struct Words {
  std::string unit = "J";
  std::string per;
  double level = 0.95;
  Tier tier = Tier::measured;
  std::string boundary;
  std::string method;
  std::vector<std::string> shared;  // names of its shared parts
  std::optional<Reason> reason;     // of an absence

  bool operator==(const Words&) const = default;
};

// By which the value would be multiplied, were one shared part at its low or its high end.
struct Leverage {
  double lo = 1;
  double hi = 1;

  bool operator==(const Leverage&) const = default;
};

struct Figure {
  std::shared_ptr<const Words> words;                    // null: nothing is known, not even why
  std::shared_ptr<const std::vector<Leverage>> factors;   // one for each of words->shared; null: none
  std::optional<double> value;
  Interval own{0, 0};
  std::optional<double> known_lo;

  Figure() = default;
  Figure(const Quantity& q);  // NOLINT(google-explicit-constructor): the same figure
  // `words`: with a reason.
  [[nodiscard]] static Figure absent(std::shared_ptr<const Words> words,
                                     std::optional<double> known_lo = std::nullopt);
  [[nodiscard]] static Figure absent(Reason reason, std::optional<double> known_lo = std::nullopt);

  [[nodiscard]] bool present() const { return value.has_value(); }
  [[nodiscard]] Quantity quantity() const;
  // As Quantity::interval(). REQUIRES: present().
  [[nodiscard]] Interval interval() const;
  // Both say the same of their shared parts.
  [[nodiscard]] bool shares_with(const Figure& other) const;
};

}  // namespace joulebook
