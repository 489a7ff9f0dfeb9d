// Programs as arms of a study, from its file to its result.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "core/file_tree.h"
#include "export/study_json.h"
#include "fakes/memory_ledger.h"
#include "study/engines.h"
#include "study/runner.h"
#include "study/spec.h"
#include "study/study_fixture.h"
#include "study/trial_run.h"

namespace joulebook {
namespace {

using testing::HasSubstr;

constexpr const char* kStudy = R"(
prompts = "command_items.jsonl"
baseline_seconds = 0
warmups = 0
[stopping]
min_rounds = 2
max_rounds = 2
[[arm]]
name = "started"
command = ["sh", "-c", "tr a-z A-Z; cat \"$1\"; [ -s \"$1\" ]", "sh", "{file}"]
input = "stdin"
[[arm]]
name = "kept"
command = ["sh", "-c", "echo go; while read -r x; do echo \"$x\"; done"]
input = "json"
ready = "go"
[[arm]]
command = ["echo", "{text}"]
)";

std::string folder() { return testing::TempDir(); }

Result<StudySpec> parse(const std::string& toml) {
  return parse_study(toml, folder() + "commands.toml", "model.gguf");
}

void write_items() {
  std::ofstream(folder() + "command_b.txt") << "bee";
  std::ofstream(folder() + "command_c.txt") << "c";
  std::ofstream(folder() + "command_d.txt") << "";
  std::ofstream(folder() + "command_items.jsonl")
      << R"({"id": "b", "kind": "k", "prompt": "x", "file": "command_b.txt", )"
      << R"("check": {"kind": "exact", "expected": "Xbee"}})" << "\n"
      << R"({"id": "c", "kind": "k", "prompt": "y", "file": "command_c.txt", )"
      << R"("check": {"kind": "cer", "expected": "yc", "at_most": 1}})" << "\n"
      << R"({"id": "d", "kind": "k", "prompt": "z", "file": "command_d.txt"})" << "\n";
}

TEST(CommandStudy, TheFileSaysHowAProgramIsAsked) {
  write_items();
  const auto spec = parse(kStudy);
  ASSERT_TRUE(spec) << spec.error().message;
  ASSERT_EQ(spec->arms.size(), 3U);
  EXPECT_EQ(spec->arms[0].engine.command->input, CommandOptions::Input::whole);
  EXPECT_EQ(spec->arms[1].engine.command->input, CommandOptions::Input::json);
  EXPECT_EQ(spec->arms[2].engine.command->input, CommandOptions::Input::none);
  EXPECT_EQ(spec->arms[2].name, "echo");
  EXPECT_EQ(spec->prompts[0].file, folder() + "command_b.txt");
  const auto again = study_spec_from_json(to_json(*spec));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(to_json(*again), to_json(*spec));
  EXPECT_EQ(again->arms[1].engine.command, spec->arms[1].engine.command);
}

TEST(CommandStudy, RunsChecksAndCountsWhatFailed) {
  write_items();
  const auto spec = parse(kStudy);
  ASSERT_TRUE(spec) << spec.error().message;
  const std::shared_ptr<const FileTree> files = real_files();
  auto meter = open_meter({}, {}, system_clock(), files);
  ASSERT_TRUE(meter);
  ASSERT_TRUE((*meter)->start());
  fakes::MemoryLedger ledger;
  auto result = run_study(*spec, StudyContext{.meter = **meter,
                                              .clock = system_clock(),
                                              .open_engine = open_engine,
                                              .ledger = &ledger,
                                              .format = json_format()});
  (*meter)->stop();
  ASSERT_TRUE(result) << result.error().message;
  ASSERT_EQ(result->trials.size(), 18U);
  for (const auto& trial : result->trials) {
    if (trial.arm == 0 && trial.prompt == 2) {
      ASSERT_TRUE(trial.error);
      EXPECT_THAT(trial.error->message, HasSubstr("exit code 1"));
      continue;
    }
    ASSERT_FALSE(trial.error) << trial.error->message;
    EXPECT_EQ(trial.score.has_value(), trial.prompt == 1);
    if (trial.arm != 1) {
      EXPECT_GT(trial.cpu_seconds, 0);
    }
    if (trial.prompt == 2) continue;
    EXPECT_EQ(trial.correct, (trial.arm == 0) != (trial.arm == 2 && trial.prompt == 1));
  }
  EXPECT_EQ(result->arms[0].failed, 2);
  EXPECT_EQ(result->arms[0].correct, 2);
  EXPECT_EQ(result->arms[2].score, 0.5);  // "y" for "yc"
  EXPECT_EQ(result->arms[0].score, 0.5);  // "Yc"
  EXPECT_EQ(result->arms[0].engine.kind, "command");
}

// An empty answer would be right where nothing is to be found; one that never came is not.
TEST(CommandStudy, AFailedAnswerHasTheWorstScore) {
  StudySpec spec;
  spec.arms.resize(1);
  const auto score = [&](Checker checker) {
    spec.prompts = {Prompt{"a", "k", "p", std::move(checker)}};
    const TrialRecord trial = failed_record(spec, {}, {}, {ErrorKind::engine, "command.exit", "", ""});
    EXPECT_EQ(trial.correct, false);
    return trial.score;
  };
  EXPECT_EQ(score({Checker::Kind::spans, "[]"}), 0);
  EXPECT_EQ(score({Checker::Kind::wer, "a b", 0, {}, 1.0}), 1);
  EXPECT_EQ(score({Checker::Kind::rouge_l, "a b", 0, {}, 0.1}), 0);
  EXPECT_EQ(score({Checker::Kind::nearest, "a"}), 0);
}

TEST(CommandStudy, WhatDoesNotFitIsSaidBeforeItRuns) {
  write_items();
  const auto code = [](const std::string& arm) {
    const auto spec = parse("prompts = \"command_items.jsonl\"\n[[arm]]\n" + arm);
    return spec ? std::string() : spec.error().code;
  };
  EXPECT_EQ(code("command = [\"cat\"]"), "");
  EXPECT_EQ(code("command = [\"cat\"]\nmodel = \"m.gguf\""), "toml.unknown_key");
  EXPECT_EQ(code("command = \"cat\""), "toml.value");
  EXPECT_EQ(code("command = [\"cat\", 1]"), "toml.value");
  EXPECT_EQ(code("command = []"), "command.empty");
  EXPECT_EQ(code("command = [\"cat\"]\ninput = \"lines\""), "toml.value");
  EXPECT_EQ(code("command = [\"cat\", \"{text}\"]\ninput = \"line\""), "command.placeholder");
  std::ofstream(folder() + "command_files.jsonl")
      << R"({"id": "b", "kind": "k", "file": "command_b.txt"})" << "\n";
  const auto only_files = [](const std::string& arm) {
    const auto spec = parse("prompts = \"command_files.jsonl\"\n[[arm]]\n" + arm);
    return spec ? std::string() : spec.error().code;
  };
  EXPECT_EQ(only_files("command = [\"cat\", \"{file}\"]"), "");
  EXPECT_EQ(only_files("command = [\"cat\"]"), "command.no_text");
  EXPECT_EQ(only_files("model = \"m.gguf\""), "study.no_text");
  std::ofstream(folder() + "command_lost.jsonl")
      << R"({"id": "b", "kind": "k", "file": "command_no_such_file"})" << "\n";
  const auto lost = parse("prompts = \"command_lost.jsonl\"\n[[arm]]\ncommand = [\"cat\"]");
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, "prompts.no_file");
  EXPECT_THAT(lost.error().message, HasSubstr("'b'"));
}

}  // namespace
}  // namespace joulebook
