#pragma once
// Colour on a terminal, where there is any. Pure.
#include <string>
#include <string_view>

#include "report/terminal_table.h"

namespace joulebook {

// Wraps texts in SGR sequences, or leaves them alone.
class Ink {
 public:
  explicit Ink(const ScreenStyle& style) : on_(style.colour) {}
  [[nodiscard]] std::string bold(std::string_view text) const { return sgr("1", text); }
  [[nodiscard]] std::string dim(std::string_view text) const { return sgr("2", text); }
  [[nodiscard]] std::string good(std::string_view text) const { return sgr("32", text); }
  [[nodiscard]] std::string warn(std::string_view text) const { return sgr("33", text); }
  [[nodiscard]] std::string bad(std::string_view text) const { return sgr("31", text); }

 private:
  [[nodiscard]] std::string sgr(std::string_view code, std::string_view text) const {
    if (!on_ || text.empty()) return std::string(text);
    return std::string("\x1b[").append(code).append("m").append(text).append("\x1b[0m");
  }
  bool on_;
};

}  // namespace joulebook
