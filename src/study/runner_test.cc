#include "study/runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "study/engines.h"
#include "study/study_fixture.h"

namespace joulebook {
namespace {

using testing::HasSubstr;

// Edges of one domain's settlements in order; every begin is the end before it.
void expect_tiles(const fakes::MemoryLedger::Run& run, const StudyBench& bench) {
  std::map<std::string, MicroJoules> metered;
  std::map<std::string, SteadyTime> edge;
  std::map<std::string, SteadyTime> first;
  for (const auto& s : run.settlements) {
    if (edge.contains(s.domain)) {
      EXPECT_EQ(s.begin, edge[s.domain]);
    } else {
      first[s.domain] = s.begin;
    }
    edge[s.domain] = s.end;
    metered[s.domain] += s.meter;
  }
  double total = 0;
  for (const auto& [domain, sum] : metered) total += to_joules(sum).value();
  ASSERT_EQ(metered.size(), 2U);
  EXPECT_NEAR(total, bench.meter.true_joules(first["package:0"], edge["package:0"]), 1e-5);
}

TEST(Runner, EveryJouleOfTheStudyIsPostedOnce) {
  StudyBench bench;
  const auto result = bench.run(small_spec());
  ASSERT_TRUE(result) << result.error().message;
  const auto& run = bench.ledger.runs.at(result->id);
  expect_tiles(run, bench);
  EXPECT_TRUE(run.complete);
  EXPECT_EQ(result->trials.size(), 24U);
  EXPECT_EQ(run.settlements.front().begin, result->whole.window.begin);
  EXPECT_EQ(run.settlements.back().end, result->whole.window.end);
  std::map<std::string, std::int64_t> accounts;
  for (const auto& s : run.settlements) {
    for (const auto& p : s.postings) accounts[p.account] += p.amount.count;
  }
  for (const auto* name : {"idle.bare", "idle.resident", "self", "other"}) {
    EXPECT_GT(accounts[name], 0) << name;
  }
  std::int64_t requests = 0;
  for (const auto& [name, amount] : accounts) requests += name.starts_with("request:") ? amount : 0;
  EXPECT_GT(requests, 0);
}

TEST(Runner, PhasesSumToTheirTrial) {
  StudyBench bench;
  const auto result = bench.run(small_spec());
  ASSERT_TRUE(result);
  for (const auto& trial : result->trials) {
    MicroJoules phases;
    SteadyTime edge = trial.begin;
    for (const auto& phase : trial.phases) {
      EXPECT_EQ(phase.span.begin, edge);
      edge = phase.span.end;
      phases += to_microjoules(Joules(phase.energy.value.value()));
    }
    EXPECT_EQ(edge, trial.end);
    EXPECT_EQ(phases, to_microjoules(Joules(trial.energy.value.value())));
    EXPECT_NEAR(*trial.energy.value, bench.meter.true_joules(trial.begin, trial.end), 2e-6);
  }
}

TEST(Runner, ActiveIsGrossLessTheLoadedFloor) {
  StudyBench bench;
  const auto result = bench.run(small_spec());
  ASSERT_TRUE(result);
  ASSERT_EQ(result->baselines.size(), 3U);
  EXPECT_EQ(result->baselines[0].what, "bare before");
  EXPECT_THAT(result->baselines[1].what, HasSubstr("loaded: "));
  EXPECT_EQ(result->baselines[2].what, "bare after");
  const double floor = result->baselines[1].power.value.value();
  const auto& t = result->trials[3];
  EXPECT_NEAR(t.active.value.value(), *t.energy.value - floor * t.duration().count(), 1e-9);
  EXPECT_EQ(t.active.tier, Tier::apportioned);
  EXPECT_EQ(t.energy.tier, Tier::measured);
}

TEST(Runner, ArmsOfOneModelShareOneLoad) {
  StudyBench bench;
  const auto result = bench.run(small_spec());
  ASSERT_TRUE(result);
  EXPECT_EQ(bench.loads, 1);
  ASSERT_TRUE(result->arms[1].load);
  EXPECT_NEAR(result->arms[1].load->window.duration().count(), 0.2, 1e-9);
  EXPECT_TRUE(result->arms[1].loaded_silent);
  auto spec = small_spec();
  spec.arms[1].engine.threads = 1;
  StudyBench other;
  ASSERT_TRUE(other.run(spec));
  EXPECT_EQ(other.loads, 2);
}

TEST(Runner, WithoutABaselineActiveIsAnAbsenceAndNothingIsIdle) {
  StudyBench bench;
  auto spec = small_spec(2);
  spec.baseline_seconds = 0;
  const auto result = bench.run(spec);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->trials[0].active.reason.value().code, "baseline.none");
  for (const auto& s : bench.ledger.runs.at(result->id).settlements) {
    for (const auto& p : s.postings) EXPECT_EQ(p.account, "unattributed");
  }
}

TEST(Runner, ARemoteEndpointHasNoEnergy) {
  StudyBench bench;
  bench.info.local = false;
  const auto result = bench.run(small_spec(2));
  ASSERT_TRUE(result);
  const auto& t = result->trials[0];
  EXPECT_EQ(t.energy.reason.value().code, "engine.remote");
  EXPECT_EQ(t.active.reason.value().code, "engine.remote");
  EXPECT_EQ(t.phases[0].energy.reason.value().code, "engine.remote");
  EXPECT_FALSE(result->arms[0].load);
  for (const auto& s : bench.ledger.runs.at(result->id).settlements) {
    for (const auto& p : s.postings)
      EXPECT_THAT(p.account, testing::Not(HasSubstr("request:" + result->id + "-0")));
  }
}

TEST(Runner, AnEndpointOnThisMachineIsMeteredByItsProcesses) {
  StudyBench bench;
  bench.info.kind = "endpoint";
  bench.info.path = "http://localhost:8080/v1";
  bench.info.pids.clear();
  bench.context.find_pids = [](const std::string& address) {
    return address == "http://localhost:8080/v1" ? std::vector<int>{4711} : std::vector<int>{};
  };
  auto result = bench.run(small_spec(2));
  ASSERT_TRUE(result);
  EXPECT_THAT(bench.meter.watched().back(), testing::Contains(4711));
  EXPECT_TRUE(result->trials[0].energy.present());
  bench.context.find_pids = nullptr;
  result = bench.run(small_spec(2));
  ASSERT_TRUE(result);
  EXPECT_THAT(result->warnings, testing::Contains(HasSubstr("no process was found")));
}

// Errors cancel by the engine's name: two engines of one model are not one.
TEST(Runner, EnginesOfOneModelAreToldApart) {
  StudyBench bench;
  StudySpec spec = small_spec(2);
  spec.arms.resize(1);
  for (const int threads : {2, 3, 4}) {
    ArmSpec arm = spec.arms.front();
    arm.name = std::to_string(threads) + " threads";
    arm.engine.threads = threads;
    spec.arms.push_back(std::move(arm));
  }
  const auto result = bench.run(spec);
  ASSERT_TRUE(result) << result.error().message;
  std::set<std::string> names;
  for (const auto& baseline : result->baselines) names.insert(baseline.what);
  EXPECT_EQ(names.size(), 6U);  // bare before and after, and each engine
}

TEST(Runner, ALostWindowIsAnAbsenceNotAZero) {
  StudyBench bench;
  bench.meter.lose({2'000'000'000}, {900'000'000'000}, {"sensor.reset", "it started anew", ""});
  const auto result = bench.run(small_spec(2));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->trials[0].energy.reason.value().code, "sensor.reset");
  EXPECT_EQ(result->trials[0].active.reason.value().code, "sensor.reset");
}

TEST(Runner, AFailedTrialIsRecordedAndTheStudyGoesOn) {
  StudyBench bench;
  bench.script = [](FakeEngine& engine) {
    FakeAnswer broken;
    broken.error = Error{ErrorKind::engine, "endpoint.cut", "the stream was cut", "try again"};
    engine.when("wallet", broken).otherwise({.answer = "yes"});
  };
  const auto result = bench.run(small_spec());
  ASSERT_TRUE(result) << result.error().message;
  std::int64_t failed = 0;
  for (const auto& t : result->trials) failed += t.error ? 1 : 0;
  EXPECT_EQ(failed, 4);
  EXPECT_EQ(result->arms[0].failed + result->arms[1].failed, 4);
  EXPECT_EQ(result->trials.size(), 24U);
  EXPECT_TRUE(result->complete);
  expect_tiles(bench.ledger.runs.at(result->id), bench);
}

TEST(Runner, AnArmThatKeepsFailingStopsTheStudyAndKeepsWhatWasDone) {
  StudyBench bench;
  bench.script = [](FakeEngine& engine) {
    FakeAnswer broken;
    broken.error = Error{ErrorKind::engine, "endpoint.refused", "connection refused", "start it"};
    engine.otherwise(broken);
  };
  const auto result = bench.run(small_spec());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, "endpoint.refused");
  EXPECT_THAT(result.error().message, HasSubstr("3 times in a row"));
  EXPECT_THAT(result.error().cure, HasSubstr("--resume"));
  const auto& run = bench.ledger.runs.begin()->second;
  EXPECT_FALSE(run.complete);
  EXPECT_GE(run.trials.size(), 3U);
}

// Prompts as they stand; what the first round does not reach in its half of the time is left out.
TEST(Runner, ASampleEndsItsFirstRoundByTheClock) {
  StudyBench bench;
  auto spec = small_spec(6);
  spec.baseline_seconds = 0;
  spec.warmups = 0;
  bench.context.until = bench.clock.now() + std::chrono::milliseconds(700);
  const auto result = bench.run(spec);
  ASSERT_TRUE(result) << result.error().message;
  const std::size_t asked = result->spec.prompts.size();
  EXPECT_GT(asked, 0U);
  EXPECT_LT(asked, 6U);
  EXPECT_EQ(result->trials.size(), asked * 2 * 2);
  for (std::size_t i = 0; i < asked; ++i) EXPECT_EQ(result->spec.prompts[i].id, spec.prompts[i].id);
  EXPECT_TRUE(result->complete);
  EXPECT_EQ(result->comparisons[0].prompts, asked);
  // Late from the beginning: one prompt is asked all the same.
  StudyBench late;
  late.context.until = late.clock.now();
  EXPECT_EQ(late.run(spec)->spec.prompts.size(), 1U);
}

// The quick arm answers all prompts, in both rounds; the slow one those that fit.
TEST(Runner, AThoroughArmAnswersAllWhileTheOtherAnswersASample) {
  StudyBench bench;
  auto spec = small_spec(6);
  spec.baseline_seconds = 0;
  spec.warmups = 0;
  spec.arms[1].model = "slow.gguf";
  const auto open = bench.context.open_engine;
  bench.context.open_engine = [&](const std::string& model, const EngineOptions& options) {
    bench.script = [slow = model == "slow.gguf"](FakeEngine& engine) {
      engine.otherwise({.answer = "56", .prefill = std::chrono::milliseconds(slow ? 400 : 1)});
    };
    return open(model, options);
  };
  bench.context.until = bench.clock.now() + std::chrono::milliseconds(2800);
  bench.context.thorough = {true, false};
  const auto result = bench.run(spec);
  ASSERT_TRUE(result) << result.error().message;
  std::map<std::size_t, int> asked;
  for (const auto& t : result->trials) ++asked[t.arm];
  EXPECT_EQ(asked[0], 12);
  EXPECT_GE(asked[1], 4);
  EXPECT_LT(asked[1], 12);
  EXPECT_EQ(result->spec.prompts.size(), 6U);
  EXPECT_EQ(result->comparisons[0].prompts * 2, static_cast<std::size_t>(asked[1]));
  for (const auto& t : result->trials) EXPECT_TRUE(t.energy.present());
  expect_tiles(bench.ledger.runs.at(result->id), bench);
}

TEST(Runner, AnArmThatIsLostLeavesTheOthersGoing) {
  StudyBench bench;
  auto spec = small_spec();
  spec.arms[1].model = "other.gguf";
  const auto open = bench.context.open_engine;
  bench.context.open_engine = [&](const std::string& model, const EngineOptions& options)
      -> Result<std::unique_ptr<Engine>> {
    if (model != "other.gguf") return open(model, options);
    return fail(ErrorKind::input, "model.missing", "there is no other.gguf", "name another");
  };
  std::map<std::size_t, std::string> lost;
  bench.context.on_lost = [&](std::size_t arm, const Error& error) { lost[arm] = error.code; };
  const auto result = bench.run(spec);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(lost, (std::map<std::size_t, std::string>{{1, "model.missing"}}));
  EXPECT_EQ(result->arms[0].trials, 12);
  EXPECT_EQ(result->trials.size(), 12U);
  EXPECT_TRUE(result->arms[0].j_per_response.these.present());
  expect_tiles(bench.ledger.runs.at(result->id), bench);
}

TEST(Runner, CutAnswersAreCountedAndCheckedAsTheyAre) {
  StudyBench bench;
  bench.script = [](FakeEngine& engine) {
    engine.otherwise({.answer = "one two three four five six seven"});
  };
  auto spec = small_spec(2);
  spec.arms[1].max_tokens = 3;
  const auto result = bench.run(spec);
  ASSERT_TRUE(result);
  for (const auto& t : result->trials) {
    EXPECT_EQ(t.finish, t.arm == 1 ? Finish::length : Finish::stop);
    EXPECT_EQ(t.words, t.arm == 1 ? 3 : 7);
    EXPECT_TRUE(t.answer.empty()) << "texts are kept only where asked";
  }
  EXPECT_EQ(result->arms[1].censored, result->arms[1].trials);
  EXPECT_TRUE(result->comparisons.at(0).censored);
}

TEST(Runner, InstructionMixIsToldApartByEngineAndKindOfWork) {
  FakeClock clock;
  auto domain = fakes::constant_domain("node:0", 40);
  domain.tier = Tier::modelled;
  domain.shared = {{"idle_watts", 0.8, 1.2}, {"instruction_mix", 0.9, 1.1}};
  fakes::FakeMeter meter(clock, {domain});
  StudyBench bench;
  StudyContext context{.meter = meter, .clock = clock, .open_engine = {}};
  context.open_engine = [&](const std::string&,
                            const EngineOptions&) -> Result<std::unique_ptr<Engine>> {
    return std::make_unique<FakeEngine>(clock);
  };
  const auto result = run_study(small_spec(2), context);
  ASSERT_TRUE(result);
  const auto& shared = result->trials[0].energy.shared;
  ASSERT_EQ(shared.size(), 3U);
  const std::string model = result->arms[0].engine.model;
  EXPECT_EQ(shared[1].id, "instruction_mix:" + model + ":prefill");
  EXPECT_EQ(shared[2].id, "instruction_mix:" + model + ":decode");
  EXPECT_GT(shared[2].lo, 0.9);  // diluted by the part that is not decoding
  EXPECT_EQ(result->trials[0].active.tier, Tier::modelled);
}

TEST(Runner, AFullDiskEndsTheStudyWithItsCure) {
  StudyBench bench;
  bench.ledger.full_after = 8;
  const auto result = bench.run(small_spec());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, "file.full");
}

TEST(Runner, AModelThatCannotBeLoadedIsSaid) {
  StudyBench bench;
  bench.context.open_engine = [](const std::string&,
                                 const EngineOptions&) -> Result<std::unique_ptr<Engine>> {
    return fail(ErrorKind::input, "model.missing", "no such file", "check the path");
  };
  EXPECT_EQ(bench.run(small_spec()).error().code, "model.missing");
}

TEST(Runner, TextsReachTheLedgerOnlyWhereAsked) {
  StudyBench bench;
  auto spec = small_spec(2);
  spec.prompts_source = "mine.jsonl";
  spec.prompts[0].text = "my secret prompt";
  auto result = bench.run(spec);
  ASSERT_TRUE(result);
  const auto dump = [&] {
    const auto& run = bench.ledger.runs.at(result->id);
    std::string all = run.spec.dump() + run.result.dump();
    for (const auto& [ordinal, row] : run.trials) all += row.dump();
    return all;
  };
  EXPECT_THAT(dump(), testing::Not(HasSubstr("my secret prompt")));
  EXPECT_THAT(dump(), testing::Not(HasSubstr("the answer is 56")));
  spec.keep_text = true;
  result = bench.run(spec);
  EXPECT_THAT(dump(), HasSubstr("my secret prompt"));
  EXPECT_THAT(dump(), HasSubstr("the answer is 56"));
}

}  // namespace
}  // namespace joulebook
