// One measured answer taken apart: against arithmetic by hand and what must always hold.
#include "physics/explain/run_difference.h"

#include <gtest/gtest.h>
// rapidcheck after gtest
#include <rapidcheck/gtest.h>

#include <cmath>

namespace joulebook::explain {
namespace {

const serving::ServingFit& fit() { return serving::built_in_fit(); }

RunMachine machine() {
  RunMachine m;
  m.cpu = "AMD EPYC";
  m.threads = 2;
  m.bandwidth = {20e9, 15e9, 25e9};
  m.arithmetic = {80e9, 70e9, 90e9};
  m.arithmetic_kind = "fma-f32";
  m.cache_bytes = 32e6;
  m.measured_utc = "2026-11-26T00:00:00Z";
  return m;
}

// SmolLM2-135M in 4.5 bits, 15 tokens in and 170 out, 10 ms a token.
MeasuredAnswer answer() {
  MeasuredAnswer a;
  a.id = "ask-1";
  a.model = "SmolLM2-135M";
  a.cpu = "AMD EPYC";
  a.shape = *serving::find_shape("SmolLM2-135M");
  a.shape.stored = {4.5 / 8, 4.5 / 8, 8.5 / 8, 8.5 / 8, 2};
  a.prompt = 15;
  a.output = 170;
  a.prefill_s = 0.06;
  a.decode_s = 1.7;
  a.energy = Quantity::exact(8.3, "J");
  a.energy.own = {4, 16};
  a.energy.tier = Tier::modelled;
  a.prefill_share = 0.04;
  a.static_share = 0.2;
  return a;
}

double joules(const RunExplanation& r, std::string_view cause) {
  for (const auto& c : r.causes) {
    if (c.cause == cause) return c.joules;
  }
  ADD_FAILURE() << cause;
  return 0;
}

RC_GTEST_PROP(MeasuredRun, CausesSumToWhatWasMeasured, ()) {
  MeasuredAnswer a = answer();
  a.output = *rc::gen::inRange(1, 2000);
  a.decode_s = a.output * *rc::gen::inRange(1, 200) * 1e-3;
  a.prefill_s = *rc::gen::inRange(0, 1000) * 1e-3;
  a.prefill_share = *rc::gen::inRange(0, 100) * 0.01;
  if (*rc::gen::arbitrary<bool>()) a.static_share.reset();
  a.energy.value = *rc::gen::inRange(10, 10000);
  a.energy.own = {1, 20000};
  const auto r = explain_run(a, machine(), fit());
  RC_ASSERT(r.has_value());
  double j = 0, s = 0;
  for (const auto& c : r->causes) {
    RC_ASSERT(c.joules >= -1e-9 && c.seconds >= -1e-12);
    j += c.joules;
    s += c.seconds;
  }
  RC_ASSERT(std::abs(j - *a.energy.value) < 1e-9 * *a.energy.value);
  RC_ASSERT(std::abs(s - a.prefill_s - a.decode_s) < 1e-9 * (1 + a.decode_s));
  for (const auto& c : r->changes) RC_ASSERT(c.lo <= c.factor && c.factor <= c.hi && c.factor > 0);
}

// Weights of 106.2 million parameters at 4.5 bits and a head of 28.3 million at 8.5: 89.8 MB a token at
// 20 GB/s is 4.49 ms; 0.27 GFLOP at 80 GFLOP/s 3.4 ms; the p-norm of the two, and the rest of 10 ms.
TEST(MeasuredRun, ByHand) {
  const auto r = explain_run(answer(), machine(), fit());
  ASSERT_TRUE(r) << r.error().message;
  EXPECT_EQ(r->scale, 1);
  double seconds = 0;
  for (const auto& c : r->causes) {
    if (c.cause == "weights" || c.cause == "kv" || c.cause == "compute") seconds += c.seconds;
  }
  const double p = fit().parameters[serving::overlap_products];
  const double weights = (106.2e6 * 4.5 / 8 + 28.3e6 * 8.5 / 8) / 20e9, kv = 23040.0 * 100 / 20e9;
  const double compute = (2 * 134.5e6 + 4.0 * 30 * 9 * 64 * 100) / 80e9;  // attention sees 100 tokens
  const double step = std::pow(std::pow(weights + kv, p) + std::pow(compute, p), 1 / p);
  EXPECT_NEAR(seconds / 170, step, 0.01 * step);
  EXPECT_NEAR(joules(*r, "static"), 0.2 * 8.3, 1e-9);
  EXPECT_NEAR(joules(*r, "prefill"), 0.8 * 0.04 * 8.3, 1e-9);
  // The floor: the weights from memory at 40 pJ a byte.
  EXPECT_NEAR(r->floor_token_j, 89.8e6 * 40e-12, 0.04 * r->floor_token_j);
  EXPECT_LT(r->best_floor_token_j, r->floor_token_j / 10);
}

TEST(MeasuredRun, TheThreeThatSaveMostAreInOrder) {
  const auto r = explain_run(answer(), machine(), fit());
  ASSERT_TRUE(r);
  ASSERT_EQ(r->changes.size(), 3U);
  EXPECT_LE(r->changes[0].factor, r->changes[1].factor);
  EXPECT_LE(r->changes[1].factor, r->changes[2].factor);
  EXPECT_LT(r->changes[2].factor, 1);
}

TEST(MeasuredRun, FasterThanTheCalibrationIsScaledAndSaid) {
  MeasuredAnswer a = answer();
  a.decode_s = 0.17;  // 1 ms a token
  const auto r = explain_run(a, machine(), fit());
  ASSERT_TRUE(r);
  EXPECT_LT(r->scale, 0.5);
  EXPECT_EQ(joules(*r, "rest"), 0);
  EXPECT_NE(to_text(*r).find("times as fast as these rates allow"), std::string::npos);
}

TEST(MeasuredRun, ErrorsNameTheCure) {
  MeasuredAnswer other = answer();
  other.cpu = "Intel";
  EXPECT_EQ(explain_run(other, machine(), fit()).error().code, "explain.other_machine");
  MeasuredAnswer none = answer();
  none.energy = Quantity::absent("J", {"sensor.permission", "may not be read", "give the right"});
  const auto error = explain_run(none, machine(), fit()).error();
  EXPECT_EQ(error.code, "sensor.permission");
  EXPECT_EQ(error.cure, "give the right");
  MeasuredAnswer silent = answer();
  silent.output = 0;
  EXPECT_EQ(explain_run(silent, machine(), fit()).error().code, "explain.no_tokens");
  MeasuredAnswer little = answer();
  little.energy = Quantity::exact(0.1, "J");
  EXPECT_EQ(explain_run(little, machine(), fit()).error().code, "explain.below_floor");
}

// Longer answers of the same model: tokens, and the cache that they read; a rest that is B's own.
TEST(RunDifference, AddsUpAndPutsLengthOnTokens) {
  const MeasuredAnswer a = answer();
  MeasuredAnswer b = a;
  b.output = 2 * a.output;
  b.decode_s = 2 * a.decode_s;
  b.energy = Quantity::exact(16, "J");
  const auto d = explain_runs(a, b, machine(), fit());
  ASSERT_TRUE(d) << d.error().message;
  double sum = d->rest, tokens = 0;
  for (const Part& part : d->parts) {
    sum += part.log_ratio;
    if (part.factor == Factor::tokens) tokens = part.log_ratio;
    EXPECT_NE(part.factor, Factor::shape);
  }
  EXPECT_NEAR(sum, std::log(16 / 8.3), 1e-12);
  EXPECT_GT(tokens / d->log_ratio, 0.9);
  EXPECT_NE(to_text(*d).find("rest"), std::string::npos);
  const auto same = explain_runs(a, a, machine(), fit());
  ASSERT_TRUE(same);
  EXPECT_TRUE(same->parts.empty());
  EXPECT_EQ(same->rest, 0);
}

// Weights of half the bits: precision; a larger model: shape.
TEST(RunDifference, BitsAndShapesHaveTheirOwnParts) {
  const MeasuredAnswer a = answer();
  MeasuredAnswer b = a;
  b.shape.stored.dense = 2;
  const auto bits = explain_runs(a, b, machine(), fit());
  ASSERT_TRUE(bits);
  ASSERT_EQ(bits->parts.size(), 1U);
  EXPECT_EQ(bits->parts[0].factor, Factor::precision);
  EXPECT_GT(bits->parts[0].log_ratio, 0.1);
  MeasuredAnswer c = a;
  c.shape = *serving::find_shape("SmolLM2-360M");
  c.shape.stored = a.shape.stored;
  const auto larger = explain_runs(a, c, machine(), fit());
  ASSERT_TRUE(larger);
  ASSERT_EQ(larger->parts.size(), 1U);
  EXPECT_EQ(larger->parts[0].factor, Factor::shape);
  EXPECT_GT(larger->parts[0].log_ratio, 0.3);
}

// A run of an endpoint on an H100 that somebody named, alone and among others.
TEST(MeasuredRun, OnANamedDevice) {
  const auto device = serving::find_device("H100");
  ASSERT_TRUE(device);
  const RunMachine h100 = named_machine(*device, 1, fit());
  EXPECT_LE(h100.bandwidth.lo, h100.bandwidth.value);
  EXPECT_EQ(h100.bandwidth.hi, device->bandwidth);
  MeasuredAnswer a = answer();
  a.shape = *serving::find_shape("Llama-3.1-8B");
  a.decode_s = 170 * 0.012;
  a.energy = Quantity::exact(900, "J");
  const auto alone = explain_run(a, h100, fit());
  ASSERT_TRUE(alone) << alone.error().message;
  a.batch = 8;
  const auto among = explain_run(a, h100, fit());
  ASSERT_TRUE(among);
  double seconds = 0;
  for (const auto& c : among->causes) seconds += c.seconds;
  EXPECT_NEAR(seconds, a.prefill_s + a.decode_s, 1e-9);
  // Weights are read once for all eight.
  EXPECT_LT(among->floor_token_j, alone->floor_token_j / 4);
  EXPECT_GE(among->best_batch, 8);
  EXPECT_LE(among->best_floor_token_j, among->floor_token_j);
  for (const auto& c : among->changes) EXPECT_NE(c.text, "batch=8");
  EXPECT_NE(to_text(*among).find("1 x H100"), std::string::npos);
  EXPECT_NE(to_text(*among).find("8 at a time"), std::string::npos);
  EXPECT_EQ(to_text(*among).find("threads"), std::string::npos);
}

TEST(MeasuredRun, StaticPowerThatIsNotKnownIsSaid) {
  MeasuredAnswer a = answer();
  a.static_share.reset();
  a.static_reason = {"baseline.none", "no idle power was measured", "set baseline_seconds above 0"};
  const auto r = explain_run(a, machine(), fit());
  ASSERT_TRUE(r);
  EXPECT_NE(to_text(*r).find("no idle power was measured"), std::string::npos);
  EXPECT_EQ(to_json(*r)["static"]["reason"]["code"].as_string(), "baseline.none");
  EXPECT_EQ(to_json(*r)["causes"].items().size(), 5U);
}

}  // namespace
}  // namespace joulebook::explain
