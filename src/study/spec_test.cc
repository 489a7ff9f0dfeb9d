#include "study/spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace joulebook {
namespace {

using testing::HasSubstr;

TEST(Spec, TheDefaultIsTheFortyPromptsOnTwoArms) {
  const auto spec = forty_study("smol.gguf");
  EXPECT_TRUE(validate(spec));
  ASSERT_EQ(spec.arms.size(), 2U);
  EXPECT_EQ(spec.arms[0].name, "direct");
  EXPECT_EQ(spec.arms[1].name, "step by step");
  EXPECT_EQ(spec.prompts.size(), 40U);
  EXPECT_EQ(spec.stopping.min_rounds, 2);
}

TEST(Spec, AFileSaysEverything) {
  const std::string prompts = testing::TempDir() + "/spec_prompts.jsonl";
  std::ofstream(prompts) << R"({"id":"a","kind":"k","prompt":"p"})";
  const auto spec = parse_study(R"(
name = "mine"
seed = 7
prompts = "spec_prompts.jsonl"
baseline_seconds = 2
warmups = 0
keep_text = true
[stopping]
min_rounds = 3
max_rounds = 5
target = 0.05
max_seconds = 60
[[arm]]
name = "a"
model = "a.gguf"
max_tokens = 64
threads = 1
[[arm]]
name = "b"
model = "http://localhost:8080/v1"
mode = "reason"
reasoning = "unset"
system = "think"
temperature = 0.0
seed = 3
model_name = "m"
)",
                                testing::TempDir() + "/study.toml", "default.gguf");
  ASSERT_TRUE(spec) << spec.error().message;
  EXPECT_EQ(spec->name, "mine");
  EXPECT_EQ(spec->seed, 7U);
  EXPECT_EQ(spec->prompts.size(), 1U);
  EXPECT_EQ(spec->stopping.max_rounds, 5);
  EXPECT_TRUE(spec->keep_text);
  ASSERT_EQ(spec->arms.size(), 2U);
  EXPECT_THAT(spec->arms[0].model, HasSubstr("/a.gguf"));
  EXPECT_EQ(spec->arms[0].max_tokens, 64);
  EXPECT_EQ(spec->arms[0].engine.threads, 1);
  EXPECT_EQ(spec->arms[1].model, "http://localhost:8080/v1");
  EXPECT_EQ(spec->arms[1].mode, Mode::reason);
  EXPECT_EQ(spec->arms[1].reasoning, Reasoning::unset);
  EXPECT_EQ(spec->arms[1].system, "think");
  EXPECT_EQ(spec->arms[1].temperature, 0);
  EXPECT_EQ(spec->arms[1].seed, 3U);
}

Error error_of(std::string_view toml) {
  const auto spec = parse_study(toml, "s.toml", "m.gguf");
  EXPECT_FALSE(spec) << toml;
  return spec ? Error{} : spec.error();
}

TEST(Spec, WrongKeysAndValuesAreNamedWithTheirLine) {
  const auto key = error_of("seed = 1\n[[arm]]\nmodel = 'a'\ntemprature = 1\n");
  EXPECT_EQ(key.code, "toml.unknown_key");
  EXPECT_THAT(key.message, HasSubstr("s.toml:4"));
  EXPECT_THAT(key.cure, HasSubstr("temperature"));
  const auto type = error_of("seed = 'one'\n");
  EXPECT_EQ(type.code, "toml.value");
  EXPECT_THAT(type.message, HasSubstr("s.toml:1"));
  EXPECT_THAT(error_of("[[arm]]\nmode = 'raeson'\n").cure, HasSubstr("reason"));
  EXPECT_EQ(error_of("seed = -1\n").code, "toml.value");
  EXPECT_EQ(error_of("arm = 3\n").code, "toml.value");
  EXPECT_EQ(error_of("stopping = 3\n").code, "toml.value");
  EXPECT_EQ(error_of("seed =\n").code, "toml.syntax");
  EXPECT_EQ(error_of("prompts = 'no-such.jsonl'\n").code, "file.missing");
}

TEST(Spec, WhatCouldNotBeRunIsRefused) {
  const auto code = [](auto change) {
    auto spec = forty_study("m.gguf");
    change(spec);
    const auto ok = validate(spec);
    return ok ? std::string() : ok.error().code;
  };
  EXPECT_EQ(code([](StudySpec&) {}), "");
  EXPECT_EQ(code([](StudySpec& s) { s.arms.clear(); }), "study.no_arms");
  EXPECT_EQ(code([](StudySpec& s) { s.prompts.clear(); }), "study.no_prompts");
  EXPECT_EQ(code([](StudySpec& s) { s.arms[1].name = "direct"; }), "study.duplicate_arm");
  EXPECT_EQ(code([](StudySpec& s) { s.arms[0].max_tokens = 0; }), "study.bad_value");
  EXPECT_EQ(code([](StudySpec& s) { s.arms[0].model.clear(); }), "study.bad_value");
  EXPECT_EQ(code([](StudySpec& s) { s.stopping.max_rounds = 1; }), "study.bad_value");
  EXPECT_EQ(code([](StudySpec& s) { s.baseline_seconds = -1; }), "study.bad_value");
  EXPECT_EQ(code([](StudySpec& s) { s.arms[0].model = "http://me:pw@host/v1"; }), "study.secret");
}

TEST(Spec, FlagsMakeEveryModelRunInEveryMode) {
  StudyFlags flags;
  flags.models = {"a.gguf", "dir/b.gguf"};
  flags.modes = {Mode::direct, Mode::reason};
  flags.max_tokens = 99;
  flags.seed = 5;
  const auto spec = with_flags(forty_study("m.gguf"), flags);
  ASSERT_TRUE(spec);
  ASSERT_EQ(spec->arms.size(), 4U);
  EXPECT_EQ(spec->arms[3].name, "b, step by step");
  EXPECT_EQ(spec->arms[3].mode, Mode::reason);
  EXPECT_EQ(spec->arms[3].max_tokens, 99);
  EXPECT_EQ(spec->seed, 5U);
}

TEST(Spec, FlagsThatSayNothingChangeNothing) {
  const auto spec = with_flags(forty_study("m.gguf"), {});
  ASSERT_TRUE(spec);
  EXPECT_EQ(spec->arms.size(), 2U);
  StudyFlags one;
  one.modes = {Mode::reason};
  one.max_rounds = 1;
  const auto reason = with_flags(forty_study("m.gguf"), one);
  ASSERT_TRUE(reason) << reason.error().message;
  EXPECT_EQ(reason->arms.size(), 1U);
  EXPECT_EQ(reason->arms[0].model, "m.gguf");
  EXPECT_EQ(reason->stopping.min_rounds, 1);
}

}  // namespace
}  // namespace joulebook
