// TLS on either side of the edge, with certificates made here.
#include <csignal>
#include <filesystem>

#include "gateway/edge_tls_fixture.h"

namespace joulebook::gateway {
namespace {

constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

class EdgeTls : public EdgeTest {
 protected:
  EdgeTls() {
    std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes with write(2)
    authority_.issue("here", "DNS:localhost,IP:127.0.0.1");
  }
  void serve_tls() {
    options_.tls_cert = folder_ + "/here.pem";
    options_.tls_key = folder_ + "/here.key";
  }
  // A TLS upstream with that certificate, trusted by way of `ca`, called `host`.
  void behind_tls(const std::string& host, const std::string& certificate, const std::string& ca,
                  std::function<void(TlsPeer&)> converse, Metering* metering = nullptr) {
    upstream_ = std::make_unique<fakes::LoopbackServer>([=, this](int socket) {
      TlsPeer peer(socket, folder_ + "/" + certificate);
      if (!peer.agreed()) return;
      {
        const std::lock_guard lock(heard_mutex_);
        asked_for_ = peer.asked_for();
      }
      converse(peer);
    });
    options_.upstream_ca = ca;
    open("https://" + host + ":" + std::to_string(upstream_->port()), metering);
  }
  static void answers(TlsPeer& peer) {
    while (!peer.hear("\r\n\r\n").empty()) peer.say(kOk);
  }
  std::string answer_to_get() {
    Client client(edge_->port());
    client.say("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    return client.hear();
  }
  static std::string fresh() {
    std::string name = (std::filesystem::temp_directory_path() / "joulebook-tls-XXXXXX").string();
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    return name;
  }
  ~EdgeTls() override { std::filesystem::remove_all(folder_); }

  std::string folder_ = fresh();
  Authority authority_{folder_, "ours"};
  std::string asked_for_;
};

TEST_F(EdgeTls, AnAnswerUntilTheEndEndsWithAFarewell) {
  serve_tls();
  start("HTTP/1.1 200 OK\r\n\r\nall of it", true);
  Client socket(edge_->port());
  TlsPeer client(socket.socket(), authority_);
  ASSERT_TRUE(client.agreed());
  EXPECT_EQ(client.peer_name(), "here");
  client.say(kGet);
  EXPECT_EQ(client.hear(), "HTTP/1.1 200 OK\r\n\r\nall of it");
  EXPECT_TRUE(client.farewell());
}

TEST_F(EdgeTls, RequestsFollowEachOtherAndMayCrossTheirAnswers) {
  serve_tls();
  start(std::string(kOk), false, "\r\n\r\n", nullptr);
  Client socket(edge_->port());
  TlsPeer client(socket.socket(), authority_);
  client.say(std::string(kGet) + std::string(kGet));
  EXPECT_EQ(client.hear("okHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"), std::string(kOk) + std::string(kOk));
  client.say(kGet);
  EXPECT_EQ(client.hear("ok"), kOk);
}

// Nothing is written to it, and nothing comes from the upstream: its leaving alone must tell.
TEST_F(EdgeTls, AClientThatLeavesMidStreamIsNoticedAtOnce) {
  serve_tls();
  std::atomic<int> ends{0};
  behind(
      [&](int peer) {
        if (hear(peer, "hello").empty()) return;
        say(peer, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
        hear(peer, "never");
        ++ends;
      },
      &metering_);
  for (const bool politely : {true, false}) {
    Client socket(edge_->port());
    TlsPeer client(socket.socket(), authority_);
    client.say(kPost);
    client.hear("abc");
    if (politely) client.say_farewell();
    if (!politely) socket.close();
    EXPECT_TRUE(fakes::wait_for([&] { return ends >= (politely ? 1 : 2); }));
    EXPECT_EQ(ends, politely ? 1 : 2);
  }
  EXPECT_TRUE(fakes::wait_for([&] { return seen().over.size() >= 2; }));
  EXPECT_EQ(finishes(), (std::vector{Finish::client_gone, Finish::client_gone}));
  TearDown();
}

TEST_F(EdgeTls, AClientThatSpeaksPlainIsToldSo) {
  serve_tls();
  start(std::string(kOk));
  Client client(edge_->port());
  client.say(kGet);
  const std::string answer = client.hear();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 ")) << answer;
  EXPECT_NE(answer.find("https://"), answer.npos);
  EXPECT_TRUE(client.closed());
  EXPECT_EQ(heard(), "");
}

TEST_F(EdgeTls, AHandshakeThatNeverEndsIsCutOff) {
  serve_tls();
  options_.head_patience = std::chrono::milliseconds(300);
  start(std::string(kOk));
  for (const std::string_view beginning : {std::string_view(), std::string_view("\x16\x03\x01", 3)}) {
    Client client(edge_->port());
    client.say(beginning);
    client.hear();
    EXPECT_TRUE(client.closed());
  }
}

TEST_F(EdgeTls, AClientThatTrustsSomebodyElseIsNotServed) {
  serve_tls();
  start(std::string(kOk));
  const Authority other(folder_, "theirs");
  Client socket(edge_->port());
  TlsPeer client(socket.socket(), other);
  EXPECT_FALSE(client.agreed());
  Client again(edge_->port());  // and harms nobody
  TlsPeer good(again.socket(), authority_);
  good.say(kGet);
  EXPECT_EQ(good.hear("ok"), kOk);
}

TEST_F(EdgeTls, ABodyThatIsAnsweredEarlyIsAnswered) {
  serve_tls();
  behind([](int peer) {
    hear(peer, "\r\n\r\n");
    say(peer, "HTTP/1.1 413 Too Large\r\nContent-Length: 4\r\n\r\nless");
  });
  Client socket(edge_->port());
  TlsPeer client(socket.socket(), authority_);
  client.say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\nbeginning");
  EXPECT_TRUE(client.hear("less").starts_with("HTTP/1.1 413 "));
}

TEST_F(EdgeTls, NewConnectionsHaveTheCertificateThatWasReadAgain) {
  serve_tls();
  start(std::string(kOk), true);
  Client old_socket(edge_->port());
  TlsPeer old(old_socket.socket(), authority_);
  old.say(kGet);
  EXPECT_EQ(old.hear("ok"), kOk);
  authority_.issue("renewed", "IP:127.0.0.1");
  const auto put = [&](const char* from, const char* to) {
    std::filesystem::copy_file(folder_ + from, folder_ + to, std::filesystem::copy_options::overwrite_existing);
  };
  put("/renewed.pem", "/here.pem");
  const auto half = edge_->reload();  // the key is still the old one's
  ASSERT_FALSE(half);
  EXPECT_EQ(half.error().code, "edge.tls");
  put("/renewed.key", "/here.key");
  ASSERT_TRUE(edge_->reload());
  Client new_socket(edge_->port());
  TlsPeer renewed(new_socket.socket(), authority_);
  EXPECT_EQ(renewed.peer_name(), "renewed");
  renewed.say(kGet);
  EXPECT_EQ(renewed.hear("ok"), kOk);
  old.say(kGet);
  EXPECT_EQ(old.hear("ok"), kOk);
}

TEST_F(EdgeTls, AnUpstreamIsAskedForByNameAndNeverByAddress) {
  for (const std::string host : {"localhost", "127.0.0.1"}) {
    behind_tls(host, "here", authority_.ca(), answers);
    EXPECT_TRUE(answer_to_get().ends_with("ok"));
    EXPECT_EQ(asked_for_, host == "localhost" ? "localhost" : "");
    TearDown();
    thread_ = {};
  }
}

TEST_F(EdgeTls, AnUpstreamThatIsNotTrustedIsA503ThatSaysWhy) {
  const Authority other(folder_, "theirs");
  authority_.issue("elsewhere", "DNS:elsewhere.example,IP:127.0.0.2");
  struct Case {
    const char* host;
    const char* certificate;
    std::string ca;
    const char* says;
  };
  for (const Case& c : {Case{"127.0.0.1", "here", other.ca(), "unable to get local issuer"},
                        Case{"localhost", "elsewhere", authority_.ca(), "ostname mismatch"},
                        Case{"127.0.0.1", "elsewhere", authority_.ca(), "IP address mismatch"}}) {
    behind_tls(c.host, c.certificate, c.ca, answers);
    const std::string answer = answer_to_get();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 ")) << answer;
    EXPECT_NE(answer.find("gateway.certificate"), answer.npos);
    EXPECT_NE(answer.find("--upstream-ca"), answer.npos);
    EXPECT_NE(answer.find(c.says), answer.npos) << answer;
    TearDown();
    thread_ = {};
  }
}

TEST_F(EdgeTls, AnUpstreamThatSpeaksPlainIsA503) {
  upstream_ = std::make_unique<fakes::LoopbackServer>([](int peer) { say(peer, kOk); });
  options_.upstream_ca = authority_.ca();
  open("https://127.0.0.1:" + std::to_string(upstream_->port()), nullptr);
  const std::string answer = answer_to_get();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 ")) << answer;
  EXPECT_NE(answer.find("no TLS could be agreed on"), answer.npos) << answer;
}

// Whoever cuts a connection could cut an answer short: its end must be the upstream's own word.
TEST_F(EdgeTls, AnAnswerUntilTheEndIsWholeOnlyWithAFarewell) {
  for (const bool farewell : {true, false}) {
    behind_tls(
        "localhost", "here", authority_.ca(),
        [=](TlsPeer& peer) {
          peer.hear("hello");
          peer.say("HTTP/1.1 200 OK\r\n\r\nall of it");
          if (farewell) peer.say_farewell();
        },
        &metering_);
    Client client(edge_->port());
    client.say(kPost);
    EXPECT_TRUE(client.hear().ends_with("all of it"));
    EXPECT_EQ(finishes(), std::vector{farewell ? Finish::complete : Finish::upstream_gone});
    TearDown();
    thread_ = {};
    metering_.seen = {};
  }
}

}  // namespace
}  // namespace joulebook::gateway
