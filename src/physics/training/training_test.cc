// Training: FLOPs by hand, published runs by the audit rules, ranges by the data they claim.
#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <cmath>

#include "core/csv_table.h"
#include "core/file_tree.h"
#include "physics/shape/catalogue.h"
#include "physics/shape/counts.h"
#include "physics/training/cost.h"
#include "physics/training/runs.h"

namespace joulebook::training {
namespace {

using physics::find_model;
using testing::ElementsAre;
using testing::HasSubstr;

TrainedModel named(std::string_view name, double sequence = 4096) {
  return trained_model(find_model(name)->shape, sequence);
}

TrainingPlan plan_of(TrainedModel model, double tokens) {
  TrainingPlan p;
  p.model = std::move(model);
  p.tokens = tokens;
  p.device = *physics::find_hardware("H100");
  p.utilisation = Assumed::stated(0.4);
  p.rollout_utilisation = Assumed::stated(0.05);
  p.watts = Assumed::stated(500);
  return p;
}

TEST(TrainingFlops, AreSixTimesParametersAndTokensPlusAttention) {
  const auto model = named("Llama-3.1-8B", 8192);
  // 32 layers x 4 x 32 heads x 128 FLOPs a pair; a token sees 8193 / 2 tokens on average.
  EXPECT_NEAR(model.attention, 32.0 * 4 * 32 * 128 * 8193 / 2, 1);
  EXPECT_DOUBLE_EQ(
      model.active,
      static_cast<double>(physics::matmul_parameters(find_model("Llama-3.1-8B")->shape)));
  EXPECT_DOUBLE_EQ(train_flops(model, Recomputation::none), 6 * model.active + 3 * model.attention);
  EXPECT_DOUBLE_EQ(train_flops(model, Recomputation::full), 8 * model.active + 4 * model.attention);
}

TEST(TrainingFlops, OfAMixtureCountTheChosenExperts) {
  const auto model = named("DeepSeek-V3");
  EXPECT_NEAR(model.active, 37e9, 0.03 * 37e9);
  EXPECT_NEAR(model.parameters, 671e9, 0.01 * 671e9);
}

TEST(TrainingFlops, OfAnAdapterLeaveTheFrozenWeightsOut) {
  const auto model = named("Llama-3.1-8B");
  // A layer: q and o 8192 each, k and v 5120 each, three of 4096 + 14336.
  EXPECT_DOUBLE_EQ(model.adapter_per_rank, 32.0 * (2 * 8192 + 2 * 5120 + 3 * 18432));
  const double full = train_flops(model, Recomputation::none);
  const double lora = adapt_flops(model, 16, Recomputation::none);
  EXPECT_GT(lora, 0.66 * full);
  EXPECT_LT(lora, 0.75 * full);
}

TEST(TrainingFlops, FromParametersAlone) {
  const auto dense = trained_model(7e9, 0);
  ASSERT_TRUE(dense);
  EXPECT_DOUBLE_EQ(train_flops(*dense, Recomputation::none), 42e9);
  EXPECT_DOUBLE_EQ(trained_model(100e9, 5e9)->active, 5e9);
  for (const auto& [all, active] : {std::pair(0.0, 0.0),
                                    {-1.0, 0.0},
                                    {1e9, 2e9},
                                    {1e9, -1.0},
                                    {std::nan(""), 0.0},
                                    {1e20, 0.0}}) {
    EXPECT_EQ(trained_model(all, active).error().code, "training.params") << all;
  }
}

TEST(TrainingCost, GPT3IsAsPublished) {
  // 3.15e23 FLOPs by 6 N D; 10,000 V100 at 24.6 TFLOPS for 14.8 days; 1,287 MWh at 330 W and 1.1.
  TrainingPlan p = plan_of(*trained_model(175e9, 0), 0.3e12);
  p.device = *physics::find_hardware("V100");
  p.devices = 10000;
  p.utilisation = Assumed::stated(24.6 / 125);
  p.watts = Assumed::stated(330);
  p.pue = 1.1;
  p.grid = 429;
  const auto cost = training_cost(p);
  ASSERT_TRUE(cost) << cost.error().message;
  EXPECT_NEAR(cost->flops, 3.15e23, 1e20);
  EXPECT_NEAR(*cost->days.value, 14.8, 0.1);
  EXPECT_NEAR(*cost->energy.value / 3.6e9, 1287, 10);
  EXPECT_NEAR(*cost->carbon.value / 1000, 552, 5);
  EXPECT_EQ(cost->energy.boundary, "gpu+pue");
  EXPECT_EQ(cost->energy.tier, Tier::modelled);
}

TEST(TrainingCost, CarbonWithoutAGridIsAnAbsence) {
  const auto cost = training_cost(plan_of(*trained_model(7e9, 0), 1e12));
  ASSERT_TRUE(cost);
  ASSERT_FALSE(cost->carbon.present());
  EXPECT_EQ(cost->carbon.reason->code, "carbon.no_grid");
  EXPECT_EQ(cost->energy.boundary, "gpu");
}

TEST(TrainingCost, DistillationCountsTheTeachersTokens) {
  TrainingPlan p = plan_of(named("Llama-3.1-8B"), 1e9);
  p.method = Method::distill;
  EXPECT_THAT(training_cost(p).error().cure, HasSubstr("--teacher"));
  p.teacher = named("Llama-3.1-70B");
  const auto cost = training_cost(p);
  ASSERT_TRUE(cost);
  ASSERT_EQ(cost->parts.size(), 2U);
  EXPECT_DOUBLE_EQ(cost->parts[0].flops, 1e9 * forward_flops(*p.teacher));
  // 2 x 70 against 6 x 8: the teacher takes most of it.
  EXPECT_GT(cost->parts[0].flops, 2.5 * cost->parts[1].flops);
}

TEST(TrainingCost, ReinforcementCountsGroupsRewardsAndTheReference) {
  TrainingPlan p = plan_of(named("Llama-3.1-8B"), 0);
  p.method = Method::rl;
  p.prompts = 1000;
  p.group = 16;
  p.prompt = 200;
  p.rollout = 800;
  p.rewards = {*trained_model(1e9, 0), *trained_model(2e9, 0)};
  const auto cost = training_cost(p);
  ASSERT_TRUE(cost) << cost.error().message;
  std::vector<std::string> names;
  for (const auto& part : cost->parts) names.push_back(part.name);
  EXPECT_THAT(names, ElementsAre("prompts", "rollouts", "reference model", "reward 1", "reward 2",
                                 "policy updates"));
  const double answers = 16000;
  EXPECT_DOUBLE_EQ(cost->parts[1].flops, answers * 800 * forward_flops(p.model));
  EXPECT_DOUBLE_EQ(cost->parts[2].flops, answers * 1000 * forward_flops(p.model));
  EXPECT_DOUBLE_EQ(cost->parts[4].flops, answers * 1000 * 4e9);
  EXPECT_DOUBLE_EQ(cost->parts[5].flops,
                   answers * 1000 * train_flops(p.model, Recomputation::none));
  // Decoding is an eighth as fast, so that the rollouts take more hours than the updates.
  EXPECT_GT(cost->parts[1].device_hours, cost->parts[5].device_hours);
  p.reference = false;
  p.rewards.clear();
  EXPECT_EQ(training_cost(p)->parts.size(), 3U);
}

TEST(TrainingCost, ASearchIsItsCandidates) {
  TrainingPlan p = plan_of(named("SmolLM2-135M"), 0);
  p.method = Method::search;
  p.candidates = 500;
  p.candidate_tokens = 1e8;
  const auto one = training_cost(p);
  ASSERT_TRUE(one) << one.error().message;
  EXPECT_EQ(one->parts.size(), 1U);
  p.tokens = 5e10;
  const auto two = training_cost(p);
  ASSERT_EQ(two->parts.size(), 2U);
  EXPECT_DOUBLE_EQ(two->parts[0].flops, two->parts[1].flops);
}

TEST(TrainingCost, WhatIsMissingOrAbsurdNamesItsFlag) {
  const auto broken = [](auto change) {
    TrainingPlan p = plan_of(named("Llama-3.1-8B"), 1e9);
    change(p);
    const auto cost = training_cost(p);
    return cost ? std::string("(taken)") : cost.error().cure;
  };
  EXPECT_THAT(broken([](auto& p) { p.tokens = 0; }), HasSubstr("--tokens"));
  EXPECT_THAT(broken([](auto& p) { p.tokens = std::nan(""); }), HasSubstr("--tokens"));
  EXPECT_THAT(broken([](auto& p) { p.devices = 0; }), HasSubstr("--gpus"));
  EXPECT_THAT(broken([](auto& p) { p.utilisation = Assumed::stated(1.2); }), HasSubstr("--mfu"));
  EXPECT_THAT(broken([](auto& p) { p.watts = Assumed::stated(0); }), HasSubstr("--watts"));
  EXPECT_THAT(broken([](auto& p) { p.pue = 0.9; }), HasSubstr("--pue"));
  EXPECT_THAT(broken([](auto& p) { p.grid = -1; }), HasSubstr("--grid"));
  EXPECT_THAT(broken([](auto& p) { p.method = Method::rl; }), HasSubstr("--prompts"));
  EXPECT_THAT(broken([](auto& p) { p.method = Method::search; }), HasSubstr("--candidates"));
  EXPECT_THAT(broken([](auto& p) {
                p.method = Method::lora;
                p.model = *trained_model(7e9, 0);
              }),
              HasSubstr("published"));
}

// Twice the tokens cost twice; the range stays in proportion, and holds the value.
RC_GTEST_PROP(TrainingCost, GrowsWithTokensAndHoldsItsValue, ()) {
  TrainingPlan p = plan_of(named("Llama-3.2-1B"), *rc::gen::inRange(1, 1'000'000) * 1e6);
  p.utilisation = usual_utilisation();
  p.watts = usual_watts(p.device);
  p.grid = *rc::gen::inRange(0, 900);
  p.recomputation = *rc::gen::element(Recomputation::none, Recomputation::full);
  const auto once = training_cost(p);
  p.tokens *= 2;
  const auto twice = training_cost(p);
  RC_ASSERT(once && twice);
  RC_ASSERT(std::abs(*twice->energy.value / *once->energy.value - 2) < 1e-9);
  const Interval range = once->energy.interval();
  RC_ASSERT(range.lo < *once->energy.value && *once->energy.value < range.hi);
  RC_ASSERT(once->done >= once->flops);
  double hours = 0;
  for (const auto& part : once->parts) hours += part.device_hours;
  RC_ASSERT(std::abs(hours - *once->device_hours.value) <= 1e-9 * hours);
}

const TrainingRun& run_named(std::string_view name) {
  for (const auto& run : published_runs()) {
    if (run.name == name) return run;
  }
  throw std::runtime_error(std::string(name));
}

TEST(TrainingRuns, TheFileIsReadWhole) {
  EXPECT_EQ(published_runs().size(), 36U);
  const auto text = read_file(std::string(PROJECT_ROOT) + "/data/training.csv");
  ASSERT_TRUE(text);
  const auto read = parse_training_runs(*text);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->size(), 36U);
}

TEST(TrainingRuns, ImplyWhatWasReported) {
  EXPECT_NEAR(*implied_by(run_named("GPT-3 175B")).utilisation, 24.6 / 125, 0.002);
  EXPECT_TRUE(implied_by(run_named("GPT-3 175B")).hours_derived);
  // 342 TFLOPS of 989 and 343 of 989 over the pre-training's hours alone.
  EXPECT_NEAR(*implied_by(run_named("Llama 3.1 405B")).utilisation, 0.346, 0.002);
  EXPECT_NEAR(*implied_by(run_named("DeepSeek-V3 full training")).utilisation, 0.331, 0.002);
  EXPECT_NEAR(*implied_by(run_named("BLOOM-176B final run")).intensity, 57, 0.5);
  EXPECT_EQ(implied_by(run_named("BLOOM-176B final run")).pue_inside, false);
  EXPECT_EQ(implied_by(run_named("BERT base (Strubell)")).pue_inside, true);
}

// The one misprint that is known, 12.9 t for 4,900 MWh, is the one that is flagged.
TEST(TrainingRuns, TheMisprintIsFoundAndNothingElse) {
  std::vector<std::string> doubted;
  for (const auto& run : published_runs()) {
    const auto implied = implied_by(run);
    if (implied.doubts.empty()) continue;
    doubted.push_back(run.name);
    EXPECT_THAT(implied.doubts.front(), HasSubstr("2.6 gCO2e/kWh"));
  }
  EXPECT_THAT(doubted, ElementsAre("Llama 3.3 70B (as printed)"));
}

TEST(TrainingRuns, ImplausibleRowsSayWhy) {
  const std::string head =
      "run,params_b,active_b,tokens_t,hardware,devices,device_hours,avg_w_per_device,energy_mwh,"
      "pue,tco2e\n";
  const auto doubts = [&](const std::string& row) {
    const auto runs = parse_training_runs(head + row + "\n");
    return runs ? implied_by(runs->front()).doubts : std::vector<std::string>{runs.error().message};
  };
  EXPECT_THAT(doubts("a,7,7,1,H100,8,1000,,,,"), ElementsAre(HasSubstr("utilisation")));
  EXPECT_THAT(doubts("a,7,7,1,H100,8,1e9,,,,"), ElementsAre(HasSubstr("utilisation")));
  EXPECT_THAT(doubts("a,,,,H100,8,1000,20,,,"), ElementsAre(HasSubstr("TDP")));
  EXPECT_THAT(doubts("a,,,,H100,8,1000,500,1,1.2,"), ElementsAre(HasSubstr("times hours x watts")));
  EXPECT_THAT(doubts("a,,,,H100,8,,,10,,20"), ElementsAre(HasSubstr("gCO2e/kWh")));
  EXPECT_THAT(doubts("a,-7,7,1,H100,8,1000,,,,"), ElementsAre(HasSubstr("params_b")));
  EXPECT_THAT(doubts("a,7,x,1,H100,8,1000,,,,"), ElementsAre(HasSubstr("active_b")));
  EXPECT_THAT(doubts(",7,7,1,H100,8,1000,,,,"), ElementsAre(HasSubstr("names no run")));
  EXPECT_EQ(parse_training_runs("run,tokens_t\na,1\n").error().code, "training.csv");
}

// The ranges taken for what isn't stated are those of the files they name.
TEST(TrainingRuns, TheUsualRangesAreTheDatas) {
  const Spread u = utilisation_of_runs();
  EXPECT_EQ(u.rows, 16U);
  EXPECT_NEAR(u.middle, 0.262, 0.005);
  EXPECT_LT(u.lo, 0.15);
  EXPECT_GT(u.hi, 0.36);
  const Spread w = power_share_of_runs();
  EXPECT_EQ(w.rows, 13U);
  EXPECT_NEAR(w.middle, 0.63, 0.005);
  EXPECT_LT(w.lo, w.middle);
  EXPECT_LT(w.hi, 1);
}

TEST(TrainingRuns, DecodingsRangeIsThatOfTheMeasuredServing) {
  const auto text = read_file(std::string(PROJECT_ROOT) + "/data/ml_energy.csv");
  ASSERT_TRUE(text);
  const auto table = CsvTable::parse(*text, "ml_energy", {"gpu", "avg_batch"});
  ASSERT_TRUE(table) << table.error().message;
  std::vector<double> values;
  for (std::size_t i = 0; i < table->size(); ++i) {
    const auto row = table->row(i);
    const auto speed = row.number("output_tok_per_s"), active = row.number("active_params_b");
    if (!row.text("gpu").starts_with("H100") || row.number("avg_batch").value_or(0) < 64 ||
        !speed || !active)
      continue;
    values.push_back(2e9 * *active * *speed / (*row.number("num_gpus") * 989.4e12));
  }
  ASSERT_GT(values.size(), 100U);
  std::ranges::sort(values);
  const auto at = [&](double q) {
    return values[static_cast<std::size_t>(q * static_cast<double>(values.size() - 1))];
  };
  const Assumed usual = usual_rollout_utilisation();
  EXPECT_NEAR(usual.lo, at(0.1), 0.02 * at(0.1));
  EXPECT_NEAR(usual.value, at(0.5), 0.02 * at(0.5));
  EXPECT_NEAR(usual.hi, at(0.9), 0.02 * at(0.9));
}

}  // namespace
}  // namespace joulebook::training
