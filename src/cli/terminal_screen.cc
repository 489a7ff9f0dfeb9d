#include "cli/terminal_screen.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>

namespace joulebook {
namespace {

constexpr std::string_view kEnter = "\x1b[?1049h\x1b[?25l\x1b[2J";
constexpr std::string_view kLeave = "\x1b[?25h\x1b[?1049l\x1b[0m";
constexpr std::array kEnding = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
constexpr std::array kCrashing = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

// What a signal handler may touch.
std::atomic<bool> g_taken{false};
std::atomic<int> g_ending{0};
termios g_before{};

void write_all(std::string_view text) {
  while (!text.empty()) {
    const auto n = ::write(STDOUT_FILENO, text.data(), text.size());
    if (n < 0 && errno != EINTR && errno != EAGAIN) return;
    if (n > 0) text.remove_prefix(static_cast<std::size_t>(n));
  }
}

// Nothing but calls that are safe in a signal handler.
void restore() {
  if (!g_taken.exchange(false)) return;
  write_all(kLeave);
  ::tcsetattr(STDIN_FILENO, TCSANOW, &g_before);
}

// The first one ends the program in order, a second one at once.
void on_ending(int number) {
  if (g_ending.exchange(number) == 0) return;
  restore();
  ::_exit(128 + number);
}

// SA_RESETHAND: raised again, it ends the program as it would have.
void on_crash(int number) {
  restore();
  ::raise(number);
}

template <class Signals>
void handle(const Signals& signals, void (*handler)(int), int flags) {
  struct sigaction action{};
  action.sa_handler = handler;
  action.sa_flags = flags;
  for (const int number : signals) sigaction(number, &action, nullptr);
}

}  // namespace

Status TerminalScreen::take() {
  if (::isatty(STDOUT_FILENO) == 0 || ::tcgetattr(STDIN_FILENO, &g_before) != 0) {
    return fail(ErrorKind::usage, "top.no_terminal", "there is no terminal to draw on",
                "use --once for one frame as text, or --json -");
  }
  handle(kEnding, on_ending, 0);
  handle(kCrashing, on_crash, static_cast<int>(SA_RESETHAND));
  termios raw = g_before;
  raw.c_lflag &= static_cast<tcflag_t>(~(ICANON | ECHO));
  raw.c_cc[VMIN] = 0;
  raw.c_cc[VTIME] = 0;
  raw.c_cc[VSUSP] = _POSIX_VDISABLE;  // stopped, it would leave its screen to the shell
  ::tcsetattr(STDIN_FILENO, TCSANOW, &raw);
  g_taken = true;
  write_all(kEnter);
  return {};
}

void TerminalScreen::give_back() { restore(); }

void TerminalScreen::draw(std::string_view frame) {
  std::string out = "\x1b[H";
  for (const char c : frame) out += c == '\n' ? std::string("\x1b[K\r\n") : std::string(1, c);
  write_all(out + "\x1b[K\x1b[J");
}

std::optional<char> TerminalScreen::key(int wait_ms) {
  pollfd in{STDIN_FILENO, POLLIN, 0};
  char c = 0;
  if (::poll(&in, 1, wait_ms) <= 0) return std::nullopt;
  if ((in.revents & (POLLHUP | POLLERR)) != 0) g_ending = SIGHUP;  // the terminal is gone
  return ::read(STDIN_FILENO, &c, 1) == 1 ? std::optional(c) : std::nullopt;
}

TerminalScreen::Size TerminalScreen::size() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return {};
  return {size.ws_col, size.ws_row};
}

int TerminalScreen::ending() { return g_ending; }

}  // namespace joulebook
