#pragma once
// Lengths of prompts and answers: all alike, or spread about a mean. Pure; thread-safe.
#include <joulebook/result.h>

#include <string_view>

namespace joulebook::serving {

// What the cost of a batch depends on: tokens cost alike, but each of n tokens reads those before it.
struct Lengths {
  double mean = 1;
  double second = 1;  // mean of squares over the square of the mean: 1 where all are alike
};

// A log-normal of that mean and 90th percentile. Error: input "plan.spread" where there is none: the
// percentile is below the mean or over 2.27 times it.
[[nodiscard]] Result<Lengths> log_normal(double mean, double p90);

// "250" or "250:400", mean and 90th percentile; `flag` is for messages. Errors: input "plan.length",
// "plan.spread".
[[nodiscard]] Result<Lengths> parse_lengths(std::string_view flag, std::string_view text);

}  // namespace joulebook::serving
