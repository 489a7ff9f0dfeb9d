// Deployments as people write them, and the errors that name the cure.
#include "physics/explain/spec.h"

#include <gtest/gtest.h>

#include "core/file_tree.h"
#include "physics/explain/shape_change.h"

namespace joulebook::explain {
namespace {

TEST(Spec, ReadsEveryKey) {
  const auto f = parse_figure(
      "Llama-3.1-70B, gpu=A100, gpus=8, batch=192, prompt=300, output=456, weights=fp8, kv=fp8, cached=25%, "
      "engine=vllm-0.5, clock=80%, power-cap=0.9, boundary=node, pue=1.2, energy=0.5Wh, tier=measured, source=mine");
  ASSERT_TRUE(f) << f.error().message;
  const Deployment& d = f->deployment;
  EXPECT_EQ(d.work.device.power_limit, 400);
  EXPECT_EQ(d.work.devices, 8);
  EXPECT_EQ(d.work.batch, 192);
  EXPECT_EQ(d.work.input, 300);
  EXPECT_EQ(d.tokens, 456);
  EXPECT_EQ(d.work.output, 456);
  EXPECT_EQ(d.work.weight_bytes, 1);
  EXPECT_EQ(d.work.kv_scale, 0.5);
  EXPECT_EQ(d.work.cached, 0.25);
  EXPECT_EQ(d.work.engine, serving::Engine::v2);
  EXPECT_EQ(d.clock, 0.8);
  EXPECT_EQ(d.power_cap, 0.9);
  EXPECT_EQ(d.overhead, kNodeOverhead);
  EXPECT_EQ(d.pue, 1.2);
  EXPECT_EQ(f->stated_j, 1800);
  EXPECT_EQ(f->tier, Tier::measured);
  EXPECT_TRUE(f->assumed.empty());
}

TEST(Spec, SaysWhatItAssumed) {
  const auto f = parse_figure("Llama-3.1-8B,batch=4");
  ASSERT_TRUE(f);
  EXPECT_EQ(f->assumed, (std::vector<std::string>{"gpu", "gpus", "prompt", "output", "weights", "boundary"}));
  EXPECT_FALSE(f->stated_j);
}

TEST(Spec, AnEnergyPerTokenIsTimesTheTokens) {
  EXPECT_NEAR(*parse_figure("Llama-3.1-8B,output=100,energy=1.5J/token")->stated_j, 150, 1e-9);
  EXPECT_NEAR(*parse_figure("Llama-3.1-8B,energy=2kJ/token,output=10")->stated_j, 20000, 1e-9);
  EXPECT_NEAR(parse_energy("4.9 Wh")->joules, 17640, 1e-6);
}

TEST(Spec, MultiplesOfWhatStandsThere) {
  Deployment d = *deployment_of("Llama-3.1-8B");
  ASSERT_TRUE(set_key(d, "output", "0.5x"));
  EXPECT_EQ(d.tokens, 250);
  ASSERT_TRUE(set_key(d, "batch", "8x"));
  EXPECT_EQ(d.work.batch, 8);
}

TEST(Spec, ErrorsNameTheCure) {
  const auto error = [](std::string_view spec) {
    const auto f = parse_figure(spec);
    EXPECT_FALSE(f) << spec;
    return f ? Error{} : f.error();
  };
  EXPECT_EQ(error("Lama-3.1-70B").code, "shape.unknown");
  EXPECT_EQ(error("Llama-3.1-8B,gpu=H10O SXM").code, "hardware.unknown");
  EXPECT_NE(error("Llama-3.1-8B,bacth=4").cure.find("batch"), std::string::npos);
  for (const char* bad : {"batch=-1", "batch=nan", "output=0", "weights=fp7", "clock=5%", "cached=101%", "pue=0.9",
                          "boundary=moon", "engine=v9", "kv=fp3", "gpus=", "tier=guessed"}) {
    const Error e = error("Llama-3.1-8B," + std::string(bad));
    EXPECT_EQ(e.code, "spec.value") << bad;
    EXPECT_FALSE(e.cure.empty()) << bad;
  }
  EXPECT_EQ(error("Llama-3.1-8B,energy=0J").code, "spec.energy");
  EXPECT_EQ(error("Llama-3.1-8B,energy=lots").code, "spec.energy");
  EXPECT_EQ(error("").code, "shape.unknown");
}

TEST(Spec, RowsOfAFile) {
  const std::string csv = *read_file(JOULEBOOK_DATA_DIR "/ml_energy.csv");
  const auto f = figure_of_row(csv, 513, "rows.csv");
  ASSERT_TRUE(f) << f.error().message;
  EXPECT_NEAR(*f->stated_j, 512.844, 0.05);
  EXPECT_EQ(f->deployment.work.devices, 8);
  EXPECT_EQ(f->source, "rows.csv:513");
  EXPECT_EQ(figure_of_row(csv, 1, "r").error().code, "csv.line");
  EXPECT_EQ(figure_of_row(csv, 99999, "r").error().code, "csv.line");
  EXPECT_EQ(csv_place("a/b.csv:12")->line, 12U);
  EXPECT_FALSE(csv_place("Llama-3.1-8B"));
  EXPECT_FALSE(csv_place("a.csv:0"));
}

TEST(ShapeChange, AttentionKeepsTheArithmetic) {
  Deployment d = *deployment_of("Llama-3.1-70B");
  const serving::Shape before = d.work.shape;
  ASSERT_TRUE(change_attention(d, "mha"));
  EXPECT_NEAR(d.work.shape.kv_bytes, 8 * before.kv_bytes, 1);  // 64 heads of keys and values for 8
  EXPECT_NEAR(d.work.shape.attention_params - before.attention_params, 80.0 * 2 * 8192 * (64 - 8) * 128, 1);
  EXPECT_EQ(change_attention(d, "mha").error().code, "change.attention");
  ASSERT_TRUE(change_attention(d, "gqa"));
  EXPECT_NEAR(d.work.shape.kv_bytes, before.kv_bytes, 1);
  EXPECT_NEAR(d.work.shape.attention_params, before.attention_params, 1);
  ASSERT_TRUE(change_attention(d, "mla"));
  EXPECT_NEAR(d.work.shape.kv_bytes, 80 * 576 * 2, 1);
}

TEST(ShapeChange, DenseAndExpertsOfOneSize) {
  Deployment d = *deployment_of("Qwen3-30B-A3B");
  const double total = d.work.shape.total_params();
  EXPECT_EQ(change_experts(d, "moe").error().code, "change.experts");
  ASSERT_TRUE(change_experts(d, "dense"));
  EXPECT_NEAR(d.work.shape.total_params(), total, 1);
  EXPECT_NEAR(d.work.shape.active_params() + d.work.shape.embedding_params + d.work.shape.other_params, total, 1);
  Deployment e = *deployment_of("Llama-3.1-8B");
  const double dense = e.work.shape.total_params();
  ASSERT_TRUE(change_experts(e, "moe"));
  EXPECT_NEAR(e.work.shape.total_params() / dense, 1, 0.01);
  EXPECT_LT(e.work.shape.active_params(), 0.5 * dense);
}

TEST(ShapeChange, PruningHalvesTheProducts) {
  Deployment d = *deployment_of("Llama-3.1-8B");
  const double before = d.work.shape.ffn_params;
  ASSERT_TRUE(prune(d, "2:4"));
  EXPECT_EQ(d.work.shape.ffn_params, before / 2);
  EXPECT_EQ(d.work.weight_bytes, 2.25);  // 16 bits and 2 for the place
  EXPECT_EQ(prune(d, "3:4").error().code, "change.prune");
  EXPECT_EQ(prune(d, "0%").error().code, "change.prune");
}

TEST(ShapeChange, TheNextSmallerOfTheFamily) {
  EXPECT_EQ(next_smaller(*serving::find_shape("Llama-3.1-405B")), "Llama-3.1-70B");
  EXPECT_EQ(next_smaller(*serving::find_shape("Llama-3.1-70B")), "Llama-3.1-8B");
  EXPECT_EQ(next_smaller(*serving::find_shape("Llama-3.1-8B")), "");
  EXPECT_EQ(next_smaller(*serving::find_shape("Qwen3-32B")), "Qwen3-30B-A3B");
}

}  // namespace
}  // namespace joulebook::explain
