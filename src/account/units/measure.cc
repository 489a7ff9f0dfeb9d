#include "account/units/measure.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "account/units/number.h"
#include "core/text.h"

namespace joulebook::account {
namespace {

enum class Join { none, to, plus_minus };

// What stands between two numbers, taken off. `between`: "and" joins, too.
Join take_join(std::string_view& text, bool between) {
  std::string_view rest = text;
  skip_blanks(rest);
  constexpr std::pair<std::string_view, Join> kJoins[] = {
      {"+-", Join::plus_minus}, {"+/-", Join::plus_minus}, {"±", Join::plus_minus}, {"..", Join::to},
      {"to ", Join::to},        {"–", Join::to},           {"—", Join::to},         {"-", Join::to},  {"and ", Join::to}};
  for (const auto& [word, join] : kJoins) {
    if (!rest.starts_with(word) || (word == "and " && !between)) continue;
    rest.remove_prefix(word.size());
    skip_blanks(rest);
    if (!begins_number(rest) && !(join == Join::to && word != "-" && rest.starts_with('-'))) return Join::none;
    text = rest;
    return join;
  }
  return Join::none;
}

// "Wh - 4.0 Wh": a unit, a join and a number; the unit is taken off up to the join. Nothing where there is none.
std::string_view take_unit_before_join(std::string_view& text, bool between) {
  for (std::size_t at = 1; at < text.size(); ++at) {
    std::string_view rest = text.substr(at);
    const Join join = take_join(rest, between);
    // "1,000-image" and "GPU-8" are no ranges: a hyphen joins where blanks or a unit stand before it.
    const std::string_view unit = trim(text.substr(0, at));
    if (join == Join::none || unit.empty() || !Unit::parse(unit)) continue;
    text = text.substr(at);
    return unit;
  }
  return {};
}

std::string plain_blanks(std::string_view written) {
  std::string text(trim(written));
  for (const std::string_view blank : {"\u00A0", "\u202F", "\u2009", "\u2007", "\u200A", "\t"}) {
    for (std::size_t at = text.find(blank); at != std::string::npos; at = text.find(blank)) text.replace(at, blank.size(), " ");
  }
  return text;
}

double middle(double lo, double hi) { return lo > 0 && hi > 0 ? std::sqrt(lo) * std::sqrt(hi) : lo / 2 + hi / 2; }

// How sure the writer is: "~0.3 Wh", "about 0.3 Wh", "between 3 and 4 Wh".
struct Said {
  bool about = false;    // a whole unit of the last digit either way, not half of it
  bool between = false;
};
Said take_said(std::string_view& text) {
  constexpr std::string_view kAbout[] = {"~", "≈", "∼", "about ", "around ", "roughly ", "approximately ", "approx. ", "approx ", "circa ", "ca. ", "c. ",
                                        "nearly ", "almost ", "some ", "an estimated ", "estimated "};
  Said said;
  const auto take = [&](std::string_view word) {
    if (lower(text.substr(0, word.size())) != word) return false;
    text.remove_prefix(word.size());
    skip_blanks(text);
    return true;
  };
  for (const std::string_view word : kAbout) said.about = said.about || take(word);
  said.between = take("between ");
  if (!said.between) (void)take("from ");
  return said;
}

Status set_numbers(Measure& m, const WrittenNumber& a, Join join, const WrittenNumber& b) {
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

// Money before the number goes behind it: "$0.12/kWh", "EUR 0.30/kWh".
std::string currency_behind(std::string text) {
  for (const std::string_view sign : {"$", "€", "£", "USD ", "EUR ", "GBP ", "CHF "}) {
    if (!text.starts_with(sign)) continue;
    std::string_view rest = std::string_view(text).substr(sign.size());
    skip_blanks(rest);
    const std::string_view before = rest;
    if (!take_number(rest)) return text;
    const std::string number(before.substr(0, before.size() - rest.size()));
    std::string_view tail = rest;
    skip_blanks(tail);
    return number + " " + (tail.starts_with('/') ? "" : std::string(tail) + " ") + std::string(trim(sign)) +
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

namespace {

// Both numbers in the unit that stands behind the second, or behind each of them.
struct Written {
  WrittenNumber a, b;
  Join join = Join::none;
  Unit unit;
};

// "0.3 Wh - 0.5 Wh per query": what the second is per holds of the first, too.
Result<Unit> unit_of_both(std::string_view first, std::string_view second) {
  const auto own = Unit::parse(first), behind = Unit::parse(second);
  if (!own || !behind || own->dimension == behind->dimension) return own;
  const auto per = std::min(second.find('/'), second.find(" per "));
  if (per == std::string_view::npos) return own;
  auto fuller = Unit::parse(std::string(first) + std::string(second.substr(per)));
  return fuller && fuller->dimension == behind->dimension ? fuller : own;
}

// "0.24 Wh +- 10 %": of the value. Else both units must be of one kind; the first one counts.
Status fold_second_unit(Written& w, Unit first, const Unit& second, bool named, std::string_view stated) {
  if (named && w.join == Join::plus_minus && second.dimension.none()) {
    w.b.value *= second.factor * std::abs(w.a.value);
  } else if (named && second.dimension != first.dimension) {
    return fail(ErrorKind::input, "measure.range", fmt::format("'{}' has ends of two kinds", stated), "write one unit behind both: '3.6-4.0 Wh'");
  } else if (named) {
    w.b.value *= second.factor / first.factor;
    w.b.rounding *= second.factor / first.factor;
  }
  w.unit = std::move(first);
  return {};
}

Result<Written> take_all(std::string_view rest, bool between, const std::string& stated) {
  Written w;
  const auto a = take_number(rest);
  if (!a) return fail(no_number(rest));
  w.a = *a;
  w.join = take_join(rest, between);
  std::string_view first;
  if (w.join == Join::none) {
    std::string_view behind = rest;
    first = take_unit_before_join(behind, between);
    if (!first.empty()) w.join = take_join(rest = behind, between);
  }
  if (w.join != Join::none) {
    const auto b = take_number(rest);
    if (!b) return fail(no_number(rest));
    w.b = *b;
  }
  skip_blanks(rest);
  auto unit = Unit::parse(rest);
  if (!unit) return fail(unit.error());
  if (first.empty()) {
    w.unit = std::move(*unit);
    return w;
  }
  const auto said = unit_of_both(first, rest);
  if (!said) return fail(said.error());
  if (auto ok = fold_second_unit(w, *said, *unit, !rest.empty(), stated); !ok) return fail(ok.error());
  return w;
}

}  // namespace

Result<Measure> Measure::parse(std::string_view written) {
  if (written.size() > 300) return fail(ErrorKind::input, "measure.number", "an amount of over 300 characters", "write a number and a unit");
  const std::string plain = plain_blanks(written);
  std::string_view rest = plain;
  const Said said = take_said(rest);
  const std::string text = currency_behind(std::string(rest));
  Measure m;
  m.stated = std::string(trim(written));
  auto w = take_all(text, said.between, m.stated);
  if (!w) return fail(w.error());
  if (auto ok = set_numbers(m, w->a, w->join, w->b); !ok) return fail(ok.error());
  if (said.about) m.rounding *= 2;
  for (double* x : {&m.value, &m.lo, &m.hi, &m.rounding}) *x *= w->unit.factor;
  if (!std::isfinite(m.lo) || !std::isfinite(m.hi) || !std::isfinite(m.value)) return fail(no_number(text));
  m.unit = std::move(w->unit);
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
  if (measure.unit.dimension != unit.dimension && measure.unit.dimension.none() && measure.unit.text.empty()) {
    const std::string wanted = unit.text.empty() ? unit.dimension.text() : unit.text;
    return fail(ErrorKind::input, "unit.mismatch", fmt::format("'{0}' has no unit", measure.stated), fmt::format("write it: '{} {}'", measure.stated, wanted));
  }
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
