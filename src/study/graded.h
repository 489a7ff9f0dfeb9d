#pragma once
// The rules of checker.h that choose among labels or grade an answer. Pure; thread-safe.
#include "study/checker.h"

namespace joulebook {

// Whether the rule is one of these.
[[nodiscard]] bool is_graded(Checker::Kind kind);
// Errors as validate(checker). REQUIRES: is_graded(kind), expected is not blank.
[[nodiscard]] Status validate_graded(const Checker& checker);
// REQUIRES: validate_graded.
[[nodiscard]] Grade judge_graded(const Checker& checker, std::string_view answer);

}  // namespace joulebook
