#include "account/units/number.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "core/text.h"

namespace joulebook::account {
namespace {

bool digit(char c) { return c >= '0' && c <= '9'; }

// What may stand between groups of three digits.
std::size_t group_mark(std::string_view text) {
  for (const std::string_view mark : {",", " ", "'", "’", "_"}) {
    if (text.starts_with(mark)) return mark.size();
  }
  return 0;
}

// Takes digits with groups off `text`; their plain form in `digits`. "0,245" is no group: a decimal comma.
void take_whole(std::string_view& text, std::string& digits) {
  std::size_t at = 0;
  while (at < text.size() && digit(text[at])) ++at;
  digits.append(text.substr(0, at));
  const bool groups = at >= 1 && at <= 3 && text[0] != '0';
  while (groups) {
    const std::size_t mark = group_mark(text.substr(at)), first = at + mark;
    if (mark == 0 || first + 3 > text.size() || !std::ranges::all_of(text.substr(first, 3), digit)) break;
    const std::size_t next = first + 3;
    if (next < text.size() && digit(text[next])) break;
    if (text[at] == ' ' && next < text.size() && text[next] == '.') break;
    digits.append(text.substr(first, 3));
    at = next;
  }
  text.remove_prefix(at);
}

double half_of_last_digit(std::string_view digits, std::size_t decimals, int exponent) {
  int power = exponent - static_cast<int>(decimals);
  if (decimals == 0) {
    std::size_t zeros = 0;
    while (zeros + 1 < digits.size() && digits[digits.size() - 1 - zeros] == '0') ++zeros;
    power += static_cast<int>(zeros);
  }
  return 0.5 * std::pow(10.0, power);
}

// Exponent "e-3" at the front, taken off; 0 without one.
int take_exponent(std::string_view& text) {
  if (text.size() < 2 || (text[0] != 'e' && text[0] != 'E')) return 0;
  std::size_t at = 1;
  if (text[at] == '+' || text[at] == '-') ++at;
  const std::size_t from = at;
  while (at < text.size() && digit(text[at])) ++at;
  if (at == from || at - from > 3) return 0;
  const auto n = parse_int(text.substr(text[1] == '+' ? 2 : 1, at - (text[1] == '+' ? 2 : 1)));
  if (!n) return 0;
  text.remove_prefix(at);
  return static_cast<int>(*n);
}

// "^-6", "⁻⁶": digits of a raised number, taken off.
std::optional<int> take_raised(std::string_view& text) {
  constexpr std::string_view kRaised[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
  std::string_view rest = text;
  std::string digits;
  const auto sign = [&](std::string_view minus) {
    if (!rest.starts_with(minus)) return;
    digits = "-";
    rest.remove_prefix(minus.size());
  };
  if (rest.starts_with('^')) {
    rest.remove_prefix(1);
    for (const std::string_view minus : {"-", "−"}) sign(minus);
    while (!rest.empty() && digit(rest[0])) digits += rest[0], rest.remove_prefix(1);
  } else {
    sign("⁻");
    for (bool more = true; more;) {
      more = false;
      for (std::size_t i = 0; i < std::size(kRaised); ++i) {
        if (!rest.starts_with(kRaised[i])) continue;
        digits += static_cast<char>('0' + i);
        rest.remove_prefix(kRaised[i].size());
        more = true;
      }
    }
  }
  const auto n = digits.size() > 4 ? std::nullopt : parse_int(digits);
  if (!n) return std::nullopt;
  text = rest;
  return static_cast<int>(*n);
}

// " x 10^6", "×10⁶" behind a number, taken off; 0 without one.
int take_power_of_ten(std::string_view& text) {
  std::string_view rest = text;
  skip_blanks(rest);
  for (const std::string_view times : {"x", "×", "*", "·", "⋅"}) {
    if (!rest.starts_with(times)) continue;
    rest.remove_prefix(times.size());
    skip_blanks(rest);
    if (!rest.starts_with("10")) return 0;
    rest.remove_prefix(2);
    const auto n = take_raised(rest);
    if (!n) return 0;
    text = rest;
    return *n;
  }
  return 0;
}

}  // namespace

void skip_blanks(std::string_view& text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
}

bool begins_number(std::string_view text) {
  return !text.empty() && (digit(text[0]) || (text[0] == '.' && text.size() > 1 && digit(text[1])));
}

std::optional<WrittenNumber> take_number(std::string_view& text) {
  std::string_view rest = text;
  std::string plain;
  if (rest.starts_with('+')) rest.remove_prefix(1);
  for (const std::string_view minus : {"-", "−"}) {
    if (!plain.empty() || !rest.starts_with(minus)) continue;
    plain = "-";
    rest.remove_prefix(minus.size());
  }
  std::string digits;
  take_whole(rest, digits);
  std::string fraction;
  if (rest.size() > 1 && rest[0] == '.' && digit(rest[1])) {
    rest.remove_prefix(1);
    while (!rest.empty() && digit(rest[0])) {
      fraction += rest[0];
      rest.remove_prefix(1);
    }
  }
  if (digits.empty() && fraction.empty()) return std::nullopt;
  int exponent = take_exponent(rest);
  const auto raised = digits == "10" && fraction.empty() ? take_raised(rest) : std::nullopt;
  if (raised) {
    digits = "1";
    exponent = *raised;
  } else if (exponent == 0) {
    exponent = take_power_of_ten(rest);
  }
  plain += (digits.empty() ? "0" : digits) + (fraction.empty() ? "" : "." + fraction) + fmt::format("e{}", exponent);
  const auto value = parse_double(plain);
  if (!value || !std::isfinite(*value)) return std::nullopt;
  // A comma that groups no three digits is a decimal comma or a slip; a second point groups, where people write so.
  if (rest.size() > 1 && (rest[0] == ',' || rest[0] == '.') && digit(rest[1])) return std::nullopt;
  text = rest;
  return WrittenNumber{*value, half_of_last_digit(digits, fraction.size(), exponent)};
}

namespace {

// "0,245 Wh" with a point; nothing where no digit stands on both sides of one comma.
std::optional<std::string> with_point(std::string_view text) {
  const auto comma = text.find(',');
  if (comma == std::string_view::npos || comma == 0 || comma + 1 >= text.size()) return std::nullopt;
  if (!digit(text[comma - 1]) || !digit(text[comma + 1]) || text.find(',', comma + 1) != std::string_view::npos) return std::nullopt;
  std::string mended;
  for (std::size_t i = 0; i < text.size(); ++i) {
    // A point before the comma groups: "1.234,5".
    if (text[i] == '.' && i < comma) continue;
    mended += i == comma ? '.' : text[i];
  }
  return mended;
}

// "1.234.567 kWh": several points in one number, which may group threes.
std::optional<Error> several_points(std::string_view text) {
  std::size_t end = 0;
  while (end < text.size() && (digit(text[end]) || text[end] == '.')) ++end;
  const auto groups = split(text.substr(0, end), '.');
  if (groups.size() < 3 || std::ranges::any_of(groups, &std::string_view::empty)) return std::nullopt;
  const auto three = [](std::string_view g) { return g.size() == 3; };
  if (groups[0].size() > 3 || !std::all_of(groups.begin() + 1, groups.end(), three)) {
    return Error{ErrorKind::input, "measure.number", fmt::format("'{}' has several points in its number", text), "write one point: '1234.5 kWh'"};
  }
  std::string mended(text);
  std::replace(mended.begin(), mended.begin() + static_cast<std::ptrdiff_t>(end), '.', ',');
  return Error{ErrorKind::input, "measure.number", fmt::format("'{}' groups its digits with points", text), fmt::format("write commas: '{}'", mended)};
}

// "less than 0.3 Wh", "> 3 Wh": both ends, as they may be written.
std::optional<Error> one_end(std::string_view text) {
  constexpr std::string_view kMost[] = {"<", "≤", "less than", "fewer than", "under ", "up to", "at most", "no more than", "below "};
  constexpr std::string_view kLeast[] = {">", "≥", "more than", "over ", "at least", "no less than", "above "};
  const std::string low = lower(text);
  const auto behind = [&](std::span<const std::string_view> words) -> std::optional<std::string_view> {
    for (const std::string_view word : words) {
      if (low.starts_with(word)) return trim(text.substr(word.size()));
    }
    return std::nullopt;
  };
  const std::string what = fmt::format("'{}' gives one end of a range", text);
  if (const auto most = behind(kMost)) {
    return Error{ErrorKind::input, "measure.number", what, fmt::format("write both ends: '0-{}'", with_point(*most).value_or(std::string(*most)))};
  }
  const auto least = behind(kLeast);
  if (!least) return std::nullopt;
  std::string_view unit = *least;
  const auto number = take_number(unit);
  if (!number) return Error{ErrorKind::input, "measure.number", what, "write both ends: '3-30 Wh' for 'more than 3 Wh', if ten times as much is the most that it can be"};
  const std::string from(least->substr(0, least->size() - unit.size()));
  return Error{ErrorKind::input, "measure.number", what,
               fmt::format("write both ends: '{}-{:g}{}', if ten times as much is the most that it can be; or '{}' for the least", from, 10 * number->value, unit, *least)};
}

}  // namespace

Error no_number(std::string_view text) {
  if (auto end = one_end(text)) return std::move(*end);
  if (const auto mended = with_point(text)) {
    return {ErrorKind::input, "measure.number", fmt::format("'{}' has a decimal comma", text),
            fmt::format("write the number with a point: '{}' (a comma groups three digits: 17,800)", *mended)};
  }
  if (auto points = several_points(text)) return std::move(*points);
  std::string_view unsigned_text = text;
  for (const std::string_view sign : {"-", "−", "+"}) {
    if (unsigned_text.starts_with(sign)) unsigned_text.remove_prefix(sign.size());
  }
  if (begins_number(unsigned_text)) {
    return {ErrorKind::input, "measure.number", fmt::format("the number of '{}' is beyond those that can be computed with (1e-300 to 1e300)", text),
            "check its exponent: 1.5e6 is 1.5 million"};
  }
  return {ErrorKind::input, "measure.number", fmt::format("'{}' does not begin with a number", text),
          "write a number and a unit: '17,800 J/response', '0.24 Wh', '3-4 J/token', '0.42 +- 0.13 Wh'"};
}

}  // namespace joulebook::account
