// Units as people write them: a product, and what it is divided by.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "account/units/measure.h"
#include "account/units/names.h"
#include "core/text.h"

namespace joulebook::account {
namespace {

void raise(Dimension& into, const Dimension& by, int sign) {
  for (const auto& [base, power] : by.powers) {
    const int sum = (into.powers[base] += sign * power);
    if (sum == 0) into.powers.erase(base);
  }
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
  return text;
}

// One way of writing each thing: "CO₂-eq" is CO2e, "·" and "×" are products, "per" is "/".
std::string folded(std::string_view written) {
  std::string text(trim(written));
  constexpr std::pair<std::string_view, std::string_view> kSame[] = {
      {"\u00A0", " "}, {"\u202F", " "}, {"\u2009", " "}, {"₂", "2"}, {"³", "3"}, {"co2", "CO2"}, {"Co2", "CO2"}, {"CO2E", "CO2e"}, {"CO2-eq", "CO2e"},
      {"CO2-e", "CO2e"}, {"CO2eq", "CO2e"}, {"CO2 equivalents", "CO2e"}, {"CO2 equivalent", "CO2e"}, {"CO2 eq", "CO2e"},
      {"CO2 e", "CO2e"}, {"carbon dioxide", "CO2e"}, {"Sb-eq", "Sbe"}, {"Sb eq", "Sbe"}, {"Sbeq", "Sbe"},
      {"antimony", "Sbe"}, {"CO2e.", "CO2e"}, {"e-mail", "email"}, {"E-mail", "email"}, {"m^3", "m3"}, {"cubic metres", "m3"},
      {"cubic meters", "m3"}, {"·", " "}, {"*", " "}, {"⋅", " "}, {"-", " "}};
  for (const auto& [what, by] : kSame) text = replaced(std::move(text), what, by);
  return text;
}

// Words of one segment; "1,000" stays one word.
std::vector<std::string> words_of(std::string_view segment) {
  std::vector<std::string> words;
  for (const auto part : split(segment, ' ')) {
    if (!trim(part).empty()) words.emplace_back(trim(part));
  }
  return words;
}

bool is_carbon(std::string_view word) { return word == "CO2e" || word == "CO2"; }
bool is_antimony(std::string_view word) { return word == "Sbe" || word == "Sb"; }

Unit mass_unit(double kg, std::string_view substance) {
  Unit unit;
  unit.factor = kg;
  unit.dimension.powers[is_carbon(substance) ? "kgCO2e" : "kgSbe"] = 1;
  return unit;
}

tl::unexpected<Error> ambiguous(std::string_view what, std::string why, std::string cure) {
  return fail(ErrorKind::input, "unit.ambiguous", fmt::format("'{}' {}", what, why), std::move(cure));
}

tl::unexpected<Error> unknown(const std::string& word) {
  const std::string low = lower(word);
  if (low == "ah" || low == "mah") {
    return fail(ErrorKind::input, "unit.unknown", fmt::format("'{}' is a charge, no energy", word), "multiply by the volts, and write Wh: 30 mAh at 3.7 V are 0.111 Wh");
  }
  constexpr std::pair<std::string_view, std::string_view> kOften[] = {{"annually", "yr"}, {"yearly", "yr"}, {"monthly", "month"}, {"daily", "day"}, {"hourly", "h"}};
  for (const auto& [said, per] : kOften) {
    if (low == said) return fail(ErrorKind::input, "unit.unknown", fmt::format("'{}' is no unit", word), fmt::format("write /{} in its place: kWh/{}", per, per));
  }
  if (low == "ct" || low == "cts") return ambiguous(word, "may be of euros or of dollars", "write the whole one: 0.30 EUR, 0.30 USD");
  if (low == "each") return fail(ErrorKind::input, "unit.unknown", "'each' says not of what", "write what it is per: J/response, Wh/image");
  if (low == "more" || low == "less" || low == "cheaper" || low == "fewer" || low == "higher" || low == "lower") {
    return ambiguous(word, "may be that many times, or that many on top", "write the factor alone, 3x, or a percentage: 200 % more");
  }
  if (low == "hp") return fail(ErrorKind::input, "unit.unknown", "'hp' is one of several units", "write W: a metric one is 735.5 W, a mechanical one 745.7 W");
  if (low == "mwh" || low == "mw" || low == "mj") {
    return ambiguous(word, "may be milli or mega", "write M for mega (MWh) or m for milli (mWh)");
  }
  for (const std::string& known : all_unit_words()) {
    if (lower(known) == low) {
      return fail(ErrorKind::input, "unit.unknown", fmt::format("'{}' is no unit", word), fmt::format("write {}", known));
    }
  }
  const auto near = nearest(word, all_unit_words());
  return fail(ErrorKind::input, "unit.unknown", fmt::format("'{}' is no unit", word),
              near ? fmt::format("did you mean {}? docs/formats/units.md lists them", *near)
                   : "docs/formats/units.md lists the units; write what is counted as a noun: J/response, kWh/1000 images");
}

// "1,000", "1k", "1M": how many of what follows.
std::optional<double> count_word(std::string_view word) {
  double scale = 1;
  constexpr std::pair<std::string_view, double> kBehind[] = {{"k", 1e3}, {"K", 1e3}, {"M", 1e6}, {"bn", 1e9}};
  for (const auto& [letter, factor] : kBehind) {
    if (word.size() <= letter.size() || !word.ends_with(letter)) continue;
    scale = factor;
    word.remove_suffix(letter.size());
    break;
  }
  const auto n = parse_double(replaced(std::string(word), ",", ""));
  return n && std::isfinite(*n) && *n > 0 ? std::optional(*n * scale) : std::nullopt;
}

// "15T tokens", "200M requests", "500k kWh", "2.5bn": letters that scale a number. B, G and T are units
// themselves, or part of one, and scale only what is counted.
std::optional<double> scale_letter(std::string_view word, bool counts) {
  constexpr std::pair<std::string_view, double> kAny[] = {{"k", 1e3}, {"K", 1e3}, {"M", 1e6}, {"mn", 1e6}, {"mln", 1e6}, {"bn", 1e9}, {"tn", 1e12}};
  constexpr std::pair<std::string_view, double> kCounts[] = {{"B", 1e9}, {"G", 1e9}, {"T", 1e12}};
  for (const auto& [letter, factor] : kAny) {
    if (word == letter) return factor;
  }
  for (const auto& [letter, factor] : kCounts) {
    if (counts && word == letter) return factor;
  }
  return std::nullopt;
}

// "images generated", "queries served": what was done to what is counted, behind it.
bool done_to(std::string_view word) {
  constexpr std::string_view kDone[] = {"generated", "generation", "generations", "served", "answered", "processed", "produced", "sent"};
  return std::ranges::find(kDone, word) != std::end(kDone);
}

// "87 % more energy": a share, which way it goes and what of; the sign is the writer's.
bool of_a_share(std::string_view word) {
  constexpr std::string_view kWays[] = {"more", "less", "higher", "lower", "fewer", "increase", "decrease", "reduction", "saved", "energy", "electricity", "power", "emissions", "of", "in"};
  return std::ranges::find(kWays, word) != std::end(kWays);
}

// "hour of video": of what a time is says no more of the unit.
bool of_a_time(std::string_view word) {
  constexpr std::string_view kWhat[] = {"audio", "video", "speech", "music", "footage", "streaming", "use", "operation"};
  return std::ranges::find(kWhat, word) != std::end(kWhat);
}

// Words that say more about the noun behind them, and fold into it.
bool qualifies(std::string_view word, std::string_view next) {
  const auto noun = noun_of_word(next);
  const std::string w = lower(word);
  if (!noun) return false;
  constexpr std::string_view kOfTokens[] = {"output", "input", "generated", "decode", "decoded", "prompt", "completion", "total"};
  if (*noun == "token") return std::ranges::find(kOfTokens, std::string_view(w)) != std::end(kOfTokens);
  if (*noun == "charge") return w == "phone" || w == "smartphone" || w == "full";
  constexpr std::string_view kAny[] = {"us", "american", "text", "user", "median", "average", "generated", "search", "ai", "single", "typical", "simple", "short", "long", "chat"};
  return std::ranges::find(kAny, std::string_view(w)) != std::end(kAny);
}

class Segment {
 public:
  explicit Segment(std::vector<std::string> words) : words_(std::move(words)) {}

  Result<Unit> unit() {
    while (at_ < words_.size()) {
      auto one = next();
      if (!one) return fail(one.error());
      product_.factor *= one->factor;
      product_.dimension = product_.dimension * one->dimension;
    }
    return product_;
  }

 private:
  [[nodiscard]] std::string_view peek(std::size_t ahead = 0) const {
    return at_ + ahead < words_.size() ? std::string_view(words_[at_ + ahead]) : std::string_view();
  }

  Result<Unit> next() {
    const std::string word = words_[at_++];
    if (const auto n = count_word(word)) return Unit{*n, {}, {}};
    const bool counts = noun_of_word(peek()) || qualifies(peek(), peek(1));
    if (const auto scale = scale_letter(word, counts)) return Unit{*scale, {}, {}};
    if (counts && word == "m") return ambiguous("m " + std::string(peek()), "may be millions or milli", "write M or million");
    if (qualifies(word, peek())) return Unit{1, {}, {}};
    if (at_ >= 2 && of_a_share(word) && (words_[0] == "%" || words_[0] == "percent")) return Unit{1, {}, {}};
    if (word == "of" && at_ >= 2 && of_a_time(peek()) && is_time(words_[at_ - 2])) {
      ++at_;
      return Unit{1, {}, {}};
    }
    if (at_ >= 2 && done_to(word) && noun_of_word(words_[at_ - 2])) return Unit{1, {}, {}};
    if (auto mass = fused_mass(word)) return *mass;
    if (word == "t" || mass_of_word(word) || word == "ton" || word == "tons") return mass(word);
    if (word == "metric" || word == "short" || word == "long" || word == "US") return two_words(word);
    if (word == "gal" || word == "gallon" || word == "gallons") {
      return ambiguous(word, "may be US or imperial", "write 'US gal' or litres");
    }
    const auto unit = unit_of_word(word);
    if (unit) return *unit;
    // "Wh/ChatGPT query": the noun is what counts.
    if (noun_of_word(peek()) && !nearest(word, all_unit_words())) {
      return fail(ErrorKind::input, "unit.unknown", fmt::format("'{}' is no unit", word),
                  fmt::format("leave it out, '{}' will do; whose it is goes into the claim's text", peek()));
    }
    return unknown(word);
  }

  static bool is_time(std::string_view word) {
    const auto unit = unit_of_word(word);
    return unit && unit->dimension.text() == "s";
  }

  // "gCO2e", "mgSbe".
  static std::optional<Unit> fused_mass(std::string_view word) {
    for (const std::string_view substance : {"CO2e", "CO2", "Sbe", "Sb"}) {
      if (!word.ends_with(substance) || word.size() == substance.size()) continue;
      const auto kg = mass_of_word(word.substr(0, word.size() - substance.size()));
      if (kg) return mass_unit(*kg, substance);
    }
    return std::nullopt;
  }

  Result<Unit> of_what(std::string_view word, double kg) {
    if (peek() == "of") ++at_;
    if (is_carbon(peek()) || is_antimony(peek())) return mass_unit(kg, words_[at_++]);
    return ambiguous(word, "is a mass of what?", fmt::format("write {} CO2e (or Sb eq)", word));
  }

  Result<Unit> mass(const std::string& word) {
    if (word == "ton" || word == "tons") {
      return ambiguous(word, "may be metric, short or long", "write 't CO2e' (1000 kg), 'short ton CO2e' or 'long ton CO2e'");
    }
    return of_what(word, *mass_of_word(word));
  }

  Result<Unit> two_words(const std::string& word) {
    const std::string second(peek());
    const bool ton = second == "ton" || second == "tons" || second == "tonne" || second == "tonnes";
    if (word == "US" && (second == "gal" || second == "gallon" || second == "gallons")) {
      ++at_;
      Unit unit{3.785411784e-3, {}, {}};
      unit.dimension.powers["m3"] = 1;
      return unit;
    }
    if (word == "US" || !ton) return unknown(word);
    ++at_;
    return of_what(word + " " + second, word == "metric" ? 1000 : word == "short" ? 907.18474 : 1016.0469088);
  }

  std::vector<std::string> words_;
  std::size_t at_ = 0;
  Unit product_;
};

// "kWh per 1000 images" and "kWh/1000 images": segments between the bars.
std::vector<std::string> segments_of(const std::string& text) {
  std::vector<std::string> segments{""};
  for (const std::string& word : words_of(text)) {
    // "kWh a day", "J an answer".
    if (word == "per" || ((word == "a" || word == "an") && !segments.back().empty())) {
      segments.emplace_back();
      continue;
    }
    bool first = true;
    for (const auto part : split(word, '/')) {
      if (!first) segments.emplace_back();
      first = false;
      if (!part.empty()) segments.back().append(segments.back().empty() ? "" : " ").append(part);
    }
  }
  return segments;
}

// "0.8 lb/kWh", "300 g/kWh": electricity's mass can be of nothing but CO2e, which is said where it was left out.
void name_carbon(std::vector<std::string>& segments) {
  if (segments.size() != 2) return;
  const auto words = words_of(segments[0]);
  if (words.empty() || !mass_of_word(words.back())) return;
  const auto per = Unit::parse(segments[1]);
  Dimension energy;
  energy.powers["J"] = 1;
  if (per && per->dimension == energy) segments[0] += " CO2e";
}

}  // namespace

Dimension operator*(const Dimension& a, const Dimension& b) {
  Dimension product = a;
  raise(product, b, 1);
  return product;
}

Dimension operator/(const Dimension& a, const Dimension& b) {
  Dimension quotient = a;
  raise(quotient, b, -1);
  return quotient;
}

std::string Dimension::text() const {
  std::string above, below;
  for (const auto& [base, power] : powers) {
    std::string& side = power > 0 ? above : below;
    if (power < 0) side += '/';
    if (power > 0 && !side.empty()) side += ' ';
    side += base;
    if (std::abs(power) > 1) side += fmt::format("^{}", std::abs(power));
  }
  return (above.empty() ? "1" : above) + below;
}

Result<Unit> Unit::parse(std::string_view written) {
  std::string text = folded(written);
  Unit unit;
  for (const auto& word : words_of(written)) unit.text.append(unit.text.empty() ? "" : " ").append(word);
  if (text.empty()) return unit;
  if (text.ends_with('.')) text.pop_back();
  if (text.size() > 200) return fail(ErrorKind::input, "unit.unknown", "a unit of over 200 characters", "write J/response, kWh, gCO2e/kWh");
  bool first = true;
  auto segments = segments_of(text);
  name_carbon(segments);
  for (const std::string& segment : segments) {
    if (segment.empty() && !first) {
      return fail(ErrorKind::input, "unit.empty", fmt::format("'{}' divides by nothing", unit.text), "write what it is per: J/response");
    }
    auto part = Segment(words_of(segment)).unit();
    if (!part) return fail(part.error());
    unit.factor = first ? part->factor : unit.factor / part->factor;
    unit.dimension = first ? part->dimension : unit.dimension / part->dimension;
    first = false;
  }
  if (!std::isfinite(unit.factor) || unit.factor <= 0) {
    return fail(ErrorKind::input, "unit.unknown", fmt::format("'{}' is beyond all numbers", unit.text), "write a smaller power");
  }
  return unit;
}

}  // namespace joulebook::account
