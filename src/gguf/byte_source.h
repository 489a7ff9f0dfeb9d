#pragma once
// Bytes read in order from a file or from memory, through a fixed buffer. Never throws.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

namespace joulebook {

// Not thread-safe. `read` and `skip` are false, and stay so, once the end was overrun or a read
// failed; skipping costs nothing.
class ByteSource {
 public:
  // From a descriptor of `size` bytes that outlives the source (pread, so its offset is not moved).
  ByteSource(int descriptor, std::uint64_t size) : descriptor_(descriptor), size_(size) {}
  explicit ByteSource(std::string_view bytes) : memory_(bytes), size_(bytes.size()) {}

  [[nodiscard]] bool read(void* out, std::size_t n);
  [[nodiscard]] bool skip(std::uint64_t n);

  template <class T>
    requires std::is_arithmetic_v<T>
  [[nodiscard]] bool number(T& out) {
    return read(&out, sizeof out);
  }

  [[nodiscard]] std::uint64_t position() const { return position_; }
  [[nodiscard]] std::uint64_t remaining() const { return size_ - position_; }
  [[nodiscard]] std::uint64_t size() const { return size_; }

 private:
  [[nodiscard]] bool fill();

  int descriptor_ = -1;
  std::string_view memory_;
  std::uint64_t size_ = 0;
  std::uint64_t position_ = 0;      // of the next byte handed out
  std::uint64_t buffer_begin_ = 0;  // where in the file buffer_ was read
  std::size_t buffered_ = 0;
  std::array<char, 1 << 16> buffer_;
};

}  // namespace joulebook
