#pragma once
// Numbers as the exporters write them: exact, independent of the locale.
#include <joulebook/units.h>

#include <charconv>
#include <cstdint>
#include <string>

namespace joulebook {

// "12.000345" joules: all of the microjoules, without trailing zeros.
[[nodiscard]] inline std::string joules_text(MicroJoules e) {
  const bool negative = e.count < 0;
  const auto uj = negative ? 0 - static_cast<std::uint64_t>(e.count) : static_cast<std::uint64_t>(e.count);
  std::string text = (negative ? "-" : "") + std::to_string(uj / 1'000'000);
  if (const auto rest = uj % 1'000'000; rest != 0) {
    const std::string digits = std::to_string(rest);
    text += '.' + std::string(6 - digits.size(), '0') + digits;
    text.erase(text.find_last_not_of('0') + 1);
  }
  return text;
}

// The shortest text that reads back the same. REQUIRES: finite.
[[nodiscard]] inline std::string shortest_text(double x) {
  char buffer[32];
  return {buffer, std::to_chars(buffer, buffer + sizeof buffer, x).ptr};
}

}  // namespace joulebook
