#include "core/json_scan.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "core/json.h"

namespace joulebook {
namespace {

constexpr int kDeepest = 64;

// Bytes of a text side by side. Their marks: those that are a character, or below one (at most 128); they
// must be right up to the first true one in the order of the bytes.
struct Eight {
  static constexpr std::size_t kSize = 8;
  static constexpr std::uint64_t kOnes = 0x0101010101010101U;
  static constexpr std::uint64_t kHighs = 0x8080808080808080U;

  explicit Eight(const char* bytes) { std::memcpy(&word, bytes, sizeof word); }
  // A borrow may mark a byte after a true one.
  [[nodiscard]] static std::uint64_t below(std::uint64_t w, std::uint64_t n) { return (w - kOnes * n) & ~w & kHighs; }
  [[nodiscard]] std::uint64_t below(unsigned char n) const { return below(word, n); }
  [[nodiscard]] std::uint64_t equal(char c) const { return below(word ^ (kOnes * static_cast<unsigned char>(c)), 1); }
  [[nodiscard]] static std::uint64_t bits(std::uint64_t marks) { return marks; }
  [[nodiscard]] static std::size_t first(std::uint64_t bits) { return static_cast<std::size_t>(std::countr_zero(bits)) / 8; }

  std::uint64_t word = 0;
};

#if defined(__SSE2__)
struct Sixteen {
  static constexpr std::size_t kSize = 16;

  explicit Sixteen(const char* at) : bytes(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at))) {}
  [[nodiscard]] __m128i below(unsigned char n) const {
    return _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(static_cast<char>(n - 1))), bytes);
  }
  [[nodiscard]] __m128i equal(char c) const { return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(c)); }
  [[nodiscard]] static unsigned bits(__m128i marks) { return static_cast<unsigned>(_mm_movemask_epi8(marks)); }
  [[nodiscard]] static std::size_t first(unsigned bits) { return static_cast<std::size_t>(std::countr_zero(bits)); }

  __m128i bytes;
};
#endif

// Whether one of the blocks from `at` on has a mark; `at` is its place, or that of what is no whole block.
template <class Block, class Mark>
bool in_blocks(std::string_view text, std::size_t& at, Mark mark) {
  for (; at + Block::kSize <= text.size(); at += Block::kSize) {
    const auto bits = Block::bits(mark(Block(text.data() + at)));
    if (bits == 0) continue;
    at += Block::first(bits);
    return true;
  }
  return false;
}

// The first place from `at` on whose byte `is` marks; text.size() where none is.
template <class Mark, class Is>
std::size_t find(std::string_view text, std::size_t at, Mark mark, Is is) {
#if defined(__SSE2__)
  if (in_blocks<Sixteen>(text, at, mark)) return at;
#endif
  if constexpr (std::endian::native == std::endian::little) {
    if (in_blocks<Eight>(text, at, mark)) return at;
  }
  while (at < text.size() && !is(text[at])) ++at;
  return at;
}

// What a byte is outside of strings.
enum class Is : unsigned char { plain, quote, opens, closes, between };
constexpr auto kIs = [] {
  std::array<Is, 256> is{};
  is['"'] = Is::quote;
  is['{'] = is['['] = Is::opens;
  is['}'] = is[']'] = Is::closes;
  for (const char c : std::string_view(",: \t\r\n")) is[static_cast<unsigned char>(c)] = Is::between;
  return is;
}();
Is is(char c) { return kIs[static_cast<unsigned char>(c)]; }

std::size_t skip_scalar(std::string_view text, std::size_t at) {
  const std::size_t begin = at;
  while (at < text.size() && is(text[at]) == Is::plain) ++at;
  return at == begin ? scan::kBad : at;
}

}  // namespace

std::size_t find_either(std::string_view text, std::size_t at, char a, char b) {
  return find(
      text, at, [=](auto block) { return block.equal(a) | block.equal(b); },
      [=](char c) { return c == a || c == b; });
}

namespace scan {

std::size_t skip_string(std::string_view text, std::size_t at) {
  ++at;
  while (true) {
    at = find(
        text, at, [](auto block) { return block.equal('"') | block.equal('\\') | block.below(0x20); },
        [](char c) { return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20; });
    if (at >= text.size()) return kBad;
    if (text[at] == '"') return at + 1;
    if (text[at] != '\\') return kBad;
    at += 2;
  }
}

std::size_t skip_value(std::string_view text, std::size_t at) {
  if (at >= text.size()) return kBad;
  if (text[at] == '"') return skip_string(text, at);
  if (text[at] != '{' && text[at] != '[') return skip_scalar(text, at);
  char open[kDeepest];
  int depth = 0;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    switch (is(c)) {
      case Is::quote:
        at = skip_string(text, at);
        if (at == kBad) return kBad;
        --at;
        break;
      case Is::opens:
        if (depth == kDeepest) return kBad;
        open[depth++] = c;
        break;
      case Is::closes:
        if (open[--depth] != (c == '}' ? '{' : '[')) return kBad;
        if (depth == 0) return at + 1;
        break;
      default:
        break;
    }
  }
  return kBad;
}

}  // namespace scan

std::string_view text_of(std::string_view value, std::string& room) {
  const std::string_view text = written_text(value);
  if (text.find('\\') == text.npos) return text;
  const auto json = parse_json(value);
  room = json ? json->as_string() : std::string_view();
  return room;
}

std::size_t text_size(std::string_view value) {
  const std::string_view text = written_text(value);
  std::size_t size = text.size();
  for (std::size_t at = text.find('\\'); at < text.size(); at = text.find('\\', at)) {
    unsigned code = 0;
    if (at + 6 <= text.size() && text[at + 1] == 'u' &&
        std::from_chars(text.data() + at + 2, text.data() + at + 6, code, 16).ptr == text.data() + at + 6) {
      // Half of a surrogate pair is half of four bytes.
      const bool half = code >= 0xD800 && code < 0xE000;
      size -= 6 - (code < 0x80 ? 1 : code < 0x800 || half ? 2 : 3);
      at += 6;
    } else {
      size -= 1;
      at += 2;
    }
  }
  return size;
}

std::optional<double> number_of(std::string_view value) {
  double x = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), x);
  // "inf" and "nan" are no JSON.
  if (error != std::errc() || end != value.data() + value.size() || !std::isfinite(x)) return std::nullopt;
  return x;
}

std::optional<std::int64_t> integer_of(std::string_view value) {
  std::int64_t n = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), n);
  if (error != std::errc() || end != value.data() + value.size()) return std::nullopt;
  return n;
}

}  // namespace joulebook
