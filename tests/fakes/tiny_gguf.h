#pragma once
// A tiny model of the llama architecture with random weights, written as a GGUF file: real enough
// for libllama to load and run in milliseconds. The vocabulary is one token a byte, plus <unk>,
// <s>, </s>, the ChatML markers and <think>, </think>, so that any text tokenises byte by byte.
// The same seed gives the same bytes. Needs no libllama.
#include <cstdint>
#include <string>

namespace joulebook {

struct TinyModel {
  std::uint32_t seed = 7;
  std::uint32_t layers = 2;
  std::uint32_t width = 32;  // a multiple of 32; heads of 16
  std::uint32_t feed_forward = 64;
  std::uint32_t context = 256;
  std::string architecture = "llama";
  std::string chat_template = "chatml";  // "": none; "chatml", or any Jinja text
};

// Token ids of the vocabulary.
inline constexpr int kTinyByteBase = 3;  // token of byte b is kTinyByteBase + b
inline constexpr int kTinyVocabulary = 3 + 256 + 4;

[[nodiscard]] std::string tiny_gguf(const TinyModel& model = {});

// Writes it and returns the path.
std::string write_tiny_gguf(const std::string& path, const TinyModel& model = {});

}  // namespace joulebook
