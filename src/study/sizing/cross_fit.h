#pragma once
// Rules chosen on one half of the prompts and used on the other: see route.h. Pure functions.
#include "study/sizing/policy.h"

namespace joulebook {

// An arm for each kind of the field, and one for kinds without a prompt.
struct Rule {
  std::vector<std::size_t> arm_of;  // by kind of the field
  Pick otherwise;
};

// Chosen on these prompts. `seen[kind]`: what was picked; nothing where there was no prompt or none
// was graded, and `otherwise` stands in. REQUIRES: `among` not empty.
[[nodiscard]] Rule choose_rule(const Field& field, std::span<const std::size_t> among, double sure);

struct CrossFit {
  Policy route;   // shares: of the halvings, by the rule of the half without the prompt
  Policy single;  // likewise, the best single arm
  std::vector<std::vector<double>> chosen;  // [kind][arm]: share of the halves that chose it
};

// `splits` halvings drawn from the seed. With fewer than two prompts all are chosen from.
[[nodiscard]] CrossFit cross_fit(const Field& field, double sure, int splits, std::uint64_t seed);

}  // namespace joulebook
