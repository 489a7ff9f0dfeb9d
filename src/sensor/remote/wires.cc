// Serial lines and TCP connections as meters.
#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "sensor/remote/byte_stream.h"

namespace joulebook {
namespace {

constexpr std::size_t kMostAtOnce = 64 * 1024;
constexpr int kConnectMilliseconds = 5000;

class Wire final : public ByteStream {
 public:
  Wire(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}
  ~Wire() override { ::close(fd_); }
  Got read(std::string& into, Nanos patience, const StopSignal& stop) override {
    if (!stop.readable(fd_, patience)) return Got::nothing;
    const std::size_t before = into.size();
    into.resize(before + kMostAtOnce);
    const ssize_t n = ::read(fd_, into.data() + before, kMostAtOnce);
    into.resize(before + static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
    if (n > 0) return Got::bytes;
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return Got::nothing;
    ended_ = n == 0 ? "the other side closed it" : std::strerror(errno);
    return Got::end;
  }
  [[nodiscard]] std::string complaint() override { return name_ + ": " + ended_; }

 private:
  int fd_;
  std::string name_;
  std::string ended_;
};

struct Speed {
  int baud;
  speed_t code;
};
constexpr std::array kSpeeds{Speed{1200, B1200},     Speed{2400, B2400},     Speed{4800, B4800},
                             Speed{9600, B9600},     Speed{19200, B19200},   Speed{38400, B38400},
                             Speed{57600, B57600},   Speed{115200, B115200}, Speed{230400, B230400},
                             Speed{460800, B460800}, Speed{921600, B921600}};

tl::unexpected<Error> serial_error(const std::string& path, int error) {
  const std::string what = fmt::format("cannot open {}: {}", path, std::strerror(error));
  if (error == EACCES || error == EPERM) {
    return fail(ErrorKind::no_reading, "sensor.permission", what,
                "sudo usermod -aG dialout $USER, then log in again");
  }
  return fail(ErrorKind::no_reading, "sensor.missing", what, "plug the meter in; ls /dev/tty*");
}

// Connects within the limit; whether it did.
bool connects(int fd, const addrinfo& to) {
  if (::connect(fd, to.ai_addr, to.ai_addrlen) == 0) return true;
  if (errno != EINPROGRESS) return false;
  pollfd ready{fd, POLLOUT, 0};
  if (::poll(&ready, 1, kConnectMilliseconds) <= 0) {
    errno = ETIMEDOUT;
    return false;
  }
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  errno = error;
  return error == 0;
}

}  // namespace

Result<std::unique_ptr<ByteStream>> open_serial(const std::string& path, int baud) {
  const auto speed =
      std::find_if(kSpeeds.begin(), kSpeeds.end(), [&](const Speed& s) { return s.baud == baud; });
  if (speed == kSpeeds.end()) {
    return fail(ErrorKind::usage, "sensor.unsupported", fmt::format("no speed of {} baud", baud),
                "9600 and 115200 are usual");
  }
  const int fd = ::open(path.c_str(), O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return serial_error(path, errno);
  auto wire = std::make_unique<Wire>(fd, path);
  termios line{};
  if (::tcgetattr(fd, &line) != 0) {
    return fail(ErrorKind::no_reading, "sensor.unsupported", path + " is no serial line",
                "name the meter's device, such as /dev/ttyUSB0");
  }
  ::cfmakeraw(&line);
  line.c_cflag |= static_cast<tcflag_t>(CLOCAL | CREAD);
  line.c_cflag &= static_cast<tcflag_t>(~(CSTOPB | CRTSCTS));
  ::cfsetspeed(&line, speed->code);
  if (::tcsetattr(fd, TCSANOW, &line) != 0) return serial_error(path, errno);
  return wire;
}

Result<std::unique_ptr<ByteStream>> open_tcp(const std::string& host, int port) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const std::string name = fmt::format("{}:{}", host, port);
  std::string problem;
  if (const int error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &wanted, &found);
      error != 0) {
    problem = ::gai_strerror(error);
  }
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    const int fd = ::socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) continue;
    if (connects(fd, *at)) {
      ::freeaddrinfo(found);
      return std::make_unique<Wire>(fd, name);
    }
    problem = std::strerror(errno);
    ::close(fd);
  }
  if (found != nullptr) ::freeaddrinfo(found);
  return fail(ErrorKind::no_reading, "sensor.unreachable",
              fmt::format("cannot connect to {}: {}", name, problem),
              "see whether the meter is switched on and its address is right");
}

}  // namespace joulebook
