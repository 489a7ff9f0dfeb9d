#pragma once
// What an arm must reach to be good enough: "correct>=0.8", "correct >= 80 %", "f1>=0.7",
// "wer<=0.2". Format: docs/right-sizing.md.
//
//   correct   share of the prompts with a checker that were answered rightly, repeats averaged
//   f1        mean F1 of spans            (checker "spans")
//   rouge_l   mean ROUGE-L                (checker "rouge_l")
//   rank      mean reciprocal rank        (checker "nearest")
//   wer, cer  mean error rate             (checkers "wer", "cer"); less is better
//
// Pure functions; thread-safe.
#include <joulebook/result.h>

#include <optional>
#include <string>
#include <string_view>

#include "study/records.h"

namespace joulebook {

enum class Measured { correct, f1, rouge_l, rank, wer, cer };
[[nodiscard]] std::string_view to_string(Measured measure);
// Error rates.
[[nodiscard]] bool less_is_better(Measured measure);

struct Requirement {
  Measured measure = Measured::correct;
  double limit = 0;  // a share or a rate, 0.8 for 80 %

  [[nodiscard]] bool met_by(double value) const;
  // Whether `a` is better than `b`.
  [[nodiscard]] bool better(double a, double b) const;
  bool operator==(const Requirement&) const = default;
};

// "correct >= 80 %", "wer <= 0.2".
[[nodiscard]] std::string to_string(const Requirement& requirement);
// A value of its measure, for people: "86 %", "0.173".
[[nodiscard]] std::string value_text(const Requirement& requirement, double value);

// Errors: usage "require.form" (no NAME, >= or <=, NUMBER), "require.measure" (the nearest named),
// "require.direction" (correct <= ...), "require.limit" (no number, or out of range).
[[nodiscard]] Result<Requirement> parse_requirement(std::string_view text);

// What the measure says of one answer; nothing where the prompt isn't checked by its rule. A trial
// that failed is a wrong answer: a share of 0, an error rate of 1.
[[nodiscard]] std::optional<double> graded(const Requirement& requirement, const Prompt& prompt,
                                           const TrialRecord& trial);

}  // namespace joulebook
