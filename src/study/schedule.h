#pragma once
// The order of a study's trials. Pure and deterministic: the same arguments give the same order on
// every machine, so that an interrupted study can be resumed.
#include <cstdint>
#include <vector>

namespace joulebook {

struct Slot {
  std::size_t arm = 0;
  std::size_t prompt = 0;
  int round = 0;

  bool operator==(const Slot&) const = default;
};

// One round: every prompt once on every arm. Prompts in random order; the arms of one prompt run
// one right after the other, in an order shuffled anew for each prompt, so that slow drift of the
// machine falls on all arms alike. Depends on (seed, round) alone.
[[nodiscard]] std::vector<Slot> round_order(std::size_t arms, std::size_t prompts,
                                            std::uint64_t seed, int round);

// The same with the prompts as they stand: a sample's order is drawn beforehand (sample.h).
[[nodiscard]] std::vector<Slot> sample_order(std::size_t arms, std::size_t prompts,
                                             std::uint64_t seed, int round);

// The sampling seed of one trial: differs between rounds and prompts, the same for all arms of one
// prompt and round (common random numbers).
[[nodiscard]] std::uint32_t trial_seed(std::uint64_t seed, const Slot& slot);

}  // namespace joulebook
