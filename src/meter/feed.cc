#include "meter/feed.h"

#include <algorithm>
#include <utility>

#include "meter/trace_wire.h"

namespace joulebook {

void TraceFeed::publish(std::string_view bytes) {
  if (bytes.empty()) return;
  const std::lock_guard lock(mutex_);
  if (bytes.starts_with(kTraceMagic)) {
    const bool another = !std::exchange(header_, bytes).empty();
    if (!another) return;
    first_ += blocks_.size() + 1;
    begun_ = first_;
    blocks_.clear();
    bytes_ = 0;
    return;
  }
  blocks_.emplace_back(bytes);
  bytes_ += bytes.size();
  while (blocks_.size() > 1 && (blocks_.size() > kMostBlocks || bytes_ > kMostBytes)) {
    bytes_ -= blocks_.front().size();
    blocks_.pop_front();
    ++first_;
  }
}

std::string TraceFeed::header() const {
  const std::lock_guard lock(mutex_);
  return header_;
}

std::uint64_t TraceFeed::first_from(std::uint64_t wanted) const {
  const std::lock_guard lock(mutex_);
  return std::clamp(wanted, first_, first_ + blocks_.size());
}

std::string TraceFeed::since(std::uint64_t& cursor) const {
  const std::lock_guard lock(mutex_);
  std::string out;
  if (cursor < begun_) out = header_.substr(kTraceMagic.size());
  cursor = std::max(cursor, first_);
  while (cursor < first_ + blocks_.size() && out.size() < kMostAtOnce) {
    out += blocks_[cursor - first_];
    ++cursor;
  }
  return out;
}

}  // namespace joulebook
