// A calibrated CPU as a device: against arithmetic by hand, and what must hold of any.
#include "physics/serving/cpu_step.h"

#include <gmock/gmock.h>
// rapidcheck after gtest
#include <rapidcheck/gtest.h>

#include <cmath>

#include "physics/serving/plan.h"

namespace joulebook::serving {
namespace {

Device machine(double memory = 16e9) {
  CpuRates r;
  r.threads = 2;
  r.bandwidth = {20e9, 15e9, 25e9};
  r.arithmetic = {200e9, 180e9, 220e9};
  r.memory_w = {30, 20, 50};
  r.arithmetic_w = {40, 30, 60};
  r.idle_w = {10, 5, 15};
  r.overlap = 2;
  r.boundary = "package+dram";
  r.measured_utc = "2026-11-26T00:00:00Z";
  Device d;
  d.name = "a CPU";
  d.bandwidth = r.bandwidth.value;
  d.rate16 = d.rate8 = r.arithmetic.value;
  d.power_limit = 40;
  d.memory = memory;
  d.cpu = r;
  return d;
}

Plan chat() {
  Plan p;
  p.shape = *find_shape("SmolLM2-135M");
  p.gpu = kHere;
  p.here = machine();
  p.prompt = 100;
  p.output = 50;
  return p;
}

double total(const std::array<double, kCauses>& values) {
  double sum = 0;
  for (const double v : values) sum += v;
  return sum;
}

TEST(CpuStep, ARooflineByHand) {
  const Roofline r = roofline({2e9, 1e8, 4e10}, 2, 20e9, 200e9, 2);
  const double memory = (2e9 + 2e8) / 20e9, compute = 8e10 / 200e9;
  EXPECT_NEAR(r.seconds, std::hypot(memory, compute), 1e-12);
  EXPECT_NEAR(r.weights + r.kv + r.compute, r.seconds, 1e-12);
  EXPECT_NEAR(r.weights / r.kv, 10, 1e-9);
}

TEST(CpuStep, ACostByHand) {
  const auto c = cost(chat(), built_in_fit());
  ASSERT_TRUE(c) << c.error().message;
  const Shape& s = c->work.shape;
  const Roofline line = roofline(token_work(s, s.stored, 125), 1, 20e9, 200e9, 2);
  EXPECT_NEAR(c->step.decode_s, kEngine.step.value * line.seconds, 1e-9);
  const double launch = (kEngine.step.value - 1) * line.seconds;
  const double above = 20 * (line.weights + line.kv) + 30 * line.compute + 25 * launch + 40 * c->step.prefill_s;
  EXPECT_NEAR(c->step.j_per_token, above + 10 * c->step.decode_s, 1e-9);
  // Of the prompt, the watts of arithmetic for as long as it is read.
  EXPECT_NEAR(c->prefill_j, 40 * c->prefill_s, 1e-9);
  EXPECT_EQ(c->boundary, "package+dram");
  EXPECT_THAT(c->method, testing::HasSubstr("2026-11-26"));
  EXPECT_EQ(modelled(*c, 1, "J").boundary, "package+dram");
}

RC_GTEST_PROP(CpuStep, CausesSumAndTheIntervalHoldsTheValue, ()) {
  Plan p = chat();
  p.shape = *find_shape(*rc::gen::element<std::string>("SmolLM2-135M", "Qwen3-30B-A3B", "DeepSeek-V2-Lite"));
  p.batch = *rc::gen::inRange(1, 64);
  p.prompt = *rc::gen::inRange(1, 8000);
  p.output = *rc::gen::inRange(1, 4000);
  p.cached = *rc::gen::inRange(0, 101) * 0.01;
  const auto c = cost(p, built_in_fit());
  RC_ASSERT(c.has_value());
  RC_ASSERT(std::abs(total(c->step.joules) / p.batch / c->step.j_per_token - 1) < 1e-9);
  RC_ASSERT(std::abs(total(c->step.seconds) / c->step.step_s - 1) < 1e-9);
  RC_ASSERT(c->factors.lo < 1 && c->factors.hi > 1);
  RC_ASSERT(c->step.power_w <= 40 * (1 + 1e-9) && c->step.power_w >= 10);
  RC_ASSERT(c->prefill_s > 0 && c->step.flops > 0 && c->step.weight_bytes_read > 0);
}

TEST(CpuStep, MoreAtATimeIsSlowerAndCheaper) {
  Plan p = chat();
  double seconds = 0, joules = 1e9;
  for (const double batch : {1.0, 4.0, 16.0}) {
    p.batch = batch;
    const auto c = cost(p, built_in_fit());
    EXPECT_GT(c->step.step_s, seconds);
    EXPECT_LT(c->step.j_per_token, joules);
    seconds = c->step.step_s;
    joules = c->step.j_per_token;
  }
}

TEST(CpuStep, ThereIsOneOfThisMachineAndItHoldsWhatItHolds) {
  Plan p = chat();
  p.gpus = 2;
  EXPECT_EQ(cost(p, built_in_fit()).error().code, "plan.one_machine");
  p.gpus = 1;
  p.here = machine(100e6);
  const auto c = cost(p, built_in_fit());
  ASSERT_TRUE(c);
  EXPECT_FALSE(c->memory.fits());
  EXPECT_THAT(does_not_fit(*c)->cure, testing::Not(testing::HasSubstr("--gpus")));
  p.here.reset();
  EXPECT_EQ(cost(p, built_in_fit()).error().code, "hardware.unknown");
}

TEST(CpuStep, WithoutIdleWattsStaticPowerStaysInTheRest) {
  Plan p = chat();
  const double known = cost(p, built_in_fit())->step.j_per_token;
  p.here->cpu->idle_w = {};
  const auto c = cost(p, built_in_fit());
  EXPECT_EQ(c->step.joules[static_cast<std::size_t>(Cause::floor)], 0);
  EXPECT_NEAR(c->step.j_per_token, known, 1e-9);
}

}  // namespace
}  // namespace joulebook::serving
