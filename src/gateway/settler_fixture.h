#pragma once
// A settler on a clock that the test moves, over a meter whose energy is known, before a writer that keeps
// what it is given.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "fakes/fake_meter.h"
#include "gateway/settler.h"

namespace joulebook::gateway {

inline constexpr std::int64_t kMs = 1'000'000;

// A GPU that draws 100 W at rest and 400 W while it works, from 20 s on, for as long as it is told.
inline fakes::FakeDomain gpu(double from_s, double to_s) {
  fakes::FakeDomain domain;
  domain.domain = "gpu:0";
  domain.joules = [=](SteadyTime t) {
    const double s = static_cast<double>(t.ns) * 1e-9;
    return 100 * s + 300 * (std::clamp(s, from_s, to_s) - from_s);
  };
  return domain;
}

// Keeps what it is given; fails as it is told.
class FakeWriter final : public ServeWriter {
 public:
  std::vector<ServeBatch> batches;
  std::optional<Error> failure;
  std::string id = "serve-1";
  std::function<void()> hold;  // called before each write

  [[nodiscard]] const std::string& run() const override { return id; }
  [[nodiscard]] Status settle(const ServeBatch& batch) override {
    if (hold) hold();
    if (failure) return fail(*failure);
    batches.push_back(batch);
    return {};
  }
  [[nodiscard]] std::size_t open_requests() const override { return 0; }
  [[nodiscard]] Status end(const Anchor&, const Json&, bool) override { return {}; }

  [[nodiscard]] std::uint64_t ended() const {
    std::uint64_t out = 0;
    for (const auto& batch : batches) out += batch.ended.size();
    return out;
  }
  [[nodiscard]] std::map<std::string, std::int64_t> accounts() const {
    std::map<std::string, std::int64_t> out;
    for (const auto& batch : batches) {
      for (const auto& window : batch.windows) {
        std::int64_t sum = 0;
        for (const auto& posting : window.postings) {
          EXPECT_GT(posting.amount.count, 0);
          out[posting.account] += posting.amount.count;
          sum += posting.amount.count;
        }
        EXPECT_EQ(sum, window.meter.count);
        out["(meter)"] += window.meter.count;
      }
    }
    return out;
  }
};

class SettlerTest : public testing::Test {
 protected:
  void start(fakes::FakeDomain domain, bool meter = true, std::vector<fakes::FakeDomain> more = {}) {
    more.insert(more.begin(), std::move(domain));
    meter_ = std::make_unique<fakes::FakeMeter>(clock_, std::move(more));
    SettlerOptions options;
    options.attribution.horizon = std::chrono::seconds(30);
    MeteredHost host;
    if (meter) host.meter = meter_.get();
    settler_ = std::make_unique<Settler>(std::vector{host}, &writer_, books_, clock_, options);
  }
  void at(double s) {
    while (static_cast<double>(clock_.now().ns) * 1e-9 + 0.1 < s) {
      clock_.advance(std::chrono::milliseconds(100));
      settler_->pump();
    }
  }
  SteadyTime time(double s) const { return {static_cast<std::int64_t>(s * 1000) * kMs}; }
  void open(attribution::RequestId id, double s, std::int64_t prompt, std::uint32_t upstream = 0) {
    RequestBegin begin;
    begin.id = "r" + std::to_string(id);
    begin.model = "m";
    begin.route = "/v1/chat/completions";
    begin.stream = true;
    begin.arrived = time(s);
    settler_->opened(id, begin);
    attribution::Arrived arrived;
    arrived.streamed = true;
    arrived.upstream = upstream;
    arrived.prompt_bytes = prompt * 4;
    settler_->remark({id, time(s), arrived});
    settler_->remark({id, time(s), attribution::Sent{}});
  }
  // Tokens at even distance in (from, to], then usage and the end.
  void decode(attribution::RequestId id, double from, double to, int count, std::int64_t prompt,
              attribution::Outcome outcome = attribution::Outcome::complete) {
    for (int i = 1; i <= count; ++i) {
      settler_->remark({id, time(from + (to - from) * i / count), attribution::Tokens{}});
    }
    attribution::Usage usage;
    usage.prompt = prompt;
    usage.cached = 0;
    usage.output = count;
    settler_->remark({id, time(to), usage});
    settler_->remark({id, time(to), attribution::Ended{outcome}});
  }

  FakeClock clock_;
  std::unique_ptr<fakes::FakeMeter> meter_;
  FakeWriter writer_;
  LiveBooks books_;
  std::unique_ptr<Settler> settler_;
};

}  // namespace joulebook::gateway
