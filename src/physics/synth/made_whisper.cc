// Whisper tiny.en: 4 layers that listen, 4 that write, of width 384. ggml's old format: numbers, mel
// filters, vocabulary, then each tensor with its name. Names and extents from whisper.cpp 1.8.5.
//
// The word that ends a text has a row of zeros in the table that is also the head: it never wins, so
// that a random model writes as many tokens as it is allowed, and whoever runs it sets that number.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "physics/synth/made_up.h"
#include "physics/synth/part_list.h"

namespace joulebook::synth {
namespace {

constexpr std::int64_t kVocabulary = 51864, kSound = 1500, kText = 448, kHidden = 384, kHeads = 6;
constexpr std::int64_t kLayers = 4, kMels = 80, kSpectrum = 201;
constexpr std::int64_t kEndOfText = 50256;
constexpr std::uint32_t kMagic = 0x67676d6c;

template <class T>
void put(std::string& out, T value) {
  std::array<char, sizeof value> bytes;
  std::memcpy(bytes.data(), &value, sizeof value);
  out.append(bytes.data(), bytes.size());
}

void put_int(std::string& out, std::int64_t value) { put(out, static_cast<std::int32_t>(value)); }

// GGML_FTYPE_MOSTLY_*: the file's name for the type of its matrices.
std::int64_t file_type(std::uint32_t type) {
  switch (type) {
    case 0: return 0;    // F32
    case 2: return 2;    // Q4_0
    case 3: return 3;    // Q4_1
    case 6: return 8;    // Q5_0
    case 7: return 9;    // Q5_1
    case 8: return 7;    // Q8_0
    default: return 1;   // F16
  }
}

// Triangles on the mel scale up to 8 kHz, as librosa has them (Slaney's scale, area 1).
float mel_filter(std::int64_t mel, std::int64_t bin) {
  const auto to_hertz = [](double m) {
    return m < 15 ? m * 200 / 3 : 1000 * std::exp((m - 15) * std::log(6.4) / 27);
  };
  constexpr double kTopMel = 45.245640471924965;  // 8 kHz
  const auto edge = [&](std::int64_t i) {
    return to_hertz(kTopMel * static_cast<double>(i) / static_cast<double>(kMels + 1));
  };
  const double hertz = 8000.0 * static_cast<double>(bin) / static_cast<double>(kSpectrum - 1);
  const double low = edge(mel), mid = edge(mel + 1), high = edge(mel + 2);
  const double height = std::min((hertz - low) / (mid - low), (high - hertz) / (high - mid));
  return static_cast<float>(std::max(0.0, height) * 2 / (high - low));
}

std::string header(std::uint32_t type) {
  std::string out;
  put(out, kMagic);
  for (const std::int64_t n : {kVocabulary, kSound, kHidden, kHeads, kLayers, kText, kHidden,
                               kHeads, kLayers, kMels, file_type(type)}) {
    put_int(out, n);
  }
  put_int(out, kMels);
  put_int(out, kSpectrum);
  for (std::int64_t m = 0; m < kMels; ++m) {
    for (std::int64_t b = 0; b < kSpectrum; ++b) put(out, mel_filter(m, b));
  }
  put_int(out, kEndOfText);  // the rest are marks, which its reader names
  for (std::int64_t i = 0; i < kEndOfText; ++i) {
    const std::string word = i == 0 ? " " : fmt::format(" w{}", i);  // a blank is looked for
    put_int(out, std::ssize(word));
    out += word;
  }
  return out;
}

void attention(PartList& parts, const std::string& at) {
  parts.linear(at + ".query", kHidden, kHidden);
  parts.matrix(at + ".key.weight", kHidden, kHidden);
  parts.linear(at + ".value", kHidden, kHidden);
  parts.linear(at + ".out", kHidden, kHidden);
}

void layer(PartList& parts, const std::string& at, bool listens) {
  parts.norm(at + "attn_ln", kHidden);
  attention(parts, at + "attn");
  if (!listens) {
    parts.norm(at + "cross_attn_ln", kHidden);
    attention(parts, at + "cross_attn");
  }
  parts.norm(at + "mlp_ln", kHidden);
  parts.linear(at + "mlp.0", kHidden, 4 * kHidden);
  parts.linear(at + "mlp.2", 4 * kHidden, kHidden);
}

void convolution(PartList& parts, const std::string& at, std::int64_t inputs) {
  constexpr std::int64_t kWidth = 3;
  parts.convolution(at, {kWidth}, inputs, kHidden).spec.shape = {1, kHidden};
}

std::string described(const GgufTensorSpec& spec) {
  std::string out;
  put_int(out, std::ssize(spec.shape));
  put_int(out, std::ssize(spec.name));
  put_int(out, spec.type);
  for (const std::uint64_t extent : spec.shape) put_int(out, static_cast<std::int64_t>(extent));
  return out + spec.name;
}

}  // namespace

WeightFile make_whisper_tiny(std::uint32_t type, const MadeUpOptions&) {
  PartList parts(type);
  parts.table("encoder.positional_embedding", kHidden, kSound);
  convolution(parts, "encoder.conv1", kMels);
  convolution(parts, "encoder.conv2", kHidden);
  parts.norm("encoder.ln_post", kHidden);
  parts.table("decoder.positional_embedding", kHidden, kText);
  auto& words = parts.matrix("decoder.token_embedding.weight", kHidden, kVocabulary);
  words.zero_from = kEndOfText;
  words.zero_rows = 1;
  parts.norm("decoder.ln", kHidden);
  for (std::int64_t i = 0; i < kLayers; ++i) {
    layer(parts, fmt::format("encoder.blocks.{}.", i), true);
    layer(parts, fmt::format("decoder.blocks.{}.", i), false);
  }
  WeightFile file{header(type), parts.take(), {}};
  for (const auto& tensor : file.tensors) file.before.push_back(described(tensor.spec));
  return file;
}

}  // namespace joulebook::synth
