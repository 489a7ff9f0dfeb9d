#include "core/json_scan.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>

#include "core/json.h"

namespace joulebook {
namespace {

constexpr int kDeepest = 64;
constexpr std::uint64_t kOnes = 0x0101010101010101U;
constexpr std::uint64_t kHighs = 0x8080808080808080U;

std::uint64_t word_at(std::string_view text, std::size_t at) {
  std::uint64_t word = 0;
  std::memcpy(&word, text.data() + at, sizeof word);
  return word;
}

// The high bit of each byte that is below n, n <= 128. A borrow may mark a byte after a true one.
constexpr std::uint64_t below(std::uint64_t word, std::uint64_t n) {
  return (word - kOnes * n) & ~word & kHighs;
}
constexpr std::uint64_t equal(std::uint64_t word, char c) {
  return below(word ^ (kOnes * static_cast<unsigned char>(c)), 1);
}

// The first place from `at` on whose byte `is` marks; text.size() where none is. Marks must be right
// up to the first true one in the order of the bytes.
template <class Mark, class Is>
std::size_t find(std::string_view text, std::size_t at, Mark mark, Is is) {
  if constexpr (std::endian::native == std::endian::little) {
    while (at + sizeof(std::uint64_t) <= text.size()) {
      const std::uint64_t marks = mark(word_at(text, at));
      if (marks != 0) return at + static_cast<std::size_t>(std::countr_zero(marks)) / 8;
      at += sizeof(std::uint64_t);
    }
  }
  while (at < text.size() && !is(text[at])) ++at;
  return at;
}

// Bytes that end a scalar.
constexpr auto kEndsScalar = [] {
  std::array<bool, 256> ends{};
  for (const char c : std::string_view(",]}: \t\r\n\"[{")) ends[static_cast<unsigned char>(c)] = true;
  return ends;
}();

std::size_t skip_scalar(std::string_view text, std::size_t at) {
  const std::size_t begin = at;
  while (at < text.size() && !kEndsScalar[static_cast<unsigned char>(text[at])]) ++at;
  return at == begin ? scan::kBad : at;
}

}  // namespace

std::size_t find_either(std::string_view text, std::size_t at, char a, char b) {
  return find(
      text, at, [=](std::uint64_t w) { return equal(w, a) | equal(w, b); },
      [=](char c) { return c == a || c == b; });
}

namespace scan {

std::size_t blanks(std::string_view text, std::size_t at) {
  while (at < text.size() && (text[at] == ' ' || text[at] == '\t' || text[at] == '\r' || text[at] == '\n')) {
    ++at;
  }
  return at;
}

std::size_t skip_string(std::string_view text, std::size_t at) {
  ++at;
  while (true) {
    at = find(
        text, at, [](std::uint64_t w) { return equal(w, '"') | equal(w, '\\') | below(w, 0x20); },
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
  while (at < text.size()) {
    const char c = text[at];
    if (c == '"') {
      at = skip_string(text, at);
      if (at == kBad) return kBad;
      continue;
    }
    if (c == '{' || c == '[') {
      if (depth == kDeepest) return kBad;
      open[depth++] = c;
    } else if (c == '}' || c == ']') {
      if (open[--depth] != (c == '}' ? '{' : '[')) return kBad;
      if (depth == 0) return at + 1;
    }
    ++at;
  }
  return kBad;
}

std::size_t enter(std::string_view text, char open) {
  const std::size_t at = blanks(text, 0);
  if (at >= text.size() || text[at] != open) return kBad;
  return blanks(text, at + 1);
}

std::size_t next(std::string_view text, std::size_t at, char close, bool& over) {
  at = blanks(text, at);
  if (at >= text.size()) return kBad;
  if (text[at] == close) {
    over = blanks(text, at + 1) == text.size();
    return over ? at : kBad;
  }
  if (text[at] != ',') return kBad;
  return blanks(text, at + 1);
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
