// Sources of the factors: SI Brochure, 9th edition (prefixes, h, d, L, t, kWh = 3.6e6 J, eV); NIST SP 811,
// appendix B.8 (lb = 0.45359237 kg, US gallon = 3.785411784e-3 m3, mile = 1609.344 m, short ton, long
// ton, BTU(IT) = 1055.05585262 J, cal(th) = 4.184 J); IEC 80000-13 (KiB ...).
#include "account/units/names.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/text.h"

namespace joulebook::account {
namespace {

struct Entry {
  std::string_view word;
  double factor;
  std::string_view base;      // of the numerator; empty: a plain number
  std::string_view per = {};  // of the denominator
  bool prefixes = false;      // takes SI prefixes: symbols "k", "M", ...
};

constexpr double kHour = 3600, kDay = 24 * kHour, kYear = 365.25 * kDay;

constexpr Entry kEntries[] = {
    {"J", 1, "J", {}, true},
    {"W", 1, "J", "s", true},
    {"Wh", kHour, "J", {}, true},
    {"BTU", 1055.05585262, "J"},
    {"cal", 4.184, "J", {}, true},
    {"eV", 1.602176634e-19, "J", {}, true},
    {"s", 1, "s", {}, true},
    {"sec", 1, "s"},
    {"min", 60, "s"},
    {"h", kHour, "s"},
    {"hr", kHour, "s"},
    {"hrs", kHour, "s"},
    {"d", kDay, "s"},
    {"wk", 7 * kDay, "s"},
    {"yr", kYear, "s"},
    {"Hz", 1, {}, "s", true},
    {"m", 1, "m", {}, true},
    {"mi", 1609.344, "m"},
    {"mile", 1609.344, "m"},
    {"m3", 1, "m3"},
    {"L", 1e-3, "m3", {}, true},
    {"l", 1e-3, "m3", {}, true},
    {"FLOP", 1, "FLOP", {}, true},
    {"FLOPs", 1, "FLOP", {}, true},
    {"FLOPS", 1, "FLOP", "s", true},
    {"B", 1, "B", {}, true},
    {"bit", 0.125, "B", {}, true},
    {"bits", 0.125, "B"},
    {"KiB", 1024.0, "B"},
    {"MiB", 1048576.0, "B"},
    {"GiB", 1073741824.0, "B"},
    {"TiB", 1099511627776.0, "B"},
    {"%", 0.01, {}},
    {"percent", 0.01, {}},
    {"ratio", 1, {}},
    {"x", 1, {}},
    {"times", 1, {}},
    {"fold", 1, {}},
    {"dozen", 12, {}},
    {"hundred", 100, {}},
    {"thousand", 1e3, {}},
    {"million", 1e6, {}},
    {"billion", 1e9, {}},
    {"trillion", 1e12, {}},
    {"$", 1, "USD", {}, true},
    {"€", 1, "EUR"},
    {"£", 1, "GBP"},
    {"USD", 1, "USD", {}, true},
    {"EUR", 1, "EUR", {}, true},
    {"GBP", 1, "GBP", {}, true},
    {"CHF", 1, "CHF", {}, true},
    {"JPY", 1, "JPY", {}, true},
    {"CNY", 1, "CNY", {}, true},
    {"INR", 1, "INR", {}, true},
    {"SEK", 1, "SEK", {}, true},
    {"cent", 0.01, "USD"},
    {"cents", 0.01, "USD"},
    {"dollar", 1, "USD"},
    {"dollars", 1, "USD"},
    {"euro", 1, "EUR"},
    {"euros", 1, "EUR"},
};

// Written out: they take "kilo", "mega", ... and an s.
constexpr Entry kWords[] = {
    {"watthour", kHour, "J"}, {"flops", 1, "FLOP", "s"},
    {"joule", 1, "J"},      {"watt", 1, "J", "s"}, {"second", 1, "s"},    {"minute", 60, "s"},
    {"hour", kHour, "s"},   {"day", kDay, "s"},    {"week", 7 * kDay, "s"}, {"month", kYear / 12, "s"},
    {"year", kYear, "s"},   {"liter", 1e-3, "m3"}, {"litre", 1e-3, "m3"}, {"meter", 1, "m"},
    {"metre", 1, "m"},      {"byte", 1, "B"},
};

struct Prefix {
  std::string_view symbol, word;
  double factor;
};
constexpr Prefix kPrefixes[] = {
    {"p", "pico", 1e-12}, {"n", "nano", 1e-9}, {"u", "micro", 1e-6}, {"µ", "micro", 1e-6}, {"μ", "micro", 1e-6},
    {"m", "milli", 1e-3}, {"c", "centi", 1e-2}, {"d", "deci", 1e-1}, {"k", "kilo", 1e3}, {"K", "kilo", 1e3},
    {"M", "mega", 1e6},   {"G", "giga", 1e9},  {"T", "tera", 1e12},  {"P", "peta", 1e15}, {"E", "exa", 1e18},
    {"Z", "zetta", 1e21},
};

struct Mass {
  std::string_view word;
  double kg;
};
constexpr double kPound = 0.45359237;
constexpr Mass kMasses[] = {
    {"ng", 1e-12}, {"ug", 1e-9}, {"µg", 1e-9}, {"μg", 1e-9}, {"mg", 1e-6}, {"g", 1e-3}, {"kg", 1}, {"t", 1e3},
    {"kt", 1e6}, {"Mt", 1e9}, {"Gt", 1e12}, {"lb", kPound}, {"lbs", kPound}, {"pound", kPound}, {"pounds", kPound},
    {"oz", kPound / 16}, {"gram", 1e-3}, {"grams", 1e-3}, {"gramme", 1e-3}, {"grammes", 1e-3},
    {"milligram", 1e-6}, {"milligrams", 1e-6}, {"kilogram", 1}, {"kilograms", 1}, {"kilo", 1}, {"kilos", 1},
    {"tonne", 1e3}, {"tonnes", 1e3}, {"kilotonne", 1e6}, {"kilotonnes", 1e6}, {"megatonne", 1e9}, {"megatonnes", 1e9},
};

// Folded noun, and every singular that means it. docs/formats/units.md prints this table.
constexpr std::pair<std::string_view, std::array<std::string_view, 14>> kNouns[] = {
    {"response", {"response", "request", "query", "prompt", "answer", "message", "reply", "inference", "search", "completion", "chat", "email", "req", "question"}},
    {"token", {"token", "tok"}},
    {"image", {"image", "picture", "img"}},
    {"video", {"video", "clip"}},
    {"device", {"device", "gpu", "accelerator", "tpu"}},
    {"step", {"step"}},
    {"word", {"word"}},
    {"server", {"server", "node"}},
    {"household", {"household", "home"}},
    {"charge", {"charge"}},
    {"flight", {"flight"}},
    {"user", {"user", "person", "people"}},
    {"parameter", {"parameter", "param"}},
    {"run", {"run", "training"}},
    {"sample", {"sample"}},
    {"car", {"car"}},
    {"session", {"session", "conversation"}},
    {"page", {"page"}},
};

Unit made(double factor, std::string_view base, std::string_view per, std::string_view text) {
  Unit unit{factor, {}, std::string(text)};
  if (!base.empty()) unit.dimension.powers[std::string(base)] = 1;
  if (!per.empty()) unit.dimension.powers[std::string(per)] = -1;
  return unit;
}

// "queries" -> "query", "boxes" -> "boxe": tried in turn by the caller.
std::vector<std::string> singulars(std::string_view word) {
  std::vector<std::string> all{std::string(word)};
  if (word.size() > 3 && word.ends_with("ies")) all.push_back(std::string(word.substr(0, word.size() - 3)) + "y");
  if (word.size() > 3 && word.ends_with("es")) all.emplace_back(word.substr(0, word.size() - 2));
  if (word.size() > 2 && word.ends_with('s')) all.emplace_back(word.substr(0, word.size() - 1));
  return all;
}

std::optional<Unit> symbol(std::string_view word) {
  for (const Entry& e : kEntries) {
    if (word == e.word) return made(e.factor, e.base, e.per, word);
  }
  for (const Prefix& p : kPrefixes) {
    if (!word.starts_with(p.symbol)) continue;
    const auto rest = word.substr(p.symbol.size());
    for (const Entry& e : kEntries) {
      if (e.prefixes && rest == e.word) return made(p.factor * e.factor, e.base, e.per, word);
    }
  }
  return std::nullopt;
}

std::optional<Unit> written_out(std::string_view word) {
  const std::string low = lower(word);
  for (const std::string& one : singulars(low)) {
    for (const Entry& e : kWords) {
      if (!one.ends_with(e.word)) continue;
      const auto before = std::string_view(one).substr(0, one.size() - e.word.size());
      if (before.empty()) return made(e.factor, e.base, e.per, word);
      for (const Prefix& p : kPrefixes) {
        if (before == p.word) return made(p.factor * e.factor, e.base, e.per, word);
      }
    }
  }
  return std::nullopt;
}

// "Mtokens", "ktok": a count with an SI prefix.
std::optional<Unit> counted(std::string_view word) {
  if (const auto noun = noun_of_word(word)) return made(1, *noun, {}, word);
  for (const Prefix& p : kPrefixes) {
    if (p.factor < 1e3 || !word.starts_with(p.symbol)) continue;
    const auto noun = noun_of_word(word.substr(p.symbol.size()));
    if (noun == "token") return made(p.factor, *noun, {}, word);
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> noun_of_word(std::string_view word) {
  if (word.empty()) return std::nullopt;
  const std::string low = lower(word);
  for (const std::string& one : singulars(low)) {
    for (const auto& [noun, words] : kNouns) {
      if (std::ranges::find(words, std::string_view(one)) != words.end()) return std::string(noun);
    }
  }
  return std::nullopt;
}

std::optional<double> mass_of_word(std::string_view word) {
  for (const Mass& m : kMasses) {
    if (word == m.word || (m.word.size() > 4 && lower(word) == m.word)) return m.kg;
  }
  return std::nullopt;
}

std::optional<Unit> unit_of_word(std::string_view word) {
  if (word.empty()) return std::nullopt;
  if (auto unit = symbol(word)) return unit;
  if (auto unit = written_out(word)) return unit;
  return counted(word);
}

const std::vector<std::string>& all_unit_words() {
  static const std::vector<std::string> words = [] {
    std::vector<std::string> all{"kWh", "MWh", "GWh", "TWh", "kJ", "MJ", "mJ", "kW", "MW", "mL", "gCO2e", "kgCO2e", "tCO2e",
                                 "TFLOPS", "GB", "ms", "kilowatt", "mgSbe"};
    for (const Entry& e : kEntries) all.emplace_back(e.word);
    for (const Entry& e : kWords) all.emplace_back(e.word);
    for (const auto& [noun, words_of] : kNouns) {
      for (const auto w : words_of) {
        if (!w.empty()) all.emplace_back(w);
      }
    }
    return all;
  }();
  return words;
}

}  // namespace joulebook::account
