#include "gateway/wire/events.h"

namespace joulebook::gateway {
namespace {

// WHATWG HTML, 9.2.6: lines end with CRLF, LF or CR; one space after the colon is not the value's.
void read_event(std::string_view raw, Piece& piece) {
  bool any = false;
  while (!raw.empty()) {
    const auto end = raw.find_first_of("\r\n");
    const std::string_view line = raw.substr(0, end);
    raw.remove_prefix(end == raw.npos ? raw.size() : end + (raw.substr(end, 2) == "\r\n" ? 2 : 1));
    const auto colon = line.find(':');
    const std::string_view name = line.substr(0, colon);
    std::string_view value = colon == line.npos ? std::string_view() : line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    if (name == "event") piece.event = value;
    if (name != "data") continue;
    if (any) piece.data += '\n';
    piece.data += value;
    any = true;
  }
}

}  // namespace

// The length of the first whole piece; 0: none yet. Scans no byte twice.
std::size_t PieceCutter::end_of_piece() {
  while (scanned_ < held_.size()) {
    const char c = held_[scanned_];
    if (c != '\n' && (c != '\r' || kind_ == Kind::lines)) {
      ++scanned_;
      continue;
    }
    if (c == '\r') {
      if (scanned_ + 1 == held_.size()) return 0;  // an LF may follow
      if (held_[scanned_ + 1] == '\n') ++scanned_;
    }
    const std::size_t after = scanned_ + 1;
    const bool blank = held_[line_] == '\n' || held_[line_] == '\r';
    scanned_ = line_ = after;
    if (kind_ == Kind::lines || blank) return after;
  }
  return 0;
}

void PieceCutter::give(std::size_t size, const Sink& sink) {
  const std::string_view raw = std::string_view(held_).substr(0, size);
  Piece piece{raw, {}, {}, !overlong_};
  if (!overlong_) {
    if (kind_ == Kind::events) {
      read_event(raw, piece);
    } else {
      piece.data = raw.substr(0, raw.find_last_not_of("\r\n") + 1);
    }
  }
  sink(piece);
  held_.erase(0, size);
  line_ = scanned_ = 0;
  overlong_ = false;
}

void PieceCutter::feed(std::string_view bytes, const Sink& sink) {
  held_ += bytes;
  while (const std::size_t size = end_of_piece()) give(size, sink);
  if (held_.size() <= limit_ && !overlong_) return;
  // What was scanned of it passes; the rest of it is not read either.
  sink({held_, {}, {}, false});
  held_.clear();
  line_ = scanned_ = 0;
  overlong_ = true;
}

void PieceCutter::finish(const Sink& sink) {
  if (!held_.empty()) give(held_.size(), sink);
}

}  // namespace joulebook::gateway
