#include "engine/command_exchange.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace joulebook {
namespace {

constexpr Nanos kLook = std::chrono::milliseconds(50);  // at `cancel`, and at the program's end
constexpr std::size_t kPiece = 64 * 1024;

class Exchange {
 public:
  Exchange(Subprocess& program, std::string_view input, const ExchangeLimits& limits, bool line)
      : program_(program), input_(input), limits_(limits), line_(line) {}

  ExchangeResult run() {
    if (input_.empty() && !line_) program_.close_in();
    while (!over_) step();
    return std::move(result_);
  }

 private:
  void end(ExchangeEnd how) {
    result_.end = how;
    over_ = true;
  }

  void step() {
    if (limits_.cancel != nullptr && limits_.cancel->load(std::memory_order_relaxed)) {
      return end(ExchangeEnd::cancelled);
    }
    const Nanos left = limits_.until - system_clock().now();
    if (left.count() <= 0) return end(ExchangeEnd::late);
    const bool sends = !input_.empty() && program_.in() >= 0;
    std::array<pollfd, 3> files = {pollfd{program_.out(), POLLIN, 0},
                                   pollfd{program_.err(), POLLIN, 0},
                                   pollfd{sends ? program_.in() : -1, POLLOUT, 0}};
    if (deaf_) files[1].fd = -1;
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(std::min(left, kLook));
    const int ready = ::poll(files.data(), files.size(), static_cast<int>(wait.count()));
    if (ready < 0) return;  // a signal: looked at by the next step
    if (files[1].revents != 0) {
      program_.drain_complaint();
      deaf_ = (files[1].revents & POLLIN) == 0;  // it has closed it
    }
    if (files[2].revents != 0) send();
    program_.look_at_memory();
    if (files[0].revents != 0) return receive();
    // Silent, and gone: whoever still holds its output is a child that it left behind.
    if (ready == 0 && program_.ended(Nanos{0})) end(line_ ? ExchangeEnd::ended : ExchangeEnd::done);
  }

  void send() {
    const ssize_t n = program_.write(input_.data(), input_.size());
    if (n > 0) input_.remove_prefix(static_cast<std::size_t>(n));
    // A program need not read all that it is told.
    const bool refused = n < 0 && errno != EAGAIN && errno != EINTR;
    if (refused) input_ = {};
    if (input_.empty() && (!line_ || refused)) program_.close_in();
  }

  void receive() {
    const std::size_t before = result_.output.size();
    result_.output.resize(before + kPiece);
    const ssize_t n = ::read(program_.out(), result_.output.data() + before, kPiece);
    result_.output.resize(before + static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
    if (n == 0) return end(line_ ? ExchangeEnd::ended : ExchangeEnd::done);
    if (n < 0) return;
    if (!result_.first) result_.first = system_clock().now();
    const auto newline = line_ ? result_.output.find('\n', before) : std::string::npos;
    if (std::min(newline, result_.output.size()) > limits_.most) {
      result_.output.resize(limits_.most);
      return end(ExchangeEnd::flood);
    }
    if (newline == std::string::npos) return;
    result_.rest = result_.output.substr(newline + 1);
    result_.output.resize(newline);
    end(ExchangeEnd::done);
  }

  Subprocess& program_;
  std::string_view input_;
  const ExchangeLimits& limits_;
  bool line_;
  bool deaf_ = false;
  bool over_ = false;
  ExchangeResult result_;
};

}  // namespace

ExchangeResult exchange_whole(Subprocess& program, std::string_view input,
                              const ExchangeLimits& limits) {
  return Exchange(program, input, limits, false).run();
}

void await_end(const Subprocess& program, const ExchangeLimits& limits, ExchangeResult& got) {
  while (got.end == ExchangeEnd::done) {
    const Nanos left = limits.until - system_clock().now();
    if (program.ended(std::clamp(left, Nanos{0}, kLook))) return;
    if (limits.cancel != nullptr && limits.cancel->load()) got.end = ExchangeEnd::cancelled;
    if (left.count() <= 0) got.end = ExchangeEnd::late;
  }
}

ExchangeResult exchange_line(Subprocess& program, std::string_view input,
                             const ExchangeLimits& limits) {
  return Exchange(program, input, limits, true).run();
}

std::string unread(Subprocess& program) {
  std::string out(kPiece, '\0');
  const ssize_t n = ::read(program.out(), out.data(), out.size());
  out.resize(static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
  return out;
}

}  // namespace joulebook
