#include "engine/reply_body.h"

#include "engine/endpoint_errors.h"

namespace joulebook {

void ReplyBody::begin(Sink sink) {
  sink_ = std::move(sink);
  sse_.emplace([this](std::string_view data, std::string_view) { sink_(data); });
  whole_.clear();
  received_ = 0;
  streamed_.reset();
  overlong_ = false;
}

bool ReplyBody::feed(std::string_view bytes) {
  received_ += bytes.size();
  overlong_ = overlong_ || received_ > kMaxReplyBytes;
  if (overlong_) return false;
  if (!streamed_) {
    const auto first = bytes.find_first_not_of(" \r\n\t");
    if (first == bytes.npos) return true;
    streamed_ = bytes[first] != '{';
  }
  if (!*streamed_) {
    whole_ += bytes;
    return true;
  }
  overlong_ = !sse_->feed(bytes);
  return !overlong_;
}

void ReplyBody::finish() {
  sse_->finish();
  if (!whole_.empty()) sink_(whole_);
}

}  // namespace joulebook
