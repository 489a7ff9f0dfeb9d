#include "gguf/random_blocks.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>

#include "core/text.h"
#include "gguf/gguf_types.h"

namespace joulebook {
namespace {

constexpr std::uint32_t kF32 = 0, kF16 = 1, kBf16 = 30;
constexpr int kNone = -1;

// How a block's bytes become weights. Layouts: ggml-common.h; arithmetic: dequantize_row_* of
// ggml-quants.c, both of ggml 0.25.3. A weight is d x part x q + shift, where part is what the
// block's own scale bytes are set to; `deviation` is that of part x q over random q, `centre` the
// mean of q where a second half (a minimum, subtracted or added) takes it off.
struct Layout {
  std::uint32_t type;
  int scale_at;      // of the half d
  int minimum_at;    // of the half m or dmin; kNone: the type has none
  double deviation;  // of weights where d is 1
  double minimum;    // what that half is, in units of d
  int bytes_at;      // of the block's own scales; kNone: none
  std::array<std::uint8_t, 16> bytes;
  int bytes_count;
};

// Deviations of whole numbers 0..n-1, all alike likely: sqrt((n^2 - 1) / 12).
constexpr double kTwoBits = 1.1180, kThreeBits = 2.2913, kFourBits = 4.6098, kFiveBits = 9.2331,
                 kSixBits = 18.4730, kEightBits = 73.9003;
// Of the 16 levels of kvalues_iq4nl.
constexpr double kNonLinear = 67.18;

constexpr std::array<std::uint8_t, 16> kNo{};
// Scales and minima of 6 bits, all 32 (get_scale_min_k4).
constexpr std::array<std::uint8_t, 16> kK4 = {0xA0, 0xA0, 0xA0, 0xA0, 0xA0, 0xA0, 0xA0, 0xA0};
// Sixteen scales of 6 bits less 32, all 48 - 32 = 16.
constexpr std::array<std::uint8_t, 16> kK3 = {0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF};
// Scale 8 and minimum 8 in each nibble; and scale 16 in each byte.
constexpr std::array<std::uint8_t, 16> kK2 = {0x88, 0x88, 0x88, 0x88, 0x88, 0x88, 0x88, 0x88,
                                              0x88, 0x88, 0x88, 0x88, 0x88, 0x88, 0x88, 0x88};
constexpr std::array<std::uint8_t, 16> kK6 = {16, 16, 16, 16, 16, 16, 16, 16,
                                              16, 16, 16, 16, 16, 16, 16, 16};

constexpr auto kLayouts = std::to_array<Layout>({
    {2, 0, kNone, kFourBits, 0, kNone, kNo, 0},         // Q4_0
    {3, 0, 2, kFourBits, -7.5, kNone, kNo, 0},          // Q4_1
    {6, 0, kNone, kFiveBits, 0, kNone, kNo, 0},         // Q5_0
    {7, 0, 2, kFiveBits, -15.5, kNone, kNo, 0},         // Q5_1
    {8, 0, kNone, kEightBits, 0, kNone, kNo, 0},        // Q8_0
    {10, 80, 82, 8 * kTwoBits, 1.5, 0, kK2, 16},        // Q2_K
    {11, 108, kNone, 16 * kThreeBits, 0, 96, kK3, 12},  // Q3_K
    {12, 0, 2, 32 * kFourBits, 7.5, 4, kK4, 12},        // Q4_K
    {13, 0, 2, 32 * kFiveBits, 15.5, 4, kK4, 12},       // Q5_K
    {14, 208, kNone, 16 * kSixBits, 0, 192, kK6, 16},   // Q6_K
    {20, 0, kNone, kNonLinear, 0, kNone, kNo, 0},       // IQ4_NL
});

const Layout* layout_of(std::uint32_t type) {
  const auto* at = std::ranges::find(kLayouts, type, &Layout::type);
  return at == kLayouts.end() ? nullptr : at;
}

bool is_number(std::uint32_t type) { return type == kF32 || type == kF16 || type == kBf16; }

void set_half(char* at, double value) {
  const std::uint16_t half = to_half(static_cast<float>(value));
  std::memcpy(at, &half, sizeof half);
}

// 256 numbers spread evenly over 0 with that deviation.
template <class T, class Convert>
std::array<T, 256> numbers(double deviation, Convert convert) {
  std::array<T, 256> table{};
  const double step = deviation / kEightBits;
  for (std::size_t i = 0; i < table.size(); ++i) {
    table[i] = convert(static_cast<float>((static_cast<double>(i) - 127.5) * step));
  }
  return table;
}

std::uint16_t to_bf16(float value) {
  return static_cast<std::uint16_t>((std::bit_cast<std::uint32_t>(value) + 0x8000U) >> 16);
}

}  // namespace

std::uint16_t to_half(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint16_t>((bits >> 16) & 0x8000U);
  const float size = std::min(std::abs(value), 65504.0F);
  if (size < 6.1035156e-5F) {  // below the smallest normal: steps of 2^-24
    return static_cast<std::uint16_t>(sign |
                                      static_cast<std::uint16_t>(std::lrint(size * 0x1p24F)));
  }
  const std::uint32_t magnitude = std::bit_cast<std::uint32_t>(size) - (112U << 23);
  const std::uint32_t odd = (magnitude >> 13) & 1U;  // ties to even
  return static_cast<std::uint16_t>(sign | ((magnitude + 0xFFFU + odd) >> 13));
}

std::optional<std::uint32_t> random_block_type(std::string_view name) {
  const std::string wanted = lower(name);
  for (const auto& type : kGgufTypes) {
    const bool made = is_number(type.id) || layout_of(type.id) != nullptr;
    if (made && lower(type.name) == wanted) return type.id;
  }
  return std::nullopt;
}

std::vector<std::string> random_block_names() {
  std::vector<std::string> names;
  for (const auto& type : kGgufTypes) {
    if (random_block_type(type.name)) names.push_back(lower(type.name));
  }
  return names;
}

std::uint32_t block_type_for_row(std::uint32_t wanted, std::uint64_t row) {
  constexpr std::uint32_t kQ4_0 = 2, kQ5_0 = 6, kQ5_1 = 7, kQ8_0 = 8;
  if (row % gguf_type(wanted)->block == 0) return wanted;
  if (row % 32 != 0) return kF16;
  switch (wanted) {
    case 12:
      return kQ5_0;
    case 13:
      return kQ5_1;
    case 14:
      return kQ8_0;
    default:
      return kQ4_0;
  }
}

// SplitMix64 (Steele, Lea, Flood 2014).
std::uint64_t RandomBlocks::next() {
  std::uint64_t z = (state_ += 0x9E3779B97F4A7C15U);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
  return z ^ (z >> 31);
}

void RandomBlocks::noise(std::span<char> out) {
  for (std::size_t i = 0; i < out.size(); i += sizeof(std::uint64_t)) {
    const std::uint64_t word = next();
    std::memcpy(out.data() + i, &word, std::min(sizeof word, out.size() - i));
  }
}

template <class T>
void RandomBlocks::fill_numbers(std::span<const T> table, std::span<char> out) {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < out.size() / sizeof(T); ++i, word >>= 8) {
    if (i % 8 == 0) word = next();
    std::memcpy(out.data() + i * sizeof(T), &table[word & 0xFF], sizeof(T));
  }
}

void RandomBlocks::fill(std::uint32_t type, double deviation, std::span<char> out) {
  if (type == kF32) {
    return fill_numbers<float>(numbers<float>(deviation, [](float x) { return x; }), out);
  }
  if (type == kF16)
    return fill_numbers<std::uint16_t>(numbers<std::uint16_t>(deviation, to_half), out);
  if (type == kBf16)
    return fill_numbers<std::uint16_t>(numbers<std::uint16_t>(deviation, to_bf16), out);
  const Layout& layout = *layout_of(type);
  noise(out);
  const double size = deviation / layout.deviation;
  const std::size_t bytes = gguf_type(type)->bytes;
  for (std::size_t at = 0; at + bytes <= out.size(); at += bytes) {
    char* const block = out.data() + at;
    // Half of the blocks the other way round: the levels of most types aren't even about 0, and a
    // mean that all weights share would grow with the row until every token looked alike.
    const double d = (next() >> 63) != 0 ? -size : size;
    set_half(block + layout.scale_at, d);
    if (layout.minimum_at != kNone) set_half(block + layout.minimum_at, d * layout.minimum);
    if (layout.bytes_at != kNone) {
      std::memcpy(block + layout.bytes_at, layout.bytes.data(),
                  static_cast<std::size_t>(layout.bytes_count));
    }
  }
}

}  // namespace joulebook
