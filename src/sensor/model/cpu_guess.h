#pragma once
// Generation and platform from the words of a CPU's name, vendor by vendor: the rules of the
// vendors' naming schemes. Private to cpu_name.cc.
#include <string>
#include <string_view>
#include <vector>

namespace joulebook {

// A SKU: letters, four or more characters that start and end with a digit, then a suffix.
// "X5675" -> X 5675 -; "8352Y" -> - 8352 Y; "7F52" -> - 7F52 -.
struct Sku {
  std::string prefix;
  std::string number;
  std::string suffix;

  [[nodiscard]] char at(std::size_t i) const { return i < number.size() ? number[i] : ' '; }
  [[nodiscard]] bool starts(std::string_view digits) const { return number.starts_with(digits); }
};

[[nodiscard]] Sku parse_sku(std::string_view word);

// Both empty where the name tells nothing.
struct Guess {
  std::string_view generation;
  std::string_view platform;
};

using CpuWords = std::vector<std::string>;

[[nodiscard]] Guess guess_amd(const CpuWords& words);
[[nodiscard]] Guess guess_intel(const CpuWords& words);
[[nodiscard]] Guess guess_arm(const CpuWords& words);
// By a word that stands for a generation, of any vendor.
[[nodiscard]] Guess guess_codename(const CpuWords& words);

// Platinum, Gold, Silver, Bronze, Max: lines of one SKU numbering.
[[nodiscard]] bool is_scalable_line(std::string_view word);
[[nodiscard]] bool has_word(const CpuWords& words, std::string_view word);

}  // namespace joulebook
