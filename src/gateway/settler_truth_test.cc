// The simulated engine behind the settler: its remarks, its metrics page as text and a plant that
// draws what it computes, over whole windows, floors and postings; against what each request cost.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "fakes/attribution_trial.h"
#include "fakes/fake_meter.h"
#include "gateway/settler.h"
#include "gateway/wire/metrics_page.h"

namespace joulebook::gateway {
namespace {

constexpr double kQuiet = 40;  // s before the first request: the floor is learned

struct Plant {
  std::string name;
  double tick_s = 0.01;   // of the counter; between ticks the meter interpolates
  double delay_s = 0;     // by which it shows late
  double drift_w = 0;     // by which the power at rest rises over the run
  bool memory = false;    // a second domain, which draws a fifth of the first's
};

class Counts final : public ServeWriter {
 public:
  std::map<std::string, std::int64_t> accounts;
  std::int64_t meter = 0;
  std::string id = "serve-1";
  [[nodiscard]] const std::string& run() const override { return id; }
  [[nodiscard]] Status settle(const ServeBatch& batch) override {
    for (const auto& window : batch.windows) {
      meter += window.meter.count;
      for (const auto& p : window.postings) accounts[p.account] += p.amount.count;
    }
    return {};
  }
  [[nodiscard]] std::size_t open_requests() const override { return 0; }
  [[nodiscard]] Status end(const Anchor&, const Json&, bool) override { return {}; }
};

// J by time since the engine began, cumulative, active.
class Active {
 public:
  explicit Active(const fakes::SimulatedRun& run) {
    double sum = 0;
    for (const auto& s : run.spans) {
      knots_.push_back({s.begin_s, sum});
      knots_.push_back({s.end_s, sum += s.joules});
    }
  }
  [[nodiscard]] double at(double t) const {
    const auto next = std::upper_bound(knots_.begin(), knots_.end(), t,
                                       [](double x, const Knot& k) { return x < k.t; });
    if (next == knots_.begin()) return 0;
    const Knot& a = *std::prev(next);
    return next == knots_.end() ? a.j : a.j + (next->j - a.j) * (t - a.t) / (next->t - a.t);
  }

 private:
  struct Knot {
    double t, j;
  };
  std::vector<Knot> knots_;
};

fakes::FakeDomain domain_of(const Active& active, const Plant& plant, std::string name, double part) {
  fakes::FakeDomain d;
  d.domain = std::move(name);
  d.own = std::min(0.005 + plant.tick_s, 0.5);
  const auto at_tick = [active, plant, part](double k) {
    const double t = k * plant.tick_s;
    return part * (100 * t + active.at(t - plant.delay_s - kQuiet) +
                   plant.drift_w / 400 * t * t);
  };
  d.joules = [at_tick, plant](SteadyTime t) {
    const double k = static_cast<double>(t.ns) * 1e-9 / plant.tick_s, whole = std::floor(k);
    return at_tick(whole) + (k - whole) * (at_tick(whole + 1) - at_tick(whole));
  };
  return d;
}

std::string page_of(const attribution::EngineReading& r) {
  return fmt::format(
      "# TYPE vllm:num_requests_running gauge\nvllm:num_requests_running{{engine=\"0\"}} {}\n"
      "vllm:num_requests_waiting{{engine=\"0\"}} {}\nvllm:prompt_tokens_total{{engine=\"0\"}} {}\n"
      "vllm:generation_tokens_total{{engine=\"0\"}} {}\n",
      *r.running, *r.waiting, *r.prompt_tokens, *r.output_tokens);
}

struct Outcome {
  std::vector<double> errors;
  double fair = 0, truth = 0, held = 0, scored = 0;
  std::int64_t requests_j = 0;  // microjoules posted
  Counts counts;
};

SteadyTime later(SteadyTime t) { return t + Nanos(static_cast<std::int64_t>(kQuiet * 1e9)); }

Outcome serve(const fakes::Mix& mix, const Plant& plant, bool pages, std::uint64_t seed) {
  const fakes::SimulatedTraffic traffic{.jobs = fakes::mixed_jobs(mix, seed), .concurrency = 12};
  const fakes::SimulatedRun run = fakes::simulate(traffic, {.seed = seed});
  const Active active(run);
  FakeClock clock;
  std::vector<fakes::FakeDomain> domains = {domain_of(active, plant, "gpu:0", 1)};
  if (plant.memory) domains.push_back(domain_of(active, plant, "gpu:1", 0.2));
  fakes::FakeMeter meter(clock, domains);
  LiveBooks books;
  Outcome out;
  SettlerOptions options;
  options.attribution.models = {fakes::simulated_model()};
  MeteredHost host;
  host.meter = &meter;
  Settler settler(std::vector{host}, &out.counts, books, clock, options);
  const auto read = pages ? fakes::pages_of(run) : std::vector<attribution::EngineReading>{};
  std::size_t next = 0, page = 0;
  while (static_cast<double>(clock.now().ns) * 1e-9 < kQuiet + run.end_s + 70) {
    clock.advance(std::chrono::milliseconds(100));
    for (; next < run.remarks.size() && later(run.remarks[next].at) <= clock.now(); ++next) {
      attribution::Remark r = run.remarks[next];
      r.at = later(r.at);
      if (std::holds_alternative<attribution::Arrived>(r.what)) {
        RequestBegin begin;
        begin.id = "r" + std::to_string(r.request);
        begin.arrived = r.at;
        settler.opened(r.request, begin);
      }
      settler.remark(r);
    }
    for (; page < read.size() && later(read[page].end) <= clock.now(); ++page) {
      auto reading = read_metrics_page(page_of(read[page]));
      reading->begin = later(read[page].begin);
      reading->end = later(read[page].end);
      settler.reading(*reading);
    }
    settler.pump();
  }
  settler.pump(true);
  const double parts = plant.memory ? 1.2 : 1;
  for (std::size_t i = 0; i < run.jobs.size(); ++i) {
    const auto found = settler.find("r" + std::to_string(i + 1));
    if (traffic.jobs[i].bypass) {
      EXPECT_FALSE(found);
      continue;
    }
    if (!found || found->status != RequestStatus::final_) {
      ADD_FAILURE() << "request " << i + 1 << " is not final";
      continue;
    }
    const double truth = parts * run.jobs[i].fair;
    out.errors.push_back(std::abs(*found->end.fair.value / truth - 1));
    out.fair += *found->end.fair.value;
    out.truth += truth;
    out.held += found->end.fair.interval().contains(truth) ? 1 : 0;
    out.requests_j += found->posted.count;
  }
  std::sort(out.errors.begin(), out.errors.end());
  return out;
}

void expect_balanced(Outcome& out) {
  std::int64_t posted = 0, requests = 0;
  for (const auto& [account, amount] : out.counts.accounts) {
    posted += amount;
    if (account.starts_with("request:")) requests += amount;
  }
  EXPECT_EQ(posted, out.counts.meter);
  EXPECT_EQ(requests, out.requests_j);
}

class SettlerTruth : public testing::TestWithParam<Plant> {};

TEST_P(SettlerTruth, SharesFollowTheWorkWhateverThePlantIsReadWith) {
  fakes::Mix mix{.requests = 120};
  Outcome out = serve(mix, GetParam(), false, 71);
  expect_balanced(out);
  const auto n = out.errors.size();
  EXPECT_LE(out.errors[n / 2], 0.05);
  EXPECT_GE(out.held / static_cast<double>(n), 0.9);
  EXPECT_NEAR(out.fair / out.truth, 1, 0.03);
}

INSTANTIATE_TEST_SUITE_P(
    Plants, SettlerTruth,
    testing::Values(Plant{.name = "ms", .tick_s = 0.001}, Plant{.name = "tenth", .tick_s = 0.1},
                    Plant{.name = "second", .tick_s = 1}, Plant{.name = "late", .delay_s = 0.1},
                    Plant{.name = "drift", .drift_w = 5}, Plant{.name = "two", .memory = true}),
    [](const auto& of) { return of.param.name; });

TEST(SettlerTruthOfPages, WhatBypassedIsPostedToOther) {
  fakes::Mix mix{.requests = 120};
  mix.bypass = 0.33;
  Outcome out = serve(mix, {}, true, 72);
  expect_balanced(out);
  EXPECT_NEAR(out.fair / out.truth, 1, 0.15);
  EXPECT_LE(out.errors[out.errors.size() / 2], 0.12);
  EXPECT_GT(out.counts.accounts["other"], 0);
}

}  // namespace
}  // namespace joulebook::gateway
