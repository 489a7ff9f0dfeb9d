#include "gguf/gguf_writer.h"

#include "gguf/gguf_types.h"

namespace joulebook {
namespace {

// Value types of the specification.
constexpr std::uint32_t kUint32 = 4, kInt32 = 5, kFloat32 = 6, kBool = 7, kString = 8, kArray = 9;
constexpr std::uint32_t kVersion = 3;

template <class T>
void put(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void put_text(std::string& out, std::string_view text) {
  put<std::uint64_t>(out, text.size());
  out += text;
}

}  // namespace

void GgufMetadata::begin(std::string_view key, std::uint32_t type) {
  ++count_;
  put_text(bytes_, key);
  put(bytes_, type);
}

void GgufMetadata::begin_array(std::string_view key, std::uint32_t type, std::size_t n) {
  begin(key, kArray);
  put(bytes_, type);
  put<std::uint64_t>(bytes_, n);
}

GgufMetadata& GgufMetadata::text(std::string_view key, std::string_view value) {
  begin(key, kString);
  put_text(bytes_, value);
  return *this;
}

GgufMetadata& GgufMetadata::number(std::string_view key, std::uint32_t value) {
  begin(key, kUint32);
  put(bytes_, value);
  return *this;
}

GgufMetadata& GgufMetadata::real(std::string_view key, float value) {
  begin(key, kFloat32);
  put(bytes_, value);
  return *this;
}

GgufMetadata& GgufMetadata::flag(std::string_view key, bool value) {
  begin(key, kBool);
  put<std::uint8_t>(bytes_, value ? 1 : 0);
  return *this;
}

GgufMetadata& GgufMetadata::texts(std::string_view key, std::span<const std::string> values) {
  begin_array(key, kString, values.size());
  for (const auto& value : values) put_text(bytes_, value);
  return *this;
}

GgufMetadata& GgufMetadata::integers(std::string_view key, std::span<const std::int32_t> values) {
  begin_array(key, kInt32, values.size());
  for (const auto value : values) put(bytes_, value);
  return *this;
}

GgufMetadata& GgufMetadata::reals(std::string_view key, std::span<const float> values) {
  begin_array(key, kFloat32, values.size());
  for (const auto value : values) put(bytes_, value);
  return *this;
}

GgufMetadata& GgufMetadata::flags(std::string_view key, const std::vector<bool>& values) {
  begin_array(key, kBool, values.size());
  for (const bool value : values) put<std::uint8_t>(bytes_, value ? 1 : 0);
  return *this;
}

std::uint64_t GgufTensorSpec::parameters() const {
  std::uint64_t n = 1;
  for (const auto extent : shape) n *= extent;
  return n;
}

std::uint64_t GgufTensorSpec::bytes() const {
  const GgufType* t = gguf_type(type);
  return t == nullptr ? 0 : parameters() / t->block * t->bytes;
}

std::uint64_t gguf_padded(std::uint64_t bytes) {
  return (bytes + kGgufAlignment - 1) / kGgufAlignment * kGgufAlignment;
}

std::string gguf_header(const GgufMetadata& metadata, std::span<const GgufTensorSpec> tensors) {
  std::string out = "GGUF";
  put(out, kVersion);
  put<std::uint64_t>(out, tensors.size());
  put(out, metadata.count());
  out += metadata.bytes();
  std::uint64_t offset = 0;
  for (const auto& tensor : tensors) {
    put_text(out, tensor.name);
    put(out, static_cast<std::uint32_t>(tensor.shape.size()));
    for (const auto n : tensor.shape) put(out, n);
    put(out, tensor.type);
    put(out, offset);
    offset += gguf_padded(tensor.bytes());
  }
  out.resize(static_cast<std::size_t>(gguf_padded(out.size())));
  return out;
}

}  // namespace joulebook
