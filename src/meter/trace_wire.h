#pragma once
// The smallest pieces of a trace file: little-endian words, LEB128 varints (zigzag where signed),
// texts with their length before them. Reading past the end sets `bad` and yields zeros.
#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

namespace joulebook {

inline constexpr std::string_view kTraceMagic = "JOULEBOOK-TRACE\n";

inline void put_u32(std::string& out, std::uint32_t x) {
  for (unsigned shift = 0; shift < 32; shift += 8) out += static_cast<char>((x >> shift) & 0xFFU);
}

inline void put_unsigned(std::string& out, std::uint64_t x) {
  for (; x >= 0x80; x >>= 7U) out += static_cast<char>((x & 0x7FU) | 0x80U);
  out += static_cast<char>(x);
}

inline void put_signed(std::string& out, std::int64_t x) {
  put_unsigned(out, (static_cast<std::uint64_t>(x) << 1U) ^ static_cast<std::uint64_t>(x >> 63));
}

inline void put_double(std::string& out, double x) {
  const auto bits = std::bit_cast<std::uint64_t>(x);
  for (unsigned shift = 0; shift < 64; shift += 8) {
    out += static_cast<char>((bits >> shift) & 0xFFU);
  }
}

inline void put_text(std::string& out, std::string_view text) {
  put_unsigned(out, text.size());
  out += text;
}

struct WireReader {
  std::string_view rest;
  bool bad = false;

  unsigned char byte() {
    if (rest.empty()) {
      bad = true;
      return 0;
    }
    const auto b = static_cast<unsigned char>(rest.front());
    rest.remove_prefix(1);
    return b;
  }
  std::uint64_t word(unsigned bytes) {
    std::uint64_t x = 0;
    for (unsigned i = 0; i < bytes; ++i) x |= std::uint64_t{byte()} << (8 * i);
    return x;
  }
  std::uint64_t varint() {
    std::uint64_t x = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const unsigned char b = byte();
      x |= std::uint64_t{b & 0x7FU} << shift;
      if (b < 0x80) return x;
    }
    bad = true;
    return 0;
  }
  std::int64_t zigzag() {
    const std::uint64_t x = varint();
    return static_cast<std::int64_t>((x >> 1U) ^ (~(x & 1U) + 1));
  }
  double real() { return std::bit_cast<double>(word(8)); }
  std::string text() {
    const std::uint64_t size = varint();
    if (size > rest.size()) {
      bad = true;
      return {};
    }
    std::string out(rest.substr(0, size));
    rest.remove_prefix(size);
    return out;
  }
};

}  // namespace joulebook
