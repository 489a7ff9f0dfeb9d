#include "study/schedule.h"

#include <numeric>
#include <utility>

namespace joulebook {
namespace {

// SplitMix64 (Steele, Lea, Flood 2014): one multiply-xor step a number, equal everywhere.
class SplitMix {
 public:
  explicit SplitMix(std::uint64_t state) : state_(state) {}

  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  // Uniform in [0, bound): numbers from the incomplete last block are drawn again.
  std::size_t below(std::size_t bound) {
    const std::uint64_t excess = (0 - static_cast<std::uint64_t>(bound)) % bound;
    std::uint64_t x = next();
    while (x < excess) x = next();
    return static_cast<std::size_t>(x % bound);
  }

 private:
  std::uint64_t state_;
};

// A fresh stream for each pair, far from its neighbours.
std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  return SplitMix(a ^ SplitMix(b).next()).next();
}

// Fisher-Yates.
std::vector<std::size_t> shuffled(std::size_t count, SplitMix& random) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (std::size_t i = count; i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
  return order;
}

}  // namespace

std::vector<Slot> round_order(std::size_t arms, std::size_t prompts, std::uint64_t seed,
                              int round) {
  SplitMix random(mix(seed, static_cast<std::uint64_t>(round)));
  std::vector<Slot> order;
  order.reserve(arms * prompts);
  for (const std::size_t prompt : shuffled(prompts, random)) {
    for (const std::size_t arm : shuffled(arms, random)) order.push_back({arm, prompt, round});
  }
  return order;
}

std::uint32_t trial_seed(std::uint64_t seed, const Slot& slot) {
  const auto round = mix(seed, static_cast<std::uint64_t>(slot.round));
  return static_cast<std::uint32_t>(mix(round, slot.prompt) >> 32);
}

}  // namespace joulebook
