// Several models behind one upstream: each is an engine of its own, with its own batch and its own prices.
#include "attribution/engines.h"

#include <gtest/gtest.h>

#include <cmath>
#include <utility>

#include "fakes/attribution_trial.h"

namespace joulebook::fakes {
namespace {

using attribution::Arrived;
using attribution::Engines;
using attribution::upstream_of;

TEST(Engines, AreModelsWhereTheyRunSideBySide) {
  attribution::Options options;
  options.models = {simulated_model(), std::nullopt};
  options.named = {{1, "small", simulated_model()}};
  options.named[0].model.name = "Small";
  options.routers = {2};
  Engines engines(options);
  const auto of = [&](std::uint32_t upstream, const std::string& model) {
    Arrived arrived;
    arrived.upstream = upstream;
    arrived.model = model;
    return engines.of(arrived);
  };
  EXPECT_EQ(of(0, "a"), 0U);
  EXPECT_EQ(of(0, "b"), 0U);  // names may be aliases of one model
  EXPECT_EQ(of(1, "large"), 1U);
  const auto small = of(1, "small");
  EXPECT_NE(small, 1U);
  EXPECT_EQ(upstream_of(small), 1U);
  ASSERT_NE(engines.model(small), nullptr);
  EXPECT_EQ(engines.model(small)->name, "Small");
  EXPECT_EQ(engines.model(1), nullptr);
  EXPECT_EQ(engines.model(0)->name, simulated_model().name);
  EXPECT_NE(of(2, "a"), of(2, "b"));
  EXPECT_EQ(of(2, "a"), of(2, "a"));
  EXPECT_EQ(upstream_of(of(2, "a")), 2U);
  std::set<std::uint32_t> all;
  for (int i = 0; i < 1000; ++i) all.insert(of(2, "model " + std::to_string(i)));
  EXPECT_LE(all.size(), Engines::kMostModels + 1);  // clients choose the names
  EXPECT_EQ(upstream_of(of(4'000'000'000U, "a")), Engines::kMostUpstreams);
}

// Two engines with costs of their own on one device, 12 requests at a time each, asked for by name at one address.
Trial two_models(std::uint64_t seed, bool apart, bool shapes) {
  TrialInput input;
  for (const char* name : {"first", "second"}) {
    const std::uint64_t own = seed + (name[0] == 'f' ? 0 : 1000);
    const SimulatedTraffic traffic{.jobs = mixed_jobs({.requests = 160, .prompt = name[0] == 'f' ? 300.0 : 600.0}, own),
                                   .concurrency = 12};
    SimulatedRun run = simulate(traffic, {.seed = own, .machine = seed});
    for (auto& r : run.remarks) {
      if (auto* arrived = std::get_if<Arrived>(&r.what)) arrived->model = name;
    }
    add_engine(input, traffic, run, 0, std::nullopt);
    if (shapes) input.named.push_back({0, name, simulated_model()});
  }
  if (apart) input.routers = {0};
  return try_attribution(input);
}

double bias(const Trial& t) {
  double fair = 0, truth = 0;
  for (const Scored& s : t.requests) {
    fair += s.fair;
    truth += s.truth;
  }
  return fair / truth - 1;
}

// Taken for one engine, sequences of both would seem to share steps that they do not.
TEST(Engines, TwoModelsOfOneUpstreamAreToldApart) {
  for (const std::uint64_t seed : {31, 32}) {
    const Errors together = errors_of(two_models(seed, false, false), &Scored::fair);
    const Trial router = two_models(seed, true, false);
    const Trial known = two_models(seed, false, true);
    for (const Trial* t : {&router, &known}) {
      const Errors errors = errors_of(*t, &Scored::fair);
      EXPECT_LE(errors.median, 0.05);
      EXPECT_LE(errors.p95, 0.15);
      EXPECT_LE(std::abs(bias(*t)), 0.01);
      EXPECT_LE(3 * errors.p95, together.p95);
    }
    EXPECT_EQ(known.rule, "physics:" + simulated_model().name);
  }
}

// What the row says of traffic that nobody could see.
TEST(Engines, WithoutAMetricsPageARowSaysThatBypassIsNotSeen) {
  const SimulatedTraffic traffic{.jobs = mixed_jobs({.requests = 20}, 33), .concurrency = 4};
  const SimulatedRun run = simulate(traffic, {.seed = 33});
  for (const bool page : {false, true}) {
    attribution::Options options;
    options.models = {simulated_model()};
    attribution::Attributor attributor(options);
    if (page) attributor.reading(pages_of(run).front());
    for (const auto& r : run.remarks) attributor.remark(r);
    const auto windows = metered(run);
    attributor.now(windows.back().end + options.horizon);
    for (const auto& w : windows) (void)attributor.divide(w);
    const auto settled = attributor.settled(windows.back().end);
    ASSERT_FALSE(settled.empty());
    for (const auto& f : settled) {
      EXPECT_EQ(f.fair.method.find("no metrics page") == std::string::npos, page) << f.fair.method;
    }
  }
}

}  // namespace
}  // namespace joulebook::fakes
