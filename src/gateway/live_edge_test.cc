// The gateway's own answers as a client meets them: through the real edge, over a socket.
#include <gtest/gtest.h>

#include <thread>

#include "core/http.h"
#include "fakes/sample_live.h"
#include "gateway/edge.h"
#include "gateway/live_faces.h"

namespace joulebook::gateway {
namespace {

class Own final : public Metering {
 public:
  std::unique_ptr<Exchange> begin(const RequestHead&, SteadyTime) override { return nullptr; }
  std::optional<Metering::Own> own(const RequestHead& head) override { return faces_.own(head); }
  std::string next(std::uint64_t& cursor) override { return faces_.next(cursor); }

 private:
  LiveFaces faces_{[] { return fakes::sample_live(); }, "<!doctype html>page"};
};

class LiveEdge : public testing::Test {
 protected:
  LiveEdge() {
    EdgeOptions options;
    options.listen = "127.0.0.1:0";
    options.upstreams = {"http://127.0.0.1:9"};
    auto edge = Edge::open(options, &own_);
    EXPECT_TRUE(edge) << edge.error().message;
    edge_ = std::move(*edge);
    thread_ = std::thread([this] { edge_->run(); });
  }
  ~LiveEdge() override {
    edge_->stop();
    thread_.join();
  }
  HttpCall call(const std::string& path, std::function<bool(std::string_view)> on_body) {
    HttpCall call;
    call.url = "http://127.0.0.1:" + std::to_string(edge_->port()) + path;
    call.on_body = std::move(on_body);
    call.total_s = 30;
    perform({&call, 1});
    return call;
  }

  Own own_;
  std::unique_ptr<Edge> edge_;
  std::thread thread_;
};

TEST_F(LiveEdge, MetricsAndPageAreAnsweredWithoutAnUpstream) {
  std::string body;
  const auto add = [&](std::string_view bytes) { return body.append(bytes), true; };
  HttpCall metrics = call("/metrics", add);
  EXPECT_EQ(metrics.status, 200) << metrics.failure;
  EXPECT_EQ(metrics.answer_header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_NE(body.find("joulebook_meter_joules_total{domain=\"gpu:0\",tier=\"measured\"} 1404000.000019\n"), body.npos);
  body.clear();
  EXPECT_EQ(call("/joulebook/", add).status, 200);
  EXPECT_EQ(body, "<!doctype html>page");
}

TEST_F(LiveEdge, TheStreamGoesOnAndADrainDoesNotWaitForIt) {
  std::string body;
  bool draining = false;
  const HttpCall stream = call("/joulebook/v1/live", [&](std::string_view bytes) {
    body.append(bytes);
    std::size_t events = 0;
    for (auto at = body.find("event: live\n"); at != body.npos; at = body.find("event: live\n", at + 1)) ++events;
    if (events >= 3 && !draining) {
      draining = true;
      edge_->drain(std::chrono::seconds(25));
    }
    return true;
  });
  EXPECT_EQ(stream.status, 200);
  EXPECT_EQ(stream.answer_header("content-type"), "text/event-stream");
  EXPECT_TRUE(draining) << "three events came";
  EXPECT_EQ(stream.failure.find("imed out"), std::string::npos) << stream.failure;
}

}  // namespace
}  // namespace joulebook::gateway
