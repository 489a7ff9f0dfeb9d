#pragma once
// What a simulated engine's device takes for its work, and the dice that shake it.
#include <cmath>
#include <cstdint>

#include "fakes/simulated_engine.h"

namespace joulebook::fakes {

// SplitMix64 (Steele, Lea, Flood 2014): the same everywhere, unlike <random>'s distributions.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ULL);
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31U);
  }
  double unit() { return (static_cast<double>(next() >> 11U) + 0.5) * 0x1.0p-53; }
  double normal() {
    return std::sqrt(-2 * std::log(unit())) * std::cos(6.283185307179586 * unit());
  }
  double exponential(double mean) { return -mean * std::log(unit()); }

 private:
  std::uint64_t state_;
};

// Costs of an 8-billion dense model on a 700 W device, each shaken apart.
struct Costs {
  double weights_j = 1.0, weights_s = 0.0062;
  double host_s = 0.0012, sequence_s = 0.00002;
  double active_w = 150, gap_w = 45;
  double token_j = 0.010, token_s = 2.8e-5;
  double context_j = 1.1e-5, context_s = 5e-8;
  double prompt_j = 0.0085, prompt_s = 2.7e-5;
  double attend_j = 3e-7, attend_s = 9e-10;
  double limit_w = 560;
  bool linear = false;  // memory and products take their times one after the other, and nothing limits power
};

[[nodiscard]] Costs shaken(const SimulatedEngineOptions& o);

struct StepCost {
  double seconds = 0, joules = 0;
  double bend = 1;    // of what it would draw without the power limit
  double common = 0;  // J of no one sequence, before it
};

// Of `n` sequences with these sums of s and J; none: no step.
[[nodiscard]] StepCost step_cost(const Costs& c, double n, double memory_s, double compute_s, double own_j, double jitter);

}  // namespace joulebook::fakes
