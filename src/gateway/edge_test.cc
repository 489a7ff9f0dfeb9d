#include "gateway/edge_fixture.h"

namespace joulebook::gateway {
namespace {

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

TEST_F(EdgeTest, AnUpstreamThatIsNotMeantGetsTheBodyAsItCame) {
  metering_.plan.body = "hello, more";
  metering_.plan.body_for_nobody = true;
  start("HTTP/1.1 204 No Content\r\n\r\n", false, "hello", &metering_);
  Client client(edge_->port());
  client.say(kPost);
  EXPECT_EQ(client.hear("\r\n\r\n"), "HTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_EQ(heard(), kPost);
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
  EXPECT_TRUE(fakes::wait_for([&] { return upstream_ends_ != 0; }));
  EXPECT_EQ(upstream_ends_, 1);
}

TEST_F(EdgeTest, AnswersForItself) {
  start("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false, "\r\n\r\n", &metering_);
  Client client(edge_->port());
  client.say("GET /own HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(client.hear("mine").ends_with("Content-Length: 4\r\n\r\nmine"));
  client.say("GET /busy HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(client.hear("mine").ends_with("Content-Length: 4\r\n\r\nmine"));
  EXPECT_EQ(metering_.asked, 4);
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
