#include "gateway/agent.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/json.h"
#include "meter/trace_wire.h"

namespace joulebook::gateway {
namespace {

const std::string kHead = std::string(kTraceMagic) + "HEAD";

class AgentTest : public testing::Test {
 protected:
  AgentTest() {
    feed_.publish(kHead);
    for (int i = 0; i < 5; ++i) feed_.publish(std::to_string(i));
  }
  Metering::Own ask(std::string_view target, std::string_view authorization,
                    std::string_view method = "GET") {
    const std::vector<HeaderField> fields{{"Host", "x"}, {"AUTHORIZATION", authorization}};
    auto own = agent_.own({method, target, fields, "127.0.0.1"});
    EXPECT_TRUE(own);
    return own.value_or(Metering::Own{});
  }
  TraceFeed feed_;
  FakeClock clock_{{123'456'789}};
  Agent agent_{feed_, clock_, "s3cret", "boot-1"};
};

TEST_F(AgentTest, TellsItsTime) {
  const auto own = ask("/joulebook/v1/clock", "Bearer s3cret");
  EXPECT_EQ(own.status, 200);
  const auto json = parse_json(own.body);
  ASSERT_TRUE(json);
  EXPECT_EQ((*json)["steady_ns"].as_int(), 123'456'789);
  EXPECT_EQ((*json)["boot_id"].as_string(), "boot-1");
  EXPECT_FALSE(own.live);
}

TEST_F(AgentTest, SendsTheTraceFromWhereItIsAsked) {
  auto own = ask("/joulebook/v1/trace?from=3", "bearer  s3cret ");
  EXPECT_EQ(own.status, 200);
  EXPECT_EQ(own.body, kHead);
  EXPECT_TRUE(own.live);
  EXPECT_NE(own.fields.find("x-joulebook-first-block: 3\r\n"), std::string::npos);
  EXPECT_EQ(agent_.next(own.cursor), "34");
  EXPECT_EQ(agent_.next(own.cursor), "");
  feed_.publish("5");
  EXPECT_EQ(agent_.next(own.cursor), "5");
}

TEST_F(AgentTest, GivesNothingWithoutTheToken) {
  for (const char* wrong : {"", "Bearer", "Bearer ", "Bearer s3cre", "Bearer s3cret2", "Basic s3cret",
                            "Bearer s3creT", "s3cret"}) {
    for (const char* target : {"/joulebook/v1/clock", "/joulebook/v1/trace", "/"}) {
      const auto own = ask(target, wrong);
      EXPECT_EQ(own.status, 401) << wrong;
      EXPECT_EQ(own.body.find("s3cret"), std::string::npos);
      EXPECT_EQ(own.body.find(kHead), std::string::npos);
      EXPECT_FALSE(own.live);
    }
  }
}

TEST_F(AgentTest, IsOnlyRead) {
  EXPECT_EQ(ask("/joulebook/v1/trace", "Bearer s3cret", "POST").status, 405);
  EXPECT_EQ(ask("/v1/chat/completions", "Bearer s3cret").status, 404);
  EXPECT_EQ(ask("/joulebook/v1/trace?from=-7", "Bearer s3cret").cursor, 0U);
  EXPECT_EQ(ask("/joulebook/v1/trace?from=99999999999999999999", "Bearer s3cret").status, 200);
}

}  // namespace
}  // namespace joulebook::gateway
