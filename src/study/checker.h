#pragma once
// Checks an answer against what a prompt expects. Pure functions; thread-safe.
//
// Models wrap a short answer in courtesy, so an answer is looked at through *candidates*: what
// follows the last "Answer:", "the answer is" or \boxed{...}; without such a marker the whole
// answer, its first sentence and its last line. Rules, by kind:
//   exact   some candidate equals `expected` once both are normalised: ASCII lower case, runs of
//           white space as one blank, punctuation and Markdown emphasis at word edges taken off.
//   number  the first number of the marker's candidate (behind its last '='), else the last number
//           of the answer, is within `tolerance` of `expected`. "1,234" and "1 234" are 1234; "3/4"
//           is 0.75; "12 %" is 12.
//   regex   the ECMAScript pattern is found somewhere in the answer; case does not matter.
//   json    the first JSON value in the answer (code fences set aside) contains `expected`: every
//           expected member at its key, every expected item in order of an array; texts compare
//           normalised as in exact, numbers by value.
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
// "check.pattern" (no ECMAScript, or a repeat inside a repeat), "check.json".
[[nodiscard]] Status validate(const Checker& checker);

// Whether the answer is right; empty where there is nothing to check against.
// REQUIRES: validate(checker).
[[nodiscard]] std::optional<bool> check(const Checker& checker, std::string_view answer);

// As the rule "exact" compares: exposed for tests.
[[nodiscard]] std::string normalised(std::string_view text);

}  // namespace joulebook
