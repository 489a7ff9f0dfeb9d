#pragma once
// A listener on a free port of loopback that talks with whoever comes, one peer after the other, on
// a thread of its own until it is destroyed.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <thread>

namespace joulebook::fakes {

class LoopbackServer {
 public:
  // `converse` is given each peer's socket, which is closed after it. `port` 0: any that is free.
  explicit LoopbackServer(std::function<void(int peer)> converse, int port = 0)
      : converse_(std::move(converse)), fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    const int again = 1;
    ::setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &again, sizeof again);
    sockaddr_in where{};
    where.sin_port = htons(static_cast<std::uint16_t>(port));
    where.sin_family = AF_INET;
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof where;
    EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&where), length), 0);
    EXPECT_EQ(::listen(fd_, 8), 0);
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&where), &length);
    port_ = ntohs(where.sin_port);
    thread_ = std::thread([this] {
      for (int peer = ::accept(fd_, nullptr, nullptr); peer >= 0;
           peer = ::accept(fd_, nullptr, nullptr)) {
        converse_(peer);
        ::close(peer);
      }
    });
  }
  ~LoopbackServer() {
    ::shutdown(fd_, SHUT_RDWR);
    thread_.join();
    ::close(fd_);
  }
  LoopbackServer(const LoopbackServer&) = delete;
  LoopbackServer& operator=(const LoopbackServer&) = delete;

  [[nodiscard]] int port() const { return port_; }

 private:
  std::function<void(int peer)> converse_;
  int fd_;
  int port_ = 0;
  std::thread thread_;
};

}  // namespace joulebook::fakes
