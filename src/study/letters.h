#pragma once
// What a character of a text is: part of a word or not, a blank, how it looks in lower case. By ranges of
// code points, for the scripts that answers are written in; no table of Unicode's is needed. Pure.
#include <cstddef>
#include <string>
#include <string_view>

namespace joulebook::letters {

// The code point at `at`, which moves past it. A byte that is no valid UTF-8 is U+FFFD.
[[nodiscard]] char32_t next(std::string_view text, std::size_t& at);
// The code point that ends before `at`; 0 at the beginning.
[[nodiscard]] char32_t before(std::string_view text, std::size_t at);

// White space, no-break spaces included.
[[nodiscard]] bool is_blank(char32_t point);
// A letter, a digit, a mark on one, a pictogram, a currency: all that is neither blank nor punctuation (as "$" is).
[[nodiscard]] bool in_word(char32_t point);
[[nodiscard]] bool is_currency(char32_t point);
// Of a script that puts no blanks around its words, or hangs endings on them (Chinese, Japanese, Korean, Thai).
[[nodiscard]] bool is_unspaced(char32_t point);

// Lower case of Latin, Greek, Cyrillic and full-width letters; typographic apostrophes, hyphens and the
// minus sign as those of a keyboard. Others stay.
[[nodiscard]] char32_t folded(char32_t point);

}  // namespace joulebook::letters
