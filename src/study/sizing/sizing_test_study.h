#pragma once
// Studies with planted shares and joules by kind, for the tests of sizing.
#include "study/comparison.h"
#include "study/rng.h"
#include "study/trials_test.h"

namespace joulebook::test {

struct PlantedArm {
  std::string name;
  std::vector<double> share;   // of right answers, by kind
  std::vector<double> joules;  // mean a response, by kind
};

struct PlantedWorld {
  std::vector<PlantedArm> arms;
  std::size_t prompts = 10;  // of each kind
  int rounds = 1;
  double scatter = 0.2;  // sd of the log of a trial's joules (its mean is as planted)
  bool exact = false;    // right answers are exactly the share, in order, instead of drawn
};

inline StudyResult planted(const PlantedWorld& world, std::uint64_t seed) {
  Rng rng(seed);
  StudyResult study;
  study.id = "study-planted";
  study.spec.seed = seed;
  study.spec.stopping.max_rounds = world.rounds;
  const std::size_t kinds = world.arms.front().share.size();
  for (std::size_t k = 0; k < kinds; ++k) {
    for (std::size_t i = 0; i < world.prompts; ++i) {
      Prompt prompt{"p" + std::to_string(k) + "-" + std::to_string(i), "k" + std::to_string(k), "?",
                    {}};
      prompt.checker.kind = Checker::Kind::exact;
      study.spec.prompts.push_back(prompt);
    }
  }
  for (std::size_t a = 0; a < world.arms.size(); ++a) {
    ArmSpec arm;
    arm.name = world.arms[a].name;
    arm.model = arm.name + ".gguf";
    study.spec.arms.push_back(arm);
    for (std::size_t p = 0; p < study.spec.prompts.size(); ++p) {
      const std::size_t k = p / world.prompts;
      const double share = world.arms[a].share[k];
      for (int r = 0; r < world.rounds; ++r) {
        const double joules = world.arms[a].joules[k] *
                              (world.scatter > 0 ? rng.unit_lognormal(world.scatter) : 1);
        study.trials.push_back(shot(a, p, r, {joules, 10}));
        const double place =
            (static_cast<double>(p % world.prompts) + 0.5) / static_cast<double>(world.prompts);
        study.trials.back().correct = (world.exact ? place : rng.uniform()) < share;
      }
    }
  }
  study.arms.resize(study.spec.arms.size());
  return study;
}

// `asked[arm]`: how many of the first prompts it answered. Analysed.
inline StudyResult planted_in_part(const PlantedWorld& world, std::uint64_t seed,
                                   const std::vector<std::size_t>& asked) {
  StudyResult study = planted(world, seed);
  std::erase_if(study.trials, [&](const TrialRecord& t) { return t.prompt >= asked[t.arm]; });
  analyse(study);
  return study;
}

}  // namespace joulebook::test
