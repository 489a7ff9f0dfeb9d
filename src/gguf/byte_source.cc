#include "gguf/byte_source.h"

#include <unistd.h>

#include <algorithm>

namespace joulebook {

bool ByteSource::skip(std::uint64_t n) {
  if (n > remaining()) {
    position_ = size_;
    return false;
  }
  position_ += n;
  return true;
}

bool ByteSource::fill() {
  const auto want = std::min<std::uint64_t>(buffer_.size(), remaining());
  const ssize_t got = pread(descriptor_, buffer_.data(), want, static_cast<off_t>(position_));
  if (got <= 0) return false;
  buffer_begin_ = position_;
  buffered_ = static_cast<std::size_t>(got);
  return true;
}

bool ByteSource::read(void* out, std::size_t n) {
  if (n > remaining()) return skip(n);
  char* to = static_cast<char*>(out);
  if (descriptor_ < 0) {
    std::memcpy(to, memory_.data() + position_, n);
    position_ += n;
    return true;
  }
  while (n > 0) {
    const bool inside = position_ >= buffer_begin_ && position_ < buffer_begin_ + buffered_;
    if (!inside && !fill()) return skip(size_ + 1);
    const auto at = static_cast<std::size_t>(position_ - buffer_begin_);
    const std::size_t part = std::min(n, buffered_ - at);
    std::memcpy(to, buffer_.data() + at, part);
    to += part;
    n -= part;
    position_ += part;
  }
  return true;
}

}  // namespace joulebook
