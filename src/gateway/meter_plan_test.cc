#include "gateway/meter_plan.h"

#include <gtest/gtest.h>

namespace joulebook::gateway {
namespace {

using Upstreams = std::vector<std::uint32_t>;

Result<MeterPlan> plan(std::vector<std::string> meters, const std::vector<std::string>& upstreams,
                       std::vector<MeterTable> tables = {}) {
  ServeOptions options;
  options.meter = std::move(meters);
  options.meters = std::move(tables);
  options.meter_ca = "common.pem";
  const auto places = upstream_places(upstreams);
  EXPECT_TRUE(places) << places.error().message;
  return plan_meters(options, *places);
}

TEST(MeterPlan, AnUpstreamIsMeteredByItsOwnHost) {
  const auto p = plan({"https://gpu-b:8901/", "https://GPU-A:8901"},
                      {"http://gpu-a:8000", "http://gpu-b:8000", "http://gpu-a:8001", "http://gpu-c:8000"});
  ASSERT_TRUE(p) << p.error().message;
  ASSERT_EQ(p->meters.size(), 2U);
  EXPECT_EQ(p->meters[0].url, "https://gpu-b:8901");
  EXPECT_EQ(p->meters[0].label, "gpu-b");
  EXPECT_EQ(p->meters[0].upstreams, (Upstreams{1}));
  EXPECT_EQ(p->meters[0].token_env, "JOULEBOOK_METER_TOKEN");
  EXPECT_EQ(p->meters[0].ca, "common.pem");
  EXPECT_EQ(p->meters[1].label, "gpu-a");
  EXPECT_EQ(p->meters[1].upstreams, (Upstreams{0, 2}));
  EXPECT_EQ(p->rest, (Upstreams{3}));
}

TEST(MeterPlan, WhatIsSaidGoesBeforeWhatIsLikely) {
  const auto p = plan({"http://127.0.0.1:8901=http://127.0.0.1:8001", "http://127.0.0.1:8902=http://127.0.0.1:8002",
                       "http://127.0.0.1:8902=http://127.0.0.1:8003"},
                      {"http://127.0.0.1:8001", "http://127.0.0.1:8002", "http://localhost:8003", "http://127.0.0.1:8003"});
  ASSERT_TRUE(p) << p.error().message;
  ASSERT_EQ(p->meters.size(), 2U);
  EXPECT_EQ(p->meters[0].label, "127.0.0.1:8901");
  EXPECT_EQ(p->meters[0].upstreams, (Upstreams{0}));
  EXPECT_EQ(p->meters[1].upstreams, (Upstreams{1, 3}));
  EXPECT_EQ(p->rest, (Upstreams{2}));
}

// An upstream that runs over two machines is metered by both.
TEST(MeterPlan, TwoMetersMayHoldOneUpstream) {
  const auto p = plan({"http://a:8901=http://a:8000", "http://b:8901=http://a:8000"}, {"http://a:8000"});
  ASSERT_TRUE(p) << p.error().message;
  EXPECT_EQ(p->meters[0].upstreams, (Upstreams{0}));
  EXPECT_EQ(p->meters[1].upstreams, (Upstreams{0}));
}

TEST(MeterPlan, OneMeterAloneKeepsTheNamesOfItsDomains) {
  for (const char* upstream : {"http://gpu-a:8000", "http://10.0.0.7:8000", "http://127.0.0.1:8000"}) {
    const auto p = plan({"https://gpu-a:8901"}, {upstream});
    ASSERT_TRUE(p) << p.error().message;
    EXPECT_EQ(p->meters.at(0).label, "") << upstream;
    EXPECT_EQ(p->meters[0].upstreams, (Upstreams{0}));
    EXPECT_TRUE(p->rest.empty());
  }
  // Beside this machine's own sensors it has one.
  const auto p = plan({"https://gpu-a:8901"}, {"http://gpu-a:8000", "http://localhost:8000"});
  ASSERT_TRUE(p);
  EXPECT_EQ(p->meters.at(0).label, "gpu-a");
  EXPECT_EQ(p->rest, (Upstreams{1}));
}

// Two agents behind one proxy: their domains were named alike.
TEST(MeterPlan, AsMuchOfAnAddressAsTellsMetersApartNamesTheirDomains) {
  const auto p = plan({"https://proxy/a/=http://gpu-a:8000", "https://proxy/b=http://gpu-b:8000", "https://Proxy:443/b=http://gpu-c:8000"},
                      {"http://gpu-a:8000", "http://gpu-b:8000", "http://gpu-c:8000"});
  ASSERT_TRUE(p) << p.error().message;
  ASSERT_EQ(p->meters.size(), 2U) << "the third is the second in other words";
  EXPECT_EQ(p->meters[0].label, "proxy:443/a");
  EXPECT_EQ(p->meters[1].label, "proxy:443/b");
  EXPECT_EQ(p->meters[1].upstreams, (Upstreams{1, 2}));
  const auto twice = plan({"https://gpu-a:80=http://gpu-a:8000", "http://gpu-a=http://gpu-a:8000"}, {"http://gpu-a:8000"});
  EXPECT_EQ(twice.error().code, "serve.meter_twice");
}

TEST(MeterPlan, WhatIsNotClearIsAnErrorWithItsCure) {
  struct Case {
    std::vector<std::string> meters;
    std::vector<std::string> upstreams;
    const char* code;
  };
  for (const Case& c : {
           Case{{"http://127.0.0.1:8901", "http://127.0.0.1:8902"}, {"http://127.0.0.1:8001", "http://127.0.0.1:8002"}, "serve.meter_pairing"},
           Case{{"http://m:8901"}, {"http://a:8000", "http://b:8000"}, "serve.meter_pairing"},
           Case{{"http://m:8901", "http://n:8901"}, {"http://a:8000"}, "serve.meter_pairing"},
           Case{{"http://a:8901=http://a:8000", "http://m:8901"}, {"http://a:8000"}, "serve.meter_pairing"},
           Case{{"http://a:8901=http://b:8000"}, {"http://a:8000"}, "serve.no_upstream"},
           Case{{"gpu-a"}, {"http://a:8000"}, "serve.meter"}}) {
    const auto p = plan(c.meters, c.upstreams);
    ASSERT_FALSE(p) << c.meters[0];
    EXPECT_EQ(p.error().code, c.code) << c.meters[0];
    EXPECT_FALSE(p.error().cure.empty());
  }
  const auto p = plan({"http://m:8901"}, {"http://a:8000", "http://b:8000"});
  EXPECT_NE(p.error().cure.find("--meter http://m:8901=UPSTREAM"), std::string::npos) << p.error().cure;
}

TEST(MeterPlan, TablesSayMoreAndFlagsChooseAmongThem) {
  const std::vector<MeterTable> tables = {{"https://x:1", {"http://a:8000"}, "A_TOKEN", "a.pem"},
                                          {"https://y:1", {"http://b:8000"}, "", ""}};
  const auto all = plan({}, {"http://a:8000", "http://b:8000"}, tables);
  ASSERT_TRUE(all) << all.error().message;
  ASSERT_EQ(all->meters.size(), 2U);
  EXPECT_EQ(all->meters[0].token_env, "A_TOKEN");
  EXPECT_EQ(all->meters[0].ca, "a.pem");
  EXPECT_EQ(all->meters[1].ca, "common.pem");
  EXPECT_EQ(all->meters[1].upstreams, (Upstreams{1}));
  const auto one = plan({"https://x:1=http://b:8000"}, {"http://a:8000", "http://b:8000"}, tables);
  ASSERT_TRUE(one) << one.error().message;
  ASSERT_EQ(one->meters.size(), 1U);
  EXPECT_EQ(one->meters[0].token_env, "A_TOKEN");
  EXPECT_EQ(one->meters[0].upstreams, (Upstreams{1}));
  EXPECT_EQ(one->rest, (Upstreams{0}));
}

}  // namespace
}  // namespace joulebook::gateway
