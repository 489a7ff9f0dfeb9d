// Several machines, each with its own meter, behind one settler.
#include <rapidcheck/gtest.h>

#include "gateway/settler_fixture.h"

namespace joulebook::gateway {
namespace {

// Two machines with a GPU each, upstream 0 on the first and 1 on the second; upstream 2 has no meter.
class SettlerHostsTest : public SettlerTest {
 protected:
  void start(fakes::FakeDomain a, fakes::FakeDomain b) {
    a_ = std::make_unique<fakes::FakeMeter>(clock_, std::vector{std::move(a)});
    b_ = std::make_unique<fakes::FakeMeter>(clock_, std::vector{std::move(b)});
    std::vector<MeteredHost> hosts(3);
    hosts[0] = {.meter = a_.get(), .name = "http://a:8901", .label = "a", .upstreams = {0}, .here = false};
    hosts[1] = {.meter = b_.get(), .name = "http://b:8901", .label = "b", .upstreams = {1}, .here = false};
    hosts[2].upstreams = {2};
    hosts[2].missing = {"meter.elsewhere", "it has no meter", "run an agent"};
    SettlerOptions options;
    options.attribution.horizon = std::chrono::seconds(30);
    settler_ = std::make_unique<Settler>(hosts, &writer_, books_, clock_, options);
  }
  // W at rest, and so many more from 40 to 45 s.
  static fakes::FakeDomain gpu_at(double rest, double more) {
    auto out = gpu(40, 45);
    out.joules = [=](SteadyTime t) {
      const double s = static_cast<double>(t.ns) * 1e-9;
      return rest * s + more * (std::clamp(s, 40.0, 45.0) - 40);
    };
    return out;
  }
  // Microjoules of one domain by account, checked against the meter.
  [[nodiscard]] std::map<std::string, std::int64_t> accounts(const std::string& domain) const {
    std::map<std::string, std::int64_t> out;
    for (const auto& batch : writer_.batches) {
      for (const auto& window : batch.windows) {
        if (window.domain != domain) continue;
        for (const auto& posting : window.postings) {
          out[posting.account] += posting.amount.count;
          out["(sum)"] += posting.amount.count;
        }
        out["(meter)"] += window.meter.count;
        out["(ns)"] += (window.end - window.begin).count();
      }
    }
    return out;
  }

  std::unique_ptr<fakes::FakeMeter> a_;
  std::unique_ptr<fakes::FakeMeter> b_;
};

// 200 W above rest on one, 300 W on the other, at the same time: each request takes its own machine's.
TEST_F(SettlerHostsTest, EachUpstreamIsPaidByItsOwnHost) {
  start(gpu(40, 45), gpu_at(50, 200));
  at(40);
  open(1, 40, 100, 0);
  open(2, 40, 100, 1);
  open(3, 40, 100, 2);
  at(45);
  for (const attribution::RequestId id : {1, 2, 3}) decode(id, 40.5, 45, 50, 100);
  at(120);
  for (const auto& [id, joules] : {std::pair("r1", 1500.0), {"r2", 1000.0}}) {
    const auto found = settler_->find(id);
    ASSERT_TRUE(found && found->end.fair.present()) << id;
    EXPECT_NEAR(*found->end.fair.value, joules, 15) << id;
    EXPECT_LE(found->end.fair.interval().lo, joules);
    EXPECT_GE(found->end.fair.interval().hi, joules);
    EXPECT_EQ(found->end.fair.boundary, "gpu");
  }
  const auto none = settler_->find("r3");
  ASSERT_TRUE(none);
  EXPECT_EQ(none->status, RequestStatus::void_);
  EXPECT_EQ(none->end.void_reason->code, "meter.elsewhere");
  EXPECT_EQ(none->posted.count, 0);
  EXPECT_EQ(settler_->boundary(), "gpu");
  for (const auto& [domain, request, idle_w] : {std::tuple("gpu:0@a", "request:r1", 100.0), {"gpu:0@b", "request:r2", 50.0}}) {
    auto sums = accounts(domain);
    EXPECT_EQ(sums["(sum)"], sums["(meter)"]) << domain;
    EXPECT_GT(sums[request], 0) << domain;
    EXPECT_EQ(sums.count("request:r3"), 0U);
    EXPECT_EQ(sums.count(domain == std::string("gpu:0@a") ? "request:r2" : "request:r1"), 0U);
    EXPECT_NEAR(static_cast<double>(sums["idle.resident"]) / static_cast<double>(sums["(ns)"]) * 1e3, idle_w, 0.1);
  }
}

// A machine of which nobody asks anything is at rest, however busy the other is.
TEST_F(SettlerHostsTest, RestIsLearntMachineByMachine) {
  auto b = gpu(0, 0);
  b.joules = [](SteadyTime t) { return 70e-9 * static_cast<double>(t.ns); };
  start(gpu(0, 1e6), b);
  for (attribution::RequestId id = 1; id <= 30; ++id) {
    const double s = 2 * static_cast<double>(id);
    open(id, s, 100, 0);
    at(s + 2);
    decode(id, s + 0.5, s + 2, 20, 100);
  }
  open(99, 62, 100, 1);
  at(64);
  decode(99, 62.5, 64, 20, 100);
  at(120);
  auto sums = accounts("gpu:0@b");
  EXPECT_EQ(sums["(sum)"], sums["(meter)"]);
  EXPECT_NEAR(static_cast<double>(sums["idle.resident"]), static_cast<double>(sums["(meter)"]), 1e6);
  const auto found = settler_->find("r99");
  ASSERT_TRUE(found && found->end.fair.present());
  EXPECT_NEAR(*found->end.fair.value, 0, 1);
}

// A meter that dies makes its own upstream's energy an absence for as long as it is away, and nobody else's.
TEST_F(SettlerHostsTest, ADeadMeterIsTheLossOfItsOwnUpstreamsAlone) {
  start(gpu(40, 75), gpu(40, 75));
  b_->lose(time(50), time(60), {"meter.unreachable", "no word from http://b:8901", "start the agent"});
  at(40);
  for (const double s : {40.0, 52.0, 65.0}) {
    const auto id = static_cast<attribution::RequestId>(s);
    open(id, s, 100, 0);
    open(id + 100, s, 100, 1);
    at(s + 8);
    decode(id, s + 0.5, s + 8, 50, 100);
    decode(id + 100, s + 0.5, s + 8, 50, 100);
    at(s + 10);
    if (s == 52.0) {
      const auto hosts = settler_->hosts();
      EXPECT_FALSE(hosts.at(0).absence);
      ASSERT_TRUE(hosts.at(1).absence);
      EXPECT_EQ(hosts.at(1).absence->code, "meter.unreachable");
      EXPECT_TRUE(hosts.at(2).absence);
    }
  }
  at(140);
  for (const char* id : {"r40", "r52", "r65"}) {
    const auto found = settler_->find(id);
    ASSERT_TRUE(found) << id;
    EXPECT_EQ(found->status, RequestStatus::final_) << id;
    ASSERT_TRUE(found->end.fair.present()) << id;
    EXPECT_GT(*found->end.fair.value, 2000) << id;
  }
  for (const auto& [id, whole] : {std::pair("r140", true), {"r152", false}, {"r165", true}}) {
    const auto found = settler_->find(id);
    ASSERT_TRUE(found) << id;
    EXPECT_EQ(found->status == RequestStatus::final_, whole) << id;
    if (whole) continue;
    EXPECT_EQ(found->end.void_reason->code, "meter.unreachable");
    EXPECT_EQ(found->end.fair.reason->code, "meter.unreachable");
  }
  for (const char* domain : {"gpu:0@a", "gpu:0@b"}) {
    auto sums = accounts(domain);
    EXPECT_EQ(sums["(sum)"], sums["(meter)"]) << domain;
  }
  EXPECT_GT(accounts("gpu:0@a")["(meter)"], accounts("gpu:0@b")["(meter)"]);
  EXPECT_FALSE(settler_->hosts().at(1).absence);  // it is back
}

// A guess for a stream's last comment is made of its own machine's price.
TEST_F(SettlerHostsTest, AProvisionalFigureIsOfItsOwnUpstream) {
  start(gpu(40, 45), gpu_at(100, 30));
  at(40);
  for (const std::uint32_t u : {0U, 1U, 2U}) open(u + 1, 40, 100, u);
  at(45);
  for (const attribution::RequestId id : {1, 2, 3}) decode(id, 40.5, 45, 50, 100);
  at(60);
  const Quantity dear = settler_->provisional(10, 0);
  const Quantity cheap = settler_->provisional(10, 1);
  ASSERT_TRUE(dear.present() && cheap.present());
  EXPECT_NEAR(*dear.value / *cheap.value, 10, 1);
  EXPECT_FALSE(settler_->provisional(10, 2).present());
}

// Whatever the traffic, and whichever meter is away when: what is posted of each domain is what was metered of it.
RC_GTEST_FIXTURE_PROP(SettlerHostsTest, EveryDomainConserves, ()) {
  start(fakes::swinging_domain("gpu:0", 300, 200, 7), fakes::swinging_domain("gpu:0", 150, 20, 3));
  const int losses = *rc::gen::inRange(0, 3);
  for (int i = 0; i < losses; ++i) {
    const auto from = *rc::gen::inRange(10, 60);
    (*rc::gen::arbitrary<bool>() ? a_ : b_)->lose(time(from), time(from + *rc::gen::inRange(1, 9)), {"window.gap", "away", "wait"});
  }
  const int requests = *rc::gen::inRange(1, 12);
  double s = 5;
  for (int i = 1; i <= requests; ++i) {
    const auto id = static_cast<attribution::RequestId>(i);
    open(id, s, *rc::gen::inRange(1, 2000), static_cast<std::uint32_t>(*rc::gen::inRange(0, 3)));
    const double length = 0.1 * *rc::gen::inRange(1, 80);
    at(s + length);
    decode(id, s + 0.05, s + length, *rc::gen::inRange(1, 40), 100);
    s += length + 0.1 * *rc::gen::inRange(0, 40);
  }
  at(s + 60);
  std::int64_t metered = 0;
  for (const char* domain : {"gpu:0@a", "gpu:0@b"}) {
    auto sums = accounts(domain);
    RC_ASSERT(sums["(sum)"] == sums["(meter)"]);
    metered += sums["(meter)"];
  }
  RC_ASSERT(metered > 0);
  RC_ASSERT(settler_->counts().open + settler_->counts().pending == 0U);
  for (int i = 1; i <= requests; ++i) RC_ASSERT(settler_->find("r" + std::to_string(i)).has_value());
}

}  // namespace
}  // namespace joulebook::gateway
