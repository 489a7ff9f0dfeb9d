// A request's body and its answer side by side, and what becomes of a request whose kept connection
// has died.
#include <netinet/tcp.h>
#include <sys/ioctl.h>

#include "gateway/edge_fixture.h"
#include "gateway/upstream.h"

namespace joulebook::gateway {
namespace {

constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
constexpr std::string_view kTooLarge = "HTTP/1.1 413 Too Large\r\nContent-Length: 4\r\n\r\nless";

std::string head_of(std::size_t length) {
  return "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(length) + "\r\n\r\n";
}

// Reads what comes until the peer closes; returns how much that was.
std::size_t drain(int peer) {
  std::size_t all = 0;
  char buffer[65536];
  for (auto n = ::recv(peer, buffer, sizeof buffer, 0); n > 0; n = ::recv(peer, buffer, sizeof buffer, 0)) {
    all += static_cast<std::size_t>(n);
  }
  return all;
}

void say_all(int peer, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto n = ::send(peer, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

// What a second request finds on a connection that has answered a first: the peer is gone.
enum class Dies { after_reading, unread };

class KeptConnection : public EdgeTest {
 protected:
  void start_dying(Dies how) {
    behind([this, how](int peer) {
      if (++connections_ > 1) {
        while (!hear(peer, "\r\n\r\n").empty()) {
          ++answered_again_;
          say(peer, kOk);
        }
        return;
      }
      hear(peer, "\r\n\r\n");
      say(peer, kOk);
      const int no = 0;  // its TCP does not acknowledge at once, as after a pause
      ::setsockopt(peer, IPPROTO_TCP, TCP_QUICKACK, &no, sizeof no);
      pollfd p{peer, POLLIN, 0};
      ::poll(&p, 1, 5000);
      if (how == Dies::after_reading) hear(peer, "\r\n\r\n");
    });
  }
  // The answer to a second request of the same connection.
  std::string second(std::string_view request) {
    Client client(edge_->port());
    client.say(kGet);
    EXPECT_EQ(client.hear("ok"), kOk);
    client.say(request);
    std::string answer = client.hear("ok");
    client.close();
    return answer;
  }
  std::atomic<int> connections_{0};
  std::atomic<int> answered_again_{0};
};

TEST_F(EdgeTest, AnAnswerIsHeardWhileTheBodyStillComes) {
  behind([](int peer) {
    hear(peer, "\r\n\r\n");
    say(peer, kTooLarge);
    drain(peer);
  });
  Client client(edge_->port());
  client.say(head_of(1'000'000'000));
  client.say("a beginning");
  EXPECT_EQ(client.hear("less"), kTooLarge);  // though the body's end never comes
}

TEST_F(EdgeTest, AnEarlyAnswerIsNotLostWithTheConnectionItCameOn) {
  behind([](int peer) {
    hear(peer, "\r\n\r\n");
    say(peer, kTooLarge);  // and closes, with the body unread
  });
  for (int i = 0; i < 5; ++i) {
    Client client(edge_->port());
    const std::string much(4 << 20, 'x');
    client.say(head_of(much.size()));
    client.say(much);
    EXPECT_EQ(client.hear(), kTooLarge);
    EXPECT_TRUE(client.closed());
  }
}

// Each side sends more than the sockets between hold before it reads.
TEST_F(EdgeTest, ABodyAndAnAnswerDoNotWaitForEachOther) {
  static constexpr std::size_t kMuch = 32 << 20;
  std::atomic<std::size_t> upstream_heard{0};
  behind([&](int peer) {
    hear(peer, "\r\n\r\n");
    say(peer, "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kMuch) + "\r\n\r\n");
    std::thread back([peer] { say_all(peer, std::string(kMuch - 1, 'a')); });
    std::string bytes(65536, 0);
    // Of what comes with the head less is counted.
    for (ssize_t n = 1; n > 0 && upstream_heard < kMuch - 65536;) {
      n = ::recv(peer, bytes.data(), bytes.size(), 0);
      upstream_heard += static_cast<std::size_t>(std::max<ssize_t>(n, 0));
    }
    back.join();
    say(peer, "z");
    drain(peer);  // to close with bytes unread would take back what was said
  });
  Client client(edge_->port());
  std::thread there([&] {
    client.say(head_of(kMuch));
    client.say(std::string(kMuch, 'b'));
  });
  std::size_t heard_here = 0;
  for (std::string bytes = "-"; !bytes.empty() && bytes.back() != 'z'; heard_here += bytes.size()) {
    bytes = client.hear_for(std::chrono::seconds(5));
  }
  EXPECT_GE(heard_here, kMuch);
  there.join();
  client.close();
  TearDown();
  EXPECT_GE(upstream_heard, kMuch - 65536);
}

// Memory: what the upstream does not take is not read from the client either.
TEST_F(EdgeTest, ABodyThatIsNotTakenIsNotReadEither) {
  std::atomic<bool> end{false};
  behind([&](int peer) {
    hear(peer, "\r\n\r\n");
    while (!end) std::this_thread::sleep_for(kMs);
  });
  Client client(edge_->port());
  client.say(head_of(1'000'000'000));
  const std::size_t taken = client.say_what_is_taken(256 << 20);
  EXPECT_LT(taken, std::size_t{64} << 20);
  end = true;
  client.close();
  TearDown();
}

TEST_F(KeptConnection, AnIdempotentRequestIsSentOnceMore) {
  start_dying(Dies::after_reading);
  EXPECT_EQ(second(kGet), kOk);
  EXPECT_EQ(connections_, 2);
  EXPECT_EQ(answered_again_, 1);
}

TEST_F(KeptConnection, WhatMayHaveBeenActedUponIsNot) {
  start_dying(Dies::after_reading);
  const std::string answer = second(kPost);
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 502 ")) << answer;
  EXPECT_NE(answer.find("kept connection"), answer.npos) << answer;
  EXPECT_EQ(connections_, 1);
}

// The peer's TCP says no word of it: it is safe. A machine so busy that the acknowledgement goes out
// by itself (40 ms) makes the other answer right.
TEST_F(KeptConnection, WhatNobodyReadIsSentOnceMore) {
  start_dying(Dies::unread);
  std::string answer;
  for (int i = 0; i < 20 && answer != kOk; ++i) {
    connections_ = 0;
    answer = second(kPost);
    if (answer != kOk) {
      EXPECT_TRUE(answer.starts_with("HTTP/1.1 502 ")) << answer;
    }
  }
  EXPECT_EQ(answer, kOk);
  EXPECT_GE(answered_again_, 1);
}

// An upstream that always closes so: once more, and then no more.
TEST_F(EdgeTest, ARequestIsRepeatedOnceAndNoMore) {
  std::atomic<int> heard_requests{0};
  behind([&](int peer) {
    if (!hear(peer, "\r\n\r\n").empty() && ++heard_requests == 1) {
      say(peer, kOk);
      hear(peer, "\r\n\r\n");
      ++heard_requests;
    }
  });
  Client client(edge_->port());
  client.say(kGet);
  EXPECT_EQ(client.hear("ok"), kOk);
  client.say(kGet);
  const std::string answer = client.hear();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 502 ")) << answer;
  EXPECT_NE(answer.find("closed without an answer"), answer.npos) << answer;
  EXPECT_EQ(heard_requests, 3);
}

// Of much that has come already each read takes its part, and between two of them others go on.
TEST(PlainWire, WhoHasMuchToReadLeavesOthersTheirTurn) {
  constexpr std::size_t kReads = 2;
  constexpr int kOneRead = 64 * 1024;
  constexpr int kMuch = 1 << 20;
  asio::io_context io;
  Readiness readiness;
  tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
  acceptor.set_option(asio::socket_base::receive_buffer_size(kMuch));
  tcp::socket peer(io);
  peer.connect(acceptor.local_endpoint());
  Wire wire(acceptor.accept(), Nanos(0));
  peer.non_blocking(true);
  wire.socket().non_blocking(true);
  const std::string much(kMuch, 'x');
  boost::system::error_code full;
  while (!full) peer.write_some(asio::buffer(much), full);
  const int socket = wire.socket().native_handle();
  int there = 0;
  for (int i = 0; i < 500 && there <= kOneRead; ++i) {
    ASSERT_EQ(::ioctl(socket, FIONREAD, &there), 0);
    std::this_thread::sleep_for(kMs);
  }
  ASSERT_GT(there, kOneRead);
  wire.plain(readiness);
  std::string turns;
  asio::co_spawn(
      io,
      [](Wire& from, std::string& order) -> Task<void> {
        for (std::size_t i = 0; i < kReads; ++i) {
          std::string bytes;
          const bool came = co_await from.read(bytes);
          order += came ? 'r' : '-';
        }
      }(wire, turns),
      asio::detached);
  asio::co_spawn(
      io,
      [](std::string& order) -> Task<void> {
        for (std::size_t i = 0; i < kReads; ++i) {
          order += 'o';
          co_await asio::post(asio::use_awaitable);
        }
      }(turns),
      asio::detached);
  io.run();
  EXPECT_EQ(turns, "roro");
}

// What an upstream does with connections after streamed answers, at times that the test states.
class AfterStreams : public ::testing::Test {
 protected:
  // One that has had an answer; its other end is in peers_.
  std::shared_ptr<Wire> wire() {
    auto near = std::make_shared<Wire>(tcp::socket(io_), Nanos(0));
    peers_.emplace_back(io_);
    near->socket().connect(acceptor_.local_endpoint());
    acceptor_.accept(peers_.back());
    return near;
  }
  void closes(std::size_t peer) {
    peers_[peer].close();
    while (!kept_.at(peer)->stale()) std::this_thread::sleep_for(kMs);
  }
  void keep(std::int64_t at_ms, bool streamed) {
    kept_.push_back(wire());
    upstream_.keep(kept_.back(), at(at_ms), streamed);
  }
  static SteadyTime at(std::int64_t ms) { return SteadyTime{0} + std::chrono::milliseconds(ms); }

  asio::io_context io_;
  tcp::acceptor acceptor_{io_, {asio::ip::address_v4::loopback(), 0}};
  std::vector<tcp::socket> peers_;
  std::vector<std::shared_ptr<Wire>> kept_;
  Upstream upstream_{{.tls = false, .host = "127.0.0.1", .port = "1", .prefix = ""}};
};

TEST_F(AfterStreams, AConnectionRestsUntilOneIsKnownToStand) {
  keep(0, true);
  EXPECT_EQ(upstream_.kept(at(1)), nullptr);
  EXPECT_EQ(upstream_.rest(at(1)), std::chrono::milliseconds(19));
  keep(2, false);  // its length was told: no such server closes then
  EXPECT_EQ(upstream_.rest(at(2)), Nanos(0));
  EXPECT_EQ(upstream_.kept(at(3)), kept_[1]);
  EXPECT_EQ(upstream_.kept(at(25)), kept_[0]);
  keep(30, true);
  EXPECT_EQ(upstream_.kept(at(30)), kept_[2]);
}

TEST_F(AfterStreams, OneThatClosesIsNeverAskedOnWhatItMayBeClosing) {
  keep(0, true);
  closes(0);
  EXPECT_EQ(upstream_.kept(at(25)), nullptr);
  for (std::int64_t ms = 100; ms < 105; ++ms) keep(ms, true);
  EXPECT_EQ(upstream_.kept(at(105)), nullptr);
  EXPECT_EQ(upstream_.rest(at(105)), Nanos(0));  // a new one is quicker
  EXPECT_EQ(upstream_.kept(at(121)), kept_[1]);  // the oldest first, and only what has rested
  EXPECT_EQ(upstream_.kept(at(121)), kept_[2]);
  EXPECT_EQ(upstream_.kept(at(121)), nullptr);
}

TEST_F(AfterStreams, ARequestThatWasLostTeachesToo) {
  keep(0, true);
  EXPECT_EQ(upstream_.kept(at(25)), kept_[0]);
  keep(30, true);
  EXPECT_EQ(upstream_.kept(at(30)), kept_[1]);
  upstream_.broke(*kept_[1], at(31));
  keep(40, true);
  EXPECT_EQ(upstream_.kept(at(41)), nullptr);
}

TEST_F(AfterStreams, AnIdleConnectionThatIsClosedAfterSecondsTeachesNothing) {
  keep(0, true);
  EXPECT_EQ(upstream_.kept(at(25)), kept_[0]);
  keep(30, true);
  closes(1);
  EXPECT_EQ(upstream_.kept(at(5030)), nullptr);
  keep(6000, true);
  EXPECT_EQ(upstream_.kept(at(6000)), kept_[2]);
}

}  // namespace
}  // namespace joulebook::gateway
