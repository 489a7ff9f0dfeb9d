#include "study/schedule.h"

#include <numeric>
#include <span>

#include "study/rng.h"

namespace joulebook {
namespace {

std::vector<std::size_t> shuffled(std::size_t count, Rng& random) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  random.shuffle(std::span(order));
  return order;
}

}  // namespace

std::vector<Slot> round_order(std::size_t arms, std::size_t prompts, std::uint64_t seed,
                              int round) {
  Rng random(seed, static_cast<std::uint64_t>(round));
  std::vector<Slot> order;
  order.reserve(arms * prompts);
  for (const std::size_t prompt : shuffled(prompts, random)) {
    for (const std::size_t arm : shuffled(arms, random)) order.push_back({arm, prompt, round});
  }
  return order;
}

std::vector<Slot> sample_order(std::size_t arms, std::size_t prompts, std::uint64_t seed,
                               int round) {
  Rng random(seed, static_cast<std::uint64_t>(round));
  std::vector<Slot> order;
  order.reserve(arms * prompts);
  for (std::size_t prompt = 0; prompt < prompts; ++prompt) {
    for (const std::size_t arm : shuffled(arms, random)) order.push_back({arm, prompt, round});
  }
  return order;
}

std::uint32_t trial_seed(std::uint64_t seed, const Slot& slot) {
  Rng of_round(seed, static_cast<std::uint64_t>(slot.round));
  return static_cast<std::uint32_t>(Rng(of_round.next(), slot.prompt).next() >> 32);
}

}  // namespace joulebook
