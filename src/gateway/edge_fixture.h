#pragma once
// An edge between a client and an upstream that say what a test tells them to, byte by byte, and a
// Metering that remembers what it saw.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <mutex>
#include <thread>

#include "fakes/loopback_server.h"
#include "fakes/patience.h"
#include "gateway/edge.h"

namespace joulebook::gateway {

inline constexpr auto kMs = std::chrono::milliseconds(1);

// A peer that says what it is told to, byte by byte, and hears everything.
class Client {
 public:
  explicit Client(int port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    where.sin_port = htons(static_cast<std::uint16_t>(port));
    EXPECT_EQ(::connect(fd_, reinterpret_cast<sockaddr*>(&where), sizeof where), 0);
  }
  ~Client() { close(); }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  void say(std::string_view bytes) const {
    while (!bytes.empty()) {
      const auto n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
  }
  // Says as much of `most` bytes as is taken, until nothing was for a second.
  std::size_t say_what_is_taken(std::size_t most) const {
    const std::string much(64 * 1024, 'x');
    std::size_t taken = 0;
    for (pollfd p{fd_, POLLOUT, 0}; taken < most && ::poll(&p, 1, 1000) > 0;) {
      const auto n = ::send(fd_, much.data(), much.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n > 0) taken += static_cast<std::size_t>(n);
    }
    return taken;
  }
  // What comes within that time.
  std::string hear_for(std::chrono::milliseconds span) {
    char buffer[4096];
    pollfd p{fd_, POLLIN, 0};
    if (::poll(&p, 1, static_cast<int>(span.count())) <= 0) return {};
    const auto n = ::recv(fd_, buffer, sizeof buffer, 0);
    closed_ = n <= 0;
    return {buffer, static_cast<std::size_t>(std::max<ssize_t>(n, 0))};
  }
  // Until `end` was heard, the peer closed, or five seconds passed.
  std::string hear(std::string_view end = {}) {
    std::string heard;
    char buffer[4096];
    while (end.empty() || heard.find(end) == heard.npos) {
      pollfd p{fd_, POLLIN, 0};
      if (::poll(&p, 1, 5000) <= 0) break;
      const auto n = ::recv(fd_, buffer, sizeof buffer, 0);
      if (n <= 0) {
        closed_ = true;
        break;
      }
      heard.append(buffer, static_cast<std::size_t>(n));
    }
    return heard;
  }
  [[nodiscard]] bool closed() const { return closed_; }
  [[nodiscard]] int socket() const { return fd_; }

 private:
  int fd_;
  bool closed_ = false;
};

inline std::string hear(int peer, std::string_view end) {
  std::string heard;
  char buffer[4096];
  while (heard.find(end) == heard.npos) {
    const auto n = ::recv(peer, buffer, sizeof buffer, 0);
    if (n <= 0) break;
    heard.append(buffer, static_cast<std::size_t>(n));
  }
  return heard;
}

inline void say(int peer, std::string_view bytes) { (void)!::send(peer, bytes.data(), bytes.size(), MSG_NOSIGNAL); }

// Remembers what it saw, and edits as it is told.
struct Plan {
  bool framed = false;
  std::optional<std::string> body;
  std::string add;  // at the end
  std::string header;
  bool body_for_nobody = false;
};
struct Seen {
  std::string body;
  std::string payload;
  std::vector<Finish> over;
  int sent = 0;
  int last = 0;
};

class FakeExchange final : public Exchange {
 public:
  FakeExchange(const Plan& plan, Seen& seen, std::mutex& mutex) : plan_(plan), seen_(seen), mutex_(mutex) {}
  [[nodiscard]] Wants wants() const override { return {true, true}; }
  std::optional<std::string> body(std::string_view whole) override {
    const std::lock_guard lock(mutex_);
    seen_.body = whole;
    return plan_.body;
  }
  [[nodiscard]] bool replaces_for(std::uint32_t) const override { return !plan_.body_for_nobody; }
  [[nodiscard]] std::span<const std::uint32_t> upstreams() const override { return {}; }
  void sent(std::uint32_t, SteadyTime) override {
    const std::lock_guard lock(mutex_);
    ++seen_.sent;
  }
  std::string head(const AnswerHead&, SteadyTime, bool& framed) override {
    framed = plan_.framed;
    return plan_.header;
  }
  void payload(std::string_view bytes, SteadyTime, std::string& out) override {
    const std::lock_guard lock(mutex_);
    seen_.payload += bytes;
    if (plan_.framed) out += bytes;
  }
  void last(SteadyTime, std::string& out, std::string&) override {
    const std::lock_guard lock(mutex_);
    ++seen_.last;
    if (plan_.framed) out += plan_.add;
  }
  void over(Finish how, SteadyTime) override {
    const std::lock_guard lock(mutex_);
    seen_.over.push_back(how);
  }

 private:
  Plan plan_;
  Seen& seen_;
  std::mutex& mutex_;
};

class FakeMetering final : public Metering {
 public:
  Plan plan;
  Seen seen;
  std::mutex mutex;
  int asked = 0;

  [[nodiscard]] std::unique_ptr<Exchange> begin(const RequestHead& head, SteadyTime) override {
    if (head.target.starts_with("/unseen")) return nullptr;
    return std::make_unique<FakeExchange>(plan, seen, mutex);
  }
  [[nodiscard]] std::optional<Own> own(const RequestHead& head) override {
    Own own;
    own.content_type = "text/event-stream";
    if (head.target == "/live") {
      own.body = "first";
      own.live = true;
      own.cursor = 7;
      return own;
    }
    if (head.target == "/busy" && ++asked < 4) {
      own.later = true;
      return own;
    }
    if (head.target != "/own" && head.target != "/busy") return std::nullopt;
    own.body = "mine";
    return own;
  }
  [[nodiscard]] std::string next(std::uint64_t& cursor) override {
    return cursor < 9 ? std::to_string(cursor++) : "";
  }
};

class EdgeTest : public testing::Test {
 protected:
  // The upstream answers each request of a connection with `answer`; what it heard is kept.
  void start(std::string answer, bool close_after = false, std::string_view request_end = "\r\n\r\n",
             Metering* metering = nullptr) {
    upstream_ = std::make_unique<fakes::LoopbackServer>([=, this](int peer) {
      for (;;) {
        const std::string heard = hear(peer, request_end);
        {
          const std::lock_guard lock(heard_mutex_);
          heard_ += heard;
        }
        if (heard.empty()) {
          ++upstream_ends_;
          return;
        }
        say(peer, answer);
        if (close_after) return;
      }
    });
    open("http://127.0.0.1:" + std::to_string(upstream_->port()), metering);
  }
  void open(const std::string& upstream, Metering* metering) {
    options_.listen = "127.0.0.1:0";
    options_.upstreams = {upstream};
    auto edge = Edge::open(options_, metering);
    ASSERT_TRUE(edge) << edge.error().message;
    edge_ = std::move(*edge);
    thread_ = std::thread([this] { edge_->run(); });
  }
  void TearDown() override {
    if (edge_) edge_->stop();
    if (thread_.joinable()) thread_.join();
    edge_.reset();  // its connections to the upstream, too, so that it ends
    upstream_.reset();
  }
  std::string heard() {
    const std::lock_guard lock(heard_mutex_);
    return heard_;
  }
  std::vector<Finish> finishes() {
    (void)fakes::wait_for([this] { return !seen().over.empty(); });
    return seen().over;
  }
  Seen seen() {
    const std::lock_guard lock(metering_.mutex);
    return metering_.seen;
  }

  // A connection to it, one after the other, is `converse`'s.
  void behind(std::function<void(int peer)> converse, Metering* metering = nullptr) {
    upstream_ = std::make_unique<fakes::LoopbackServer>(std::move(converse));
    open("http://127.0.0.1:" + std::to_string(upstream_->port()), metering);
  }

  EdgeOptions options_ = [] {
    EdgeOptions options;
    options.kept_body = 1000;
    return options;
  }();
  FakeMetering metering_;
  std::unique_ptr<fakes::LoopbackServer> upstream_;
  std::unique_ptr<Edge> edge_;
  std::thread thread_;
  std::mutex heard_mutex_;
  std::string heard_;
  std::atomic<int> upstream_ends_{0};
};

inline constexpr std::string_view kGet = "GET /v1/models?x=%20 HTTP/1.1\r\nhOST: a\r\nX-Odd:   v\r\n\r\n";
inline constexpr std::string_view kPost = "POST /v1/chat HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";

}  // namespace joulebook::gateway
