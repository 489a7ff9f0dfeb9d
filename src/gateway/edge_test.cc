#include "gateway/edge.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <mutex>
#include <thread>

#include "fakes/loopback_server.h"

namespace joulebook::gateway {
namespace {

constexpr auto kMs = std::chrono::milliseconds(1);

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

 private:
  int fd_;
  bool closed_ = false;
};

std::string hear(int peer, std::string_view end) {
  std::string heard;
  char buffer[4096];
  while (heard.find(end) == heard.npos) {
    const auto n = ::recv(peer, buffer, sizeof buffer, 0);
    if (n <= 0) break;
    heard.append(buffer, static_cast<std::size_t>(n));
  }
  return heard;
}

void say(int peer, std::string_view bytes) { (void)!::send(peer, bytes.data(), bytes.size(), MSG_NOSIGNAL); }

// Remembers what it saw, and edits as it is told.
struct Plan {
  bool framed = false;
  std::optional<std::string> body;
  std::string add;  // at the end
  std::string header;
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
    if (head.target != "/own") return std::nullopt;
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
    EdgeOptions options;
    options.listen = "127.0.0.1:0";
    options.upstreams = {upstream};
    options.kept_body = 1000;
    auto edge = Edge::open(std::move(options), metering);
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
    for (int i = 0; i < 300; ++i) {
      {
        const std::lock_guard lock(metering_.mutex);
        if (!metering_.seen.over.empty()) return metering_.seen.over;
      }
      std::this_thread::sleep_for(10 * kMs);
    }
    return {};
  }
  Seen seen() {
    const std::lock_guard lock(metering_.mutex);
    return metering_.seen;
  }

  FakeMetering metering_;
  std::unique_ptr<fakes::LoopbackServer> upstream_;
  std::unique_ptr<Edge> edge_;
  std::thread thread_;
  std::mutex heard_mutex_;
  std::string heard_;
  std::atomic<int> upstream_ends_{0};
};

constexpr std::string_view kGet = "GET /v1/models?x=%20 HTTP/1.1\r\nhOST: a\r\nX-Odd:   v\r\n\r\n";
constexpr std::string_view kPost = "POST /v1/chat HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";

TEST_F(EdgeTest, WithoutMeteringEveryBytePassesAsItIs) {
  const std::string answer = "HTTP/1.1 200 Fine\r\nx-A:  1 \r\nContent-length: 3\r\n\r\nabc";
  start(answer);
  Client client(edge_->port());
  client.say(kGet);
  EXPECT_EQ(client.hear("abc"), answer);
  EXPECT_EQ(heard(), kGet);
  client.say(kGet);  // the same connection once more
  EXPECT_EQ(client.hear("abc"), answer);
}

TEST_F(EdgeTest, ChunksPassAsTheyAre) {
  const std::string answer =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n003\r\nabc\r\n2;q=1\r\nde\r\n0\r\nT: x\r\n\r\n";
  start(answer, false, "0\r\n\r\n");
  Client client(edge_->port());
  const std::string request =
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;a\r\nx\r\n02\r\nyz\r\n0\r\n\r\n";
  for (const char byte : request) client.say({&byte, 1});
  EXPECT_EQ(client.hear("T: x\r\n\r\n"), answer);
  EXPECT_EQ(heard(), request);
}

TEST_F(EdgeTest, AnAnswerUntilTheEndOfTheConnectionEndsSo) {
  start("HTTP/1.1 200 OK\r\n\r\nall of it", true);
  Client client(edge_->port());
  client.say(kGet);
  EXPECT_EQ(client.hear(), "HTTP/1.1 200 OK\r\n\r\nall of it");
  EXPECT_TRUE(client.closed());
}

TEST_F(EdgeTest, TheExchangeSeesThePayloadAndMayAddToIt) {
  metering_.plan = {true, std::nullopt, ": joulebook\n\n", "x-joulebook-request-id: 1\r\n"};
  start("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nA: b\r\n\r\n6\r\ndata: \r\n1\r\nx\r\n0\r\n\r\n", false,
        "hello", &metering_);
  Client client(edge_->port());
  client.say(kPost);
  const std::string heard_answer = client.hear("0\r\n\r\n");
  EXPECT_TRUE(heard_answer.starts_with("HTTP/1.1 200 OK\r\nA: b\r\nx-joulebook-request-id: 1\r\n"
                                       "Transfer-Encoding: chunked\r\n\r\n"))
      << heard_answer;
  EXPECT_TRUE(heard_answer.ends_with("d\r\n: joulebook\n\n\r\n0\r\n\r\n")) << heard_answer;
  EXPECT_EQ(finishes(), std::vector{Finish::complete});
  EXPECT_EQ(seen().payload, "data: x");
  EXPECT_EQ(seen().body, "hello");
  EXPECT_EQ(seen().sent, 1);
}

TEST_F(EdgeTest, AnotherBodyIsSentWithItsLength) {
  metering_.plan.body = "hello, more";
  start("HTTP/1.1 204 No Content\r\n\r\n", false, "more", &metering_);
  Client client(edge_->port());
  client.say(kPost);
  EXPECT_EQ(client.hear("\r\n\r\n"), "HTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_EQ(heard(), "POST /v1/chat HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nhello, more");
}

TEST_F(EdgeTest, ALongBodyPassesUnseen) {
  start("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false, "END", &metering_);
  Client client(edge_->port());
  const std::string body = std::string(5000, 'x') + "END";
  client.say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  EXPECT_TRUE(client.hear("\r\n\r\n").starts_with("HTTP/1.1 200"));
  EXPECT_TRUE(heard().ends_with(body));
  EXPECT_EQ(seen().body, "");
}

TEST_F(EdgeTest, AnswersAContinueWhereItKeepsTheBody) {
  start("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", false, "hello", &metering_);
  Client client(edge_->port());
  client.say("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(client.hear("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.say("hello");
  EXPECT_TRUE(client.hear("ok").ends_with("ok"));
  EXPECT_EQ(heard().find("Expect"), std::string::npos);
}

TEST_F(EdgeTest, PipelinedRequestsAreAnsweredInTurn) {
  start("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na");
  Client client(edge_->port());
  client.say(std::string(kGet) + std::string(kGet));
  const std::string once = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na";
  EXPECT_EQ(client.hear("\r\n\r\naHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na"), once + once);
}

TEST_F(EdgeTest, AnswersToHeadHaveNoBody) {
  start("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
  Client client(edge_->port());
  for (int i = 0; i < 2; ++i) {
    client.say("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(client.hear("\r\n\r\n"), "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
  }
}

TEST_F(EdgeTest, WhatIsSmuggledNeverReachesTheUpstream) {
  start("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  for (const char* bad : {"GET / HTTP/1.1\nHost: a\n\n",
                          "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                          "GET / HTTP/1.1\r\nHost : a\r\n\r\n", "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n"}) {
    Client client(edge_->port());
    client.say(bad);
    EXPECT_TRUE(client.hear().starts_with("HTTP/1.1 400 ")) << bad;
    EXPECT_TRUE(client.closed());
  }
  Client client(edge_->port());
  client.say("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n");
  EXPECT_TRUE(client.hear().starts_with("HTTP/1.1 501 "));
  EXPECT_EQ(heard(), "");
}

TEST_F(EdgeTest, ABrokenAnswerLooksBroken) {
  start("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n", true, "hello", &metering_);
  Client client(edge_->port());
  client.say(kPost);
  const std::string answer = client.hear();
  EXPECT_TRUE(answer.ends_with("5\r\nabcde")) << answer;  // the line's end belongs to the next chunk
  EXPECT_TRUE(client.closed());
  EXPECT_EQ(finishes(), std::vector{Finish::upstream_gone});
  EXPECT_EQ(seen().last, 0);
}

TEST_F(EdgeTest, AnUpstreamThatSaysNothingIsA502) {
  start("", true, "hello", &metering_);
  Client client(edge_->port());
  client.say(kPost);
  EXPECT_TRUE(client.hear().starts_with("HTTP/1.1 502 "));
  EXPECT_EQ(finishes(), std::vector{Finish::upstream_gone});
}

TEST_F(EdgeTest, NoUpstreamIsA503ThatNamesTheCure) {
  metering_.plan.header = "x-joulebook-request-id: 9\r\n";
  open("http://127.0.0.1:1", &metering_);
  Client client(edge_->port());
  client.say(kPost);
  const std::string answer = client.hear();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 "));
  EXPECT_NE(answer.find("gateway.upstream"), std::string::npos);
  EXPECT_NE(answer.find("x-joulebook-request-id: 9"), std::string::npos);
  EXPECT_EQ(finishes(), std::vector{Finish::refused});
}

TEST_F(EdgeTest, AClientThatLeavesEndsTheUpstreamsWork) {
  start("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n", false, "hello", &metering_);
  {
    Client client(edge_->port());
    client.say(kPost);
    client.hear("abcde");
  }
  EXPECT_EQ(finishes(), std::vector{Finish::client_gone});
  for (int i = 0; i < 300 && upstream_ends_ == 0; ++i) std::this_thread::sleep_for(10 * kMs);
  EXPECT_EQ(upstream_ends_, 1);
}

TEST_F(EdgeTest, AnswersForItself) {
  start("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false, "\r\n\r\n", &metering_);
  Client client(edge_->port());
  client.say("GET /own HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(client.hear("mine").ends_with("Content-Length: 4\r\n\r\nmine"));
  client.say("GET /live HTTP/1.1\r\nHost: a\r\n\r\n");
  const std::string live = client.hear("1\r\n8\r\n");
  EXPECT_NE(live.find("5\r\nfirst\r\n1\r\n7\r\n"), std::string::npos) << live;
  EXPECT_EQ(heard(), "");
}

TEST_F(EdgeTest, ADrainLetsOpenAnswersEnd) {
  std::atomic<bool> go{false};
  upstream_ = std::make_unique<fakes::LoopbackServer>([&](int peer) {
    hear(peer, "\r\n\r\n");
    say(peer, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc");
    while (!go) std::this_thread::sleep_for(kMs);
    say(peer, "def");
    hear(peer, "never");
  });
  open("http://127.0.0.1:" + std::to_string(upstream_->port()), nullptr);
  Client idle(edge_->port());
  Client client(edge_->port());
  client.say(kGet);
  client.hear("abc");
  edge_->drain(std::chrono::seconds(20));
  idle.hear();
  EXPECT_TRUE(idle.closed());
  go = true;
  EXPECT_EQ(client.hear(), "def");
  thread_.join();  // run() returns by itself
}

TEST(Edge, OpensToTheNetworkOnlyWhereAsked) {
  EdgeOptions options;
  options.upstreams = {"http://127.0.0.1:1"};
  options.listen = "0.0.0.0:0";
  EXPECT_EQ(Edge::open(options, nullptr).error().code, "edge.open");
  options.open_to_network = true;
  EXPECT_TRUE(Edge::open(options, nullptr));
  options.listen = "nowhere";
  EXPECT_EQ(Edge::open(options, nullptr).error().code, "edge.address");
  options.listen = "127.0.0.1:0";
  for (const char* bad : {"127.0.0.1:80", "ftp://x", "http://", "http://h:99999", "http://u:secret@h/", "http://h/?k=1"}) {
    options.upstreams = {bad};
    const auto edge = Edge::open(options, nullptr);
    ASSERT_FALSE(edge) << bad;
    EXPECT_EQ(edge.error().code, "edge.upstream");
    EXPECT_EQ(edge.error().message.find("secret"), std::string::npos);
  }
}

}  // namespace
}  // namespace joulebook::gateway
