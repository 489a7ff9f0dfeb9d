#pragma once
// The tensors of a small GGUF file, all in F32, one call each. Not thread-safe.
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "gguf/gguf_writer.h"

namespace joulebook::fakes {

class F32Tensors {
 public:
  // Asked row by row, in the order of the file.
  using Value = std::function<float(std::uint32_t column, std::uint32_t row)>;

  // A vector where there is one row.
  void add(const std::string& name, std::uint32_t row, std::uint32_t rows, const Value& value) {
    constexpr std::uint32_t kF32 = 0;
    std::vector<std::uint64_t> shape = {row};
    if (rows > 1) shape.push_back(rows);
    specs_.push_back({name, kF32, std::move(shape)});
    for (std::uint32_t r = 0; r < rows; ++r) {
      for (std::uint32_t c = 0; c < row; ++c) {
        const float x = value(c, r);
        data_.append(reinterpret_cast<const char*>(&x), sizeof x);
      }
    }
    data_.resize(gguf_padded(data_.size()));
  }
  void constant(const std::string& name, std::uint32_t n, float value) {
    add(name, n, 1, [value](auto, auto) { return value; });
  }
  [[nodiscard]] std::string file(const GgufMetadata& metadata) const { return gguf_header(metadata, specs_) + data_; }

 private:
  std::vector<GgufTensorSpec> specs_;
  std::string data_;
};

}  // namespace joulebook::fakes
