// The embedded engine through the program: a generated model, a short study, too long a prompt.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/process.h"
#include "fakes/json_schema.h"
#include "fakes/tiny_gguf.h"

namespace joulebook::fakes {
namespace {

using testing::HasSubstr;

class Embedded : public testing::Test {
 protected:
  std::string folder_ = fresh_folder("embedded");
  std::string model_ = write_tiny_gguf(folder_ + "/tiny.gguf");
};

TEST_F(Embedded, AskSplitsThePhasesAndTheySumToTheWhole) {
  const std::string json = folder_ + "/ask.json";
  const Outcome outcome = joulebook(
      {"ask", "-m", model_, "--max-tokens", "16", "--repeat", "2", "--json", json, "Hello there"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto document = nlohmann::json::parse(std::ifstream(json));
  double sum = 0;
  for (const auto& phase : document["mean"]["phases"])
    sum += phase["energy"]["value"].get<double>();
  EXPECT_NEAR(sum, document["total"]["value"].get<double>(), 1e-4 * sum + 2e-6);
}

TEST_F(Embedded, APromptLongerThanTheContextIsBadInput) {
  const Outcome outcome = joulebook({"ask", "-m", model_, std::string(4000, 'x')});
  EXPECT_EQ(outcome.code, 3) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("context"));
  EXPECT_THAT(outcome.err, HasSubstr("cure: "));
}

TEST_F(Embedded, AnUnknownArchitectureIsNamed) {
  TinyModel odd;
  odd.architecture = "frobnicator";
  const std::string model = write_tiny_gguf(folder_ + "/odd.gguf", odd);
  const Outcome outcome = joulebook({"ask", "-m", model, "hi"});
  EXPECT_EQ(outcome.code, 3) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("frobnicator"));
}

TEST_F(Embedded, AMadeUpModelIsWrittenAndAnswers) {
  const std::string model = folder_ + "/made.gguf";
  const Outcome made = joulebook({"synth", "DeepSeek-V2-Lite", "--layers", "1", "--vocab", "600", "--out", model});
  ASSERT_EQ(made.code, 0) << made.err;
  EXPECT_THAT(made.out, HasSubstr("deepseek2"));
  const Outcome asked = joulebook({"ask", "-m", model, "--max-tokens", "4", "hello"});
  EXPECT_EQ(asked.code, 0) << asked.err;
}

// Beside other tests times may scatter too much to be extrapolated: then it says so, and that is right, too.
TEST_F(Embedded, SlicesAreMeasuredAndNothingIsLeft) {
  const std::string json = folder_ + "/measured.json";
  std::filesystem::create_directories(folder_ + "/work");
  const Outcome outcome =
      joulebook({"synth", "SmolLM2-135M", "--layers", "4", "--vocab", "2000", "--measure", "--check", "--rounds",
                 "3", "--prompt", "64", "--output", "16", "--work", folder_ + "/work", "--json", json});
  EXPECT_TRUE(std::filesystem::is_empty(folder_ + "/work"));
  if (outcome.code == 4) {
    EXPECT_THAT(outcome.err, HasSubstr("scatter so much"));
    EXPECT_THAT(outcome.err, HasSubstr("cure: measure on a machine that does nothing else"));
    EXPECT_FALSE(std::filesystem::exists(json) && std::filesystem::file_size(json) > 0);
    return;
  }
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("error of the extrapolation"));
  const auto document = nlohmann::json::parse(std::ifstream(json));
  EXPECT_EQ(document["layers"], 4);
  EXPECT_GT(document["step"]["whole_s"].get<double>(), 0);
  EXPECT_TRUE(document["step_energy"].contains("value"));
  EXPECT_NE(document["step_energy"]["tier"], "measured");
}

TEST_F(Embedded, AStudyOfTwoModesObeysItsSchema) {
  std::ofstream(folder_ + "/p.jsonl")
      << R"({"id":"a","kind":"chat","prompt":"Hi"})" << "\n"
      << R"({"id":"b","kind":"arithmetic","prompt":"1+1?","check":{"kind":"number","expected":"2"}})"
      << "\n";
  const std::string json = folder_ + "/study.json";
  const Outcome outcome =
      joulebook({"study", "--model", model_, "--prompts", folder_ + "/p.jsonl", "--max-tokens", "8",
                 "--baseline", "0.05", "--max-rounds", "2", "--json", json});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto document = nlohmann::json::parse(std::ifstream(json));
  EXPECT_EQ(JsonSchema(JOULEBOOK_SOURCE_DIR "/docs/schema/study.schema.json").explain(document),
            "");
  EXPECT_EQ(document["arms"].size(), 2u);
  EXPECT_THAT(outcome.out, HasSubstr("energy"));
  EXPECT_FALSE(document["sentence"].get<std::string>().empty());
}

// The whole path on the model that set-up installed: answers, meters, compares, reports, balances.
TEST_F(Embedded, TheWholePathOnTheRealModel) {
  std::ofstream(folder_ + "/p.jsonl")
      << R"({"id":"sum","kind":"arithmetic","prompt":"What is 2 + 2? Answer with one number.","check":{"kind":"number","expected":"4"}})"
      << "\n"
      << R"({"id":"sky","kind":"chat","prompt":"Why is the sky blue?"})" << "\n";
  const std::string ledger = folder_ + "/ledger.db";
  const std::string json = folder_ + "/real.json";
  const Outcome outcome =
      joulebook({"study", "--prompts", folder_ + "/p.jsonl", "--max-tokens", "24", "--baseline",
                 "0.2", "--max-rounds", "2", "--json", json, "--html", folder_ + "/real.html"},
                {{"JOULEBOOK_LEDGER", ledger}});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto document = nlohmann::json::parse(std::ifstream(json));
  EXPECT_EQ(JsonSchema(JOULEBOOK_SOURCE_DIR "/docs/schema/study.schema.json").explain(document),
            "");
  for (const auto& arm : document["arms"]) {
    EXPECT_EQ(arm["engine"]["architecture"], "llama");
    EXPECT_NEAR(arm["engine"]["parameters"].get<double>(), 134.5e6, 1e6);
    EXPECT_GT(arm["j_per_response"]["these"]["value"].get<double>(), 0);
  }
  EXPECT_EQ(joulebook({"ledger", "verify"}, {{"JOULEBOOK_LEDGER", ledger}}).code, 0);
}

}  // namespace
}  // namespace joulebook::fakes
