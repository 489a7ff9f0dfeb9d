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

}  // namespace
}  // namespace joulebook::fakes
