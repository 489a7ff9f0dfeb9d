#pragma once
// The SI's prefixes by thousands, as far as readings need them (SI Brochure, 9th edition).
#include <array>
#include <string_view>
#include <utility>

namespace joulebook {

// The greatest first.
inline constexpr std::array<std::pair<double, std::string_view>, 13> kPrefixes = {
    {{1e18, "E"}, {1e15, "P"}, {1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "k"}, {1, ""},
     {1e-3, "m"}, {1e-6, "µ"}, {1e-9, "n"}, {1e-12, "p"}, {1e-15, "f"}, {1e-18, "a"}}};

}  // namespace joulebook
