#pragma once
// Dates, amounts of money and names of persons in English text, by a grammar over tokens. Rules
// alone: no list of names is known, so a name shows by its title, its label ("Customer:"), its
// place in the sentence and its capital letters. Pure functions; thread-safe; time grows with the
// text's length.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "study/programs/text_tokens.h"

namespace joulebook {

enum class SpanKind : std::uint8_t { date, money, name };

// Tokens [first, first + count).
struct TokenSpan {
  std::size_t first = 0;
  std::size_t count = 0;  // 0: nothing there
};

struct TextSpan {
  SpanKind kind = SpanKind::date;
  std::string_view text;  // into the text that was searched
};

// In the order of the text; none overlaps another.
[[nodiscard]] std::vector<TextSpan> find_spans(std::string_view text);

// The rules, each for what begins with token `at`:
// "3 May 2031", "the 2nd of June", "Monday, 4 March", "October 5th", "August 2027", "03.07.2030",
// "2031-03-14", "12/06/2029"; a month alone behind a word such as "in" or "before".
[[nodiscard]] TokenSpan date_at(std::span<const TextToken> tokens, std::size_t at);
// "1,250 crowns", "five hundred crowns", "£35", "14.35 EUR", "€ 9"; without a currency where a
// number of two decimals stands alone.
[[nodiscard]] TokenSpan money_at(std::span<const TextToken> tokens, std::size_t at);
// See text_names.cc.
[[nodiscard]] TokenSpan name_at(std::span<const TextToken> tokens, std::size_t at);

// Whether a word is the name of a month or of a day of the week (also its first three letters).
[[nodiscard]] bool is_calendar_word(std::string_view word);

}  // namespace joulebook
