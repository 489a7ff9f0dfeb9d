#include "study/sizing/cross_fit.h"

#include <array>

#include "study/rng.h"

namespace joulebook {
namespace {

// Halves the prompts of each kind; of an odd number either half may get the one more.
std::array<std::vector<std::size_t>, 2> halves_of(const Field& field, Rng& rng) {
  std::array<std::vector<std::size_t>, 2> halves;
  for (std::size_t k = 0; k < field.kinds.size(); ++k) {
    auto prompts = field.of_kind(k, field.prompts);
    rng.shuffle(std::span(prompts));
    const std::size_t first = rng.below(2);
    for (std::size_t i = 0; i < prompts.size(); ++i) {
      halves[(first + i) % 2].push_back(prompts[i]);
    }
  }
  // Kinds of one prompt each may leave a half without any.
  for (std::size_t h = 0; h < 2; ++h) {
    if (!halves[h].empty() || halves[1 - h].size() < 2) continue;
    halves[h].push_back(halves[1 - h].back());
    halves[1 - h].pop_back();
  }
  return halves;
}

void use_on(CrossFit& fit, const Field& field, const Rule& rule,
            std::span<const std::size_t> prompts, double share) {
  for (const std::size_t p : prompts) {
    fit.route[rule.arm_of[field.kind_of[p]]][p] += share;
    fit.single[rule.otherwise.arm][p] += share;
  }
}

}  // namespace

Rule choose_rule(const Field& field, std::span<const std::size_t> among, double sure) {
  Rule rule;
  rule.otherwise = pick(field, among, sure);
  for (std::size_t k = 0; k < field.kinds.size(); ++k) {
    const auto mine = field.of_kind(k, among);
    const Pick here = mine.empty() ? Pick{} : pick(field, mine, sure);
    rule.arm_of.push_back(here.graded ? here.arm : rule.otherwise.arm);
  }
  return rule;
}

CrossFit cross_fit(const Field& field, double sure, int splits, std::uint64_t seed) {
  const std::vector<double> none(field.study->spec.prompts.size(), 0.0);
  CrossFit fit;
  fit.route.assign(field.trials.size(), none);
  fit.single = fit.route;
  fit.chosen.assign(field.kinds.size(), std::vector<double>(field.trials.size(), 0.0));
  Rng rng(seed, 0x726f757465);  // "route"
  const double share = 1.0 / splits;
  for (int i = 0; i < splits; ++i) {
    auto halves = halves_of(field, rng);
    if (halves[0].empty() || halves[1].empty()) halves = {field.prompts, field.prompts};
    const bool alone = field.prompts.size() < 2;
    for (std::size_t h = 0; h < 2; ++h) {
      const Rule rule = choose_rule(field, halves[h], sure);
      use_on(fit, field, rule, halves[1 - h], alone ? share / 2 : share);
      for (std::size_t k = 0; k < field.kinds.size(); ++k) {
        fit.chosen[k][rule.arm_of[k]] += share / 2;
      }
    }
  }
  return fit;
}

}  // namespace joulebook
