// Claims as a stranger writes them from docs/formats/claim.md, most of them wrong on purpose: the verdict, and
// the word by which a reader finds what is wrong.
#include <gmock/gmock.h>

#include "account/audit/audit.h"

namespace joulebook::account {
namespace {

using testing::HasSubstr;

// All that the report says of it in words.
std::string told(const Audit& a) {
  std::string text = std::string(to_string(a.judged.verdict)) + ": " + a.judged.because;
  for (const auto& slip : a.slips) text += "; " + slip;
  for (const auto& f : a.findings) text += "; " + std::string(f.rule) + " " + f.message;
  return text;
}

std::string audited(const std::string& claim, const std::string& inputs, const std::string& recipe = {}) {
  const std::string toml = "[claim]\n" + claim + "\n[inputs]\n" + inputs + (recipe.empty() ? "" : "\n[recipe]\nvalue = \"" + recipe + "\"") + "\n";
  const auto parsed = parse_claim(toml, "stranger.toml");
  EXPECT_TRUE(parsed) << toml << (parsed ? "" : parsed.error().message);
  if (!parsed) return {};
  const auto a = audit(*parsed);
  EXPECT_TRUE(a) << toml;
  return a ? told(*a) : std::string();
}

constexpr const char* kServed = "model = \"Llama-3.1-70B\"\ngpu = \"H100\"\ngpus = \"4\"\noutput_tokens = \"400 tokens\"";

TEST(Stranger, UnitSlips) {
  EXPECT_THAT(audited("value = \"0.3 kWh/response\"\nboundary = \"gpu\"", kServed), testing::AllOf(HasSubstr("inconsistent"), HasSubstr("kWh for Wh")));
  EXPECT_THAT(audited("value = \"30 kJ/response\"\nboundary = \"gpu\"", "model = \"Llama-3.1-8B\"\ngpu = \"H100\"\ngpus = \"1\"\nbatch = \"32\"\n"
                                                                        "output_tokens = \"300 tokens\"\ninput_tokens = \"300 tokens\""),
              HasSubstr("inconsistent: 30 kJ/response"));
  const std::string training = "energy = \"1287 MWh\"\nintensity = \"429 gCO2e/kWh\"";
  EXPECT_THAT(audited("value = \"1,216,000 lb CO2e\"\nboundary = \"facility\"", training), HasSubstr("reproduced"));
  EXPECT_THAT(audited("value = \"1,216,000 kg CO2e\"\nboundary = \"facility\"", training), testing::AllOf(HasSubstr("inconsistent"), HasSubstr("pound")));
}

// A model of which no row was published still has a range: that of all models.
TEST(Stranger, PerThousandTakenForOne) {
  for (const char* inputs : {"model = \"an unheard-of model\"", "gpus = \"1\""}) {
    const std::string text = audited("value = \"2.907 kWh/image\"\nboundary = \"node\"", inputs);
    EXPECT_THAT(text, testing::AllOf(HasSubstr("inconsistent"), HasSubstr("1,000"))) << text;
    EXPECT_THAT(audited("value = \"1 Wh/image\"\nboundary = \"node\"", inputs), HasSubstr("not checkable: model ("));
  }
}

TEST(Stranger, DoubleCounting) {
  EXPECT_THAT(audited("value = \"576 MWh\"\nboundary = \"facility\"", "gpu_hours = \"1 million GPU hours\"\nmean_power = \"400 W/GPU\"\ngpu = \"A100\"\npue = \"1.2\""),
              testing::AllOf(HasSubstr("inconsistent"), HasSubstr("pue.twice")));
  EXPECT_THAT(audited("value = \"2.9 Wh/image\"\nboundary = \"gpu\"", "gpu = \"A100\"\ngpus = \"1\"\ngpus_counted = \"8\"\nduration = \"5 s\"\nmean_power = \"2100 W\""),
              HasSubstr("inconsistent: 8 devices are counted where 1 worked"));
}

TEST(Stranger, WhatTheHardwareCannotDo) {
  EXPECT_THAT(audited("value = \"19 kJ/response\"\nboundary = \"gpu\"", "gpu = \"H100\"\ngpus = \"1\"\nduration = \"20 s\"\nenergy = \"19 kJ\""),
              testing::AllOf(HasSubstr("inconsistent"), HasSubstr("1.36 times its limit of 700 W")));
  EXPECT_THAT(audited("value = \"0.007 J/token\"\nboundary = \"gpu\"",
                      "model = \"Llama-3.1-70B\"\ngpu = \"H100\"\ngpus = \"1\"\nbatch = \"256\"\ntokens_per_second = \"100000 tokens/s\"\nmean_power = \"700 W\""),
              testing::AllOf(HasSubstr("inconsistent"), HasSubstr("step.flops"), HasSubstr("step.bandwidth")));
}

TEST(Stranger, TrainingBeyondThePeak) {
  const std::string of_405b = "training_tokens = \"15T tokens\"\ngpu = \"H100\"\nmean_power = \"700 W/GPU\"\n";
  EXPECT_THAT(audited("value = \"0.7 GWh\"\nboundary = \"gpu\"", of_405b + "model = \"Llama-3.1-405B\"\ngpu_hours = \"1 million GPU hours\""),
              testing::AllOf(HasSubstr("inconsistent"), HasSubstr("training.utilisation")));
  EXPECT_THAT(audited("value = \"10 GWh\"\nboundary = \"gpu\"", of_405b + "model = \"Llama-3.1-405B\"\npeak_flops = \"1979 TFLOPS\"\nutilisation = \"40 %\""),
              testing::AllOf(HasSubstr("inconsistent: 10 GWh (as rounded: 5 to 15)"), HasSubstr("peak.sparse")));
  EXPECT_THAT(audited("value = \"5 GWh\"\nboundary = \"gpu\"", of_405b + "parameters = \"405B parameters\"\nutilisation = \"2.0\""),
              testing::AllOf(HasSubstr("inconsistent"), HasSubstr("training.utilisation")));
}

TEST(Stranger, CarbonAndProtocol) {
  EXPECT_THAT(audited("value = \"2.6 tCO2e\"\nboundary = \"gpu\"", "energy = \"1000 MWh\"\ngrid = \"USA\""), testing::AllOf(HasSubstr("inconsistent"), HasSubstr("2.6 gCO2e/kWh")));
  EXPECT_THAT(audited("value = \"3 kJ/response\"\nboundary = \"gpu\"",
                      "model = \"Llama-3.1-8B\"\ngpu = \"A100\"\nmin_tokens = \"2048 tokens\"\nmax_tokens = \"2048 tokens\"\noutput_tokens = \"2048 tokens\"\nbatch = \"1\""),
              HasSubstr("not checkable: every answer is pinned to 2048 tokens"));
}

TEST(Stranger, ARightClaimIsReproducedAndTheSameInMWhIsNot) {
  const std::string inputs = "users = \"100e6\"\nanswers = \"10 response/day\"\neach = \"0.3 Wh/response\"";
  EXPECT_THAT(audited("value = \"110 GWh/year\"", inputs, "users * answers * each"), HasSubstr("reproduced"));
  EXPECT_THAT(audited("value = \"110 MWh/year\"", inputs, "users * answers * each"), HasSubstr("inconsistent"));
}

}  // namespace
}  // namespace joulebook::account
