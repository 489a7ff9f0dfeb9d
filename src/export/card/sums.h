#pragma once
// Sums of quantities as they come, in bounded memory. Not thread-safe.
#include <joulebook/quantity.h>

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/json.h"

namespace joulebook::card {

// Adds present quantities by sum(), in portions of a fixed size, so that the same quantities in the same
// order give the same figure to the last bit. Absences are counted, with their reasons, and not added.
class QuantitySum {
 public:
  // `alike`: own parts add up as if all erred the same way, not in quadrature. So it is for what shares
  // windows of a meter: nobody knows how far the errors of requests that ran side by side cancel.
  explicit QuantitySum(bool alike = false) : alike_(alike) {}
  void add(const Quantity& q);
  [[nodiscard]] std::int64_t absent() const { return absent_; }
  // Reason code -> how many. The first reason of each is kept.
  [[nodiscard]] const std::map<std::string, std::int64_t>& reasons() const { return counts_; }
  // Of none: an absence with the first reason, else `none`.
  [[nodiscard]] Quantity total(const Reason& none) const;
  // [{"tier", "share"}] of the sum, on best values; empty where the sum is 0.
  [[nodiscard]] Json tiers() const;

 private:
  void fold();
  [[nodiscard]] Quantity summed() const;
  static constexpr std::size_t kPortion = 256;
  bool alike_ = false;
  std::vector<Quantity> held_;  // the first: the sum of what was folded
  std::int64_t absent_ = 0;
  std::optional<Reason> reason_;
  std::map<std::string, std::int64_t> counts_;
  std::array<double, 4> by_tier_{};
};

// [{"code", "count"}] of what could not be added.
[[nodiscard]] Json reasons_json(const std::map<std::string, std::int64_t>& counts);

}  // namespace joulebook::card
