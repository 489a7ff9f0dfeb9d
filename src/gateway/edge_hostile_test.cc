// Peers that break off, say too much, or wait for each other.
#include <fcntl.h>

#include "gateway/edge_fixture.h"

namespace joulebook::gateway {
namespace {

constexpr std::string_view kWaits =
    "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n";
constexpr std::string_view kChunked =
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

// The upstream hears nothing before the body, and the client says no body before it is asked.
TEST_F(EdgeTest, AClientThatWaitsToBeAskedIsAskedThoughNobodyKeepsTheBody) {
  start("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", false, "hello");
  Client client(edge_->port());
  client.say(kWaits);
  EXPECT_EQ(client.hear("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.say("hello");
  EXPECT_EQ(client.hear("ok"), "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");  // and asked once
  EXPECT_EQ(heard(), std::string(kWaits) + "hello");
}

// An upstream answers and closes without having heard the body. What is left of it must not become
// a request of its own.
TEST_F(EdgeTest, TheRestOfABodyThatNobodyHeardIsNoRequest) {
  start("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n", true);
  Client client(edge_->port());
  client.say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
  for (int i = 0; i < 20; ++i) {
    std::this_thread::sleep_for(20 * kMs);
    client.say("GET /evil HTTP/1.1\r\nHost: a\r\n\r\n");
  }
  const std::string answer = client.hear();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 413 ") || answer.starts_with("HTTP/1.1 502 ")) << answer;
  EXPECT_EQ(answer.find("HTTP/1.1", 1), answer.npos) << answer;
  EXPECT_TRUE(client.closed());
}

TEST_F(EdgeTest, BadChunksOfABodyThatPassesAreA400) {
  start("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false, "0\r\n\r\n");
  for (const char* bad : {"g\r\n", "3\r\nabcd\r\n0\r\n\r\n", "3\nabc\r\n0\r\n\r\n", "11111111111111111\r\n"}) {
    Client client(edge_->port());
    client.say(kChunked);
    client.say(bad);
    EXPECT_TRUE(client.hear().starts_with("HTTP/1.1 400 ")) << bad;
    EXPECT_TRUE(client.closed()) << bad;
  }
}

TEST_F(EdgeTest, EventsCutAtEveryBytePassWhetherFramedAnewOrNot) {
  const std::string events = "data: {\"a\":1}\r\n\r\n: c\n\ndata:x\n\n";
  std::string wire;
  for (const char byte : events) wire += std::string("1\r\n") + byte + "\r\n";
  wire = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n" + wire + "0\r\n\r\n";
  upstream_ = std::make_unique<fakes::LoopbackServer>([&](int peer) {
    while (!hear(peer, "hello").empty()) {
      for (const char& byte : wire) {
        say(peer, {&byte, 1});
        std::this_thread::yield();
      }
    }
  });
  open("http://127.0.0.1:" + std::to_string(upstream_->port()), &metering_);
  Client plain(edge_->port());
  plain.say(kPost);
  EXPECT_EQ(plain.hear("0\r\n\r\n"), wire);
  EXPECT_EQ(seen().payload, events);
  plain.close();
  {
    const std::lock_guard lock(metering_.mutex);
    metering_.plan.framed = true;
    metering_.seen.payload.clear();
  }
  Client framed(edge_->port());
  framed.say(kPost);
  EXPECT_TRUE(framed.hear("\r\n0\r\n\r\n").ends_with("\r\n0\r\n\r\n"));
  EXPECT_EQ(seen().payload, events);
  framed.close();
  TearDown();
}

// After a 101 bytes pass both ways, also those that came with the heads, until one side closes.
TEST_F(EdgeTest, AnUpgradeBecomesATunnel) {
  std::atomic<bool> ended{false};
  behind([&](int peer) {
    const std::string request = hear(peer, "\r\n\r\n");
    say(peer, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nfir");
    EXPECT_NE(request.find("Upgrade: websocket"), request.npos);
    EXPECT_EQ(hear(peer, "early"), "early");
    say(peer, "st");
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(hear(peer, "ping"), "ping");
      say(peer, "pong");
    }
    hear(peer, "never");
    ended = true;
  });
  Client client(edge_->port());
  client.say("GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nearly");
  EXPECT_TRUE(client.hear("first").starts_with("HTTP/1.1 101 "));
  for (int i = 0; i < 3; ++i) {
    client.say("ping");
    EXPECT_EQ(client.hear("pong"), "pong");
  }
  client.close();
  EXPECT_TRUE(fakes::wait_for([&] { return ended.load(); }));
  TearDown();
}

// Whoever closes its sending side is taken to have left: most clients that leave look just so.
TEST_F(EdgeTest, AHalfClosedClientHasLeft) {
  std::atomic<int> ends{0};
  behind(
      [&](int peer) {
        hear(peer, "hello");
        hear(peer, "never");
        ++ends;
      },
      &metering_);
  Client client(edge_->port());
  client.say(kPost);
  std::this_thread::sleep_for(50 * kMs);
  ::shutdown(client.socket(), SHUT_WR);
  EXPECT_EQ(finishes(), std::vector{Finish::client_gone});
  EXPECT_TRUE(fakes::wait_for([&] { return ends != 0; }));
  EXPECT_EQ(ends, 1);
  TearDown();
}

// One that sends ahead and leaves is noticed as well as one that only leaves.
TEST_F(EdgeTest, AClientThatSentAheadAndLeftIsNoticed) {
  std::atomic<int> requests{0};
  std::atomic<int> ends{0};
  behind([&](int peer) {
    if (hear(peer, "\r\n\r\n").empty()) return;
    ++requests;
    hear(peer, "never");
    ++ends;
  });
  Client client(edge_->port());
  client.say(kGet);
  EXPECT_TRUE(fakes::wait_for([&] { return requests != 0; }));
  client.say(kGet);
  std::this_thread::sleep_for(50 * kMs);
  client.close();
  EXPECT_TRUE(fakes::wait_for([&] { return ends != 0; }));
  EXPECT_EQ(ends, 1);
  EXPECT_EQ(requests, 1);
  TearDown();
}

// A thousand heads are read one at a time: what waits is bounded.
TEST_F(EdgeTest, AFloodOfPipelinedRequestsIsNotReadAhead) {
  std::atomic<bool> end{false};
  behind([&](int peer) {
    hear(peer, "\r\n\r\n");
    while (!end) std::this_thread::sleep_for(kMs);
  });
  Client client(edge_->port());
  client.say(kGet);
  EXPECT_LT(client.say_what_is_taken(256 << 20), std::size_t{64} << 20);
  end = true;
  client.close();
  TearDown();
}

// A client that takes nothing slows its upstream: what lies between them is the sockets' buffers.
TEST_F(EdgeTest, AnAnswerThatIsNotTakenIsNotReadEither) {
  std::atomic<std::size_t> sent{0};
  std::atomic<bool> held{false};
  std::atomic<bool> end{false};
  upstream_ = std::make_unique<fakes::LoopbackServer>([&](int peer) {
    hear(peer, "\r\n\r\n");
    say(peer, "HTTP/1.1 200 OK\r\n\r\n");
    ::fcntl(peer, F_SETFL, O_NONBLOCK);
    const std::string much(64 * 1024, 'x');
    auto last = std::chrono::steady_clock::now();
    while (!end && sent < (256U << 20)) {
      const auto n = ::send(peer, much.data(), much.size(), MSG_NOSIGNAL);
      if (n > 0) {
        sent += static_cast<std::size_t>(n);
        last = std::chrono::steady_clock::now();
        continue;
      }
      if (std::chrono::steady_clock::now() - last > std::chrono::seconds(1)) held = true;
      std::this_thread::sleep_for(kMs);
    }
  });
  open("http://127.0.0.1:" + std::to_string(upstream_->port()), nullptr);
  Client client(edge_->port());
  client.say(kGet);
  for (int i = 0; i < 2000 && !held && sent < (256U << 20); ++i) std::this_thread::sleep_for(10 * kMs);
  EXPECT_TRUE(held);
  EXPECT_LT(sent.load(), std::size_t{64} << 20);
  end = true;
  TearDown();  // ends what refers to this scope
}

}  // namespace
}  // namespace joulebook::gateway
