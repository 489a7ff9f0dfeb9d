// Sinks with their threads: a transport of this test's own, and real sockets on loopback.
#include <gtest/gtest.h>
#include <sys/time.h>

#include <atomic>
#include <set>

#include "core/text.h"
#include "export/pushers.h"
#include "fakes/loopback_server.h"
#include "fakes/sample_live.h"
#include "fakes/sample_rows.h"

namespace joulebook {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

SinkLimits quick() {
  SinkLimits limits;
  limits.linger = milliseconds(5);
  limits.first_wait = milliseconds(10);
  limits.longest_wait = milliseconds(40);
  limits.batch_rows = 10;
  return limits;
}

bool until(const std::function<bool()>& true_now) {
  for (int i = 0; i < 1000; ++i) {
    if (true_now()) return true;
    std::this_thread::sleep_for(milliseconds(10));
  }
  return false;
}

// Answers as it is told to; `hangs`: not before it is cancelled.
class FakeTransport final : public Transport {
 public:
  SinkAnswer post(const Target& target, const std::string& body,
                  const std::atomic<bool>& cancel) override {
    while (hangs && !cancel) std::this_thread::sleep_for(milliseconds(1));
    if (cancel) return {0, "cancelled", {}};
    const std::lock_guard lock(mutex_);
    bodies[target.url].push_back(body);
    return {status, status == 0 ? "away" : "", {}};
  }
  std::atomic<bool> hangs = false;
  std::atomic<int> status = 200;
  std::map<std::string, std::vector<std::string>> bodies;

 private:
  std::mutex mutex_;
};

TEST(Sink, StopsInTimeWhateverTheServerDoesAndSaysWhatWasLeft) {
  FakeTransport transport;
  transport.hangs = true;
  Sink sink({"http://x", {}, "", ""}, {"", ",", ""}, quick(), 1, transport);
  for (int i = 0; i < 25; ++i) sink.push("row");
  const auto before = std::chrono::steady_clock::now();
  sink.stop(milliseconds(100));
  EXPECT_LT(std::chrono::steady_clock::now() - before, seconds(5));
  EXPECT_EQ(sink.counts().dropped, 25U);
  sink.push("late");
  EXPECT_EQ(sink.counts().dropped, 26U);
}

TEST(Sink, StopSendsWhatWaits) {
  FakeTransport transport;
  SinkLimits limits = quick();
  limits.linger = seconds(3600);
  Sink sink({"http://x", {}, "", ""}, {"", ",", ""}, limits, 1, transport);
  for (int i = 0; i < 7; ++i) sink.push("row");
  sink.stop(seconds(10));
  EXPECT_EQ(sink.counts().sent, 7U);
  EXPECT_EQ(sink.counts().dropped, 0U);
}

TEST(Sink, ComesBackAfterAFailureByItself) {
  FakeTransport transport;
  transport.status = 0;
  Sink sink({"http://x", {}, "", ""}, {"", ",", ""}, quick(), 1, transport);
  for (int i = 0; i < 25; ++i) sink.push("row");
  ASSERT_TRUE(until([&] { return sink.counts().failures >= 3; }));
  EXPECT_EQ(sink.counts().last_failure, "away");
  transport.status = 200;
  ASSERT_TRUE(until([&] { return sink.counts().sent == 25; }));
  EXPECT_EQ(sink.counts().last_failure, "");
}

// What came over the wire, and what is answered: a status, and a header line with its end, or none.
struct Recorder {
  std::mutex mutex;
  std::vector<std::string> heads;
  std::vector<std::string> bodies;
  std::atomic<int> status = 200;
  std::string extra;
  std::atomic<int> delay_ms = 0;

  void converse(int peer) {
    timeval patience{5, 0};
    ::setsockopt(peer, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    std::string text;
    std::size_t head = std::string::npos;
    std::size_t want = 0;
    char buffer[65536];
    while (head == text.npos || text.size() < head + 4 + want) {
      const auto n = ::recv(peer, buffer, sizeof buffer, 0);
      if (n <= 0) return;
      text.append(buffer, static_cast<std::size_t>(n));
      head = text.find("\r\n\r\n");
      const auto length = lower(text).find("content-length: ");
      if (head != text.npos && length < head) {
        want = *parse_uint(text.substr(length + 16, text.find("\r\n", length) - length - 16));
      }
    }
    std::this_thread::sleep_for(milliseconds(delay_ms));
    const std::lock_guard lock(mutex);
    heads.push_back(text.substr(0, head));
    bodies.push_back(text.substr(head + 4));
    const std::string answer = "HTTP/1.1 " + std::to_string(status) + " So\r\n" + extra +
                               "Content-Length: 0\r\nConnection: close\r\n\r\n";
    ::send(peer, answer.data(), answer.size(), MSG_NOSIGNAL);
  }
  std::vector<std::string> lines() {
    const std::lock_guard lock(mutex);
    std::vector<std::string> out;
    for (const auto& body : bodies) {
      for (const auto line : split(body, '\n')) {
        if (!line.empty()) out.emplace_back(line);
      }
    }
    return out;
  }
};

PushTargets clickhouse_at(int port) {
  PushTargets targets;
  targets.clickhouse = "http://127.0.0.1:" + std::to_string(port);
  targets.clickhouse_headers = {"X-ClickHouse-Key: secret-of-the-house"};
  targets.limits = quick();
  return targets;
}

TEST(Push, ASlowServerGetsEveryRowOnceAndItsKey) {
  Recorder recorder;
  recorder.delay_ms = 20;
  fakes::LoopbackServer server([&](int peer) { recorder.converse(peer); });
  const auto transport = http_transport();
  Pushers pushers(clickhouse_at(server.port()), 1, *transport);
  for (int i = 0; i < 95; ++i) pushers.settled(fakes::sample_row(i));
  pushers.stop(seconds(20));
  EXPECT_EQ(pushers.lost(), 0U);
  const auto lines = recorder.lines();
  EXPECT_EQ(lines.size(), 95U);
  EXPECT_EQ(std::set<std::string>(lines.begin(), lines.end()).size(), 95U);
  EXPECT_NE(recorder.heads.front().find("POST /?query=INSERT%20INTO%20%60joulebook%60.%60requests%60"), std::string::npos)
      << recorder.heads.front();
  EXPECT_NE(recorder.heads.front().find("X-ClickHouse-Key: secret-of-the-house"), std::string::npos);
}

TEST(Push, AServerThatWasAwayIsCaughtUpWith) {
  int port = 0;
  { port = fakes::LoopbackServer([](int) {}).port(); }  // free again, most likely
  const auto transport = http_transport();
  Pushers pushers(clickhouse_at(port), 1, *transport);
  for (int i = 0; i < 40; ++i) pushers.settled(fakes::sample_row(i));
  ASSERT_TRUE(until([&] { return pushers.counts()[0].counts.failures >= 2; }));
  EXPECT_EQ(pushers.counts()[0].counts.sent, 0U);
  for (const auto& way : pushers.counts()) {
    EXPECT_EQ(way.counts.last_failure.find("secret"), std::string::npos);
  }
  Recorder recorder;
  const fakes::LoopbackServer server([&](int peer) { recorder.converse(peer); }, port);
  ASSERT_TRUE(until([&] { return pushers.counts()[0].counts.sent == 40; }));
  EXPECT_EQ(recorder.lines().size(), 40U);
  EXPECT_EQ(pushers.lost(), 0U);
  pushers.stop(seconds(10));
}

TEST(Push, BusyServersAreWaitedForAndRefusalsAreCounted) {
  Recorder recorder;
  recorder.status = 429;
  recorder.extra = "Retry-After: 1\r\n";
  fakes::LoopbackServer server([&](int peer) { recorder.converse(peer); });
  const auto transport = http_transport();
  Pushers pushers(clickhouse_at(server.port()), 1, *transport);
  const auto asked = std::chrono::steady_clock::now();
  pushers.settled(fakes::sample_row(0));
  ASSERT_TRUE(until([&] { return pushers.counts()[0].counts.failures > 0; }));
  std::this_thread::sleep_for(milliseconds(300));
  const auto failures = pushers.counts()[0].counts.failures;
  if (std::chrono::steady_clock::now() < asked + seconds(1)) {
    EXPECT_EQ(failures, 1U) << "not before Retry-After";
  }
  recorder.status = 403;
  ASSERT_TRUE(until([&] { return pushers.counts()[0].counts.refused == 1; }));
  EXPECT_EQ(pushers.counts()[0].counts.last_failure, "the server answered 403");
  EXPECT_EQ(pushers.lost(), 1U);
}

TEST(Push, EachKindOfRowGoesItsOwnWay) {
  FakeTransport transport;
  PushTargets targets;
  targets.otlp = "http://otel:4318/";
  targets.spans = true;
  targets.clickhouse = "http://house:8123/?async_insert=1";
  targets.limits = quick();
  Pushers pushers(targets, 1, transport);
  pushers.settled(fakes::sample_row(0));
  pushers.live(fakes::sample_live());
  pushers.stop(seconds(10));
  EXPECT_EQ(pushers.counts().size(), 4U);
  ASSERT_EQ(transport.bodies.size(), 4U);
  EXPECT_EQ(transport.bodies.count("http://otel:4318/v1/metrics"), 1U);
  EXPECT_EQ(transport.bodies.count("http://otel:4318/v1/traces"), 1U);
  EXPECT_FALSE(Pushers({}, 1, transport).any());
}

TEST(Push, AddressesAndHeadersAreJudgedAndNoKeyIsSaid) {
  PushTargets targets;
  EXPECT_TRUE(check_targets(targets));
  targets.otlp = "https://collector:4318";
  targets.otlp_headers = {"Authorization: Bearer abc"};
  EXPECT_TRUE(check_targets(targets));
  for (const char* bad : {"collector:4318", "ftp://collector", "http://"}) {
    targets.otlp = bad;
    ASSERT_FALSE(check_targets(targets)) << bad;
    EXPECT_EQ(check_targets(targets).error().code, "sink.address");
  }
  targets.otlp = "http://me:hunter2@collector:4318";
  EXPECT_EQ(check_targets(targets).error().code, "sink.credentials");
  EXPECT_EQ(check_targets(targets).error().message.find("hunter2"), std::string::npos);
  targets.otlp = "";
  for (const char* bad : {"X-Key hunter2", "X-Key: a\r\nX-Other: hunter2", ": hunter2", "X-Key=hunter2"}) {
    targets.otlp_headers = {bad};
    ASSERT_FALSE(check_targets(targets)) << bad;
    EXPECT_EQ(check_targets(targets).error().code, "sink.header");
    EXPECT_EQ(check_targets(targets).error().message.find("hunter2"), std::string::npos) << bad;
  }
}

}  // namespace
}  // namespace joulebook
