// What a model's name says about it.
#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <optional>

#include "core/text.h"
#include "physics/shape/model_name.h"

namespace joulebook::physics {
namespace {

// Words that say how a model was tuned, stored or dated, never what shape it has.
constexpr auto kPassedOver = std::to_array<std::string_view>(
    {"instruct", "chat",  "it",    "hf",     "base",    "fp8",    "fp4",       "bf16",     "fp16",
     "awq",      "gptq",  "int4",  "int8",   "w4a16",   "w8a8",   "w8a16",     "mxfp4",    "nvfp4",
     "gguf",     "meta",  "metaai", "nvidia", "thinking", "preview", "dynamic", "quantized",
     "sft",      "dpo",   "bnb",   "4bit",   "8bit",    "tuned",  "inst",      "text",     "latest",
     "reasoning", "autoround", "eagle3"});

bool is_date(std::string_view token) {
  return token.size() == 4 &&
         std::ranges::all_of(token, [](unsigned char c) { return std::isdigit(c) != 0; });
}

std::vector<std::string> words_of(std::string_view name) {
  if (const auto slash = name.find_last_of('/'); slash != std::string_view::npos) {
    name.remove_prefix(slash + 1);
  }
  std::string text = lower(name.substr(0, 512));
  if (text.ends_with(".gguf")) text.resize(text.size() - 5);
  std::ranges::replace_if(text, [](char c) { return c == '_' || c == ' ' || c == ':'; }, '-');
  std::vector<std::string> words;
  for (const auto word : split(text, '-')) {
    if (!word.empty()) words.emplace_back(word);
  }
  return words;
}

// "30b" 30, "a3b" of the rest, "135m" 0.135; nothing otherwise.
std::optional<double> billions(std::string_view word) {
  if (word.size() < 2) return std::nullopt;
  const char unit = word.back();
  const auto n = parse_double(word.substr(0, word.size() - 1));
  if (!n || !(*n > 0) || !(*n < 1e5)) return std::nullopt;
  if (unit == 'b') return n;
  if (unit == 'm') return *n * 1e-3;
  return unit == 't' ? std::optional(*n * 1e3) : std::nullopt;
}

// "8x7b": experts share what isn't a feed-forward, so that 8 x 7 comes to about 47 and 13 of it
// are active; the share of what is common, 17 %, is Mixtral's.
std::optional<StatedSize> crossed(std::string_view word) {
  const auto x = word.find('x');
  if (x == std::string_view::npos) return std::nullopt;
  const auto experts = parse_uint(word.substr(0, x));
  const auto each = billions(word.substr(x + 1));
  if (!experts || !each || *experts < 2 || *experts > 1024) return std::nullopt;
  const double n = static_cast<double>(*experts);
  constexpr double kCommon = 0.18;
  return StatedSize{*each * (kCommon + (1 - kCommon) * n), *each * (2 - kCommon)};
}

}  // namespace

std::string normal_model_name(std::string_view name) {
  std::vector<std::string> kept;
  for (auto& word : words_of(name)) {
    const bool passed = std::ranges::find(kPassedOver, std::string_view(word)) != kPassedOver.end();
    if (!passed && !is_date(word)) kept.push_back(std::move(word));
  }
  return join(kept, "-");
}

std::optional<StatedSize> size_in_name(std::string_view name) {
  StatedSize size;
  for (const std::string_view word : words_of(name)) {
    if (const auto both = crossed(word)) return both;
    if (word.front() == 'a') {
      if (const auto n = billions(word.substr(1)); n && size.active_b == 0) size.active_b = *n;
      continue;
    }
    if (const auto n = billions(word); n && size.total_b == 0) size.total_b = *n;
  }
  if (size.total_b == 0) return std::nullopt;
  if (size.active_b == 0 || size.active_b > size.total_b) size.active_b = size.total_b;
  return size;
}

// Scales included: AWQ and GPTQ keep a 16-bit scale and a 4-bit zero for 128 weights; MXFP4 an 8-bit
// scale for 32; NVFP4 an 8-bit scale for 16.
std::optional<double> bits_in_name(std::string_view name) {
  struct Spelling {
    std::string_view word;
    double bits;
  };
  static constexpr auto kSpellings = std::to_array<Spelling>(
      {{"fp8", 8},      {"int8", 8},     {"w8a8", 8},     {"w8a16", 8},    {"8bit", 8},
       {"awq", 4.15625}, {"gptq", 4.15625}, {"int4", 4.15625}, {"w4a16", 4.15625}, {"4bit", 4.15625},
       {"mxfp4", 4.25}, {"nvfp4", 4.5},  {"fp4", 4.5},    {"bf16", 16},    {"fp16", 16}});
  for (const std::string_view word : words_of(name)) {
    for (const auto& spelling : kSpellings) {
      if (word == spelling.word) return spelling.bits;
    }
  }
  return std::nullopt;
}

}  // namespace joulebook::physics
