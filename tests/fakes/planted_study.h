#pragma once
// Studies whose truth is planted: forty prompts of eight kinds, two arms, trials with noise, the
// stopping rule on, analysed by the product's own code. Every interval can then be held against
// the truth. Deterministic by seed.
//
// A prompt draws its kind, and its length (log-normal) about that kind's; arm B's expected tokens
// are arm A's times `longer`, its expected joules per token A's times `dearer`; a factor the truth
// does not leave alone also varies from prompt to prompt (log-normal, mean 1). A trial's tokens and
// joules per token scatter about their expectation (log-normal, mean 1); tokens are whole numbers.
#include <array>
#include <cstdint>
#include <string>

#include "study/records.h"

namespace joulebook::fakes {

struct PlantedTruth {
  std::string name;
  double longer = 1;
  double dearer = 1;
};

// The four planted studies.
[[nodiscard]] std::array<PlantedTruth, 4> planted_truths();

struct PlantedNoise {
  double length = 0.6;        // sd of the log of a prompt's tokens
  double kind = 0.3;          // sd of the log of a kind's tokens
  double interaction = 0.35;  // sd of the log of what a planted ratio does from prompt to prompt
  double price = 0;           // sd of the log of a prompt's J/token, both arms alike
  double tokens = 0.12;       // sd of the log of a trial's tokens
  double meter = 0.03;        // sd of the log of a trial's J/token
  bool twins = true;  // false: also a ratio of 1 varies from prompt to prompt (its mean is 1)
};

struct Ratios {
  double energy = 1;
  double longer = 1;
  double dearer = 1;
};

struct PlantedStudy {
  StudyResult study;  // analysed
  Ratios these;       // true ratios for its very prompts
  Ratios alike;       // true ratios of the population its prompts came from
};

[[nodiscard]] PlantedStudy plant(const PlantedTruth& truth, const PlantedNoise& noise,
                                 const StoppingSpec& stopping, std::uint64_t seed);

// How often intervals held and sentences were right. Index 0 energy, 1 longer, 2 dearer.
struct Coverage {
  int runs = 0;
  std::array<int, 3> these{};
  std::array<int, 3> alike{};
  int right = 0;      // sentences that claim every planted difference and no other
  int truthful = 0;   // sentences that claim nothing false
  double rounds = 0;  // sum over runs

  [[nodiscard]] double share(int count) const { return static_cast<double>(count) / runs; }
};

[[nodiscard]] Coverage cover(const PlantedTruth& truth, const PlantedNoise& noise,
                             const StoppingSpec& stopping, int runs, std::uint64_t seed);

}  // namespace joulebook::fakes
