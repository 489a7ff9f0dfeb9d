#pragma once
// The rules of checker.h that choose among labels or grade an answer. Pure; thread-safe.
#include <string>
#include <string_view>
#include <vector>

#include "study/checker.h"

namespace joulebook {

// The spans that an answer names, each as a text that is equal for equal ones.
[[nodiscard]] std::vector<std::string> spans_in(std::string_view answer);
// The ids that it lists, in its order.
[[nodiscard]] std::vector<std::string> ids_in(std::string_view answer);

// Whether the rule is one of these.
[[nodiscard]] bool is_graded(Checker::Kind kind);
// Errors as validate(checker). REQUIRES: is_graded(kind), expected is not blank.
[[nodiscard]] Status validate_graded(const Checker& checker);
// REQUIRES: validate_graded.
[[nodiscard]] Grade judge_graded(const Checker& checker, std::string_view answer);

}  // namespace joulebook
