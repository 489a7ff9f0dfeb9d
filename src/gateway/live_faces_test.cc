#include "gateway/live_faces.h"

#include <gtest/gtest.h>

#include "core/json.h"

namespace joulebook::gateway {
namespace {

using std::chrono::milliseconds;

class LiveFacesTest : public testing::Test {
 protected:
  std::optional<Metering::Own> ask(std::string_view target, std::string_view accept = "",
                                   std::string_view method = "GET") {
    const HeaderField fields[] = {{"Host", "h"}, {"ACCEPT", accept}};
    return faces_.own({method, target, fields, "127.0.0.1"});
  }
  LiveState state() {
    ++snapshots_;
    LiveState s;
    s.version = "0.1.0";
    s.now_wall_ns = clock_.anchor().wall_ns;
    s.points.push_back({.utc_ms = s.now_wall_ns / 1'000'000, .watts = 5});
    return s;
  }
  static std::size_t points(const std::string& event) {
    const auto json = parse_json(event.substr(event.find('{')));
    return json ? (*json)["points"]["utc_ms"].items().size() : 99;
  }

  FakeClock clock_;
  int snapshots_ = 0;
  LiveFaces faces_{[this] { return state(); }, "<!doctype html>page", clock_};
};

TEST_F(LiveFacesTest, PathsOfTheGatewayAndNoOthers) {
  EXPECT_EQ(ask("/v1/chat/completions"), std::nullopt);
  EXPECT_EQ(ask("/metricsx"), std::nullopt);
  EXPECT_EQ(ask("/joulebook/v1/requests/x"), std::nullopt);
  EXPECT_EQ(snapshots_, 0);
  EXPECT_EQ(ask("/joulebook/")->body, "<!doctype html>page");
  EXPECT_NE(ask("/joulebook")->fields.find("frame-ancestors 'none'"), std::string::npos);
  EXPECT_EQ(ask("/metrics", "", "POST")->status, 405);
}

TEST_F(LiveFacesTest, MetricsAreAsThePrometheusAsks) {
  EXPECT_EQ(ask("/metrics")->content_type, "text/plain; version=0.0.4; charset=utf-8");
  const auto open = ask("/metrics?x=1", "application/openmetrics-text; version=1.0.0");
  EXPECT_TRUE(open->content_type.starts_with("application/openmetrics-text"));
  EXPECT_TRUE(open->body.ends_with("# EOF\n"));
}

TEST_F(LiveFacesTest, TheStreamHasAnEventASecondAndStandsClocksThatStep) {
  auto own = ask("/joulebook/v1/live", "text/event-stream, application/json");
  ASSERT_TRUE(own && own->live);
  EXPECT_EQ(own->content_type, "text/event-stream");
  EXPECT_EQ(points(own->body), 1U);
  std::uint64_t cursor = own->cursor;
  clock_.advance(milliseconds(900));
  EXPECT_EQ(faces_.next(cursor), "");
  EXPECT_EQ(snapshots_, 1) << "nothing is worked out in vain";
  clock_.advance(milliseconds(100));
  EXPECT_EQ(points(faces_.next(cursor)), 1U);
  EXPECT_EQ(faces_.next(cursor), "");
  clock_.step_wall(std::chrono::hours(-1));
  EXPECT_NE(faces_.next(cursor), "");
  EXPECT_EQ(faces_.next(cursor), "");
}

TEST_F(LiveFacesTest, AHeadStaysOpenForNobody) {
  EXPECT_FALSE(ask("/joulebook/v1/live", "text/event-stream", "HEAD")->live);
}

TEST_F(LiveFacesTest, OneStateIsGivenAsJson) {
  const auto own = ask("/joulebook/v1/live", "application/json");
  EXPECT_FALSE(own->live);
  EXPECT_EQ((*parse_json(own->body))["schema"].as_string(), "joulebook.live/1");
}

}  // namespace
}  // namespace joulebook::gateway
