#pragma once
// Server-sent events as they arrive (WHATWG HTML, section 9.2.6): any chunking, LF, CRLF or CR line
// ends, comments, several data lines an event. Bounded: a line or an event's data longer than the
// limit ends the stream as overlong. Not thread-safe.
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace joulebook {

class SseParser {
 public:
  // Receives the data of each event (its lines joined by LF) and its name, empty for the default.
  using Sink = std::function<void(std::string_view data, std::string_view event)>;
  explicit SseParser(Sink sink, std::size_t limit = 4 << 20);

  // False once a line or an event was overlong; what follows is dropped.
  bool feed(std::string_view bytes);
  // The stream is over. An event whose blank line never came is dropped, as the standard says,
  // unless `lenient`: some servers end without it.
  void finish(bool lenient = true);

  // Whether anything that looks like an event stream was seen (a field or a comment).
  [[nodiscard]] bool any() const { return any_; }

 private:
  void line(std::string_view text);
  void dispatch();

  Sink sink_;
  std::size_t limit_;
  std::string line_;
  std::string data_;
  std::string event_;
  bool has_data_ = false;
  bool after_cr_ = false;
  bool overlong_ = false;
  bool any_ = false;
};

}  // namespace joulebook
