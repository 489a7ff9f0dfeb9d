#include "sensor/model/cpu_guess.h"

#include <algorithm>
#include <array>

namespace joulebook {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

Sku parse_sku(std::string_view word) {
  const std::size_t begin = std::min(word.find_first_of("0123456789"), word.size());
  std::size_t end = begin;
  while (end < word.size() && is_digit(word[end])) ++end;
  if (end - begin == 1 || end - begin == 2)  // "7F52", "9R14", "73F3"
    if (word.size() >= begin + 4 && is_digit(word[begin + 3])) end = begin + 4;
  return {std::string(word.substr(0, begin)), std::string(word.substr(begin, end - begin)),
          std::string(word.substr(end))};
}

bool is_scalable_line(std::string_view word) {
  static constexpr std::array<std::string_view, 5> kLines = {"PLATINUM", "GOLD", "SILVER", "BRONZE",
                                                             "MAX"};
  return std::ranges::find(kLines, word) != kLines.end();
}

bool has_word(const CpuWords& words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

namespace {

// AMD EPYC: first digit is the socket, last the generation.
Guess guess_epyc(const Sku& sku) {
  if (sku.number.size() != 4) return {};
  const char family = sku.at(0);
  const char last = sku.at(3);
  if (family == '4') return {last == '5' ? "zen5" : "zen4", "am5"};
  if (family == '8') return {last == '5' ? "zen5c" : "zen4c", "sp6"};
  if (family == '9') {
    if (last == '4') return {sku.at(1) == '7' ? "zen4c" : "zen4", "sp5"};
    static constexpr std::array kDense = {"9645", "9745", "9825", "9845", "9965"};
    return {std::ranges::find(kDense, sku.number) != kDense.end() ? "zen5c" : "zen5", "sp5"};
  }
  if (last == '1') return {"zen1", "sp3"};
  if (last == '2') return {"zen2", "sp3"};
  if (last == '3') return {"zen3", "sp3"};
  return {};
}

Guess guess_opteron(const Sku& sku) {
  static constexpr std::array<std::string_view, 10> kPlatforms = {
      "", "opteron1", "opteron2", "opteron3", "opteron4", "", "opteron6", "", "opteron8", ""};
  if (sku.number.size() != 4) return {};
  const std::string_view platform = kPlatforms[static_cast<std::size_t>(sku.at(0) - '0')];
  if (sku.at(0) == '2' || sku.at(0) == '8' || sku.at(0) == '1')
    return {sku.at(1) == '2' ? "k8" : "k10", platform};
  if (sku.at(1) == '1') return {"k10", platform};
  return {sku.at(1) == '2' ? "bulldozer" : "piledriver", platform};
}

// "3970X", "PRO 7995WX": the sockets are the servers'.
Guess guess_threadripper(const Sku& sku) {
  switch (sku.at(0)) {
    case '1':
    case '2':
      return {"zen1", "sp3"};
    case '3':
      return {"zen2", "sp3"};
    case '5':
      return {"zen3", "sp3"};
    case '7':
      return {"zen4", "sp5"};
    case '9':
      return {"zen5", "sp5"};
    default:
      return {};
  }
}

// Of laptop parts from 7020 on the third digit is the design: "7735HS" is Zen 3.
std::string_view mobile_design(const Sku& sku) {
  if (sku.number.size() != 4 || (sku.at(0) != '7' && sku.at(0) != '8')) return {};
  if (!sku.suffix.starts_with('U') && !sku.suffix.starts_with('H')) return {};
  static constexpr std::array<std::string_view, 6> kByThird = {"",     "zen1", "zen2",
                                                               "zen3", "zen4", "zen5"};
  const char third = sku.at(2);
  return third >= '0' && third <= '5' ? kByThird[static_cast<std::size_t>(third - '0')] : "";
}

Guess guess_ryzen(const Sku& sku) {
  if (const auto mobile = mobile_design(sku); !mobile.empty()) return {mobile, "am5"};
  switch (sku.at(0)) {
    case '1':
    case '2':
      return {"zen1", "am4"};
    case '3':
    case '4':
      return {"zen2", "am4"};
    case '5':
    case '6':
      return {"zen3", "am4"};
    case '7':
    case '8':
      return {"zen4", "am5"};
    case '9':
      return {"zen5", "am5"};
    default:
      return {};
  }
}

}  // namespace

Guess guess_amd(const CpuWords& words) {
  if (has_word(words, "THREADRIPPER")) return guess_threadripper(parse_sku(words.back()));
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    const Sku sku = parse_sku(words[i + 1]);
    if (words[i] == "EPYC") return guess_epyc(sku);
    if (words[i] == "OPTERON") return guess_opteron(sku);
    if (words[i] == "HYGON") return {"zen1", "sp3"};
    if (words[i] == "RYZEN" && words[i + 1] == "AI") return {"zen5", "am5"};
    if (words[i] == "RYZEN" && words.back().size() >= 4)
      return guess_ryzen(parse_sku(words.back()));
  }
  return {};
}

namespace {

// "E5-2660 V2", "E3-1265LV2", "E7-8870": the version is the generation.
char version_of(const CpuWords& words, std::size_t at) {
  const std::string& word = words[at];
  const std::size_t v = word.rfind('V');
  if (v != std::string::npos && v + 1 < word.size() && is_digit(word[v + 1])) return word[v + 1];
  if (at + 1 < words.size() && words[at + 1].size() == 2 && words[at + 1][0] == 'V')
    return words[at + 1][1];
  return '1';
}

Guess guess_xeon_e(const CpuWords& words, std::size_t at) {
  const std::string& word = words[at];
  const Sku sku = parse_sku(std::string_view(word).substr(3));
  const char line = word[1];
  std::string_view platform = line == '3' ? "e3" : line == '7' ? "ex" : "ep";
  if (line == '5' && sku.at(0) == '4') platform = "ep4";
  if (line == '5' && sku.at(1) == '4') platform = "en";
  static constexpr std::array<std::string_view, 6> kByVersion = {
      "sandy-bridge", "ivy-bridge", "haswell", "broadwell", "skylake", "kaby-lake"};
  const char version = version_of(words, at);
  if (version < '1' || version > '6') return {};
  if (line == '7' && version == '1') return {"westmere", platform};
  return {kByVersion[static_cast<std::size_t>(version - '1')], platform};
}

// "E-2388G" (entry servers), "D-2775TE", "W-3365".
Guess guess_xeon_dash(char line, const Sku& sku) {
  const char g = sku.at(1);
  if (line == 'E') {
    if (g == '4') return {"raptor-lake", "e3"};
    return {g == '3' ? "rocket-lake" : "coffee-lake", "e3"};
  }
  if (line == 'D') {
    if (sku.at(0) == '1' && g == '5') return {"broadwell", "d"};
    return {sku.starts("21") ? "skylake-sp" : "ice-lake", "d"};
  }
  if (line != 'W') return {};
  if (sku.starts("12")) return {"coffee-lake", "e3"};
  if (sku.starts("13")) return {"rocket-lake", "e3"};
  if (g == '1') return {"skylake-sp", "sp"};
  if (g == '2') return {"cascade-lake", "sp"};
  return {g == '3' ? "ice-lake" : "sapphire-rapids", "sp"};
}

// Xeon 6: "6780E", "6787P", "6369P"; no Platinum, Gold or Silver, but some rows carry one.
Guess guess_xeon6(const Sku& sku) {
  if (!sku.starts("6") || sku.number.size() != 4) return {};
  if (sku.suffix.starts_with("E") && (sku.at(1) == '7' || sku.at(1) == '9'))
    return {"sierra-forest", "sp"};
  if (!sku.suffix.starts_with("P")) return {};
  if (sku.at(1) == '3') return {"raptor-lake", "e3"};
  return {"granite-rapids", "sp"};
}

// Xeon Scalable: the second digit is the generation.
Guess guess_scalable(const Sku& sku) {
  static constexpr std::array<std::string_view, 5> kBySecond = {
      "skylake-sp", "cascade-lake", "ice-lake", "sapphire-rapids", "emerald-rapids"};
  const char g = sku.at(1);
  if (sku.number.size() != 4 || g < '1' || g > '5') return {};
  if (g == '3' && sku.suffix.starts_with("H")) return {"cooper-lake", "sp"};
  return {kBySecond[static_cast<std::size_t>(g - '1')], "sp"};
}

struct OldXeon {
  std::string_view digits;
  Guess guess;
};
// Two leading digits of the numbers before E3, E5 and E7.
constexpr std::array kOldXeons = {
    OldXeon{"30", {"core2", "e3"}},    OldXeon{"31", {"penryn", "e3"}},
    OldXeon{"32", {"core2", "e3"}},    OldXeon{"33", {"penryn", "e3"}},
    OldXeon{"34", {"nehalem", "e3"}},  OldXeon{"35", {"nehalem", "e3"}},
    OldXeon{"36", {"westmere", "e3"}}, OldXeon{"50", {"netburst", "ep"}},
    OldXeon{"51", {"core2", "ep"}},    OldXeon{"52", {"penryn", "ep"}},
    OldXeon{"53", {"core2", "ep"}},    OldXeon{"54", {"penryn", "ep"}},
    OldXeon{"55", {"nehalem", "ep"}},  OldXeon{"56", {"westmere", "ep"}},
    OldXeon{"65", {"nehalem", "ex"}},  OldXeon{"70", {"netburst", "ex"}},
    OldXeon{"71", {"netburst", "ex"}}, OldXeon{"72", {"core2", "ex"}},
    OldXeon{"73", {"core2", "ex"}},    OldXeon{"74", {"penryn", "ex"}},
    OldXeon{"75", {"nehalem", "ex"}},
};

Guess guess_old_xeon(const Sku& sku) {
  if (sku.number.size() != 4) return {};
  for (const OldXeon& entry : kOldXeons)
    if (sku.starts(entry.digits)) return entry.guess;
  return {};
}

bool is_dashed(const std::string& word, std::size_t dash) {
  return word.size() > dash + 4 && word[dash] == '-' && is_digit(word[dash + 1]);
}

Guess guess_xeon(const CpuWords& words) {
  bool scalable = false;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (is_scalable_line(word)) scalable = true;
    if (word[0] == 'E' && word.size() > 6 && is_dashed(word, 2)) return guess_xeon_e(words, i);
    if (word[0] == 'W' && is_dashed(word, 2))
      return guess_xeon_dash('W', parse_sku(word.substr(3)));
    if (is_dashed(word, 1)) return guess_xeon_dash(word[0], parse_sku(word.substr(2)));
    const Sku sku = parse_sku(word);
    if (sku.number.size() != 4) continue;
    if (const Guess six = guess_xeon6(sku); !six.generation.empty()) return six;
    if (scalable || sku.suffix.ends_with("+")) return guess_scalable(sku);
    const Guess old = guess_old_xeon(sku);
    return old.generation.empty() ? guess_scalable(sku) : old;
  }
  return {};
}

std::string_view core_generation(const Sku& sku) {
  static constexpr std::array<std::string_view, 10> kByFirst = {
      "",          "",        "sandy-bridge", "ivy-bridge",  "haswell",
      "broadwell", "skylake", "kaby-lake",    "coffee-lake", "coffee-lake"};
  if (sku.number.size() == 5) {
    if (sku.starts("10")) return "coffee-lake";
    return sku.starts("11") ? "rocket-lake" : "raptor-lake";
  }
  if (sku.number.size() == 4 && sku.at(0) == '1')
    return sku.at(1) == '0' ? "ice-lake" : "raptor-lake";
  if (sku.number.size() == 4) return kByFirst[static_cast<std::size_t>(sku.at(0) - '0')];
  return "westmere";  // "i7 610E", "i5-750": the first Core i parts
}

std::string_view client_platform(const Sku& sku) {
  static constexpr std::string_view kMobile = "UHPGYME";
  if (sku.suffix.empty() || kMobile.find(sku.suffix[0]) == std::string_view::npos) return "desktop";
  return "mobile";
}

// Server Atoms: "C2750", "C3958".
Guess guess_atom(const std::string& word) {
  if (word.starts_with("C2")) return {"silvermont", "d"};
  if (word.starts_with("C3")) return {"goldmont", "d"};
  const bool old = word.starts_with("D") || word.starts_with("N") || word.starts_with("Z5");
  return old ? Guess{"bonnell", "mobile"} : Guess{"silvermont", "mobile"};
}

Guess guess_core(const CpuWords& words) {
  if (has_word(words, "2") || has_word(words, "DUO")) return {"core2", "desktop"};
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "CORE" && i + 1 < words.size() && words[i + 1].size() == 1 &&
        is_digit(words[i + 1][0]))  // "Core 5 120U"
      return {"raptor-lake", client_platform(parse_sku(words.back()))};
    if (words[i] == "ULTRA" && !words.back().empty())
      return {words.back()[0] == '2' ? "arrow-lake" : "meteor-lake",
              client_platform(parse_sku(words.back()))};
    if (words[i][0] != 'I' || words[i].size() < 2 || !is_digit(words[i][1])) continue;
    const std::string rest = words[i].size() > 3    ? words[i].substr(3)
                             : i + 1 < words.size() ? words[i + 1]
                                                    : std::string();
    const Sku sku = parse_sku(rest);
    return {core_generation(sku), client_platform(sku)};
  }
  return {};
}

// "N100", "N5105", "J4125": boards without a fan. "G4900" and its like: the desktop of their time.
Guess guess_small_intel(const std::string& word) {
  const Sku sku = parse_sku(word);
  if ((sku.prefix == "N" || sku.prefix == "J") && !sku.number.empty())
    return sku.number.size() <= 3 ? Guess{"gracemont", "mobile"} : Guess{"goldmont", "mobile"};
  if (sku.prefix != "G" || sku.number.empty()) return {};
  if (sku.number.size() == 3) return {"sandy-bridge", "desktop"};
  static constexpr std::array<std::string_view, 10> kByFirst = {
      "",        "westmere",    "ivy-bridge",  "haswell",     "kaby-lake",
      "coffee-lake", "coffee-lake", "raptor-lake", "raptor-lake", "raptor-lake"};
  return {kByFirst[static_cast<std::size_t>(sku.at(0) - '0')], "desktop"};
}

}  // namespace

Guess guess_intel(const CpuWords& words) {
  if (has_word(words, "ATOM")) return guess_atom(words.back());
  if (has_word(words, "CORE")) return guess_core(words);
  if (has_word(words, "PENTIUM") && has_word(words, "D")) return {"netburst", "desktop"};
  if (has_word(words, "PHI")) return {};
  if (!has_word(words, "XEON") && !words.empty())
    if (const Guess small = guess_small_intel(words.back()); !small.generation.empty())
      return small;
  // "E3-1260L v5" stands without the word Xeon in some names.
  return guess_xeon(words);
}

Guess guess_arm(const CpuWords& words) {
  const auto has = [&](std::string_view part) {
    return std::ranges::any_of(words, [&](const auto& w) { return w.find(part) != w.npos; });
  };
  if (has("AMPEREONE") || has("AMPERE-1")) return {"ampere-1", "altra"};
  if (has("ALTRA")) return {"neoverse-n1", "altra"};
  if (has("NEOVERSE-N1")) return {"neoverse-n1", "altra"};
  if (has("GRACE")) return {"neoverse-v2", "grace"};
  if (has("NEOVERSE-V2")) return {"neoverse-v2", "altra"};
  if (has("NEOVERSE-V1")) return {"neoverse-v1", "altra"};
  if (has("NEOVERSE-N2")) return {"neoverse-n2", "altra"};
  if (has("CORTEX-A53")) return {"cortex-a53", "a53"};
  if (has("CORTEX-A")) return {"cortex-a72", "a53"};
  if (has("APPLE")) return {"apple-m", "mobile"};
  return {};
}

}  // namespace joulebook
