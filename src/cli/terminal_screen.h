#pragma once
// A terminal taken over for a program that draws whole frames, and given back on every way out: when
// this object goes, on SIGINT, SIGTERM, SIGHUP and SIGQUIT, and where the program crashes.
#include <joulebook/result.h>

#include <optional>
#include <string>
#include <string_view>

namespace joulebook {

class TerminalScreen {
 public:
  // Takes the terminal on standard output: another screen, no cursor, keys as they are pressed. At
  // most one at a time. Errors: usage "top.no_terminal".
  [[nodiscard]] static Status take();
  // Gives it back; nothing where it was not taken. Safe to call twice.
  static void give_back();

  // Draws a frame of lines over the last one.
  static void draw(std::string_view frame);
  // A key that was pressed, waiting so long for one; nothing where none was, or a signal came.
  [[nodiscard]] static std::optional<char> key(int wait_ms);
  struct Size {
    int width = 80;
    int height = 24;
  };
  [[nodiscard]] static Size size();
  // Whether a signal asked the program to end, and which; 0: none.
  [[nodiscard]] static int ending();
};

}  // namespace joulebook
