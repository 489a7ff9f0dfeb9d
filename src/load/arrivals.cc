#include "load/arrivals.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace joulebook::load {
namespace {

constexpr std::array<std::string_view, 3> kNames = {"constant", "poisson", "gamma"};

}  // namespace

std::string_view to_string(Arrivals arrivals) { return kNames[static_cast<std::size_t>(arrivals)]; }

std::optional<Arrivals> arrivals_from(std::string_view word) {
  const auto it = std::find(kNames.begin(), kNames.end(), word);
  if (it == kNames.end()) return std::nullopt;
  return static_cast<Arrivals>(it - kNames.begin());
}

ArrivalTimes::ArrivalTimes(Arrivals kind, double rate, double shape, double ramp_s,
                           std::uint64_t seed)
    : kind_(kind), rate_(rate), shape_(shape), ramp_s_(ramp_s), rng_(seed) {}

double ArrivalTimes::gap() {
  switch (kind_) {
    case Arrivals::constant:
      return 1;
    case Arrivals::poisson:
      return -std::log1p(-rng_.uniform());
    case Arrivals::gamma:
      return rng_.gamma(shape_) / shape_;
  }
  return 1;
}

double ArrivalTimes::next() {
  // The first of a constant rate is due at once, so that N of them take N - 1 gaps.
  integral_ += kind_ == Arrivals::constant && integral_ == 0 ? 1e-12 : gap();
  const double in_ramp = rate_ * ramp_s_ / 2;
  if (integral_ < in_ramp) return std::sqrt(2 * ramp_s_ * integral_ / rate_);
  return integral_ / rate_ + ramp_s_ / 2;
}

int ramped(int target, double elapsed_s, double ramp_s) {
  if (elapsed_s >= ramp_s) return target;
  const double share = std::max(0.0, elapsed_s) / ramp_s;
  return std::clamp(1 + static_cast<int>(share * (target - 1)), 1, target);
}

}  // namespace joulebook::load
