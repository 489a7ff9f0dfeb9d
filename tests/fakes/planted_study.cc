#include "fakes/planted_study.h"

#include <cmath>
#include <vector>

#include "study/comparison.h"
#include "study/rng.h"
#include "study/sentence.h"
#include "study/stopping.h"

namespace joulebook::fakes {
namespace {

constexpr std::size_t kPrompts = 40;
constexpr std::size_t kKinds = 8;
constexpr double kMeanTokens = 200;
constexpr double kJoulesPerToken = 0.3;

// What one arm is expected to do on one prompt.
struct Expected {
  double tokens = 0;
  double joules_per_token = 0;
};

struct World {
  std::array<std::vector<Expected>, 2> arms;
  std::array<std::string, kPrompts> kinds;
};

// How a planted ratio does on one prompt: varies about its mean, unless the arms are twins in it.
double ratio_here(double ratio, const PlantedNoise& noise, Rng& rng) {
  const bool varies = ratio != 1 || !noise.twins;
  return varies ? ratio * rng.unit_lognormal(noise.interaction) : ratio;
}

World draw_world(const PlantedTruth& truth, const PlantedNoise& noise, Rng& rng) {
  // Kinds differ alike in every run: the population is one and the same.
  Rng fixed(2026);
  std::array<double, kKinds> of_kind{};
  for (auto& factor : of_kind) factor = fixed.unit_lognormal(noise.kind);
  World world;
  for (std::size_t p = 0; p < kPrompts; ++p) {
    const std::size_t kind = rng.below(kKinds);
    world.kinds[p] = "kind-" + std::to_string(kind);
    const Expected a{kMeanTokens * of_kind[kind] * rng.unit_lognormal(noise.length),
                     kJoulesPerToken * rng.unit_lognormal(noise.price)};
    const double longer = ratio_here(truth.longer, noise, rng);
    const double dearer = ratio_here(truth.dearer, noise, rng);
    world.arms[0].push_back(a);
    world.arms[1].push_back({a.tokens * longer, a.joules_per_token * dearer});
  }
  return world;
}

Ratios true_ratios(const World& world) {
  std::array<double, 2> energy{};
  std::array<double, 2> tokens{};
  for (std::size_t arm = 0; arm < 2; ++arm) {
    for (const auto& e : world.arms[arm]) {
      energy[arm] += e.tokens * e.joules_per_token;
      tokens[arm] += e.tokens;
    }
  }
  const double e = energy[1] / energy[0];
  const double t = tokens[1] / tokens[0];
  return {e, t, e / t};
}

StudyResult empty_study(const World& world, const StoppingSpec& stopping) {
  StudyResult study;
  study.spec.arms.resize(2);
  study.spec.arms[0].name = "direct";
  study.spec.arms[1].name = "step by step";
  study.spec.arms[1].mode = Mode::reason;
  study.spec.stopping = stopping;
  for (std::size_t p = 0; p < kPrompts; ++p) {
    study.spec.prompts.push_back(
        {world.kinds[p] + "-" + std::to_string(p), world.kinds[p], "", {}});
  }
  return study;
}

TrialRecord draw_trial(const Expected& e, const PlantedNoise& noise, Rng& rng) {
  TrialRecord t;
  t.answer_tokens.count = std::llround(e.tokens * rng.unit_lognormal(noise.tokens));
  const double joules = static_cast<double>(t.answer_tokens.count) * e.joules_per_token *
                        rng.unit_lognormal(noise.meter);
  t.energy = Quantity::exact(joules, "J");
  t.energy.own = {joules * 0.99, joules * 1.01};  // the meter's own error lies within the scatter
  t.active = t.energy;
  t.prompt_tokens.count = 30;
  t.words = t.answer_tokens.count;
  t.end = SteadyTime{t.answer_tokens.count * 10'000'000};
  return t;
}

void add_round(StudyResult& study, const World& world, const PlantedNoise& noise, int round,
               Rng& rng) {
  for (std::size_t p = 0; p < kPrompts; ++p) {
    for (std::size_t arm = 0; arm < 2; ++arm) {
      study.trials.push_back(draw_trial(world.arms[arm][p], noise, rng));
      TrialRecord& t = study.trials.back();
      t.ordinal = static_cast<std::int64_t>(study.trials.size()) - 1;
      t.arm = arm;
      t.prompt = p;
      t.round = round;
    }
  }
}

bool holds(const Interval& interval, double truth) { return interval.contains(truth); }

Claim truth_of(double ratio) {
  if (std::abs(ratio - 1) < 1e-9) return Claim::same;
  return ratio > 1 ? Claim::more : Claim::less;
}

void judge_sentence(Coverage& coverage, const Split& split, const Ratios& truth) {
  const std::array claims = {claim(split.energy.these), claim(split.longer.these),
                             claim(split.dearer.these)};
  const std::array truths = {truth_of(truth.energy), truth_of(truth.longer),
                             truth_of(truth.dearer)};
  bool truthful = true;
  for (std::size_t i = 0; i < claims.size(); ++i) {
    truthful &= claims[i] == truths[i] || claims[i] == Claim::same;
  }
  coverage.truthful += truthful ? 1 : 0;
  coverage.right += claims == truths ? 1 : 0;
}

void judge(Coverage& coverage, const PlantedStudy& planted) {
  const Split& split = planted.study.comparisons.front().split;
  const std::array estimates = {&split.energy, &split.longer, &split.dearer};
  const std::array these = {planted.these.energy, planted.these.longer, planted.these.dearer};
  const std::array alike = {planted.alike.energy, planted.alike.longer, planted.alike.dearer};
  for (std::size_t i = 0; i < estimates.size(); ++i) {
    coverage.these[i] += holds(estimates[i]->these.own, these[i]) ? 1 : 0;
    coverage.alike[i] += estimates[i]->alike && holds(*estimates[i]->alike, alike[i]) ? 1 : 0;
  }
  judge_sentence(coverage, split, planted.these);
  coverage.rounds += planted.study.looks.back().rounds;
  ++coverage.runs;
}

}  // namespace

std::array<PlantedTruth, 4> planted_truths() {
  return {{{"1.87 times the tokens, same J/token", 1.87, 1},
           {"same tokens, 1.87 times the J/token", 1, 1.87},
           {"both", 1.87, 1.87},
           {"neither", 1, 1}}};
}

PlantedStudy plant(const PlantedTruth& truth, const PlantedNoise& noise,
                   const StoppingSpec& stopping, std::uint64_t seed) {
  Rng rng(seed);
  const World world = draw_world(truth, noise, rng);
  PlantedStudy out;
  out.these = true_ratios(world);
  out.alike = {truth.longer * truth.dearer, truth.longer, truth.dearer};
  out.study = empty_study(world, stopping);
  StoppingRule rule(stopping);
  for (int round = 1; !rule.done(); ++round) {
    add_round(out.study, world, noise, round - 1, rng);
    rule.look(round, widest_half_width(out.study.spec, out.study.trials), round);
  }
  out.study.looks = rule.looks();
  analyse(out.study);
  return out;
}

Coverage cover(const PlantedTruth& truth, const PlantedNoise& noise, const StoppingSpec& stopping,
               int runs, std::uint64_t seed) {
  Coverage coverage;
  for (int run = 0; run < runs; ++run) {
    std::uint64_t mix = seed + static_cast<std::uint64_t>(run);
    judge(coverage, plant(truth, noise, stopping, splitmix64(mix)));
  }
  return coverage;
}

}  // namespace joulebook::fakes
