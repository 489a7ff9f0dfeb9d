#pragma once
// FNV-1a, 64 bits (Fowler, Noll, Vo): a number that follows from bytes. Finds accidents, not attacks.
#include <cstdint>
#include <string_view>

namespace joulebook {

inline constexpr std::uint64_t kFnvBasis = 0xcbf29ce484222325;

// `hash`: of what stands before, so that parts are taken one after the other.
[[nodiscard]] constexpr std::uint64_t fnv1a(std::string_view bytes, std::uint64_t hash = kFnvBasis) {
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

// The same with an end, so that "ab", "c" is not "a", "bc": 0xff, which is in no UTF-8 text.
[[nodiscard]] constexpr std::uint64_t fnv1a_text(std::string_view text, std::uint64_t hash = kFnvBasis) {
  return fnv1a("\xff", fnv1a(text, hash));
}

}  // namespace joulebook
