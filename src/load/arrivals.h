#pragma once
// When requests are due, by themselves and not by the answers to others: the open loop.
//
// Gaps of mean 1 are drawn (constant: always 1; Poisson: exponential; gamma of shape k: CV 1/sqrt
// k, so that k = 1 is Poisson and k < 1 bursts) and taken as steps of the rate's integral. While
// the rate climbs, rate(t) = rate t / ramp, its integral is rate t^2 / (2 ramp); after it rate (t -
// ramp / 2). Arrivals of a Poisson process so made are Poisson with that rate (inversion: E.
// Cinlar, Introduction to Stochastic Processes, 1975, ch. 4.7). Not thread-safe.
#include <cstdint>
#include <optional>
#include <string_view>

#include "study/rng.h"

namespace joulebook::load {

enum class Arrivals { constant, poisson, gamma };
[[nodiscard]] std::string_view to_string(Arrivals arrivals);
[[nodiscard]] std::optional<Arrivals> arrivals_from(std::string_view word);

class ArrivalTimes {
 public:
  // rate: a second, > 0; shape: of gamma, > 0; ramp_s >= 0.
  ArrivalTimes(Arrivals kind, double rate, double shape, double ramp_s, std::uint64_t seed);

  // Seconds from the start at which the next request is due; never goes back.
  [[nodiscard]] double next();

 private:
  [[nodiscard]] double gap();

  Arrivals kind_;
  double rate_;
  double shape_;
  double ramp_s_;
  Rng rng_;
  double integral_ = 0;  // requests due so far, by the rate
};

// How many of `target` may be in flight `elapsed_s` after the start, where it climbs from 1 over
// ramp_s. At least 1.
[[nodiscard]] int ramped(int target, double elapsed_s, double ramp_s);

}  // namespace joulebook::load
