// Decompositions: the averages over all orders against their axioms, the parts against the whole, the
// two famous figures, and pairs of measured rows.
#include "physics/explain/decompose.h"

#include <gtest/gtest.h>
// rapidcheck after gtest
#include <rapidcheck/gtest.h>

#include <cmath>
#include <numeric>

#include "core/file_tree.h"
#include "fakes/golden.h"
#include "physics/explain/explain_text.h"
#include "physics/explain/pairs.h"
#include "physics/explain/shapley.h"

namespace joulebook::explain {
namespace {

const serving::ServingFit& fit() { return serving::built_in_fit(); }

// The two figures of the article: docs/physics-explain.md says where each stands.
constexpr std::string_view kA =
    "DeepSeek-R1-Distill-Llama-70B,gpu=H100,gpus=1,batch=1,weights=fp8,output=1333,energy=17800J,"
    "boundary=gpu,source=Chamberlin 2025-01";
std::string rows_path() { return JOULEBOOK_DATA_DIR "/ml_energy.csv"; }

Figure famous_a() { return *parse_figure(kA); }
Figure famous_b() { return *figure_of_row(*read_file(rows_path()), 513, "data/ml_energy.csv"); }

RC_GTEST_PROP(Shapley, PartsSumToTheWhole, (const std::vector<int>& seed)) {
  const std::size_t n = 1 + seed.size() % 6;
  const auto value = [&](std::uint32_t s) {
    double x = 0;
    for (std::size_t i = 0; i < seed.size(); ++i) x += std::sin(seed[i] % 1000 + 1.7 * s * (static_cast<double>(i) + 1.0));
    return x;
  };
  const auto parts = shapley(n, value);
  const double whole = value((1U << n) - 1) - value(0);
  RC_ASSERT(std::abs(std::accumulate(parts.begin(), parts.end(), 0.0) - whole) < 1e-9 * (1 + std::abs(whole)));
}

// Where every order agrees, so does the average: an additive game gives each player its own.
TEST(Shapley, AdditiveGamesNullPlayersAndEqualOnes) {
  const double own[] = {1, -2, 0, 3};
  const auto additive = shapley(4, [&](std::uint32_t s) {
    double x = 5;
    for (int i = 0; i < 4; ++i) x += (s >> i & 1U) != 0 ? own[i] : 0;
    return x;
  });
  for (int i = 0; i < 4; ++i) EXPECT_NEAR(additive[static_cast<std::size_t>(i)], own[i], 1e-12);
  // Players 0 and 1 only together; player 2 never.
  const auto both = shapley(3, [](std::uint32_t s) { return (s & 3U) == 3U ? 10.0 : 0.0; });
  EXPECT_NEAR(both[0], 5, 1e-12);
  EXPECT_NEAR(both[1], 5, 1e-12);
  EXPECT_NEAR(both[2], 0, 1e-12);
}

// Three players by hand: v = 1 where 0 is in, 4 where 0 and 1 are, 6 where all are, else 0.
TEST(Shapley, ThreePlayersByHand) {
  const auto v = [](std::uint32_t s) { return s == 7 ? 6.0 : (s & 3U) == 3U ? 4.0 : (s & 1U) != 0 ? 1.0 : 0.0; };
  const auto parts = shapley(3, v);
  // Orders 012 021 102 120 201 210: player 0 adds 1 1 4 6 1 6, player 1 adds 3 5 0 0 5 0.
  EXPECT_NEAR(parts[0], 19.0 / 6, 1e-12);
  EXPECT_NEAR(parts[1], 13.0 / 6, 1e-12);
  EXPECT_NEAR(parts[2], 4.0 / 6, 1e-12);
}

Deployment any_deployment() {
  const auto model = *rc::gen::element<std::string>("Llama-3.1-70B", "Qwen3-30B-A3B", "Llama-3.1-8B",
                                                    "gpt-oss-120b", "Nemotron-Nano-9B", "DeepSeek-V2-Lite");
  Deployment d = *deployment_of(model);
  const auto set = [&](std::string_view key, const std::string& value) { RC_ASSERT(set_key(d, key, value).has_value()); };
  set("gpu", *rc::gen::element<std::string>("H100", "B200", "A100", "A40", "V100", "H200"));
  set("gpus", *rc::gen::element<std::string>("1", "2", "8"));
  set("batch", std::to_string(*rc::gen::inRange(1, 2000)));
  set("prompt", std::to_string(*rc::gen::inRange(1, 8000)));
  set("output", std::to_string(*rc::gen::inRange(1, 8000)));
  set("weights", *rc::gen::element<std::string>("bfloat16", "fp8", "mxfp4"));
  set("engine", *rc::gen::element<std::string>("v1", "v2", "v3"));
  set("cached", std::to_string(*rc::gen::inRange(0, 100)) + "%");
  set("clock", std::to_string(*rc::gen::inRange(20, 101)) + "%");
  set("boundary", *rc::gen::element<std::string>("gpu", "node"));
  return d;
}

RC_GTEST_PROP(Explain, FactorsAndRestAddUpInLogarithmsAndInJoules, ()) {
  Figure a, b;
  a.deployment = any_deployment();
  b.deployment = any_deployment();
  if (*rc::gen::arbitrary<bool>()) a.stated_j = *rc::gen::inRange(1, 100000);
  if (*rc::gen::arbitrary<bool>()) b.stated_j = *rc::gen::inRange(1, 100000);
  const Per per = *rc::gen::element(Per::response, Per::token);
  const auto e = explain(a, b, fit(), built_in_spreads(), per);
  RC_ASSERT(e.has_value());
  double logs = e->rest, joules = e->joules(e->rest);
  for (const Part& part : e->parts) {
    RC_ASSERT(part.interval.lo <= part.log_ratio + 1e-9 && part.log_ratio <= part.interval.hi + 1e-9);
    logs += part.log_ratio;
    joules += e->joules(part.log_ratio);
  }
  const double size = e->side_a.energy_j + e->side_b.energy_j;
  RC_ASSERT(std::abs(logs - std::log(e->side_b.energy_j / e->side_a.energy_j)) < 1e-9);
  RC_ASSERT(std::abs(joules - (e->side_b.energy_j - e->side_a.energy_j)) < 1e-6 * size);
  if (!a.stated_j && !b.stated_j) RC_ASSERT(std::abs(e->rest) < 1e-9);  // the model explains itself
}

RC_GTEST_PROP(Explain, TheOtherWayRoundIsTheSameWithItsSignTurned, ()) {
  Figure a, b;
  a.deployment = any_deployment();
  b.deployment = any_deployment();
  const auto there = explain(a, b, fit()), back = explain(b, a, fit());
  RC_ASSERT(there.has_value() && back.has_value());
  for (const Part& part : there->parts) {
    RC_ASSERT(std::abs(part.log_ratio + back->log_of(part.factor)) < 1e-9);
  }
}

RC_GTEST_PROP(Explain, WhatIsAlikeHasNoPart, ()) {
  Figure a;
  a.deployment = any_deployment();
  const auto e = explain(a, a, fit());
  RC_ASSERT(e.has_value());
  RC_ASSERT(e->parts.empty());
  RC_ASSERT(std::abs(e->log_ratio) < 1e-12);
}

// One factor alone gets all of it, whatever it is.
TEST(Explain, AFactorAloneGetsAll) {
  for (const auto& [key, value, factor] : {std::tuple{"batch", "64", Factor::batch}, {"gpu", "B200", Factor::hardware},
                                           {"gpus", "8", Factor::hardware}, {"weights", "fp8", Factor::precision},
                                           {"prompt", "4000", Factor::context}, {"cached", "90%", Factor::cache},
                                           {"clock", "60%", Factor::clocks}, {"pue", "1.5", Factor::boundary},
                                           {"engine", "v2", Factor::engine}, {"model", "Llama-3.1-8B", Factor::shape}}) {
    Figure a, b;
    a.deployment = *deployment_of("Llama-3.1-70B");
    b.deployment = a.deployment;
    ASSERT_TRUE(set_key(b.deployment, key, value)) << key;
    const auto e = explain(a, b, fit());
    ASSERT_TRUE(e) << key;
    ASSERT_EQ(e->parts.size(), 1U) << key;
    EXPECT_EQ(e->parts[0].factor, factor) << key;
    EXPECT_NEAR(e->parts[0].log_ratio, e->log_ratio, 1e-12) << key;
  }
}

// The reasoning model is its twin with longer answers: all of the 87 % are tokens, and what longer
// answers make dearer by their context.
TEST(Explain, TheReasoningTwinsDifferInTokensAlone) {
  Figure a, b;
  a.deployment = *deployment_of("Llama-3.3-70B-Instruct");
  b.deployment = *deployment_of("DeepSeek-R1-Distill-Llama-70B");
  ASSERT_TRUE(set_key(a.deployment, "output", "700"));
  ASSERT_TRUE(set_key(b.deployment, "output", "1309"));
  const auto e = explain(a, b, fit());
  ASSERT_TRUE(e);
  EXPECT_EQ(e->log_of(Factor::shape), 0);
  EXPECT_GT(e->log_of(Factor::tokens) / e->log_ratio, 0.95);
}

void expect_golden(const std::string& name, const std::string& text) {
  fakes::expect_golden(std::string(JOULEBOOK_GOLDEN_DIR) + "/" + name, text);
}

// The page as it looks, with neutral parameters, so that a refit leaves it alone.
TEST(Explain, TheTableAsItLooks) {
  serving::ServingFit neutral = fit();
  neutral.parameters = serving::neutral_parameters();
  const auto e = explain(famous_a(), famous_b(), neutral, Spreads{});
  ASSERT_TRUE(e) << e.error().message;
  expect_golden("famous.txt", to_text(*e));
}

TEST(Explain, TheTwoFamousFigures) {
  const auto e = explain(famous_a(), famous_b(), fit());
  ASSERT_TRUE(e) << e.error().message;
  const Json json = to_json(*e);
  double shares = 0;
  for (const Json& part : json["parts"].items()) {
    shares += part["share"].as_double();
    for (const char* member : {"ratio", "energy"}) EXPECT_TRUE(quantity_from_json(part[member])) << part.dump();
  }
  EXPECT_NEAR(shares, 1, 1e-9);
  // Nobody stated an interval: nothing is known but the floor.
  EXPECT_TRUE(json["a"]["energy"]["hi"].is_null());
  EXPECT_NEAR(json["a"]["energy"]["lo"].as_double(), e->side_a.floor.response_j, 1e-6);
  EXPECT_NEAR(e->side_b.energy_j, 512.8, 0.1);
  // Not the model: its shape is the same. The batch is all of it and more, the rest is small.
  EXPECT_EQ(e->log_of(Factor::shape), 0);
  EXPECT_GT(e->log_of(Factor::batch) / e->log_ratio, 0.9);
  EXPECT_LT(std::abs(e->rest / e->log_ratio), 0.1);
  EXPECT_NEAR(std::exp(e->log_of(Factor::tokens)), 455.5 / 1333, 0.05);
}

TEST(Explain, AStatedEnergyBelowItsFloorIsRefused) {
  Figure f = famous_a();
  const Floor floor = floor_of(f.deployment, fit().parameters);
  EXPECT_TRUE(check_floor(f, floor));
  f.stated_j = 0.99 * floor.response_j;
  const auto verdict = check_floor(f, floor);
  ASSERT_FALSE(verdict);
  EXPECT_EQ(verdict.error().code, "explain.below_floor");
  EXPECT_EQ(verdict.error().kind, ErrorKind::negative);
}

TEST(Explain, LogarithmicMeanLiesBetween) {
  EXPECT_DOUBLE_EQ(logarithmic_mean(3, 3), 3);
  EXPECT_NEAR(logarithmic_mean(1, std::exp(1)), std::exp(1) - 1, 1e-12);
  EXPECT_NEAR(logarithmic_mean(5, 5 * (1 + 1e-9)), 5, 1e-6);
}

PairCheck data_check() {
  const auto rows = measured_rows(*read_file(rows_path()));
  EXPECT_TRUE(rows);
  return check_pairs(*rows, fit());
}

TEST(Data, PairsThatDifferInOneThingAreExplainedByIt) {
  const PairCheck check = data_check();
  ASSERT_EQ(check.lines.size(), kPairKinds);
  for (const PairLine& line : check.lines) {
    if (line.kind == PairKind::precision) {
      EXPECT_EQ(line.pairs, 0U) << "now there are some: hold them to the same";
      continue;
    }
    EXPECT_GE(line.pairs, 50U) << to_string(line.kind);
    EXPECT_GE(line.own_share, 0.8) << to_string(line.kind);
    EXPECT_LE(line.largest_other, 0.05) << to_string(line.kind);
    EXPECT_GE(line.own_of_model, 0.9) << to_string(line.kind);
  }
}

TEST(Data, SavingsAreRightWhereTheyWereMeasured) {
  for (const PairLine& line : data_check().lines) {
    if (line.pairs == 0) continue;
    EXPECT_LE(line.median_error, 0.15) << to_string(line.kind);
    EXPECT_GE(line.covered, 0.65) << to_string(line.kind);
    EXPECT_LE(line.covered, 0.92) << to_string(line.kind);
  }
}

TEST(Data, TheSpreadsThatAreBuiltInAreThoseOfTheRows) {
  const Spreads now = data_check().spreads;
  for (std::size_t f = 0; f < kFactors; ++f) {
    if (now[f].pairs == 0) continue;
    const ChangeSpread& kept = built_in_spreads()[f];
    const char* cure = "joulebook explain --check data/ml_energy.csv --out data/change_spread.csv";
    EXPECT_NEAR(kept.lo, now[f].lo, 0.05) << cure;
    EXPECT_NEAR(kept.hi, now[f].hi, 0.05) << cure;
  }
}

}  // namespace
}  // namespace joulebook::explain
