#include "meter/mark_channel.h"

#include <fmt/format.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/clock.h"
#include "core/text.h"

namespace joulebook {
namespace {

constexpr std::string_view kPrefix = "JBMARK1 ";

bool fill(sockaddr_un& address, const std::string& path) {
  address = {};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return false;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return true;
}

tl::unexpected<Error> socket_error(const char* code, const std::string& what) {
  return fail(ErrorKind::resource, code, what + ": " + std::strerror(errno),
              "marks from inside the command need a writable TMPDIR with a short name");
}

}  // namespace

Result<std::unique_ptr<MarkChannel>> MarkChannel::open() {
  const char* base = std::getenv("TMPDIR");
  std::string directory = std::string(base != nullptr && *base != 0 ? base : "/tmp");
  directory += "/joulebook-XXXXXX";
  if (::mkdtemp(directory.data()) == nullptr) return socket_error("mark.socket", directory);
  const std::string path = directory + "/mark";
  sockaddr_un address{};
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  errno = fd >= 0 ? ENAMETOOLONG : errno;
  if (fd < 0 || !fill(address, path) ||
      ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    auto error = socket_error("mark.socket", path);
    if (fd >= 0) ::close(fd);
    ::rmdir(directory.c_str());
    return error;
  }
  return std::unique_ptr<MarkChannel>(new MarkChannel(fd, directory, path));
}

MarkChannel::MarkChannel(int fd, std::string directory, std::string path)
    : fd_(fd),
      directory_(std::move(directory)),
      path_(std::move(path)),
      opened_(system_clock().now()) {}

MarkChannel::~MarkChannel() {
  ::close(fd_);
  ::unlink(path_.c_str());
  ::rmdir(directory_.c_str());
}

std::vector<Mark> MarkChannel::drain() {
  std::vector<Mark> out;
  char buffer[kMarkBytes + 1];
  for (;;) {
    const ssize_t n = ::recv(fd_, buffer, sizeof buffer, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return out;
    auto mark = parse_mark(std::string_view(buffer, static_cast<std::size_t>(n)));
    if (!mark) {
      ++refused_;
      continue;
    }
    const SteadyTime now = system_clock().now();
    if (mark->at > now || mark->at < opened_) mark->at = now;
    out.push_back(std::move(*mark));
  }
}

std::optional<Mark> parse_mark(std::string_view datagram) {
  if (datagram.size() > kMarkBytes || !datagram.starts_with(kPrefix)) return std::nullopt;
  datagram.remove_prefix(kPrefix.size());
  const auto space = datagram.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  const auto ns = parse_int(datagram.substr(0, space));
  const std::string_view name = datagram.substr(space + 1);
  if (!ns || name.empty() || name.size() > kMarkName) return std::nullopt;
  return Mark{valid_utf8(name), SteadyTime{*ns}};
}

Status send_mark(const std::string& address, std::string_view name) {
  const SteadyTime now = system_clock().now();
  if (name.empty() || name.size() > kMarkName) {
    return fail(ErrorKind::usage, "mark.name",
                fmt::format("a mark's name has 1 to {} bytes", kMarkName), "shorten the name");
  }
  sockaddr_un to{};
  if (address.empty() || !fill(to, address)) {
    return fail(ErrorKind::usage, "mark.nobody", "nobody listens for marks here",
                "send marks from inside `joulebook run`");
  }
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return socket_error("mark.send", address);
  const std::string text = fmt::format("{}{} {}", kPrefix, now.ns, name);
  const ssize_t sent =
      ::sendto(fd, text.data(), text.size(), 0, reinterpret_cast<sockaddr*>(&to), sizeof to);
  const int error = errno;
  ::close(fd);
  errno = error;
  if (sent != static_cast<ssize_t>(text.size())) return socket_error("mark.send", address);
  return {};
}

}  // namespace joulebook
