// Bad input gets a clear error that names the cure, the documented exit code, and loses nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "cli/process.h"
#include "fakes/tiny_gguf.h"

namespace joulebook::fakes {
namespace {

using testing::HasSubstr;

std::string write(const std::string& path, std::string_view text) {
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

// The program failed as documented: one line that says what, one that says what to do.
void expect_clear_error(const Outcome& outcome, int code, const std::string& says) {
  EXPECT_EQ(outcome.code, code) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("joulebook: "));
  EXPECT_THAT(outcome.err, HasSubstr(says));
  EXPECT_THAT(outcome.err, HasSubstr("cure: "));
  EXPECT_EQ(outcome.out, "");
}

class BadModel : public testing::Test {
 protected:
  std::string folder_ = fresh_folder("model");
  Outcome ask(const std::string& model) { return joulebook({"ask", "-m", model, "hello"}); }
};

TEST_F(BadModel, Missing) { expect_clear_error(ask(folder_ + "/no.gguf"), 3, "no.gguf"); }
TEST_F(BadModel, ADirectory) { expect_clear_error(ask(folder_), 3, "director"); }
TEST_F(BadModel, Empty) { expect_clear_error(ask(write(folder_ + "/e.gguf", "")), 3, "empty"); }
TEST_F(BadModel, NotAModel) {
  expect_clear_error(ask(write(folder_ + "/x.gguf", "PK\x03\x04 this is a zip archive, really")), 3,
                     "GGUF");
}
TEST_F(BadModel, Truncated) {
  const std::string whole = tiny_gguf();
  expect_clear_error(ask(write(folder_ + "/t.gguf", whole.substr(0, whole.size() / 2))), 3,
                     "t.gguf");
}

struct BadArguments {
  std::vector<std::string> arguments;
  int code;
  std::string says;
};

TEST(BadUsage, AMistypedCommandIsToldTheNearest) {
  const Outcome outcome = joulebook({"stduy", "forty"});
  expect_clear_error(outcome, 2, "there is no command 'stduy'");
  EXPECT_THAT(outcome.err, HasSubstr("cure: joulebook study"));
  expect_clear_error(joulebook({"frobnicate"}), 2, "there is no command 'frobnicate'");
}

TEST(BadUsage, HelpIsAlsoAWord) {
  EXPECT_EQ(joulebook({"help"}).out, joulebook({"--help"}).out);
  const Outcome outcome = joulebook({"help", "run"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out, joulebook({"run", "--help"}).out);
}

TEST(BadUsage, UnknownFlagsAndCommandsAreWrongUsage) {
  for (const auto& arguments : std::vector<std::vector<std::string>>{{},
                                                                     {"asq"},
                                                                     {"ask"},
                                                                     {"ask", "--frobnicate", "x"},
                                                                     {"study", "--mode", "slow"},
                                                                     {"ask", "--repeat", "0", "x"},
                                                                     {"ledger"},
                                                                     {"mark"}}) {
    const Outcome outcome = joulebook(arguments);
    EXPECT_EQ(outcome.code, 2) << outcome.err;
    EXPECT_EQ(outcome.out, "");
    EXPECT_NE(outcome.err, "");
  }
}

TEST(BadUsage, HelpAndVersionAreEverywhere) {
  for (const std::string command :
       {"ask", "study", "run", "mark", "calibrate", "predict", "synth", "top", "sensors", "doctor", "config", "list", "show",
        "export"}) {
    const Outcome outcome = joulebook({command, "--help"});
    EXPECT_EQ(outcome.code, 0) << command;
    EXPECT_THAT(outcome.out, HasSubstr("--json"));
  }
  EXPECT_THAT(joulebook({"--version"}).out, testing::StartsWith("joulebook "));
}

TEST(BadStudy, UnknownKeyIsNamedWithLineAndNearest) {
  const std::string file =
      write(fresh_folder("study") + "/s.toml", "seed = 1\n[[arm]]\nmoddel = 'a.gguf'\n");
  const Outcome outcome = joulebook({"study", file, "--dry-run"});
  expect_clear_error(outcome, 3, "s.toml:3");
  EXPECT_THAT(outcome.err, HasSubstr("did you mean 'model'"));
}

TEST(BadStudy, PromptFilesAreJudgedByLine) {
  const std::string folder = fresh_folder("prompts");
  expect_clear_error(joulebook({"study", "--dry-run", "--prompts", write(folder + "/e.jsonl", "")}),
                     3, "e.jsonl");
  const std::string bad =
      write(folder + "/b.jsonl", "{\"id\":\"a\",\"kind\":\"k\",\"prompt\":\"x\"}\n{oops\n");
  expect_clear_error(joulebook({"study", "--dry-run", "--prompts", bad}), 3, "b.jsonl:2");
  expect_clear_error(joulebook({"study", "--dry-run", "--prompts", folder + "/none.jsonl"}), 3,
                     "none.jsonl");
}

TEST(BadStudy, NothingToResume) {
  expect_clear_error(joulebook({"study", "--resume", "-m", "http://127.0.0.1:9"}), 3, "unfinished");
}

TEST(BadSynth, AndTrainingNameTheCure) {
  const std::string file = fresh_folder("synth") + "/x.gguf";
  expect_clear_error(joulebook({"synth", "SmolLM2-135M"}), 2, "nothing to do");
  expect_clear_error(joulebook({"synth", "Smol-LM", "--out", file}), 3, "Smol-LM");
  expect_clear_error(joulebook({"synth", "mamba-130m", "--out", file}), 3, "recurrent");
  expect_clear_error(joulebook({"synth", "SmolLM2-135M", "--layers", "31", "--out", file}), 2, "31 layers");
  expect_clear_error(joulebook({"synth", "SmolLM2-135M", "--weights", "q9", "--out", file}), 2, "q9");
  expect_clear_error(joulebook({"synth", "SmolLM2-135M", "--measure", "--output", "1"}), 2, "1 output");
  EXPECT_FALSE(std::filesystem::exists(file));
  expect_clear_error(joulebook({"predict", "--training"}), 2, "no model");
  expect_clear_error(joulebook({"predict", "--training", "Llama-3.1-8B"}), 2, "tokens");
  expect_clear_error(joulebook({"predict", "--training", "--check", write(file, "run\na\n")}), 3, "params_b");
}

TEST(BadPredict, SaysWhatIsWrongAndWhatWouldDo) {
  const std::string folder = fresh_folder("predict");
  expect_clear_error(joulebook({"predict"}), 2, "nothing to predict");
  expect_clear_error(joulebook({"predict", "Lama-3.1-8B"}), 3, "Lama-3.1-8B");
  expect_clear_error(joulebook({"predict", "Llama-3.1-8B", "--gpu", "Abacus"}), 3, "Abacus");
  expect_clear_error(joulebook({"predict", "Llama-3.1-8B", "--prompt", "-5"}), 2, "--prompt");
  expect_clear_error(joulebook({"predict", "Llama-3.1-8B", "--prompt", "250:100"}), 3, "90th percentile of 100");
  expect_clear_error(joulebook({"predict", "Llama-3.1-405B", "--gpus", "8"}), 3, "GB more than");
  expect_clear_error(joulebook({"predict", "Llama-3.1-8B", "--sweep", "colour=red"}), 2, "colour");
  expect_clear_error(joulebook({"predict", "--csv", write(folder + "/x.csv", "source,task\n")}), 3,
                     "\"model\"");
  expect_clear_error(joulebook({"predict", "--csv", folder + "/none.csv"}), 3, "none.csv");
  expect_clear_error(joulebook({"predict", "--fit", write(folder + "/y.csv", "source,task\n")}), 3, "model");
}

TEST(Predict, RowsKeepTheirCellsAndGetSixMore) {
  const std::string folder = fresh_folder("rows");
  const std::string data = std::string(JOULEBOOK_SOURCE_DIR) + "/data/ml_energy.csv";
  const Outcome outcome = joulebook({"predict", "--csv", data, "--out", folder + "/o.csv"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  std::ifstream before(data), after(folder + "/o.csv");
  std::string a, b;
  int rows = 0;
  while (std::getline(before, a)) {
    ASSERT_TRUE(std::getline(after, b));
    EXPECT_TRUE(b.starts_with(a + ",")) << b;
    ++rows;
  }
  EXPECT_EQ(rows, 1039);
}

TEST(BadOutput, IsFoundBeforeTheWork) {
  const std::string folder = fresh_folder("out");
  expect_clear_error(
      joulebook({"run", "--json", folder + "/no/such/r.json", "--", "touch", folder + "/ran"}), 3,
      "r.json");
  EXPECT_FALSE(std::filesystem::exists(folder + "/ran"));
  expect_clear_error(joulebook({"study", "--html", folder}), 3, "out");
}

TEST(BadLedger, IsRefusedAndLeftAlone) {
  const std::string folder = fresh_folder("ledger");
  const std::string text =
      "these are my holiday notes and no ledger at all, " + std::string(200, 'x');
  const std::string file = write(folder + "/notes.txt", text);
  expect_clear_error(joulebook({"list", "--ledger", file}), 3, "notes.txt");
  std::ifstream in(file);
  const std::string after((std::istreambuf_iterator<char>(in)), {});
  EXPECT_EQ(after, text);
  expect_clear_error(joulebook({"show", "nothing"}), 3, "nothing");
}

TEST(BadSettings, AreNamedWithTheirOrigin) {
  const std::string file = write(fresh_folder("config") + "/j.toml", "ledgr = '/x'\n");
  expect_clear_error(joulebook({"config"}, {{"JOULEBOOK_CONFIG", file}}), 3, "j.toml:1");
  const Outcome outcome = joulebook({"config"}, {{"JOULEBOOK_THREADS", "3"}});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.out, testing::ContainsRegex("threads +3 +JOULEBOOK_THREADS"));
}

TEST(BadSysroot, IsWrongUsageWhereverItIsTaken) {
  for (const char* command : {"sensors", "doctor", "run", "serve", "agent", "calibrate"}) {
    expect_clear_error(joulebook({command, "--sysroot", "/no/such/root"}), 2, "/no/such/root");
  }
  expect_clear_error(joulebook({"doctor"}, {{"JOULEBOOK_SYSROOT", "/no/such/root"}}), 2, "/no/such/root");
  const std::string file = write(fresh_folder("sysroot") + "/file", "");
  expect_clear_error(joulebook({"sensors", "--sysroot", file}), 2, "no folder");
}

TEST(BadSensors, ARequiredReadingThatCannotBeHad) {
  expect_clear_error(joulebook({"ask", "--sensors", "nvml:none", "-m", "http://127.0.0.1:9", "x"}),
                     4, "nvml:none");
}

}  // namespace
}  // namespace joulebook::fakes
