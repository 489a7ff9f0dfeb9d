#include "gguf/gguf_writer.h"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <cstring>

#include "core/text.h"
#include "gguf/gguf_file.h"
#include "gguf/gguf_types.h"
#include "gguf/random_blocks.h"

namespace joulebook {
namespace {

std::string file_of(const GgufMetadata& metadata, const std::vector<GgufTensorSpec>& tensors) {
  std::string out = gguf_header(metadata, tensors);
  for (const auto& tensor : tensors) out.resize(out.size() + gguf_padded(tensor.bytes()));
  return out;
}

TEST(GgufWriter, WhatIsWrittenIsRead) {
  GgufMetadata metadata;
  metadata.text("general.architecture", "llama").number("llama.block_count", 7).real("x.r", 0.5F);
  metadata.flag("x.f", true).integers("x.i", std::vector<std::int32_t>{-3, 4});
  metadata.flags("x.b", {true, false, true}).reals("x.s", std::vector<float>{1, 2});
  metadata.texts("tokenizer.ggml.tokens", std::vector<std::string>{"a", "", "é"});
  const std::vector<GgufTensorSpec> tensors = {
      {"a", 8, {64, 3}}, {"b", 0, {5}}, {"c", 12, {256, 2, 2}}};
  const auto file = parse_gguf(file_of(metadata, tensors), "x");
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->version, 3);
  EXPECT_EQ(file->architecture(), "llama");
  EXPECT_EQ(file->layers(), 7);
  EXPECT_EQ(file->vocabulary(), 3);
  EXPECT_EQ(std::get<double>(file->metadata.at("x.r")), 0.5);
  EXPECT_EQ(std::get<bool>(file->metadata.at("x.f")), true);
  EXPECT_THAT(std::get<GgufArray>(file->metadata.at("x.i")).numbers, testing::ElementsAre(-3, 4));
  EXPECT_THAT(std::get<GgufArray>(file->metadata.at("x.b")).numbers, testing::ElementsAre(1, 0, 1));
  ASSERT_EQ(file->tensors.size(), 3U);
  EXPECT_EQ(file->tensors[0].bytes, 64 * 3 / 32 * 34);
  EXPECT_EQ(file->tensors[1].offset, gguf_padded(file->tensors[0].bytes));
  EXPECT_EQ(file->tensors[2].offset % kGgufAlignment, 0U);
  EXPECT_EQ(file->tensors[2].bytes, tensors[2].bytes());
}

RC_GTEST_PROP(GgufWriter, AnyListOfTensorsFillsItsFileExactly, ()) {
  std::vector<GgufTensorSpec> tensors;
  const auto count = *rc::gen::inRange(0, 20);
  for (int i = 0; i < count; ++i) {
    const auto type = *rc::gen::elementOf(std::vector<std::uint32_t>{0, 1, 2, 8, 12, 30});
    const std::uint64_t row = gguf_type(type)->block * *rc::gen::inRange<std::uint64_t>(1, 5);
    tensors.push_back(
        {"t" + std::to_string(i), type, {row, *rc::gen::inRange<std::uint64_t>(1, 9)}});
  }
  const std::string bytes = file_of({}, tensors);
  const auto file = parse_gguf(bytes, "x");
  RC_ASSERT(file.has_value());
  RC_ASSERT(file->tensors.size() == tensors.size());
  std::uint64_t end = file->data_offset;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    RC_ASSERT(file->tensors[i].parameters == tensors[i].parameters());
    RC_ASSERT(file->data_offset + file->tensors[i].offset == end);
    end += gguf_padded(file->tensors[i].bytes);
  }
  RC_ASSERT(end == bytes.size());
}

TEST(RandomBlocks, HalvesAreRoundedToTheNearest) {
  EXPECT_EQ(to_half(1.0F), 0x3C00);
  EXPECT_EQ(to_half(-2.0F), 0xC000);
  EXPECT_EQ(to_half(65504.0F), 0x7BFF);
  EXPECT_EQ(to_half(1e9F), 0x7BFF);  // never infinite
  EXPECT_EQ(to_half(0.0F), 0);
  EXPECT_EQ(to_half(5.9604645e-8F), 1);       // the smallest
  EXPECT_EQ(to_half(6.1035156e-5F), 0x0400);  // the smallest normal
  EXPECT_EQ(to_half(1.0F + 0.6F / 1024), 0x3C01);
  EXPECT_EQ(to_half(1.0F + 0.5F / 1024), 0x3C00);  // ties to even
  EXPECT_EQ(to_half(1.0F + 1.5F / 1024), 0x3C02);
}

TEST(RandomBlocks, TheSameSeedGivesTheSameBytesAndAnotherOthers) {
  for (const auto& name : random_block_names()) {
    const auto type = random_block_type(name);
    ASSERT_TRUE(type);
    const std::size_t size = 100 * gguf_type(*type)->bytes;
    std::string a(size, '\0'), b(size, '\0'), c(size, '\0');
    RandomBlocks(1).fill(*type, 0.02, a);
    RandomBlocks(1).fill(*type, 0.02, b);
    RandomBlocks(2).fill(*type, 0.02, c);
    EXPECT_EQ(a, b) << name;
    EXPECT_NE(a, c) << name;
  }
  EXPECT_EQ(random_block_type("Q4_k"), 12U);
  EXPECT_FALSE(random_block_type("iq2_xs"));
  EXPECT_FALSE(random_block_type(""));
}

TEST(RandomBlocks, RowsThatATypeDoesNotDivideFallBack) {
  EXPECT_EQ(block_type_for_row(12, 4096), 12U);
  EXPECT_EQ(block_type_for_row(12, 576), 6U);  // Q4_K: Q5_0
  EXPECT_EQ(block_type_for_row(13, 576), 7U);
  EXPECT_EQ(block_type_for_row(14, 576), 8U);
  EXPECT_EQ(block_type_for_row(10, 576), 2U);
  EXPECT_EQ(block_type_for_row(8, 100), 1U);
  EXPECT_EQ(block_type_for_row(1, 100), 1U);
}

}  // namespace
}  // namespace joulebook
