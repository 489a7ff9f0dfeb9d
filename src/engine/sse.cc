#include "engine/sse.h"

namespace joulebook {

SseParser::SseParser(Sink sink, std::size_t limit) : sink_(std::move(sink)), limit_(limit) {}

bool SseParser::feed(std::string_view bytes) {
  while (!bytes.empty() && !overlong_) {
    if (after_cr_ && bytes.front() == '\n') bytes.remove_prefix(1);
    after_cr_ = false;
    const auto end = bytes.find_first_of("\r\n");
    line_ += bytes.substr(0, end);
    overlong_ = line_.size() > limit_;
    if (end == bytes.npos || overlong_) break;
    after_cr_ = bytes[end] == '\r';
    bytes.remove_prefix(end + 1);
    line(line_);
    line_.clear();
  }
  return !overlong_;
}

void SseParser::line(std::string_view text) {
  if (text.empty()) return dispatch();
  const auto colon = text.find(':');
  const auto name = text.substr(0, colon);
  any_ = any_ || name.empty() || name == "data" || name == "event" || name == "id";
  if (colon == 0) return;  // a comment
  auto value = colon == text.npos ? std::string_view() : text.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (name == "event") event_ = value;
  if (name != "data") return;
  if (has_data_) data_ += '\n';
  data_ += value;
  has_data_ = true;
  overlong_ = data_.size() > limit_;
}

void SseParser::dispatch() {
  if (has_data_ && !overlong_) sink_(data_, event_);
  data_.clear();
  event_.clear();
  has_data_ = false;
}

void SseParser::finish(bool lenient) {
  if (lenient && !overlong_) {
    if (!line_.empty()) line(line_);
    dispatch();
  }
  line_.clear();
}

}  // namespace joulebook
