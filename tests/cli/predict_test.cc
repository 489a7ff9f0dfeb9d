// Predictions through the program: what flags say reaches the model, and a sweep is drawn.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/process.h"

namespace joulebook::fakes {
namespace {

using testing::HasSubstr;
using testing::Not;

nlohmann::json predicted(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"predict", "Llama-3.1-8B", "--gpu", "H100", "--json", "-"});
  const Outcome outcome = joulebook(arguments);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  return nlohmann::json::parse(outcome.out);
}

TEST(PredictCommand, LengthsMayBeSpread) {
  const auto alike = predicted({"--batch", "16", "--prompt", "8000", "--output", "500"});
  const auto spread = predicted({"--batch", "16", "--prompt", "8000:16000", "--output", "500"});
  // Attention goes with the square: the longer prompts cost more than the shorter ones save.
  EXPECT_GT(spread["prediction"]["per_request"]["value"], alike["prediction"]["per_request"]["value"]);
}

TEST(PredictCommand, ThisMachineHasToBeCalibrated) {
  const std::map<std::string, std::string> none{{"JOULEBOOK_CALIBRATION", fresh_folder("uncalibrated") + "/none.json"}};
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"predict", "SmolLM2-135M", "--gpu", "here"},
        {"predict", "SmolLM2-135M", "--gpu", "cpu"},
        {"predict", "SmolLM2-135M", "--sweep", "gpu=H100,here"},
        {"whatif", "SmolLM2-135M", "--gpu", "here"}}) {
    const Outcome outcome = joulebook(arguments, none);
    EXPECT_EQ(outcome.code, 4) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr("joulebook calibrate"));
  }
  EXPECT_EQ(joulebook({"predict", "--image", "FLUX.1-dev", "--gpu", "here"}).code, 2);
}

TEST(PredictCommand, ASweepIsATableAndBars) {
  const Outcome outcome = joulebook({"predict", "Llama-3.1-8B", "--sweep", "batch=1,64"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("J/token by batch\n"));
  EXPECT_THAT(outcome.out, HasSubstr("█"));
  const Outcome one = joulebook({"predict", "Llama-3.1-8B", "--sweep", "batch=64"});
  EXPECT_THAT(one.out, Not(HasSubstr("█")));  // nothing to compare
}

}  // namespace
}  // namespace joulebook::fakes
