#include "study/programs/text_rules.h"

#include <algorithm>
#include <array>
#include <string>

#include "core/text.h"

namespace joulebook {
namespace {

using Kind = TextToken::Kind;
using Tokens = std::span<const TextToken>;

constexpr std::array<std::string_view, 12> kMonths = {
    "January", "February", "March",     "April",   "May",      "June",
    "July",    "August",   "September", "October", "November", "December"};
constexpr std::array<std::string_view, 7> kDays = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                                   "Friday", "Saturday", "Sunday"};
constexpr std::array<std::string_view, 9> kBeforeMonths = {
    "in", "of", "since", "before", "until", "till", "by", "from", "after"};
constexpr std::array<std::string_view, 18> kCurrencies = {
    "euro", "euros", "eur",  "crown", "crowns", "pound", "pounds",  "gbp",   "dollar",
    "usd",  "cent",  "cents", "pence", "penny",  "pennies", "dollars", "francs", "chf"};
constexpr std::array<std::string_view, 31> kNumberWords = {
    "one",     "two",       "three",    "four",     "five",    "six",     "seven",  "eight",
    "nine",    "ten",       "eleven",   "twelve",   "thirteen", "fourteen", "fifteen", "sixteen",
    "seventeen", "eighteen", "nineteen", "twenty",   "thirty",  "forty",   "fifty",  "sixty",
    "seventy", "eighty",    "ninety",   "hundred",  "thousand", "million", "and"};

template <std::size_t N>
bool among(const std::array<std::string_view, N>& words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

template <std::size_t N>
bool named(const std::array<std::string_view, N>& names, std::string_view word) {
  return std::ranges::any_of(names, [&](std::string_view name) {
    return word == name || (word.size() == 3 && name.starts_with(word));
  });
}
bool is_month(const TextToken& token) {
  return token.kind == Kind::word && (named(kMonths, token.text) || token.text == "Sept");
}

// The token there, or an empty mark beyond the end.
const TextToken& token(Tokens tokens, std::size_t at) {
  static const TextToken kNone;
  return at < tokens.size() ? tokens[at] : kNone;
}

// A whole number of at most so many digits; -1 for anything else.
int whole(const TextToken& t, std::size_t digits) {
  if (t.kind != Kind::number || t.text.size() > digits) return -1;
  const auto number = parse_uint(t.text);
  return number ? static_cast<int>(*number) : -1;
}
bool is_day(const TextToken& t) { return whole(t, 2) >= 1 && whole(t, 2) <= 31; }
bool is_year(const TextToken& t) { return whole(t, 4) >= 1500 && whole(t, 4) <= 2199; }

// A day's number with "st", "nd", "rd" or "th" glued to it or not: tokens taken.
std::size_t day_tokens(Tokens tokens, std::size_t at) {
  static constexpr std::array<std::string_view, 4> kEndings = {"st", "nd", "rd", "th"};
  if (!is_day(token(tokens, at))) return 0;
  const auto& next = token(tokens, at + 1);
  return next.glued && among(kEndings, next.text) ? 2 : 1;
}

bool separates(char c) { return c == '.' || c == '/' || c == '-'; }

// "2031-03-14", "03.07.2030", "12/06/2029".
bool is_figures(const TextToken& t) {
  if (t.kind != Kind::number) return false;
  std::vector<int> parts(1);
  std::size_t digits = 0;
  std::string marks;
  for (const char c : t.text) {
    if (separates(c)) {
      marks += c;
      parts.push_back(0);
    } else if (c < '0' || c > '9' || ++digits > 8) {
      return false;
    } else {
      parts.back() = 10 * parts.back() + (c - '0');
    }
  }
  if (parts.size() != 3 || marks[0] != marks[1]) return false;
  const bool year_first = parts[0] > 31;
  const int year = year_first ? parts[0] : parts[2];
  const int day = year_first ? parts[2] : parts[0];
  return day >= 1 && day <= 31 && parts[1] >= 1 && parts[1] <= 12 &&
         (year < 100 || (year >= 1500 && year < 2200));
}

// A year behind a date, with or without a comma.
std::size_t year_tokens(Tokens tokens, std::size_t at) {
  if (is_year(token(tokens, at))) return 1;
  return token(tokens, at).text == "," && is_year(token(tokens, at + 1)) ? 2 : 0;
}

// "4 March 2031", "2nd of June"; tokens taken.
std::size_t day_month(Tokens tokens, std::size_t at) {
  std::size_t used = day_tokens(tokens, at);
  if (used == 0) return 0;
  if (token(tokens, at + used).text == "of") ++used;
  if (!is_month(token(tokens, at + used))) return 0;
  ++used;
  return used + year_tokens(tokens, at + used);
}

// "October 5th", "March 2031".
std::size_t month_day(Tokens tokens, std::size_t at) {
  if (!is_month(token(tokens, at))) return 0;
  if (is_year(token(tokens, at + 1))) return 2;
  const std::size_t day = day_tokens(tokens, at + 1);
  return day == 0 ? 0 : 1 + day + year_tokens(tokens, at + 1 + day);
}

// A month with neither day nor year: "May" may be a woman, "March" a verb.
bool month_alone(Tokens tokens, std::size_t at) {
  if (!is_month(tokens[at]) || at == 0 || token(tokens, at + 1).capital()) return false;
  return among(kBeforeMonths, tokens[at - 1].text);
}

std::size_t number_words(Tokens tokens, std::size_t at) {
  std::size_t used = 0;
  while (token(tokens, at + used).kind == Kind::word &&
         among(kNumberWords, lower(token(tokens, at + used).text))) {
    ++used;
  }
  return used > 0 && tokens[at].text == "and" ? 0 : used;
}

bool is_currency(const TextToken& t) {
  return t.kind == Kind::word && among(kCurrencies, lower(t.text));
}
bool is_sign(const TextToken& t) {
  return t.text == "$" || t.text == "\xC2\xA3" || t.text == "\xE2\x82\xAC";
}

}  // namespace

bool is_calendar_word(std::string_view word) { return named(kMonths, word) || named(kDays, word); }

TokenSpan date_at(Tokens tokens, std::size_t at) {
  std::size_t before = 0;
  if (named(kDays, token(tokens, at).text)) {
    before = token(tokens, at + 1).text == "," ? 2 : 1;
  } else if (lower(token(tokens, at).text) == "the") {
    before = 1;
  }
  if (const auto used = day_month(tokens, at + before); used > 0) return {at, before + used};
  if (before > 0) return {};
  if (is_figures(token(tokens, at))) return {at, 1};
  if (const auto used = month_day(tokens, at); used > 0) return {at, used};
  return month_alone(tokens, at) ? TokenSpan{at, 1} : TokenSpan{};
}

TokenSpan money_at(Tokens tokens, std::size_t at) {
  const auto& first = token(tokens, at);
  if (is_sign(first)) {
    return token(tokens, at + 1).kind == Kind::number ? TokenSpan{at, 2} : TokenSpan{};
  }
  const std::size_t number = first.kind == Kind::number ? 1 : number_words(tokens, at);
  if (number == 0) return {};
  const auto& unit = token(tokens, at + number);
  if (is_currency(unit) || is_sign(unit)) return {at, number + 1};
  const auto point = first.text.rfind('.');
  const bool alone = unit.kind != Kind::word && unit.text != "%";
  const bool cents = first.kind == Kind::number && point != std::string_view::npos &&
                     point + 3 == first.text.size() && first.text.find('.') == point;
  return alone && cents ? TokenSpan{at, 1} : TokenSpan{};
}

std::vector<TextSpan> find_spans(std::string_view text) {
  const auto tokens = tokens_of(text);
  std::vector<TextSpan> out;
  const auto take = [&](SpanKind kind, TokenSpan span) {
    const auto begin = tokens[span.first].begin;
    const auto end = tokens[span.first + span.count - 1].end();
    out.push_back({kind, text.substr(begin, end - begin)});
    return span.first + span.count;
  };
  for (std::size_t at = 0; at < tokens.size();) {
    if (const auto date = date_at(tokens, at); date.count > 0) {
      at = take(SpanKind::date, date);
    } else if (const auto money = money_at(tokens, at); money.count > 0) {
      at = take(SpanKind::money, money);
    } else if (const auto name = name_at(tokens, at); name.count > 0) {
      at = take(SpanKind::name, name);
    } else {
      ++at;
    }
  }
  return out;
}

}  // namespace joulebook
