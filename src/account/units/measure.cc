#include "account/units/measure.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/text.h"

namespace joulebook::account {
namespace {

tl::unexpected<Error> no_number(std::string_view text) {
  return fail(ErrorKind::input, "measure.number", fmt::format("'{}' does not begin with a number", text),
              "write a number and a unit: '17,800 J/response', '0.24 Wh', '3-4 J/token', '0.42 +- 0.13 Wh'");
}

bool digit(char c) { return c >= '0' && c <= '9'; }

// A number as written, and half a unit of its last significant digit.
struct Number {
  double value = 0, rounding = 0;
};

// Position after a group of exactly three digits behind a comma or a blank; npos: no such group.
std::size_t after_group(std::string_view text, std::size_t at) {
  if (at + 3 >= text.size() || (text[at] != ',' && text[at] != ' ')) return std::string_view::npos;
  for (std::size_t i = at + 1; i <= at + 3; ++i) {
    if (!digit(text[i])) return std::string_view::npos;
  }
  return at + 4 < text.size() && digit(text[at + 4]) ? std::string_view::npos : at + 4;
}

// Takes digits with groups off `text`; their plain form in `digits`.
void take_whole(std::string_view& text, std::string& digits) {
  std::size_t at = 0;
  while (at < text.size() && digit(text[at])) ++at;
  const std::size_t leading = at;
  digits.append(text.substr(0, at));
  if (leading >= 1 && leading <= 3) {
    for (std::size_t next = after_group(text, at); next != std::string_view::npos; next = after_group(text, at)) {
      if (text[at] == ' ' && next < text.size() && (text[next] == '.')) break;
      digits.append(text.substr(at + 1, 3));
      at = next;
    }
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

// A number at the front, taken off; nothing where there is none.
std::optional<Number> take_number(std::string_view& text) {
  std::string_view rest = text;
  std::string plain;
  if (rest.starts_with('+')) rest.remove_prefix(1);
  if (rest.starts_with('-')) {
    plain = "-";
    rest.remove_prefix(1);
  } else if (rest.starts_with("−")) {
    plain = "-";
    rest.remove_prefix(std::string_view("−").size());
  }
  std::string digits;
  take_whole(rest, digits);
  std::size_t decimals = 0;
  std::string fraction;
  if (rest.size() > 1 && rest[0] == '.' && digit(rest[1])) {
    rest.remove_prefix(1);
    while (!rest.empty() && digit(rest[0])) {
      fraction += rest[0];
      rest.remove_prefix(1);
    }
    decimals = fraction.size();
  }
  if (digits.empty() && fraction.empty()) return std::nullopt;
  const int exponent = take_exponent(rest);
  plain += (digits.empty() ? "0" : digits) + (fraction.empty() ? "" : "." + fraction) + fmt::format("e{}", exponent);
  const auto value = parse_double(plain);
  if (!value || !std::isfinite(*value)) return std::nullopt;
  // A comma that groups no three digits is a decimal comma or a slip.
  if (rest.starts_with(',')) return std::nullopt;
  text = rest;
  return Number{*value, half_of_last_digit(digits, decimals, exponent)};
}

void skip_blanks(std::string_view& text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
}

enum class Join { none, to, plus_minus };

// What stands between two numbers, taken off.
Join take_join(std::string_view& text) {
  std::string_view rest = text;
  skip_blanks(rest);
  constexpr std::pair<std::string_view, Join> kJoins[] = {
      {"+-", Join::plus_minus}, {"+/-", Join::plus_minus}, {"±", Join::plus_minus}, {"..", Join::to},
      {"to ", Join::to},        {"–", Join::to},           {"—", Join::to},         {"-", Join::to}};
  for (const auto& [word, join] : kJoins) {
    if (!rest.starts_with(word)) continue;
    rest.remove_prefix(word.size());
    skip_blanks(rest);
    if (rest.empty() || !(digit(rest[0]) || rest[0] == '.' || (join == Join::to && word != "-" && rest[0] == '-'))) return Join::none;
    text = rest;
    return join;
  }
  return Join::none;
}

std::string plain_blanks(std::string_view written) {
  std::string text(trim(written));
  for (const std::string_view blank : {"\u00A0", "\u202F", "\u2009"}) {
    for (std::size_t at = text.find(blank); at != std::string::npos; at = text.find(blank)) text.replace(at, blank.size(), " ");
  }
  return text;
}

double middle(double lo, double hi) { return lo > 0 && hi > 0 ? std::sqrt(lo) * std::sqrt(hi) : lo / 2 + hi / 2; }

Status set_numbers(Measure& m, const Number& a, Join join, const Number& b) {
  m.value = m.lo = m.hi = a.value;
  m.rounding = std::max(a.rounding, join == Join::to ? b.rounding : 0.0);
  m.range = join != Join::none;
  if (join == Join::to) {
    if (b.value < a.value) {
      return fail(ErrorKind::input, "measure.range", fmt::format("'{}' has its ends the wrong way round", m.stated), "write the lower end first");
    }
    m.hi = b.value;
    m.value = middle(a.value, b.value);
  } else if (join == Join::plus_minus) {
    m.lo = a.value - b.value;
    m.hi = a.value + b.value;
  }
  return {};
}

// A symbol of money before the number goes behind it: "$0.12/kWh".
std::string currency_behind(std::string text) {
  for (const std::string_view sign : {"$", "€", "£"}) {
    if (!text.starts_with(sign)) continue;
    std::string_view rest = std::string_view(text).substr(sign.size());
    skip_blanks(rest);
    const std::string_view before = rest;
    if (!take_number(rest)) return text;
    const std::string number(before.substr(0, before.size() - rest.size()));
    std::string_view tail = rest;
    skip_blanks(tail);
    return number + " " + (tail.starts_with('/') ? "" : std::string(tail) + " ") + std::string(sign) +
           (tail.starts_with('/') ? std::string(tail) : "");
  }
  return text;
}

bool differ_by(const Dimension& a, const Dimension& b, std::string_view base, int power) {
  Dimension d;
  d.powers[std::string(base)] = power;
  return a / b == d || b / a == d;
}

// The slip that two dimensions differ by, where it is a known one.
std::string slip_between(const Dimension& a, const Dimension& b) {
  if (differ_by(a, b, "s", 1)) return "one is a rate: an energy against a power (Wh against W), or a total against an amount a second; multiply by the time";
  Dimension carbon;
  carbon.powers = {{"kgCO2e", 1}, {"J", -1}};
  if (a / b == carbon || b / a == carbon) return "one is carbon, the other energy: multiply the energy by a grid's gCO2e/kWh";
  Dimension water;
  water.powers = {{"m3", 1}, {"J", -1}};
  if (a / b == water || b / a == water) return "one is water, the other energy: multiply the energy by L/kWh";
  Dimension per;
  per.powers = {{"token", 1}, {"response", -1}};
  if (a / b == per || b / a == per) return "one is per token, the other per response: multiply by the tokens of a response";
  for (const std::string_view noun : {"token", "response", "image", "video", "device", "household"}) {
    if (differ_by(a, b, noun, 1)) return fmt::format("one is per {0}, the other isn't: multiply or divide by a number of {0}s", noun);
  }
  return "check what each of them is an amount of";
}

}  // namespace

Result<Measure> Measure::parse(std::string_view written) {
  if (written.size() > 300) return fail(ErrorKind::input, "measure.number", "an amount of over 300 characters", "write a number and a unit");
  const std::string text = currency_behind(plain_blanks(written));
  std::string_view rest = text;
  Measure m;
  m.stated = std::string(trim(written));
  const auto a = take_number(rest);
  if (!a) return no_number(m.stated);
  const Join join = take_join(rest);
  std::optional<Number> b;
  if (join != Join::none && !(b = take_number(rest))) return no_number(rest);
  skip_blanks(rest);
  auto unit = Unit::parse(rest);
  if (!unit) return fail(unit.error());
  if (auto ok = set_numbers(m, *a, join, b.value_or(Number{})); !ok) return fail(ok.error());
  for (double* x : {&m.value, &m.lo, &m.hi, &m.rounding}) *x *= unit->factor;
  if (!std::isfinite(m.lo) || !std::isfinite(m.hi) || !std::isfinite(m.value)) return no_number(m.stated);
  m.unit = std::move(*unit);
  return m;
}

Measure Measure::exact(double base_value, Unit unit) {
  Measure m;
  m.value = m.lo = m.hi = base_value;
  m.stated = fmt::format("{:.6g} {}", base_value / unit.factor, unit.text);
  m.unit = std::move(unit);
  return m;
}

Result<Measure> converted(const Measure& measure, const Unit& unit) {
  if (measure.unit.dimension != unit.dimension) {
    return fail(ErrorKind::input, "unit.mismatch",
                fmt::format("'{}' is in {}, and {} was wanted", measure.stated, measure.unit.dimension.text(), unit.dimension.text()),
                slip_between(measure.unit.dimension, unit.dimension));
  }
  Measure out = measure;
  for (double* x : {&out.value, &out.lo, &out.hi, &out.rounding}) *x /= unit.factor;
  out.unit = unit;
  return out;
}

}  // namespace joulebook::account
