// How long the edge waits for whom, and what it says then.
#include "gateway/edge_fixture.h"

namespace joulebook::gateway {
namespace {

using std::chrono::milliseconds;

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// Says a byte each 20 ms until it is answered or closed, for a minute at most; what it heard.
std::string trickle(Client& client, std::string_view bytes) {
  const auto begin = std::chrono::steady_clock::now();
  std::string heard;
  for (std::size_t i = 0; seconds_since(begin) < 60 && heard.empty() && !client.closed(); ++i) {
    client.say({&bytes[i % bytes.size()], 1});
    heard = client.hear_for(milliseconds(20));
  }
  return heard + client.hear();
}

class Impatient : public EdgeTest {
 protected:
  Impatient() {
    options_.head_patience = milliseconds(400);
    options_.idle_patience = milliseconds(400);
    options_.body_patience = milliseconds(400);
    options_.silent_patience = milliseconds(800);
    options_.write_patience = milliseconds(400);
    options_.body_rate = 300;
  }
};

TEST_F(Impatient, AHeadThatTricklesIsA408) {
  start("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  for (const char* head : {"GET / HTTP/1.1\r\nA: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", "\r\n"}) {
    Client client(edge_->port());
    const std::string heard_here = trickle(client, head);
    if (*head == 'G') {
      EXPECT_TRUE(heard_here.starts_with("HTTP/1.1 408 ")) << heard_here;
    }
    EXPECT_TRUE(client.closed());
  }
  EXPECT_EQ(heard(), "");
}

// 50 bytes a second where 300 are the least: whether the body is kept first or passes as it comes.
TEST_F(Impatient, ABodyThatTricklesIsA408) {
  std::atomic<int> ends{0};
  behind(
      [&](int peer) {
        hear(peer, "never");
        ++ends;
      },
      &metering_);
  for (const char* head : {"POST /v1/chat HTTP/1.1\r\nHost: a\r\nContent-Length: 900\r\n\r\n",
                           "POST /unseen HTTP/1.1\r\nHost: a\r\nContent-Length: 900\r\n\r\n",
                           "POST /unseen HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n384\r\n"}) {
    Client client(edge_->port());
    client.say(head);
    const std::string heard_here = trickle(client, "x");
    EXPECT_TRUE(heard_here.starts_with("HTTP/1.1 408 ")) << heard_here;
    EXPECT_NE(heard_here.find("--body-rate"), heard_here.npos);
  }
  EXPECT_EQ(finishes(), std::vector{Finish::client_gone});
  EXPECT_TRUE(fakes::wait_for([&] { return ends >= 2; }));
  EXPECT_EQ(ends, 2);  // an upstream does not hear half a request for ever
  TearDown();
}

// Longer than its patience in all, but never slower than the least rate.
TEST_F(Impatient, ABodyAtARateMayTakeItsTime) {
  options_.body_rate = 50;
  start("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", false, "END", &metering_);
  for (const char* path : {"/v1/chat", "/unseen"}) {
    Client client(edge_->port());
    client.say(std::string("POST ") + path + " HTTP/1.1\r\nHost: a\r\nContent-Length: 903\r\n\r\n");
    for (int i = 0; i < 9; ++i) {
      std::this_thread::sleep_for(90 * kMs);
      client.say(std::string(100, 'x'));
    }
    client.say("END");
    EXPECT_TRUE(client.hear("ok").ends_with("ok")) << path;
  }
}

TEST_F(Impatient, AnIdleConnectionIsClosedWithoutAWord) {
  start("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  Client silent(edge_->port());
  Client used(edge_->port());
  used.say(kGet);
  EXPECT_TRUE(used.hear("ok").ends_with("ok"));
  EXPECT_EQ(used.hear(), "");
  EXPECT_TRUE(used.closed());
  EXPECT_EQ(silent.hear(), "");
  EXPECT_TRUE(silent.closed());
}

TEST_F(Impatient, AnUpstreamThatIsSilentIsA504) {
  behind([](int peer) { hear(peer, "never"); }, &metering_);
  Client client(edge_->port());
  client.say(kPost);
  const std::string answer = client.hear();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 504 ")) << answer;
  EXPECT_NE(answer.find("--silent-s"), answer.npos);
  EXPECT_EQ(finishes(), std::vector{Finish::upstream_gone});
}

// A stream that goes on is no silence, however long it takes.
TEST_F(Impatient, AnUpstreamThatSaysALittleAtATimeIsWaitedFor) {
  options_.silent_patience = milliseconds(2000);
  behind([](int peer) {
    hear(peer, "\r\n\r\n");
    say(peer, "HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n");
    for (int i = 0; i < 12; ++i) {
      std::this_thread::sleep_for(200 * kMs);
      say(peer, "x");
    }
  });
  Client client(edge_->port());
  client.say(kGet);
  EXPECT_TRUE(client.hear("xxxxxxxxxxxx").ends_with("xxxxxxxxxxxx"));
}

TEST_F(Impatient, AClientThatTakesNothingIsLetGo) {
  std::atomic<bool> ended{false};
  behind(
      [&](int peer) {
        hear(peer, "hello");
        say(peer, "HTTP/1.1 200 OK\r\n\r\n");
        const std::string much(1 << 20, 'x');
        while (::send(peer, much.data(), much.size(), MSG_NOSIGNAL) > 0) {
        }
        ended = true;
      },
      &metering_);
  Client client(edge_->port());
  client.say(kPost);
  EXPECT_EQ(finishes(), std::vector{Finish::client_gone});
  EXPECT_TRUE(fakes::wait_for([&] { return ended.load(); }));
  TearDown();
}

TEST_F(EdgeTest, MoreClientsThanAllowedAreTurnedAway) {
  options_.connections = 2;
  start("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  const auto asks = [](Client& client) {
    client.say(kGet);
    return client.hear("ok").ends_with("ok");
  };
  auto first = std::make_unique<Client>(edge_->port());
  Client second(edge_->port());
  EXPECT_TRUE(asks(*first));
  EXPECT_TRUE(asks(second));
  Client one_too_many(edge_->port());
  EXPECT_EQ(one_too_many.hear(), "");
  EXPECT_TRUE(one_too_many.closed());
  first.reset();
  EXPECT_TRUE(fakes::wait_for([&] {  // soon after: its place is free
    Client next(edge_->port());
    return asks(next);
  }));
  EXPECT_TRUE(asks(second));
  EXPECT_TRUE(fakes::wait_for([&] { return edge_->counts().refused > 0; }));
  EXPECT_GE(edge_->counts().refused, 1U);
}

TEST_F(EdgeTest, ADrainEndsAtItsDeadline) {
  behind(
      [](int peer) {
        hear(peer, "hello");
        say(peer, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
        hear(peer, "never");
      },
      &metering_);
  Client client(edge_->port());
  client.say(kPost);
  client.hear("abc");
  const auto begin = std::chrono::steady_clock::now();
  edge_->drain(milliseconds(300));
  EXPECT_EQ(client.hear(), "");
  EXPECT_TRUE(client.closed());
  thread_.join();
  EXPECT_GE(seconds_since(begin), 0.3);
  EXPECT_EQ(seen().over.size(), 1U);
}

// Who has connected before a drain, and has said what it wants, is answered.
TEST_F(EdgeTest, ADrainDropsNobodyWhoHasAsked) {
  start("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", true);
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(std::make_unique<Client>(edge_->port()));
    clients.back()->say(kGet);
  }
  edge_->drain(std::chrono::seconds(5));
  for (auto& client : clients) EXPECT_TRUE(client->hear().ends_with("ok"));
  thread_.join();
}

}  // namespace
}  // namespace joulebook::gateway
