#pragma once
// Checks an answer against what a prompt expects. Pure functions; thread-safe.
//
// Models wrap a short answer in courtesy, so an answer is looked at through *candidates*: what
// follows the last "Answer:", "the answer is" or \boxed{...}; without such a marker the whole
// answer, its first sentence and its last line. Rules, by kind:
//   exact   some candidate equals `expected` once both are normalised: lower case (letters.h), runs of
//           white space as one blank, punctuation and Markdown emphasis at word edges taken off, but
//           for the sign of a number.
//   number  the first number of the marker's candidate (behind its last '='), else the last number
//           of the answer, is within `tolerance` of `expected`. "1,234", "1 234" and "1'234" are 1234;
//           "3/4" is 0.75; "12 %" is 12.
//   regex   the ECMAScript pattern is found somewhere in the answer; case does not matter.
//   json    the first JSON value in the answer (code fences set aside) contains `expected`: every
//           expected member at its key, every expected item in order of an array; texts compare
//           normalised as in exact, numbers by value.
//   label   of the labels, `expected` is the only one named: in a candidate that is a label and
//           nothing else, or, where there is none, in the answer proper (a label inside a longer
//           one that is named does not count).
// Rules that grade, on the whole answer (score.h defines the measures); right where the score meets
// `limit`:
//   spans   F1 of the spans found; the answer is a JSON array (also as the only member of an
//           object), else one span a line. 1 if no limit is said.
//   wer     word error rate, and cer, character error rate, at most `limit`; 0 if none is said.
//   rouge_l ROUGE-L's F-measure, at least `limit`, which must be said.
//   nearest the expected id's reciprocal rank; right where it is among the first `within` ids. The
//           answer is a list of ids, nearest first, or, where `among` gives vectors by id, a vector
//           (a JSON array of numbers), whose cosine similarity with each ranks them.
// Only the first 4096 bytes of an answer are looked at by regex, so that a pattern that backtracks
// has a bounded text (its nested repeats are refused by validate).
#include <optional>
#include <string>
#include <string_view>

#include "study/records.h"

namespace joulebook {

[[nodiscard]] std::string_view to_string(Checker::Kind kind);
// Nothing for a word that names no kind ("none" names one).
[[nodiscard]] std::optional<Checker::Kind> checker_kind(std::string_view word);

// Whether the checker could ever be applied. Errors: input "check.empty", "check.number",
// "check.pattern" (no ECMAScript, or a repeat inside a repeat), "check.json", "check.labels",
// "check.long" (more than kMostExpected words or characters), "check.limit" (out of range, or of
// another kind of check), "check.among" (no vectors, or not of one length).
[[nodiscard]] Status validate(const Checker& checker);

struct Grade {
  bool correct = false;
  std::optional<double> score;  // of rules that grade: F1, error rate, F-measure, reciprocal rank
};

// What the rule says of an answer; empty where there is nothing to check against.
// REQUIRES: validate(checker).
[[nodiscard]] std::optional<Grade> judge(const Checker& checker, std::string_view answer);
// Only whether it is right.
[[nodiscard]] std::optional<bool> check(const Checker& checker, std::string_view answer);

// As the rule "exact" compares: exposed for tests.
[[nodiscard]] std::string normalised(std::string_view text);

}  // namespace joulebook
