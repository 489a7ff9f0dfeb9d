// The attributor against the simulated engine: the goals of docs/attribution.md on fixed seeds, and
// what holds of any traffic. bench/attribution_truth prints the whole table.
#include <gmock/gmock.h>

#include <algorithm>

#include "fakes/attribution_trial.h"

namespace joulebook::fakes {
namespace {

Trial trial(int concurrency, std::uint64_t seed, bool known, SimulatedEngineOptions engine = {}) {
  Mix mix;
  mix.requests = std::max(120, 5 * concurrency);
  const SimulatedTraffic traffic{.jobs = mixed_jobs(mix, seed), .concurrency = concurrency};
  engine.seed = seed;
  return try_attribution(traffic, simulate(traffic, engine), known);
}

class Truth : public ::testing::TestWithParam<int> {};

TEST_P(Truth, GoalsHoldWhereTheModelIsKnown) {
  const int concurrency = GetParam();
  Trial t;
  for (const std::uint64_t seed : {11, 13, 14}) {
    const Trial one = trial(concurrency, seed, true);
    t.requests.insert(t.requests.end(), one.requests.begin(), one.requests.end());
    t.active += one.active;
    t.unattributed += one.unattributed;
  }
  const Errors ours = errors_of(t, &Scored::fair);
  EXPECT_LE(ours.median, 0.05);
  EXPECT_LE(ours.p95, 0.15);
  EXPECT_LE(t.unattributed, 0.01 * t.active);
  for (double Scored::* rival : {&Scored::equal, &Scored::tokens, &Scored::time}) {
    const double theirs = errors_of(t, rival).median;
    if (concurrency >= 8 && theirs > 0.15) {
      EXPECT_LE(3 * ours.median, theirs);
    }
  }
  std::vector<const Scored*> counted;
  double fair = 0, truth = 0;
  for (const Scored& s : t.requests) {
    if (s.counts) counted.push_back(&s);
    fair += s.fair;
    truth += s.truth;
  }
  double width = 0;
  EXPECT_GE(coverage(counted, -1, width), 0.93);
  EXPECT_NEAR(fair / truth, 1, 0.01);
}

INSTANTIATE_TEST_SUITE_P(Concurrency, Truth, ::testing::Values(1, 8, 64));

TEST(TruthOfTraffic, AloneWithoutAShapeIsFittedAndExact) {
  const Trial t = trial(1, 11, false);
  EXPECT_EQ(t.rule, "fitted");
  EXPECT_LE(errors_of(t, &Scored::fair).median, 0.02);
}

TEST(TruthOfTraffic, ShortQueuesAndSlowNetworksAreStood) {
  const Trial queued = trial(24, 14, true, {.most_running = 8});
  EXPECT_LE(errors_of(queued, &Scored::fair).median, 0.06);
  const Trial slow = trial(16, 14, true, {.network_s = 0.01});
  EXPECT_LE(errors_of(slow, &Scored::fair).median, 0.08);  // delays longer than steps
}

TEST(TruthOfTraffic, DraftsThatWereRejectedAreWasted) {
  const Trial t = trial(8, 13, true, {.drafts = 3});
  double said = 0, truth = 0;
  for (const Scored& s : t.requests) {
    said += s.phase[5];
    truth += s.phase_truth[5];
  }
  EXPECT_GT(said, 0);
  EXPECT_NEAR(said / truth, 1, 0.8);
}

TEST(TruthOfTraffic, MarginalIsNearWhatItsStepsWouldSave) {
  const MarginalTrial alone = try_marginal(60, 0.1, 1);
  EXPECT_LE(alone.median, 0.02);
  EXPECT_LE(alone.again, 0.02);
  const MarginalTrial many = try_marginal(200, 1, 1);
  EXPECT_LE(many.median, 0.15);
  EXPECT_GE(many.held, 0.9);
}

// Whatever the prices have become, and with several choices, too: nobody else was there.
TEST(TruthOfTraffic, AloneTheMarginalIsTheFairShare) {
  Mix mix{.requests = 25, .output = 100, .spread = 0.4, .cancelled = 0, .unstreamed = 0};
  mix.choices = 0.4;
  for (const bool known : {true, false}) {
    SimulatedTraffic traffic{.jobs = mixed_jobs(mix, 15)};
    double at = 0;
    for (SimulatedJob& j : traffic.jobs) j.arrive_s = at += 5.3;
    const Trial t = try_attribution(traffic, simulate(traffic, {.seed = 15}), known);
    ASSERT_EQ(t.requests.size(), 25U);
    for (const Scored& s : t.requests) EXPECT_NEAR(s.marginal, s.fair, 1e-5 + 1e-9 * s.fair) << s.job;
  }
}

// All that is seen of them is two instants: what shares they had of steps is told badly, and said to be.
TEST(TruthOfTraffic, RequestsOfOneTokenAreHeld) {
  for (const std::uint64_t seed : {101, 102}) {
    SimulatedTraffic traffic{.jobs = mixed_jobs({.requests = 300, .prompt = 200, .cancelled = 0}, seed),
                             .concurrency = 8};
    for (SimulatedJob& j : traffic.jobs) j.output = 1;
    const Trial t = try_attribution(traffic, simulate(traffic, {.seed = seed}), false);
    std::vector<const Scored*> all;
    for (const Scored& s : t.requests) all.push_back(&s);
    double width = 0;
    EXPECT_GE(coverage(all, -1, width), 0.9);
  }
}

// Engines that read prompts in steps of their own, or whose costs are nothing like a model's.
TEST(TruthOfTraffic, EnginesOfOtherKindsAreStood) {
  const auto scored = [](SimulatedEngineOptions engine, double& held) {
    const Trial t = trial(16, 12, false, engine);
    std::vector<const Scored*> all;
    for (const Scored& s : t.requests) all.push_back(&s);
    double width = 0;
    held = coverage(all, -1, width);
    return errors_of(t, &Scored::fair).median;
  };
  const std::pair<SimulatedEngineOptions, double> engines[] = {
      {{.apart = true}, 0.05},
      {{.common_times = 0.02, .decode_times = 8, .prompt_times = 4}, 0.15},
      {{.decode_times = 0.02, .prompt_times = 0.02}, 0.1},
      {{.prompt_times = 10}, 0.1}};
  for (const auto& [engine, most] : engines) {
    double held = 0;
    EXPECT_LE(scored(engine, held), most);
    EXPECT_GE(held, 0.9);
  }
}

// One engine with that traffic under that meter.
enum class Page { none, as_they_come, at_end };
TrialInput input_of(const Mix& mix, SimulatedEngineOptions engine, Page page = Page::none, int concurrency = 16) {
  TrialInput input;
  const SimulatedTraffic traffic{.jobs = mixed_jobs(mix, engine.seed), .concurrency = concurrency};
  const SimulatedRun run = simulate(traffic, engine);
  if (page != Page::none) input.pages = pages_of(run, page == Page::at_end);
  add_engine(input, traffic, run, 0, simulated_model(engine.experts, engine.chosen));
  return input;
}

TEST(TruthOfTraffic, TrafficThatBypassedIsOthersAndNobodyElsePays) {
  Mix mix{.requests = 160};
  mix.bypass = 0.33;
  const Trial t = try_attribution(input_of(mix, {.seed = 12}, Page::as_they_come));
  ASSERT_GT(t.other_truth, 0);
  EXPECT_NEAR(t.other / t.other_truth, 1, 0.2);
  EXPECT_LE(errors_of(t, &Scored::fair).median, 0.1);
  const Trial blind = try_attribution(input_of(mix, {.seed = 12}));  // nobody reads the page
  EXPECT_EQ(blind.other, 0);
}

// A page that counts a request's tokens at its end shows them in lumps: they are nobody else's.
TEST(TruthOfTraffic, LumpsOnThePageAreNoOthers) {
  for (const int concurrency : {1, 8, 32}) {
    for (const double spread : {0.0, 0.8}) {  // at 0 all end together
      Mix mix{.requests = std::max(40, 4 * concurrency), .spread = spread};
      const TrialInput input = input_of(mix, {.seed = 12}, Page::at_end, concurrency);
      const Trial t = try_attribution(input);
      const Trial streamed = try_attribution(input_of(mix, {.seed = 12}, Page::as_they_come, concurrency));
      EXPECT_LE(t.other, streamed.other + 0.002 * t.active) << concurrency << " " << spread << " of " << t.active;
      if (spread > 0) {
        EXPECT_LE(errors_of(t, &Scored::fair).median, errors_of(streamed, &Scored::fair).median + 0.01);
      }
    }
  }
  Mix mix{.requests = 160};
  mix.bypass = 0.33;
  const Trial t = try_attribution(input_of(mix, {.seed = 12}, Page::at_end));
  ASSERT_GT(t.other_truth, 0);
  EXPECT_NEAR(t.other / t.other_truth, 1, 0.3);
}

TEST(TruthOfTraffic, PreemptedRequestsPayForReadingAgain) {
  const SimulatedEngineOptions engine{.seed = 12, .cache = 9000};
  TrialInput input = input_of({.requests = 160}, engine);
  EXPECT_GT(input.run.preempted, 5);
  const Trial t = try_attribution(input);
  EXPECT_LE(errors_of(t, &Scored::fair).median, 0.05);
}

TEST(TruthOfTraffic, ExpertsChoicesBurstsAndSilentUsageAreStood) {
  Mix choices{.requests = 160}, burst = choices, silent = choices;
  choices.choices = 0.33;
  burst.burst = 16;
  silent.usageless = 0.33;
  for (const Mix& mix : {choices, burst, silent}) {
    EXPECT_LE(errors_of(try_attribution(input_of(mix, {.seed = 12})), &Scored::fair).median, 0.05);
  }
  const Trial experts = try_attribution(
      input_of({.requests = 160}, {.seed = 12, .experts_j = 4, .chosen = 8, .experts = 64}));
  EXPECT_LE(errors_of(experts, &Scored::fair).median, 0.05);
}

TEST(TruthOfTraffic, TwoEnginesUnderOneMeterAreToldApart) {
  TrialInput input;
  for (std::uint32_t e = 0; e < 2; ++e) {
    const SimulatedTraffic traffic{.jobs = mixed_jobs({.requests = 160}, 12 + e), .concurrency = 16};
    add_engine(input, traffic, simulate(traffic, {.seed = 12 + e, .machine = 12}), e,
               simulated_model());
  }
  const Trial t = try_attribution(input);
  EXPECT_EQ(t.requests.size(), 320U);
  EXPECT_LE(errors_of(t, &Scored::fair).median, 0.05);
}

// Each upstream's costs are learnt for itself; how well, hangs on how the mixture of them varies.
TEST(TruthOfTraffic, EnginesUnlikeEachOtherUnderOneMeterAreToldApartOrSaySo) {
  TrialInput input;
  for (std::uint32_t e = 0; e < 2; ++e) {
    const SimulatedTraffic traffic{.jobs = mixed_jobs({.requests = 160}, 12 + e), .concurrency = 16};
    add_engine(input, traffic, simulate(traffic, {.seed = 12 + e}), e, simulated_model());
  }
  const Trial t = try_attribution(input);
  EXPECT_LE(errors_of(t, &Scored::fair).median, 0.1);
  std::vector<const Scored*> all;
  for (const Scored& s : t.requests) all.push_back(&s);
  double width = 0;
  EXPECT_GE(coverage(all, -1, width), 0.95);
}

// Remarks of different requests that overtake each other on their way here change nothing.
TEST(TruthOfTraffic, OrderWithinJitterDoesNotMatter) {
  Mix mix;
  mix.requests = 40;
  const SimulatedTraffic traffic{.jobs = mixed_jobs(mix, 5), .concurrency = 8};
  SimulatedRun run = simulate(traffic, {.seed = 5});
  SimulatedRun shuffled = run;
  for (std::size_t i = 0; i + 1 < shuffled.remarks.size(); i += 2) {
    auto& a = shuffled.remarks[i];
    auto& b = shuffled.remarks[i + 1];
    if (a.request != b.request && b.at - a.at < std::chrono::milliseconds(2)) std::swap(a, b);
  }
  const Trial first = try_attribution(traffic, run, true),
              second = try_attribution(traffic, shuffled, true);
  ASSERT_EQ(first.requests.size(), second.requests.size());
  double all = 0, apart = 0;
  for (const Scored& s : first.requests) {
    const auto other = std::find_if(second.requests.begin(), second.requests.end(),
                                    [&](const Scored& o) { return o.job == s.job; });
    ASSERT_NE(other, second.requests.end());
    all += s.fair;
    apart += std::abs(other->fair - s.fair);
  }
  EXPECT_LE(apart, 0.002 * all);
}

TEST(TruthOfTraffic, ARunIsTheSameEveryTime) {
  const Trial a = trial(4, 3, true), b = trial(4, 3, true);
  ASSERT_EQ(a.requests.size(), b.requests.size());
  for (std::size_t i = 0; i < a.requests.size(); ++i)
    EXPECT_EQ(a.requests[i].fair, b.requests[i].fair);
}

}  // namespace
}  // namespace joulebook::fakes
