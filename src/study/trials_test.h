#pragma once
// Small studies written by hand, for the tests of the statistics.
#include <string>
#include <utility>
#include <vector>

#include "study/records.h"

namespace joulebook::test {

struct Shot {
  double joules = 0;
  std::int64_t tokens = 0;
};

// A trial that answered. Half of its time and a quarter of its energy went into the prompt.
inline TrialRecord shot(std::size_t arm, std::size_t prompt, int round, Shot s) {
  TrialRecord t;
  t.arm = arm;
  t.prompt = prompt;
  t.round = round;
  t.energy = Quantity::exact(s.joules, "J");
  t.active = scaled(t.energy, 0.5);
  t.prompt_tokens = {20};
  t.answer_tokens = {s.tokens};
  t.words = s.tokens / 2;
  t.end = SteadyTime{2'000'000'000};
  const SteadyTime middle{1'000'000'000};
  t.phases = {{{Phase::prefill, t.begin, middle, {20}}, scaled(t.energy, 0.25)},
              {{Phase::answer, middle, t.end, {s.tokens}}, scaled(t.energy, 0.75)}};
  return t;
}

// shots[arm][prompt][round]. Arms "a", "b", ... of one model; prompts of kind "k0", two a kind,
// every one with a checker.
inline StudyResult by_hand(const std::vector<std::vector<std::vector<Shot>>>& shots) {
  StudyResult study;
  for (std::size_t a = 0; a < shots.size(); ++a) {
    ArmSpec arm;
    arm.name = std::string(1, static_cast<char>('a' + a));
    arm.model = "m.gguf";
    arm.max_tokens = 512;
    study.spec.arms.push_back(arm);
    for (std::size_t p = 0; p < shots[a].size(); ++p) {
      for (std::size_t r = 0; r < shots[a][p].size(); ++r) {
        study.trials.push_back(shot(a, p, static_cast<int>(r), shots[a][p][r]));
      }
    }
  }
  for (std::size_t p = 0; p < shots[0].size(); ++p) {
    Prompt prompt{"p" + std::to_string(p), "k" + std::to_string(p / 2), "?", {}};
    prompt.checker.kind = Checker::Kind::exact;
    study.spec.prompts.push_back(prompt);
  }
  return study;
}

}  // namespace joulebook::test
