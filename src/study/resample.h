#pragma once
// How far a ratio of sums would move if the trials, or the prompts, were drawn again.
//
// A *log ratio* is  theta = sum over sides, sum over terms of  power x log S,  with S the sum over
// prompts of a measure's mean over repeats. Energy ratio: +log E_B - log E_A; J per token:
// +log E - log T; and so on. A side holds the terms of one arm, whose repeats are the same trials.
//
// *These prompts* (only trials drawn again, within each prompt): the stratified delta method. Each
// trial's influence on theta is  g = sum of power x x / S;  variance = sum over prompts of s2 / n;
// degrees of freedom by Welch's unbiased form of Satterthwaite,
//   df = (sum v)^2 / sum(v^2 / (nu + 2)) - 2,  v = s2 / n, nu = n - 1,
// because the common form takes E[v^2] for v^2 and with two repeats (nu = 1) is three times too
// small. (B. L. Welch, Biometrika 34, 1947; F. E. Satterthwaite, Biometrics Bulletin 2, 1946.) The
// plain bootstrap within two repeats would give half the variance (n - 1 over n).
//
// *Prompts like these* (prompts drawn again, each with its trials): the delete-one-prompt jackknife
// of theta (B. Efron and C. Stein, Ann. Statist. 9, 1981), with the degrees of freedom of the same
// formula (each prompt a stratum of nu = 1: df = 3 (sum q)^2 / sum q^2 - 2, q the squared deviation
// of a pseudo-value), at most n - 1: where a few long answers carry the sum, the variance is known
// less well than n suggests. The scatter between prompts' means already contains the scatter of
// trials: it is not added again.
//
// Pure functions; no allocation besides the scratch of one call.
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace joulebook {

// Values of one measure, trial by trial, prompt by prompt: prompt i owns [first[i], first[i + 1]).
struct Ragged {
  std::vector<double> values;
  std::vector<std::size_t> first{0};

  [[nodiscard]] std::size_t prompts() const { return first.size() - 1; }
  [[nodiscard]] std::span<const double> of(std::size_t prompt) const {
    return std::span(values).subspan(first[prompt], first[prompt + 1] - first[prompt]);
  }
  void add_prompt(std::span<const double> trials);
  [[nodiscard]] double mean_of(std::size_t prompt) const;
  // Sum over prompts of the mean over repeats.
  [[nodiscard]] double total() const;
};

struct Term {
  const Ragged* measure = nullptr;
  double power = 1;
};

// The terms of one arm. REQUIRES: every measure has the same shape and a positive total.
struct Side {
  std::vector<Term> terms;
};

struct Variance {
  double value = 0;
  double df = 1;  // >= 1; infinite where the value is exact
};

// Variance of theta for these very prompts; nothing where no prompt was repeated. A prompt run once
// (a repeat without a reading) takes the relative scatter of the prompts that were repeated.
[[nodiscard]] std::optional<Variance> variance_these(std::span<const Side> sides);

// The same for a plain sum, over arms and prompts, of means over repeats. Values may be negative.
[[nodiscard]] std::optional<Variance> variance_of_sum(std::span<const Ragged> arms);

// Variance of theta for prompts like these; nothing with fewer than 3 prompts or where the total of
// a measure hangs on one prompt. REQUIRES: all sides have the same prompts.
[[nodiscard]] std::optional<Variance> variance_alike(std::span<const Side> sides);

}  // namespace joulebook
