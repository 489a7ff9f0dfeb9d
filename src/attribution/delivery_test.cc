// Tokens that reach the wire late: a step later, in pulses of a clock, or each up to a step. Against the simulated
// engine's truth. Seeds up to 60: the others score the table of docs/attribution.md.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "fakes/attribution_trial.h"

namespace joulebook::fakes {
namespace {

struct Server {
  bool slow = false;  // a processor's steps, of 55 ms and more
  bool known = false;
  double output = 220;
  int concurrency = 32;
  int requests = 240;
  std::vector<std::uint64_t> seeds = {41, 42, 43};
};

struct Seen {
  double median = 0, p95 = 0, held = 0, width = 0, prefill = 0;
};

Seen seen(const Server& server, Delivery delivery) {
  Trial all;
  Seen out;
  double prefill = 0, truth = 0;
  for (const std::uint64_t seed : server.seeds) {
    Mix mix{.requests = server.requests, .output = server.output, .cancelled = 0, .unstreamed = 0};
    if (server.slow) {
      mix.prompt = 160;
      mix.spread = 1.2;
      mix.reasoning = 0;
    }
    const SimulatedTraffic traffic{.jobs = mixed_jobs(mix, seed), .concurrency = server.concurrency};
    const SimulatedRun run = simulate(traffic, {.seed = seed, .delivery = delivery, .slow = server.slow});
    const Trial t = try_attribution(traffic, run, server.known);
    all.requests.insert(all.requests.end(), t.requests.begin(), t.requests.end());
  }
  std::vector<const Scored*> scored;
  for (Scored& s : all.requests) {
    scored.push_back(&s);
    s.counts = true;  // short ones feel it most
    prefill += s.phase[1];
    truth += s.phase_truth[1];
  }
  out.held = coverage(scored, -1, out.width);
  out.median = errors_of(all, &Scored::fair).median;
  out.p95 = errors_of(all, &Scored::fair).p95;
  out.prefill = prefill / truth - 1;
  return out;
}

constexpr Delivery kLate[] = {Delivery::step_late, Delivery::flushed, Delivery::jittered};

// Short answers of a processor's long steps, where a step is a large part of each.
TEST(Delivery, IntervalsHoldWhereStepsAreLong) {
  for (const Delivery delivery : kLate) {
    const Seen s = seen({.slow = true, .output = 8, .concurrency = 16, .requests = 400, .seeds = {41, 42, 43, 46, 47, 48}}, delivery);
    SCOPED_TRACE(static_cast<int>(delivery));
    EXPECT_GE(s.held, 0.93);
    EXPECT_LE(s.median, 0.14);
  }
}

// The same, where the model that is named is a GPU's.
TEST(Delivery, IntervalsHoldWhereTheModelIsAnother) {
  for (const Delivery delivery : {Delivery::at_once, Delivery::step_late, Delivery::flushed, Delivery::jittered}) {
    const Seen s = seen({.slow = true, .known = true, .output = 8, .concurrency = 16, .requests = 400, .seeds = {41, 42, 43, 46, 47, 48}}, delivery);
    SCOPED_TRACE(static_cast<int>(delivery));
    EXPECT_GE(s.held, 0.8);
    RecordProperty("held", std::to_string(s.held));
  }
}

TEST(Delivery, IntervalsHoldWhereStepsAreShort) {
  for (const double output : {8.0, 220.0}) {
    for (const Delivery delivery : kLate) {
      const Seen s = seen({.known = true, .output = output}, delivery);
      SCOPED_TRACE(testing::Message() << output << " " << static_cast<int>(delivery));
      EXPECT_GE(s.held, 0.91);
      if (output > 100) {
        EXPECT_LE(s.median, 0.02);
        EXPECT_LE(s.p95, 0.15);
      }
    }
  }
}

// What is busy all the time, and costs in proportion to what it does: where in a window a prompt was read is not seen to the
// step, and what one window is given too much its neighbour lacks.
TEST(Delivery, PromptsOfABusyEngineKeepTheirPrice) {
  const Seen s = seen({.slow = true, .output = 8, .concurrency = 16, .requests = 600, .seeds = {21, 22, 23}}, Delivery::at_once);
  EXPECT_GE(s.prefill, -0.17);
  EXPECT_LE(s.median, 0.065);
  EXPECT_GE(s.held, 0.95);
}

}  // namespace
}  // namespace joulebook::fakes
