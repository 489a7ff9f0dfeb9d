// What goes on after a client has gone: engines notice that late, and count, and compute, until then.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "fakes/attribution_trial.h"

namespace joulebook::fakes {
namespace {

struct Given {
  bool at_end = false;    // how its page counts
  int concurrency = 16;
  double give_up_s = 9.9;  // all at once
  double let_go_s = 0.2;   // later
  double cancelled = 0;    // of requests, each by itself
  double bypass = 0;
  double prompt = 400;
  bool page = true;
};

TrialInput given(const Given& g, std::uint64_t seed) {
  Mix mix{.requests = 6 * g.concurrency, .prompt = g.prompt};
  mix.cancelled = g.cancelled;
  mix.bypass = g.bypass;
  const SimulatedTraffic traffic{
      .jobs = mixed_jobs(mix, seed), .concurrency = g.concurrency, .give_up_s = g.give_up_s};
  const SimulatedRun run = simulate(traffic, {.seed = seed, .let_go_s = g.let_go_s});
  TrialInput input;
  if (g.page) input.pages = pages_of(run, g.at_end);
  add_engine(input, traffic, run, 0, simulated_model());
  return input;
}

struct Sums {
  double fair = 0, truth = 0;      // J of those that were cancelled
  double held = 0, cancelled = 0;  // of them
  double tail = 0;                 // s that the engine was at them after they had closed, most
};

Sums sums_of(const TrialInput& input, const Trial& t) {
  Sums sum;
  for (const Scored& s : t.requests) {
    const JobTruth& job = input.run.jobs[s.job];
    if (!job.cancelled) continue;
    sum.fair += s.fair;
    sum.truth += s.truth;
    sum.held += s.held ? 1 : 0;
    sum.cancelled += 1;
    sum.tail = std::max(sum.tail, job.let_go_s - job.ended_s);
  }
  return sum;
}

// Whatever its page counts, and whether it is read while they go on.
TEST(Cancelled, WhatGoesOnAfterAClientHasGoneIsNoOthers) {
  for (const bool at_end : {false, true}) {
    for (const double give_up_s : {9.6, 9.75, 9.85, 9.95, 10.3}) {
      for (const double prompt : {400.0, 3000.0}) {
        const TrialInput input = given({.at_end = at_end, .give_up_s = give_up_s, .prompt = prompt}, 23);
        const Trial t = try_attribution(input);
        const Sums sum = sums_of(input, t);
        EXPECT_GE(sum.cancelled, 10);
        EXPECT_GE(sum.tail, 0.2);
        EXPECT_LE(t.other, 0.0005 * t.active) << at_end << " " << give_up_s << " " << prompt << " of " << t.active;
        EXPECT_LE(t.unattributed, 0.005 * t.active) << at_end << " " << give_up_s << " " << prompt;
        EXPECT_NEAR(sum.fair / sum.truth, 1, 0.1) << at_end << " " << give_up_s << " " << prompt;
      }
    }
  }
}

// One by one, while others are at work.
TEST(Cancelled, ATailAmongOthersIsItsOwn) {
  for (const bool at_end : {false, true}) {
    double fair = 0, truth = 0, held = 0, n = 0, other = 0, active = 0;
    for (const std::uint64_t seed : {24, 25, 26}) {
      const TrialInput input = given({.at_end = at_end, .give_up_s = 0, .let_go_s = 0.3, .cancelled = 0.3}, seed);
      const Trial t = try_attribution(input);
      const Sums sum = sums_of(input, t);
      fair += sum.fair;
      truth += sum.truth;
      held += sum.held;
      n += sum.cancelled;
      other += t.other;
      active += t.active;
    }
    EXPECT_LE(other, 0.002 * active) << at_end;
    EXPECT_NEAR(fair / truth, 1, 0.1) << at_end;
    EXPECT_GE(held, 0.9 * n) << at_end;
  }
}

// Those who were let go at once, before their first token or later, are charged no tail.
TEST(Cancelled, WithoutATailNothingIsAdded) {
  for (const double give_up_s : {9.7, 9.9, 10.0, 10.2}) {
    const TrialInput with = given({.give_up_s = give_up_s, .let_go_s = 0}, 27);
    TrialInput without = with;
    without.pages.clear();
    const Sums paged = sums_of(with, try_attribution(with)), blind = sums_of(without, try_attribution(without));
    EXPECT_NEAR(paged.fair / blind.fair, 1, 0.01) << give_up_s;
  }
}

// What bypasses all the while is found as before, and no tail grows from it.
TEST(Cancelled, BypassIsNoTail) {
  const TrialInput input = given({.let_go_s = 0.2, .bypass = 0.33}, 28);
  const Trial t = try_attribution(input);
  ASSERT_GT(t.other_truth, 0);
  EXPECT_NEAR(t.other / t.other_truth, 1, 0.3);
  const Sums sum = sums_of(input, t);
  EXPECT_NEAR(sum.fair / sum.truth, 1, 0.35);
}

// Answers that were not streamed and were cut after most of their work: nobody counts it, and it was theirs all the same.
struct Cut {
  double fair = 0, truth = 0, held = 0, n = 0;  // of those that were cut
  double unattributed = 0, active = 0;
  Trial all;
};

Cut cut(SimulatedEngineOptions engine, bool fails) {
  Cut out;
  for (const std::uint64_t seed : {31, 32, 33}) {
    SimulatedTraffic traffic{.jobs = mixed_jobs({.requests = 120, .cancelled = 0}, seed), .concurrency = 12};
    for (std::size_t i = 0; i < traffic.jobs.size(); i += 4) {
      SimulatedJob& j = traffic.jobs[i];
      j.streamed = false;
      j.fails = fails;
      j.cancel_after = std::max(1, j.output * 9 / 10);
    }
    engine.seed = seed;
    TrialInput input;
    add_engine(input, traffic, simulate(traffic, engine), 0, simulated_model());
    const Trial t = try_attribution(input);
    const Sums sum = sums_of(input, t);
    out.fair += sum.fair;
    out.truth += sum.truth;
    out.held += sum.held;
    out.n += sum.cancelled;
    out.unattributed += t.unattributed;
    out.active += t.active;
    out.all.requests.insert(out.all.requests.end(), t.requests.begin(), t.requests.end());
  }
  return out;
}

TEST(Cancelled, AnAnswerThatFailsLateIsChargedTheTimeThatItWasAtWork) {
  const SimulatedEngineOptions engines[] = {{}, {.apart = true}, {.slow = true}, {.decode_times = 5}};
  for (const auto& engine : engines) {
    for (const bool fails : {true, false}) {
      const Cut c = cut(engine, fails);
      SCOPED_TRACE(testing::Message() << engine.apart << engine.slow << engine.decode_times << fails);
      EXPECT_NEAR(c.fair / c.truth, 1, 0.1);
      EXPECT_GE(c.held, 0.9 * c.n);
      EXPECT_LE(c.unattributed, 0.01 * c.active);
      EXPECT_LE(errors_of(c.all, &Scored::fair).median, 0.05);
    }
  }
}

// Nobody else is there to show steps: what its upstream showed before says how quick it is.
TEST(Cancelled, AnAnswerThatFailsAloneIsAtWorkToItsEnd) {
  SimulatedTraffic traffic{.jobs = mixed_jobs({.requests = 20, .output = 300, .spread = 0.3, .cancelled = 0, .unstreamed = 0}, 34)};
  double at = 0;
  for (SimulatedJob& j : traffic.jobs) j.arrive_s = at += 8;
  SimulatedJob& late = traffic.jobs[10];
  late.streamed = false;
  late.fails = true;
  late.output = 12000;
  late.cancel_after = 11000;  // past the horizon
  for (std::size_t i = 11; i < traffic.jobs.size(); ++i) traffic.jobs[i].arrive_s += i < 14 ? 0 : 200;
  TrialInput input;
  add_engine(input, traffic, simulate(traffic, {.seed = 34}), 0, simulated_model());
  const Trial t = try_attribution(input);
  const auto scored = std::find_if(t.requests.begin(), t.requests.end(), [](const Scored& s) { return s.job == 10; });
  ASSERT_NE(scored, t.requests.end());
  EXPECT_NEAR(scored->fair / scored->truth, 1, 0.05);
  EXPECT_TRUE(scored->held);
  EXPECT_LE(t.unattributed, 0.01 * t.active);
}

}  // namespace
}  // namespace joulebook::fakes
