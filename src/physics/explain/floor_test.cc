// The floor against arithmetic by hand, against every measured row, and clocks against their physics.
#include "physics/explain/floor.h"

#include <gtest/gtest.h>
// rapidcheck after gtest
#include <rapidcheck/gtest.h>

#include <cmath>

#include "core/file_tree.h"
#include "physics/explain/pairs.h"

namespace joulebook::explain {
namespace {

const serving::Parameters& parameters() { return serving::built_in_fit().parameters; }

Deployment chat(std::string_view model, std::initializer_list<std::pair<std::string_view, std::string_view>> keys) {
  Deployment d = *deployment_of(model);
  for (const auto& [key, value] : keys) EXPECT_TRUE(set_key(d, key, value)) << key;
  return d;
}

// Batch 1, no prompt to speak of: the weights once a token from HBM3 at 24 pJ a byte.
TEST(Floor, IsTheWeightsOnceAToken) {
  const Floor f = floor_of(chat("Llama-3.1-8B", {{"prompt", "1"}, {"output", "2"}}), parameters());
  const double weights = 7.5036e9 * 2;
  EXPECT_NEAR(f.bytes_j, weights * 24e-12, 0.001 * f.bytes_j);
  EXPECT_EQ(f.weights_level, MemoryLevel::device);
  EXPECT_NEAR(f.token_j, f.bytes_j + f.flops_j, 1e-15);
  // Static power apart: idle watts for the time that the bytes take at peak bandwidth.
  EXPECT_NEAR(f.static_token_j, 700 * parameters()[serving::idle_h100] * weights / 3.35e12, 0.01 * f.static_token_j);
}

TEST(Floor, NearestMemoryLevelThatTheBytesFit) {
  EXPECT_EQ(floor_of(chat("SmolLM2-135M", {{"gpus", "8"}}), parameters()).weights_level, MemoryLevel::on_chip);
  EXPECT_EQ(floor_of(chat("SmolLM2-135M", {}), parameters()).weights_level, MemoryLevel::device);
  EXPECT_EQ(floor_of(chat("Llama-3.1-405B", {}), parameters()).weights_level, MemoryLevel::host);
}

TEST(Floor, ABiggerBatchIsNeverDearerAndTheBestIsTheLeast) {
  double before = std::numeric_limits<double>::infinity();
  for (const char* batch : {"1", "4", "16", "64", "256"}) {
    const Floor f = floor_of(chat("Llama-3.1-8B", {{"batch", batch}}), parameters());
    EXPECT_LE(f.token_j, before) << batch;
    EXPECT_LE(f.best_token_j, f.token_j) << batch;
    before = f.token_j;
  }
}

RC_GTEST_PROP(Floor, TheModelItselfNeverGoesBelow, ()) {
  Deployment d = *deployment_of(*rc::gen::element<std::string>("Llama-3.1-8B", "Qwen3-30B-A3B", "gpt-oss-20b", "Nemotron-Nano-12B"));
  RC_ASSERT(set_key(d, "gpu", *rc::gen::element<std::string>("H100", "B200", "A100", "A40", "V100")).has_value());
  RC_ASSERT(set_key(d, "weights", *rc::gen::element<std::string>("bfloat16", "fp8", "mxfp4")).has_value());
  RC_ASSERT(set_key(d, "batch", std::to_string(*rc::gen::inRange(1, 4000))).has_value());
  RC_ASSERT(set_key(d, "prompt", std::to_string(*rc::gen::inRange(1, 4000))).has_value());
  const Floor f = floor_of(d, parameters());
  RC_ASSERT(f.response_j > 0);
  RC_ASSERT(f.response_j < respond(d, parameters()).total_j());
}

TEST(Floor, NoMeasuredRowLiesBelow) {
  const auto rows = measured_rows(*read_file(JOULEBOOK_DATA_DIR "/ml_energy.csv"));
  ASSERT_TRUE(rows);
  EXPECT_GT(rows->size(), 1000U);
  for (const MeasuredRow& row : *rows) {
    const Floor f = floor_of(row.figure.deployment, parameters());
    EXPECT_GT(*row.figure.stated_j, f.response_j) << row.source << ' ' << row.task << ' ' << row.model << ' ' << row.gpu;
    EXPECT_LE(f.best_token_j, f.token_j * (1 + 1e-9)) << row.model;
  }
}

// Memory does not follow the core clock; compute does.
TEST(Clocks, SlowComputeAndLeaveMemory) {
  const auto alone = chat("Llama-3.1-8B", {{"prompt", "10"}});
  const auto full = predict_at_clock(alone.work, parameters(), 1), half = predict_at_clock(alone.work, parameters(), 0.5);
  EXPECT_LT(half.step_s, 1.15 * full.step_s);
  EXPECT_LT(half.j_per_token, full.j_per_token);
  const auto many = chat("Llama-3.1-8B", {{"batch", "1000"}, {"prompt", "8000"}, {"output", "10"}});
  const double slower = predict_at_clock(many.work, parameters(), 0.5).step_s / predict_at_clock(many.work, parameters(), 1).step_s;
  EXPECT_GT(slower, 1.6);
  EXPECT_LE(slower, 2.0 + 1e-9);
}

TEST(Clocks, ACapIsKeptAndOneThatNoClockReachesIsRefused) {
  auto d = chat("Llama-3.1-70B", {{"gpus", "4"}, {"batch", "256"}});
  for (const double cap : {0.9, 0.7, 0.5}) {
    const auto clock = clock_under_cap(d.work, parameters(), cap);
    ASSERT_TRUE(clock) << cap;
    EXPECT_LE(predict_at_clock(d.work, parameters(), *clock).power_w, cap * 4 * 700 * (1 + 1e-9));
  }
  d.power_cap = 0.1;
  const auto verdict = check_clocks(d, parameters());
  ASSERT_FALSE(verdict);
  EXPECT_EQ(verdict.error().code, "clocks.cap");
  EXPECT_NE(verdict.error().cure.find('%'), std::string::npos);
}

// Samsi et al. 2023: LLaMA-65B on A100s, 175 W instead of 250 W: -23 % energy, +6.7 % time. Power fell
// by 28 %, nearly as the cap did, so the devices had been at their limit: a batch that takes them there.
TEST(Clocks, AMeasuredCapLiesWithinWhatPhysicsAllows) {
  auto d = chat("Llama-2-70b-hf", {{"gpu", "A100 PCIe 80GB"}, {"gpus", "2"}, {"batch", "4"}, {"prompt", "256"}, {"output", "256"}});
  d.work.device.power_limit = 250;
  const auto full = predict_at_clock(d.work, parameters(), 1);
  EXPECT_GT(full.power_w, 0.95 * 2 * 250);
  struct Ratios {
    double energy, time;
  };
  const auto capped = [&](const ClockPhysics& physics) {
    const auto clock = clock_under_cap(d.work, parameters(), 175.0 / 250, physics);
    const auto slow = predict_at_clock(d.work, parameters(), clock.value_or(kLeastClock), physics);
    return Ratios{slow.j_per_token / full.j_per_token, slow.step_s / full.step_s};
  };
  const Ratios most = capped(kMostSaving), least = capped(kLeastSaving), middle = capped({});
  EXPECT_LE(most.energy, 0.77);
  EXPECT_GE(least.energy, 0.77);
  EXPECT_NEAR(middle.energy, 0.77, 0.05);
  EXPECT_NEAR(middle.time, 1.067, 0.05);
}

}  // namespace
}  // namespace joulebook::explain
