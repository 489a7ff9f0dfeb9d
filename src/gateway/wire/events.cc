#include "gateway/wire/events.h"

#include <algorithm>

#include "core/json_scan.h"

namespace joulebook::gateway {

namespace {

// Ends of lines one after the other, each byte looked at once or twice whatever they are.
class LineEnds {
 public:
  explicit LineEnds(std::string_view text) : text_(text), lf_(text.find('\n')), cr_(text.find('\r')) {}
  // The first one from `at` on, or the text's end; `at` grows from call to call.
  std::size_t next(std::size_t at) {
    if (lf_ < at) lf_ = text_.find('\n', at);
    if (cr_ < at) cr_ = text_.find('\r', at);
    return std::min({lf_, cr_, text_.size()});
  }

 private:
  std::string_view text_;
  std::size_t lf_;
  std::size_t cr_;
};

}  // namespace

// WHATWG HTML, 9.2.6: lines end with CRLF, LF or CR; one space after the colon is not the value's.
void PieceCutter::read_event(std::string_view raw, Piece& piece) {
  bool any = false;
  LineEnds ends(raw);
  for (std::size_t at = 0; at < raw.size();) {
    const std::size_t end = ends.next(at);
    const std::string_view line = raw.substr(at, end - at);
    at = end + (raw.substr(end, 2) == "\r\n" ? 2 : 1);
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
