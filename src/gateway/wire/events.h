#pragma once
// Cuts an answer's bytes into the pieces that are understood one by one, each with its bytes as they
// came: server-sent events (blank line included), or lines of NDJSON. Bounded: a piece longer than the
// limit passes in parts that nobody reads. Pieces point into what was fed, or into what is held of it:
// they hold while the sink is called. Not thread-safe.
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace joulebook::gateway {

struct Piece {
  std::string_view raw;
  std::string_view data;   // of the data lines, joined by LF; of a line: the line
  std::string_view event;  // its name; empty: none
  bool readable = true;    // false: a part of one that was too long
};

class PieceCutter {
 public:
  enum class Kind { events, lines };
  using Sink = std::function<void(const Piece&)>;
  explicit PieceCutter(Kind kind, std::size_t limit = std::size_t{16} << 20)
      : kind_(kind), limit_(limit) {}

  void feed(std::string_view bytes, const Sink& sink);
  // What is held at the end, though its blank line never came.
  void finish(const Sink& sink);
  [[nodiscard]] std::size_t held() const { return held_.size(); }

 private:
  void give(std::string_view raw, const Sink& sink);
  [[nodiscard]] std::size_t end_of_piece(std::string_view bytes);
  void read_event(std::string_view raw, Piece& piece);
  Kind kind_;
  std::size_t limit_;
  std::string held_;
  std::string joined_;       // several data lines of one event
  std::size_t line_ = 0;     // where the line that is scanned begins
  std::size_t scanned_ = 0;  // up to where
  bool overlong_ = false;
};

}  // namespace joulebook::gateway
