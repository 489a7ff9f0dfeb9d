#include "physics/shape/counts.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "physics/shape/catalogue.h"

namespace joulebook::physics {
namespace {

using testing::HasSubstr;

const ModelShape& named(std::string_view name) { return find_model(name)->shape; }

// HuggingFaceTB/SmolLM2-135M: 134,515,008 parameters, norms included (its safetensors index).
TEST(Counts, ASmallModelIsExact) {
  const auto& shape = named("SmolLM2-135M");
  EXPECT_EQ(total_parameters(shape), 134515008);
  EXPECT_EQ(active_parameters(shape), 134515008);
  const Parameters n = count_parameters(shape);
  EXPECT_EQ(n.embedding, 49152 * 576);
  EXPECT_EQ(n.head, 0);
  EXPECT_EQ(n.other, 61 * 576);
  EXPECT_EQ(matmul_parameters(shape), n.embedding + n.mixer + n.feed_forward);
}

// meta-llama/Llama-3.1-8B: 8,030,261,248 with its padded vocabulary.
TEST(Counts, APublishedModelIsExactOnceItsVocabularyIsPadded) {
  ModelShape shape = named("Llama-3.1-8B");
  shape.vocabulary = 128256;
  EXPECT_EQ(total_parameters(shape), 8030261248);
}

TEST(Counts, FlopsAreTwiceTheProductsAndTheAttention) {
  const auto& shape = named("Llama-3.1-8B");
  const double n = static_cast<double>(matmul_parameters(shape));
  EXPECT_DOUBLE_EQ(flops_per_token(shape, 0), 2 * n);
  // 4 x layers x heads x head width x context.
  EXPECT_DOUBLE_EQ(flops_per_token(shape, 1000), 2 * n + 4.0 * 32 * 4096 * 1000);
}

// What prefill does at once, decoding does token by token: they differ in the head alone.
TEST(Counts, PrefillIsTheSumOfItsTokens) {
  for (const auto* name : {"Llama-3.1-8B", "gpt-oss-20b", "Nemotron-Nano-9B-v2", "Gemma-3-1b-it"}) {
    const auto& shape = named(name);
    const double head = 2.0 * static_cast<double>(shape.vocabulary * shape.hidden);
    double sum = head;
    for (int context = 301; context <= 900; ++context) {
      sum += flops_per_token(shape, context, LatentForm::expanded) - head;
    }
    EXPECT_NEAR(prefill_flops(shape, 600, 300) / sum, 1, 1e-12) << name;
  }
}

TEST(Counts, WindowsBoundWhatIsRead) {
  const auto& shape = named("gpt-oss-120b");  // half of 36 layers sees 128 tokens
  const double each = 2.0 * 8 * 64 * 2;       // bytes a layer and token
  EXPECT_DOUBLE_EQ(kv_bytes_read(shape, 100), 36 * each * 100);
  EXPECT_DOUBLE_EQ(kv_bytes_read(shape, 1000), 18 * each * 1000 + 18 * each * 128);
  EXPECT_DOUBLE_EQ(kv_bytes_held(shape, 1000), kv_bytes_read(shape, 1000));
  const double full = attention_flops(shape, 128);
  EXPECT_DOUBLE_EQ(attention_flops(shape, 1128) - full, 18 * 4.0 * 64 * 64 * 1000);
}

TEST(Counts, LatentAttentionKeepsOneVectorAndCostsByItsForm) {
  const auto& shape = named("DeepSeek-R1");
  const double bytes = 61.0 * (512 + 64) * 2;
  EXPECT_DOUBLE_EQ(kv_bytes_per_token(shape), bytes);
  EXPECT_DOUBLE_EQ(kv_bytes_read(shape, 4096), bytes * 4096);
  EXPECT_DOUBLE_EQ(attention_flops(shape, 1, LatentForm::absorbed), 61 * 2.0 * 128 * (1024 + 64));
  EXPECT_DOUBLE_EQ(attention_flops(shape, 1, LatentForm::expanded), 61 * 2.0 * 128 * (192 + 128));
}

TEST(Counts, StatesDontGrow) {
  const auto& shape = named("Nemotron-Nano-9B-v2");
  // 27 layers: 128 heads x 80 x 128, and 3 last inputs of 10240 + 2 x 8 x 128 channels; 32 bits.
  EXPECT_DOUBLE_EQ(state_bytes(shape), 27 * (10240.0 * 128 + 3 * 12288) * 4);
  EXPECT_DOUBLE_EQ(kv_bytes_per_token(shape), 4 * 2.0 * 8 * 128 * 2);  // 4 layers of 56 attend
  EXPECT_EQ(state_bytes(named("Llama-3.1-8B")), 0);
  EXPECT_EQ(kv_bytes_per_token(named("falcon-mamba-7b")), 0);
}

TEST(Counts, ExpertsTouchedLieBetweenThoseOfOneTokenAndAll) {
  const Experts e{.routed = 128, .chosen = 8, .width = 768};
  EXPECT_EQ(experts_touched(e, 0), 0);
  EXPECT_DOUBLE_EQ(experts_touched(e, 1), 8);
  EXPECT_DOUBLE_EQ(experts_touched(e, 2), 128 * (1 - 0.9375 * 0.9375));
  EXPECT_NEAR(experts_touched(e, 64), 128 * (1 - std::pow(0.9375, 64)), 1e-9);
  EXPECT_LE(experts_touched(e, 1e6), 128);
  double last = 0;
  for (double batch = 0; batch < 100; batch += 0.25) {
    EXPECT_GE(experts_touched(e, batch), last);
    last = experts_touched(e, batch);
  }
  const Experts all{.routed = 4, .chosen = 4, .width = 8};
  EXPECT_EQ(experts_touched(all, 1), 4);
  EXPECT_EQ(experts_touched({}, 5), 0);
}

TEST(Counts, AStepReadsWhatItsBatchTouches) {
  const auto& shape = named("Qwen3-30B-A3B");
  const auto one = weight_bytes_touched(shape, 1);
  const auto products = static_cast<double>(matmul_parameters(shape));
  const double with_norms = one.total() - one.embedding;
  EXPECT_NEAR(with_norms, 2 * products, 0.001 * with_norms);
  const auto many = weight_bytes_touched(shape, 1e5);
  const auto all = static_cast<double>(count_parameters(shape).experts);
  EXPECT_DOUBLE_EQ(many.experts, 2 * all);
  EXPECT_EQ(many.mixer, one.mixer);
  EXPECT_EQ(many.head, one.head);
}

TEST(Counts, TrueBitsArePaidForByClass) {
  ModelShape shape = named("Llama-3.1-8B");
  shape.precision = Precision::uniform(4.5);
  EXPECT_NEAR(weight_bytes_stored(shape), 8.03e9 * 4.5 / 8, 0.01 * 4.5e9);
  shape.precision.kv = 8;
  EXPECT_DOUBLE_EQ(kv_bytes_per_token(shape), 65536);
}

// Zeros save nothing until they are neither stored nor computed.
TEST(Counts, SparsityPaysOnlyWhereItIsCompressed) {
  ModelShape shape = named("Llama-3.1-8B");
  const double stored = weight_bytes_stored(shape);
  const double flops = flops_per_token(shape, 0);
  shape.sparsity.zeros = 0.5;
  EXPECT_EQ(weight_bytes_stored(shape), stored);
  EXPECT_EQ(flops_per_token(shape, 0), flops);
  shape.sparsity.compressed = true;
  EXPECT_NEAR(weight_bytes_stored(shape) / stored, 0.5 * (1 + 1.05e9 / 8.03e9), 0.01);
  EXPECT_LT(flops_per_token(shape, 0), 0.6 * flops);
}

TEST(Counts, AnEncoderReadsOnceAndIsNotInTheStep) {
  const auto& shape = named("flan-t5-xl");
  EXPECT_EQ(shape.kind, ModelKind::encoder_decoder);
  EXPECT_LT(matmul_parameters(shape), total_parameters(shape) * 6 / 10);
  EXPECT_GT(encoder_flops(shape, 100), 2 * 0.4 * 2.85e9 * 100);
  EXPECT_EQ(encoder_flops(named("Llama-3.1-8B"), 100), 0);
  EXPECT_DOUBLE_EQ(cross_kv_bytes(shape, 100), 24 * 2.0 * 32 * 64 * 2 * 100);
  // An encoder alone sees all tokens from each: twice the pairs, and no loss of half.
  const auto& bert = named("bert-base-uncased");
  EXPECT_EQ(bert.kind, ModelKind::encoder);
  EXPECT_DOUBLE_EQ(prefill_flops(bert, 128), 128 * flops_per_token(bert, 128));
}

// Every model of the catalogue: finite, positive, ordered.
TEST(Counts, HoldForTheWholeCatalogue) {
  for (const auto& [shape, aliases, architecture, note] : model_catalogue()) {
    EXPECT_TRUE(validate(shape)) << shape.name;
    EXPECT_LE(active_parameters(shape), total_parameters(shape)) << shape.name;
    EXPECT_LE(matmul_parameters(shape), total_parameters(shape)) << shape.name;
    const double short_one = flops_per_token(shape, 10);
    EXPECT_GT(short_one, 0) << shape.name;
    EXPECT_LE(short_one, flops_per_token(shape, 100000)) << shape.name;
    EXPECT_LE(weight_bytes_touched(shape, 1).total(), weight_bytes_touched(shape, 64).total());
    EXPECT_LE(kv_bytes_held(shape, 4096), kv_bytes_per_token(shape) * 4096) << shape.name;
    EXPECT_TRUE(kv_bytes_per_token(shape) > 0 || state_bytes(shape) > 0) << shape.name;
  }
}

std::string refusal(const ModelShape& shape) {
  const auto sound = validate(shape);
  if (sound) return "accepted";
  EXPECT_EQ(sound.error().code, "shape.contradiction");
  EXPECT_FALSE(sound.error().cure.empty());
  return sound.error().message;
}

TEST(Validate, WhatCannotBeIsNamed) {
  const ModelShape good = named("Qwen3-30B-A3B");
  ModelShape shape = good;
  shape.layers[0].attention.kv_heads = 5;
  EXPECT_EQ(refusal(shape), "32 heads cannot share 5 KV heads");
  shape = good;
  shape.layers[0].experts.chosen = 129;
  EXPECT_EQ(refusal(shape), "a token cannot choose 129 of 128 experts");
  shape = good;
  shape.hidden = -4096;
  EXPECT_EQ(refusal(shape), "hidden width is -4096");
  shape = good;
  shape.layers.clear();
  EXPECT_EQ(refusal(shape), "the model has no layers");
  shape = good;
  shape.layers[0].count = 8000;
  shape.layers[0].experts.routed = 16384;
  shape.layers[0].experts.width = 1 << 20;
  EXPECT_THAT(refusal(shape), HasSubstr("parameters"));
  shape = good;
  shape.precision.experts = 0;
  EXPECT_EQ(refusal(shape), "experts are 0 bits each");
  shape = good;
  shape.sparsity.zeros = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(refusal(shape), HasSubstr("share of zeros"));
}

TEST(Validate, LengthsAreFiniteAndNotNegative) {
  EXPECT_TRUE(validate_length("the prompt", 0));
  EXPECT_TRUE(validate_length("the prompt", 1e6));
  for (const double n : {-1.0, 1e12, std::numeric_limits<double>::infinity(),
                         std::numeric_limits<double>::quiet_NaN()}) {
    const auto said = validate_length("the prompt", n);
    ASSERT_FALSE(said);
    EXPECT_EQ(said.error().code, "shape.length");
    EXPECT_THAT(said.error().cure, HasSubstr("1073741824"));
  }
}

}  // namespace
}  // namespace joulebook::physics
