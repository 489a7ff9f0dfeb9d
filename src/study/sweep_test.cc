#include "study/sweep.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "study/spec.h"

namespace joulebook {
namespace {

using testing::HasSubstr;
using Texts = std::vector<std::string>;

std::string parse_code(const Texts& texts) {
  const auto axes = parse_sweep(texts);
  EXPECT_TRUE(axes || !axes.error().cure.empty());
  return axes ? "" : axes.error().code;
}

TEST(Sweep, AGridHasEveryPointOnce) {
  const auto axes = parse_sweep(Texts{"threads=1,2,batch=64, 128,512", "temperature=0"});
  ASSERT_TRUE(axes) << axes.error().message;
  const auto arms = swept(
      {default_arm("m.gguf", Mode::direct), default_arm("m.gguf", Mode::reason)}, *axes);
  ASSERT_TRUE(arms) << arms.error().message;
  ASSERT_EQ(arms->size(), 12U);
  EXPECT_EQ(arms->at(1).name, "direct, threads 1, batch 128, temperature 0");
  EXPECT_EQ(arms->at(1).engine.batch, 128);
  EXPECT_EQ(arms->at(3).engine.threads, 2);
  EXPECT_EQ(arms->at(11).temperature, 0);
  std::set<std::string> names;
  for (const auto& arm : *arms) names.insert(arm.name);
  EXPECT_EQ(names.size(), 12U);
}

TEST(Sweep, QuantStandsInTheModelsName) {
  const auto axes = parse_sweep(Texts{"quant=q4_0,q8_0"});
  ASSERT_TRUE(axes);
  const auto arms = swept({default_arm("dir/m-{quant}.gguf", Mode::direct)}, *axes);
  ASSERT_TRUE(arms);
  EXPECT_EQ(arms->at(1).model, "dir/m-q8_0.gguf");
  EXPECT_EQ(swept({default_arm("m.gguf", Mode::direct)}, *axes).error().code, "sweep.quant");
}

TEST(Sweep, ProgramsStayAsTheyAre) {
  ArmSpec program = default_arm("cat", Mode::direct);
  program.engine.command = CommandOptions{.argv = {"cat"}};
  const auto axes = parse_sweep(Texts{"threads=1,2"});
  ASSERT_TRUE(axes);
  EXPECT_EQ(swept({program, default_arm("m.gguf", Mode::direct)}, *axes)->size(), 3U);
  EXPECT_EQ(swept({program}, *axes).error().code, "sweep.no_model");
  EXPECT_EQ(swept({program}, {})->size(), 1U);
}

TEST(Sweep, TooLargeAGridIsRefusedWithItsCount) {
  Texts texts;
  std::string list;
  for (int i = 1; i <= 100; ++i) list += (i == 1 ? "" : ",") + std::to_string(i);
  for (const char* key : {"threads=", "batch=", "context="}) texts.push_back(key + list);
  const auto axes = parse_sweep(texts);
  ASSERT_TRUE(axes) << axes.error().message;
  const auto arms = swept({default_arm("m.gguf", Mode::direct)}, *axes);
  ASSERT_FALSE(arms);
  EXPECT_EQ(arms.error().code, "sweep.size");
  EXPECT_THAT(arms.error().message, HasSubstr("1000000 arms"));
}

TEST(Sweep, WhatCannotBeReadIsRefused) {
  EXPECT_EQ(parse_code({"threads"}), "sweep.syntax");
  EXPECT_EQ(parse_code({""}), "sweep.syntax");
  EXPECT_EQ(parse_code({"threads="}), "sweep.syntax");
  EXPECT_EQ(parse_code({"threads=1,,2"}), "sweep.syntax");
  EXPECT_EQ(parse_code({"threads=1,1"}), "sweep.syntax");
  EXPECT_EQ(parse_code({"thread=1"}), "sweep.key");
  EXPECT_EQ(parse_code({"threads=1", "threads=2"}), "sweep.key");
  EXPECT_EQ(parse_code({"threads=0"}), "sweep.value");
  EXPECT_EQ(parse_code({"threads=1.5"}), "sweep.value");
  EXPECT_EQ(parse_code({"temperature=hot"}), "sweep.value");
  EXPECT_EQ(parse_code({"temperature=nan"}), "sweep.value");
  EXPECT_THAT(parse_sweep(Texts{"thread=1"}).error().cure, HasSubstr("'threads'"));
}

}  // namespace
}  // namespace joulebook
