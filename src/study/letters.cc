#include "study/letters.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "core/text.h"

namespace joulebook::letters {
namespace {

using Range = std::pair<char32_t, char32_t>;

template <std::size_t N>
bool within(const std::array<Range, N>& ranges, char32_t point) {
  return std::ranges::any_of(ranges, [&](const Range& r) { return point >= r.first && point <= r.second; });
}

// Punctuation and signs beyond ASCII. Currencies, superscripts, fractions and pictograms are no part of it.
constexpr std::array<Range, 21> kPunctuation = {{
    {0xA1, 0xA1},     {0xA6, 0xA9},     {0xAB, 0xB1},     {0xB4, 0xB4},     {0xB6, 0xB8},     {0xBB, 0xBB},
    {0xBF, 0xBF},     {0xD7, 0xD7},     {0xF7, 0xF7},     {0x60C, 0x60D},   {0x61B, 0x61F},   {0x6D4, 0x6D4},
    {0x964, 0x965},   {0x2010, 0x205E}, {0x2212, 0x2212}, {0x3001, 0x3003}, {0x3008, 0x301F}, {0xFF01, 0xFF0F},
    {0xFF1A, 0xFF20}, {0xFF3B, 0xFF40}, {0xFF5B, 0xFF65},
}};
constexpr std::array<Range, 2> kCurrencies = {{{0xA2, 0xA5}, {0x20A0, 0x20CF}}};

constexpr std::array<Range, 8> kUnspaced = {{
    {0xE00, 0xEFF}, {0x1000, 0x109F}, {0x1780, 0x17FF}, {0x2E80, 0xA4CF},
    {0xAC00, 0xD7A3}, {0xF900, 0xFAFF}, {0xFF66, 0xFF9F}, {0x20000, 0x3FFFF},
}};

// Scripts whose capitals stand at a fixed distance below their small letters.
struct Shift {
  char32_t from;
  char32_t to;
  char32_t by;
};
constexpr std::array<Shift, 11> kShifts = {{
    {'A', 'Z', 0x20}, {0xC0, 0xD6, 0x20}, {0xD8, 0xDE, 0x20}, {0x386, 0x386, 38}, {0x388, 0x38A, 37},
    {0x38C, 0x38C, 64}, {0x38E, 0x38F, 63}, {0x391, 0x3A1, 0x20}, {0x3A3, 0x3AB, 0x20},
    {0x410, 0x42F, 0x20}, {0xFF21, 0xFF3A, 0x20},
}};

// Alphabets in which capital and small letter take turns, the capital first: at even or at odd places.
constexpr std::array<Range, 6> kCapitalEven = {{
    {0x100, 0x12F}, {0x132, 0x137}, {0x14A, 0x177}, {0x460, 0x481}, {0x1E00, 0x1E95}, {0x1EA0, 0x1EFF}}};
constexpr std::array<Range, 2> kCapitalOdd = {{{0x139, 0x148}, {0x179, 0x17E}}};

bool is_valid_at(std::string_view text, std::size_t at, std::size_t length) {
  return at + length <= text.size() && is_valid_utf8(text.substr(at, length));
}

}  // namespace

char32_t next(std::string_view text, std::size_t& at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (length == 1 || !is_valid_at(text, at, length)) {
    ++at;
    return length == 1 ? lead : 0xFFFD;
  }
  char32_t point = lead & (0x7F >> length);
  for (std::size_t i = 1; i < length; ++i) {
    point = (point << 6) | (static_cast<unsigned char>(text[at + i]) & 0x3F);
  }
  at += length;
  return point;
}

char32_t before(std::string_view text, std::size_t at) {
  for (std::size_t length = 1; length <= 4 && length <= at; ++length) {
    std::size_t from = at - length;
    if ((static_cast<unsigned char>(text[from]) & 0xC0) == 0x80) continue;  // inside of one
    const char32_t point = next(text, from);
    return from == at ? point : 0xFFFD;
  }
  return at == 0 ? 0 : 0xFFFD;
}

bool is_blank(char32_t point) {
  return point == ' ' || (point >= '\t' && point <= '\r') || point == 0x85 || point == 0xA0 || point == 0x1680 ||
         (point >= 0x2000 && point <= 0x200B) || point == 0x2028 || point == 0x2029 || point == 0x202F ||
         point == 0x205F || point == 0x3000 || point == 0xFEFF;
}

bool in_word(char32_t point) {
  if (point < 0x80) return std::isalnum(static_cast<int>(point)) != 0;
  return !is_blank(point) && !within(kPunctuation, point);
}

bool is_currency(char32_t point) { return point == '$' || within(kCurrencies, point); }

bool is_unspaced(char32_t point) { return within(kUnspaced, point); }

char32_t folded(char32_t point) {
  for (const Shift& s : kShifts) {
    if (point >= s.from && point <= s.to) return point + s.by;
  }
  if (point >= 0x400 && point <= 0x40F) return point + 0x50;
  if (within(kCapitalEven, point)) return point | 1;
  if (within(kCapitalOdd, point)) return point + (point & 1);
  switch (point) {
    case 0x130: return 'i';    // a capital with its dot
    case 0x178: return 0xFF;
    case 0x3C2: return 0x3C3;  // the sigma that ends a word
    case 0x2018: case 0x2019: case 0x2BC: return '\'';
    case 0x2010: case 0x2011: case 0x2212: return '-';
    default: return point;
  }
}

}  // namespace joulebook::letters
