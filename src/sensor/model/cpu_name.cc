#include "sensor/model/cpu_name.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "sensor/model/cpu_guess.h"

namespace joulebook {
namespace {

using Words = std::vector<std::string>;

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
}

bool is_filler(const std::string& word) {
  static constexpr std::array kFiller = {
      "CPU",    "PROCESSOR", "64-BIT", "MULTI-CORE", "DELL",   "SKU",   "WITH",   "W/",
      "RADEON", "GRAPHICS",  "NVIDIA", "GEN",        "SECOND", "THIRD", "FOURTH", "2ND",
      "3RD",    "4TH",       "5TH",    "10TH",       "11TH",   "12TH",  "13TH",   "14TH",
      "MICRO",  "DEVICES",   "INC.",   "CORP.",      "(RAW)",  "AWS",   "ADVANCED"};
  return word.ends_with("-CORE") || word.ends_with("-CORES") || std::ranges::find(kFiller, word) != kFiller.end();
}

std::string plain_upper(std::string_view name) {
  std::string text(name.substr(0, name.find('@')));
  replace_all(text, "\u00ae", "");
  replace_all(text, "\u2122", "");
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  for (const char* mark : {"(R)", "(TM)"}) replace_all(text, mark, " ");
  for (const char* graphics : {" W/ RADEON", " WITH RADEON"})
    if (const auto at = text.find(graphics); at != std::string::npos) text.erase(at);
  if (const auto at = text.find("PROCESSOR ("); at != std::string::npos)  // "(Skylake, IBRS)"
    std::replace_if(
        text.begin() + static_cast<std::ptrdiff_t>(at), text.end(),
        [](char c) { return c == '(' || c == ')'; }, ' ');
  const std::size_t bracket = text.find('[');
  if (bracket != std::string::npos) text.erase(bracket);
  std::ranges::replace(text, ',', ' ');
  return text;
}

CpuVendor vendor_of(const Words& words) {
  for (const char* amd : {"AMD", "EPYC", "OPTERON", "RYZEN", "HYGON", "ATHLON"})
    if (has_word(words, amd)) return CpuVendor::amd;
  for (const char* intel : {"INTEL", "XEON", "PENTIUM", "CELERON", "ATOM"})
    if (has_word(words, intel)) return CpuVendor::intel;
  for (const char* arm : {"ARM", "AMPERE", "AMPEREONE", "AMPERE-1", "AMPERE-1A", "GRACE", "ALTRA",
                          "KUNPENG", "THUNDERX2", "APPLE", "AXION", "COBALT", "YITIAN"})
    if (has_word(words, arm)) return CpuVendor::arm;
  for (const std::string& word : words)
    for (const char* arm : {"GRAVITON", "CORTEX-", "NEOVERSE-", "KUNPENG-"})
      if (word.starts_with(arm)) return CpuVendor::arm;
  return CpuVendor::unknown;
}

bool is_client(const Words& words) {
  for (const char* line : {"RYZEN", "CORE", "PENTIUM", "CELERON", "ATHLON", "FX"})
    if (has_word(words, line)) return true;
  return false;
}

Guess guess_of(const Words& words, CpuVendor vendor) {
  switch (vendor) {
    case CpuVendor::amd:
      return guess_amd(words);
    case CpuVendor::arm:
      return guess_arm(words);
    case CpuVendor::intel:
      return guess_intel(words);
    case CpuVendor::unknown:
      break;
  }
  return {};
}

// The SKU's own suffix: "E5-2650L", "L5640", "2425 HE", "8534PN".
// On Xeon Scalable an L means large memory.
double low_power_of(const Words& words, std::string_view platform) {
  double low = 0;
  for (const std::string& word : words) {
    if (word == "HE" || word == "EE") return 1;
    std::string_view text = word;
    if (const auto dash = text.find('-'); dash != text.npos) text.remove_prefix(dash + 1);
    const Sku sku = parse_sku(text);
    if (sku.number.size() != 4) continue;
    if (sku.prefix == "L" || (sku.suffix.starts_with("L") && platform != "sp")) low = 1;
    for (const char* variant : {"PN", "N", "T", "TE", "V", "U"})
      if (sku.suffix == variant) low = std::max(low, 0.5);
  }
  return low;
}

// Cores made for boards without a fan.
bool is_small(std::string_view generation) {
  static constexpr std::array<std::string_view, 5> kSmall = {"bonnell", "silvermont", "goldmont",
                                                             "gracemont", "cortex-a72"};
  return std::ranges::find(kSmall, generation) != kSmall.end();
}

std::string key_of(const Words& words) {
  std::string key;
  for (const std::string& word : words) {
    if (word == "INTEL" || word == "AMD" || word == "XEON" || is_scalable_line(word)) continue;
    if (word == "E" || word == "6") continue;  // "Xeon E E-2488", "Xeon 6 6780E"
    key += word;
  }
  return key;
}

}  // namespace

Words cpu_name_words(std::string_view name) {
  Words words;
  std::string word;
  for (const char c : plain_upper(name) + " ") {
    if (c != ' ' && c != '\t') {
      word += c;
    } else if (!word.empty()) {
      if (!is_filler(word)) words.push_back(word);
      word.clear();
    }
  }
  return words;
}

CpuName parse_cpu_name(std::string_view name) {
  const Words words = cpu_name_words(name);
  CpuName cpu;
  cpu.key = key_of(words);
  cpu.vendor = vendor_of(words);
  Guess guess = guess_of(words, cpu.vendor);
  if (guess.generation.empty()) guess = guess_codename(words);
  cpu.generation = guess.generation;
  cpu.platform = guess.generation.empty() ? std::string_view{} : guess.platform;
  cpu.year = generation_year(cpu.generation);
  cpu.low_power = is_small(cpu.generation) ? 1 : low_power_of(words, cpu.platform);
  cpu.client = is_client(words) || cpu.platform == "desktop" || cpu.platform == "mobile";
  return cpu;
}

}  // namespace joulebook
