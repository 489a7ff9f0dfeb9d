// What a plan's traffic changes: cached prompts, thinking, several answers, drafts, a guard, a rate.
#include <gmock/gmock.h>

#include <cmath>

#include "physics/serving/lengths.h"
#include "physics/serving/plan_parts.h"
#include "physics/shape/catalogue.h"

namespace joulebook::serving {
namespace {

using testing::HasSubstr;

Plan chat(std::string_view model = "Llama-3.1-70B") {
  Plan p;
  p.shape = *find_shape(model);
  p.gpus = 4;
  p.batch = 64;
  p.prompt = 2000;
  p.output = 500;
  return p;
}

Costed costed(const Plan& plan) {
  auto c = cost(plan, built_in_fit());
  EXPECT_TRUE(c) << c.error().message;
  return *c;
}

std::string refusal(const Plan& plan) {
  const auto c = cost(plan, built_in_fit());
  if (c) return "accepted";
  EXPECT_FALSE(c.error().cure.empty());
  return c.error().code;
}

TEST(Plan, ACachedPromptIsReadForLess) {
  Plan p = chat();
  const Costed whole = costed(p);
  double last = whole.prefill_j;
  for (const double share : {0.25, 0.5, 0.9, 1.0}) {
    p.cached = share;
    const Costed c = costed(p);
    EXPECT_LT(c.prefill_j, last);
    EXPECT_NEAR(c.saved_j, whole.prefill_j + whole.decode_j - c.request_j(), 1e-9 * c.request_j());
    EXPECT_EQ(c.step.kv_bytes_read, whole.step.kv_bytes_read);  // decoding still sees all of it
    last = c.prefill_j;
  }
  p.cached = 0.5;
  const double flops = whole.step.flops - costed(p).step.flops;
  EXPECT_GT(flops, 0.49 * 2 * 70e9 * 2000 * 64 / 500);
  p.cached = 1.1;
  EXPECT_EQ(refusal(p), "plan.share");
}

TEST(Plan, ThinkingIsLongerAnswersWithTheirOwnPhase) {
  Plan p = chat();
  p.reasoning = 1500;
  const Costed c = costed(p);
  Plan longer = chat();
  longer.output = 2000;
  EXPECT_DOUBLE_EQ(c.request_j(), costed(longer).request_j());
  EXPECT_GT(c.reason_j, 0.7 * c.decode_j);
  EXPECT_LT(c.reason_j, 0.75 * c.decode_j);  // three quarters of the tokens, at shorter contexts
  EXPECT_NEAR(c.reason_s / c.decode_s, 0.74, 0.02);
}

TEST(Plan, SeveralAnswersShareOneReading) {
  Plan p = chat();
  const Costed one = costed(p);
  p.best_of = 8;
  const Costed eight = costed(p);
  EXPECT_LT(eight.prefill_j, 1.2 * one.prefill_j);
  EXPECT_LT(eight.request_j(), 8 * one.request_j());
  EXPECT_GT(eight.request_j(), 7 * one.decode_j);
  p.best_of = 65;
  EXPECT_EQ(refusal(p), "plan.length");
}

// The sum over requests is what a spread costs: each token reads those before it.
TEST(Plan, SpreadLengthsCostByTheirSquares) {
  const auto spread = log_normal(1000, 1800);
  ASSERT_TRUE(spread);
  // By quadrature over the density: mean, second moment and 90th percentile.
  const double s = std::sqrt(std::log(spread->second)), mu = std::log(1000.0) - s * s / 2;
  double mean = 0, square = 0, below = 0;
  for (double z = -8; z < 8; z += 1e-3) {
    const double n = std::exp(mu + s * z), p = std::exp(-z * z / 2) / std::sqrt(2 * std::acos(-1.0)) * 1e-3;
    mean += p * n;
    square += p * n * n;
    below += n <= 1800 ? p : 0;
  }
  EXPECT_NEAR(mean, 1000, 0.01);
  EXPECT_NEAR(square / (mean * mean), spread->second, 1e-6);
  EXPECT_NEAR(below, 0.9, 1e-3);
  Plan p = chat();
  p.output = 1000;
  const Costed alike = costed(p);
  p.output_second = spread->second;
  const Costed spreads = costed(p);
  EXPECT_NEAR(spreads.step.kv_bytes_read / alike.step.kv_bytes_read,
              (2000 + 500 * spread->second) / 2500, 1e-9);
  EXPECT_GT(spreads.request_j(), alike.request_j());
  EXPECT_EQ(parse_lengths("--prompt", "250")->second, 1);
  EXPECT_EQ(parse_lengths("--prompt", "250:250")->second, 1);
  EXPECT_EQ(parse_lengths("--prompt", "250:x").error().code, "plan.length");
  EXPECT_EQ(parse_lengths("--prompt", "250:100").error().code, "plan.spread");
  EXPECT_EQ(parse_lengths("--prompt", "250:900").error().code, "plan.spread");
  EXPECT_THAT(parse_lengths("--prompt", "250:900").error().cure, HasSubstr("250 to 568"));
}

TEST(Plan, ExpectedTokensOfDraftsAreTheGeometricSum) {
  EXPECT_EQ(expected_tokens(4, 0), 1);
  EXPECT_EQ(expected_tokens(4, 1), 5);
  for (const double a : {0.3, 0.8, 0.999}) {
    double sum = 0;
    for (int i = 0; i <= 5; ++i) sum += std::pow(a, i);
    EXPECT_NEAR(expected_tokens(5, a), sum, 1e-9);
  }
}

TEST(Plan, DraftsPayWhereTheyAreAcceptedAndAlone) {
  Plan p = chat();
  p.batch = 1;
  const Costed plain = costed(p);
  p.draft = find_shape("Llama-3.2-1B");
  p.acceptance = 0.9;
  const Costed good = costed(p);
  EXPECT_LT(good.step.step_s, 0.6 * plain.step.step_s);
  EXPECT_LT(good.request_j(), plain.request_j());
  EXPECT_GT(good.memory.weights, plain.memory.weights + 2e9);
  p.acceptance = 0;
  const Costed bad = costed(p);
  EXPECT_GT(bad.request_j(), plain.request_j());
  EXPECT_GT(bad.wasted_j / bad.decode_j, good.wasted_j / good.decode_j);
  EXPECT_LT(bad.wasted_j, bad.decode_j);
  // In a large batch the products are bound by arithmetic: what is rejected is paid for.
  Plan crowd = chat();
  crowd.batch = 512;
  const double without = costed(crowd).request_j();
  crowd.draft = p.draft;
  crowd.acceptance = 0.3;
  EXPECT_GT(costed(crowd).request_j(), without);
}

TEST(Plan, CausesStillSumToTheStepWithDrafts) {
  Plan p = chat();
  p.draft = find_shape("Llama-3.2-1B");
  const Costed c = costed(p);
  double seconds = 0, joules = 0;
  for (const double s : c.step.seconds) seconds += s;
  for (const double j : c.step.joules) joules += j;
  EXPECT_NEAR(seconds, c.step.step_s, 1e-9 * seconds);
  EXPECT_NEAR(joules, c.step.j_per_token * 64, 1e-9 * joules);
}

TEST(Plan, AGuardReadsPromptAndAnswerOnDevicesOfItsOwn) {
  Plan p = chat();
  const Costed without = costed(p);
  p.guard = find_shape("llama-guard-3-8b");
  const Costed c = costed(p);
  EXPECT_EQ(c.guard_devices, 1);
  EXPECT_GT(c.guard_j, 2 * 8e9 * 2500 * 0.2e-12);  // its FLOPs at a fifth of a picojoule
  EXPECT_LT(c.guard_j, 0.5 * without.request_j());
  EXPECT_DOUBLE_EQ(c.request_j(), without.request_j() + c.guard_j);
  p.guard = serving_shape(physics::find_model("bert-base-uncased")->shape);
  EXPECT_EQ(refusal(p), "plan.encoder");
}

TEST(Plan, ARateMakesTheBatchThatServesIt) {
  Plan p = chat();
  p.rate = 2;
  const Costed c = costed(p);
  // Little: as many leave as arrive.
  EXPECT_NEAR(c.work.batch / (c.work.output * c.step.step_s), 2, 1e-6);
  EXPECT_EQ(c.busy, 1);
  p.rate = 3;
  EXPECT_GT(costed(p).work.batch, c.work.batch);
  EXPECT_LT(costed(p).request_j(), c.request_j());  // batching saves
  p.rate = 1e4;
  const auto refused = cost(p, built_in_fit());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "plan.unstable");
  EXPECT_THAT(refused.error().message, HasSubstr("at most"));
  // One request an hour: the devices wait, and that is the request's bill.
  p.rate = 1.0 / 3600;
  const Costed rare = costed(p);
  EXPECT_EQ(rare.work.batch, 1);
  EXPECT_LT(rare.busy, 0.01);
  EXPECT_GT(rare.idle_j, 4 * 50 * 3500);
  EXPECT_LT(rare.idle_j, 4 * 250 * 3600);
}

}  // namespace
}  // namespace joulebook::serving
