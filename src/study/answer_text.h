#pragma once
// Finds the answer proper, numbers and JSON in a model's free text. Pure functions; views point
// into their argument.
#include <optional>
#include <string_view>
#include <vector>

#include "core/json.h"

namespace joulebook {

// What follows the last answer marker ("Answer:", "the answer is", "\boxed{"), up to the end of
// its line or box; the next line where the marker ends its own.
[[nodiscard]] std::optional<std::string_view> marked(std::string_view answer);

// What could be meant as the whole answer, the likeliest first: see checker.h.
[[nodiscard]] std::vector<std::string_view> candidates(std::string_view answer);

// Every number in order: sign, thousands separators (a comma, a blank or an apostrophe before exactly three
// digits), decimals, exponent, simple fractions (3/4, \frac{3}{4}). Digits inside a word ("b2b") are none.
[[nodiscard]] std::vector<double> numbers(std::string_view text);

// The number that an answer says: the marked answer's first, behind its last '=', else the last of the text.
[[nodiscard]] std::optional<double> number_in(std::string_view answer);

// The first complete JSON object or array in the text; else the text itself (its code fence taken
// off) where it is a JSON value as a whole. Nothing where finding it would mean to read more than
// 64 MiB, over and over.
[[nodiscard]] std::optional<Json> first_json(std::string_view text);

}  // namespace joulebook
