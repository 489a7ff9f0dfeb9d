#pragma once
// How good an arm is on some prompts, and how sure it is that it meets a requirement on prompts
// like these.
//
// Repeats are averaged within a prompt; n prompts are graded.
//   correct: with k the sum of the prompts' shares, the truth's posterior is Beta(k + 1/2,
//     n - k + 1/2), Jeffreys' prior (L. D. Brown, T. T. Cai, A. DasGupta, Statistical Science
//     16(2), 2001). Confidence: its mass at and above the limit; interval: its middle 95 %, from 0
//     where k = 0 and to 1 where k = n, as they advise. A share that is not 0 or 1, as repeats
//     give, scatters less than a yes or no of the same mean: there both are on the wide side.
//   other measures: Student's t of n - 1 degrees of freedom on the prompts' values. Where all
//     values are equal nothing says how far others would differ: there is no confidence.
//
// Pure functions; thread-safe.
#include <span>

#include "study/sizing/requirement.h"

namespace joulebook {

struct Quality {
  std::size_t prompts = 0;           // graded
  std::optional<double> value;       // mean over them; nothing where none is graded
  std::optional<Interval> interval;  // 95 %, for prompts like these
  std::optional<double> confidence;  // 0 .. 1, that prompts like these meet the requirement

  // Whether the value meets it.
  [[nodiscard]] bool meets(const Requirement& requirement) const {
    return value && requirement.met_by(*value);
  }
};

// `values`: one a graded prompt, repeats averaged.
[[nodiscard]] Quality quality_of(const Requirement& requirement, std::span<const double> values);

}  // namespace joulebook
