// `explain` and `whatif` through the program: the famous figures from a file's row, quantities in the
// JSON, exit codes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/process.h"

namespace joulebook::fakes {
namespace {

using testing::HasSubstr;

const std::string kRow = JOULEBOOK_SOURCE_DIR "/data/ml_energy.csv:513";
const std::string kAlone = "DeepSeek-R1-Distill-Llama-70B,gpu=H100,batch=1,weights=fp8,output=1333,energy=17800J";

TEST(ExplainCommand, TwoFigures) {
  const Outcome outcome = joulebook({"explain", kAlone, kRow, "--json", "-"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto document = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(document["schema"], "joulebook.explanation/1");
  double sum = 0;
  for (const auto& part : document["parts"]) {
    sum += part["log_ratio"].get<double>();
    EXPECT_TRUE(part["ratio"].contains("level"));
    EXPECT_TRUE(part["energy"].contains("tier"));
  }
  EXPECT_NEAR(sum, std::log(512.844 / 17800), 1e-3);
  EXPECT_EQ(document["parts"].back()["factor"], "rest");
}

TEST(ExplainCommand, BelowTheFloorIsTheResultsNo) {
  const Outcome outcome = joulebook({"explain", kAlone, "Llama-3.1-70B,gpus=4,batch=64,energy=12J"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("takes at least"));
  EXPECT_THAT(outcome.out, HasSubstr("rest"));  // and is shown all the same
}

TEST(ExplainCommand, BadInputNamesTheCure) {
  for (const auto& [arguments, code] : std::vector<std::pair<std::vector<std::string>, int>>{
           {{"explain"}, 2},
           {{"explain", "Llama-3.1-8B", "Lama"}, 3},
           {{"explain", "Llama-3.1-8B,gpu=H1OO", "Llama-3.1-8B"}, 3},
           {{"explain", JOULEBOOK_SOURCE_DIR "/data/ml_energy.csv:99999", "Llama-3.1-8B"}, 3},
           {{"explain", "no-such-run"}, 3},
           {{"whatif", "Llama-3.1-8B", "--change", "faster"}, 3},
           {{"whatif", "Llama-3.1-405B"}, 3}}) {
    const Outcome outcome = joulebook(arguments);
    EXPECT_EQ(outcome.code, code) << arguments.back() << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr("cure: ")) << arguments.back();
    EXPECT_EQ(outcome.out, "");
  }
}

TEST(WhatIfCommand, ChangesAndTheRanking) {
  const Outcome asked = joulebook({"whatif", "Llama-3.1-70B", "--gpus", "4", "--batch", "16", "--change", "batch=64",
                                   "--change", "dense->experts", "--json", "-"});
  ASSERT_EQ(asked.code, 0) << asked.err;
  const auto document = nlohmann::json::parse(asked.out);
  EXPECT_EQ(document["changes"].size(), 2U);
  EXPECT_LT(document["together"]["factor"]["value"].get<double>(), document["changes"][0]["factor"]["value"].get<double>());
  const Outcome ranked = joulebook({"whatif", "Llama-3.1-70B", "--gpus", "4", "--batch", "16"});
  EXPECT_EQ(ranked.code, 0);
  EXPECT_THAT(ranked.out, HasSubstr("weights=fp8"));
}

}  // namespace
}  // namespace joulebook::fakes
