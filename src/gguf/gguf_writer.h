#pragma once
// Builds the header of a GGUF file (version 3, little-endian; the specification is named in
// gguf_file.h). The data that follow it are the caller's, so that a file larger than memory can be
// written piece by piece. Plain values; thread-safe as those are.
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace joulebook {

inline constexpr std::uint64_t kGgufAlignment = 32;  // the format's default

// The metadata section. Keys are written in the order in which they are added.
class GgufMetadata {
 public:
  GgufMetadata& text(std::string_view key, std::string_view value);
  GgufMetadata& number(std::string_view key, std::uint32_t value);
  GgufMetadata& real(std::string_view key, float value);
  GgufMetadata& flag(std::string_view key, bool value);
  GgufMetadata& texts(std::string_view key, std::span<const std::string> values);
  GgufMetadata& integers(std::string_view key, std::span<const std::int32_t> values);
  GgufMetadata& reals(std::string_view key, std::span<const float> values);
  GgufMetadata& flags(std::string_view key, const std::vector<bool>& values);

  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }

 private:
  void begin(std::string_view key, std::uint32_t type);
  void begin_array(std::string_view key, std::uint32_t type, std::size_t n);

  std::string bytes_;
  std::uint64_t count_ = 0;
};

// A tensor to be written. `type` is one of gguf_types.h; the first extent is that of a row, which
// is a whole number of the type's blocks.
struct GgufTensorSpec {
  std::string name;
  std::uint32_t type = 0;
  std::vector<std::uint64_t> shape;

  [[nodiscard]] std::uint64_t parameters() const;
  [[nodiscard]] std::uint64_t bytes() const;  // of its data, without padding
};

// `bytes` rounded up to the alignment: what one tensor takes in the file.
[[nodiscard]] std::uint64_t gguf_padded(std::uint64_t bytes);

// Everything before the data, padded to the alignment. Tensors lie in the order given, each padded.
[[nodiscard]] std::string gguf_header(const GgufMetadata& metadata,
                                      std::span<const GgufTensorSpec> tensors);

}  // namespace joulebook
