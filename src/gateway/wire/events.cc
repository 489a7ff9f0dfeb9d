#include "gateway/wire/events.h"

#include "core/json_scan.h"

namespace joulebook::gateway {

// WHATWG HTML, 9.2.6: lines end with CRLF, LF or CR; one space after the colon is not the value's.
void PieceCutter::read_event(std::string_view raw, Piece& piece) {
  bool any = false;
  while (!raw.empty()) {
    const auto end = find_either(raw, 0, '\r', '\n');
    const std::string_view line = raw.substr(0, end);
    raw.remove_prefix(end == raw.size() ? end : end + (raw.substr(end, 2) == "\r\n" ? 2 : 1));
    const auto colon = line.find(':');
    const std::string_view name = line.substr(0, colon);
    std::string_view value = colon == line.npos ? std::string_view() : line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    if (name == "event") piece.event = value;
    if (name != "data") continue;
    if (!any) {
      piece.data = value;
      any = true;
      continue;
    }
    if (piece.data.data() != joined_.data()) joined_ = piece.data;
    joined_ += '\n';
    joined_ += value;
    piece.data = joined_;
  }
}

// The length of the first whole piece; 0: none yet. Scans no byte twice.
std::size_t PieceCutter::end_of_piece(std::string_view bytes) {
  while (scanned_ < bytes.size()) {
    scanned_ = find_either(bytes, scanned_, '\n', kind_ == Kind::lines ? '\n' : '\r');
    if (scanned_ == bytes.size()) return 0;
    const std::size_t end = scanned_;
    if (bytes[end] == '\r') {
      if (end + 1 == bytes.size()) return 0;  // an LF may follow
      if (bytes[end + 1] == '\n') ++scanned_;
    }
    const std::size_t after = scanned_ + 1;
    const bool blank = bytes[line_] == '\n' || bytes[line_] == '\r';
    scanned_ = line_ = after;
    if (kind_ == Kind::lines || blank) return after;
  }
  return 0;
}

void PieceCutter::give(std::string_view raw, const Sink& sink) {
  Piece piece{raw, {}, {}, !overlong_};
  if (!overlong_) {
    if (kind_ == Kind::events) {
      read_event(raw, piece);
    } else {
      piece.data = raw.substr(0, raw.find_last_not_of("\r\n") + 1);
    }
  }
  sink(piece);
  line_ = scanned_ = 0;
  overlong_ = false;
}

void PieceCutter::feed(std::string_view bytes, const Sink& sink) {
  const bool joins = !held_.empty();
  if (joins) held_ += bytes;
  const std::string_view all = joins ? std::string_view(held_) : bytes;
  std::size_t given = 0;
  while (const std::size_t size = end_of_piece(all.substr(given))) {
    give(all.substr(given, size), sink);
    given += size;
  }
  if (joins) {
    held_.erase(0, given);
  } else {
    held_.assign(all.substr(given));
  }
  if (held_.size() <= limit_ && !overlong_) return;
  // What was scanned of it passes; the rest of it is not read either.
  sink({held_, {}, {}, false});
  held_.clear();
  line_ = scanned_ = 0;
  overlong_ = true;
}

void PieceCutter::finish(const Sink& sink) {
  if (held_.empty()) return;
  give(held_, sink);
  held_.clear();
}

}  // namespace joulebook::gateway
