// Claims as a stranger writes them from docs/formats/claim.md, most of them wrong on purpose: the verdict, and
// the word by which a reader finds what is wrong.
#include <gmock/gmock.h>

#include "account/audit/audit.h"

namespace joulebook::account {
namespace {

using testing::AnyOf;
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
    EXPECT_THAT(audited("value = \"1 Wh/image\"\nboundary = \"node\"", inputs), testing::AllOf(HasSubstr("not checkable"), HasSubstr("model (")));
  }
}

// A node's figure holds the devices that wait: how many were counted moves it.
TEST(Stranger, ANodeHoldsTheDevicesThatWait) {
  const std::string picture = "model = \"Stable Diffusion 3 Medium\"\ngpu = \"A100\"\nwidth = 1024\nheight = 1024\nsteps = 25\nbatch = 4\nweights = \"fp16\"\ngpus = 1";
  EXPECT_THAT(audited("value = \"6 kJ/image\"\nboundary = \"server\"", picture), HasSubstr("inconsistent"));
  EXPECT_THAT(audited("value = \"6 kJ/image\"\nboundary = \"node\"", picture), HasSubstr("not checkable: gpus_counted (8 times)"));
  EXPECT_THAT(audited("value = \"6 kJ/image\"\nboundary = \"node\"", picture + "\ngpus_counted = 8"), HasSubstr("consistent: within"));
  EXPECT_THAT(audited("value = \"60 kJ/image\"\nboundary = \"node\"", picture), HasSubstr("inconsistent"));
  EXPECT_THAT(audited("value = \"6 kJ/image\"\nboundary = \"node\"", picture + "\ngpus_counted = 1"), HasSubstr("inconsistent"));
}

// Nobody says of what, or how long: what a few published rows take is no bound for it.
TEST(Stranger, AFilmOfAnyLength) {
  for (const char* inputs : {"", "model = \"Unheard Of\""}) {
    EXPECT_THAT(audited("value = \"3.4 MJ/video\"\nboundary = \"gpu\"", inputs), testing::AllOf(HasSubstr("not checkable"), HasSubstr("frames ("), HasSubstr("steps ("))) << inputs;
    EXPECT_THAT(audited("value = \"340 MJ/video\"\nboundary = \"gpu\"", inputs), HasSubstr("inconsistent")) << inputs;
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

// A picture or a film whose model, size and steps are told is predicted; ten times of it, or Wh for kJ, is not it.
TEST(Stranger, PicturesAndFilmsArePredicted) {
  const std::string picture = "model = \"Stable Diffusion 3 Medium\"\ngpu = \"A100\"\nwidth = 1024\nheight = 1024\nsteps = 25\nbatch = 4\nweights = \"fp16\"";
  const std::string film = "model = \"CogVideoX-2b\"\ngpu = \"H100\"\nwidth = 720\nheight = 480\nframes = 49\nsteps = 50\nbatch = 1";
  EXPECT_THAT(audited("value = \"1.4 kJ/image\"\nboundary = \"gpu\"", picture), HasSubstr("consistent: within"));
  for (const char* recipe : {"", "predicted_j_per_image()", "predicted_j_per_image(steps = 25)"}) {
    EXPECT_THAT(audited("value = \"14 kJ/image\"\nboundary = \"gpu\"", picture, recipe), HasSubstr("inconsistent: "));
    EXPECT_THAT(audited("value = \"0.14 kJ/image\"\nboundary = \"gpu\"", picture, recipe), HasSubstr("inconsistent: "));
  }
  // benchlab's raw data, one H100.
  EXPECT_THAT(audited("value = \"29.96 kJ/video\"\nboundary = \"gpu\"", film), HasSubstr("consistent: within"));
  EXPECT_THAT(audited("value = \"29.96 Wh/video\"\nboundary = \"gpu\"", film), testing::AllOf(HasSubstr("inconsistent"), HasSubstr("3.6 too many")));
  EXPECT_THAT(audited("value = \"338 J/image\"\nboundary = \"gpu\"", "model = \"SANA-1.6B\"\ngpu = \"H100\"\nwidth = 1024\nheight = 1024\nsteps = 20\nbatch = 8"), HasSubstr("consistent: within"));
  // Nobody said what it drew with, or how large.
  EXPECT_THAT(audited("value = \"1 kJ/image\"\nboundary = \"gpu\"", "", "predicted_j_per_image()"), testing::AllOf(HasSubstr("not checkable"), HasSubstr("steps")));
  EXPECT_THAT(audited("value = \"1 kJ/image\"\nboundary = \"gpu\"", "model = \"Unheard Of\"\nsteps = 25"), HasSubstr("model ('Unheard Of' is in no table"));
}

TEST(Stranger, PoundsAreConverted) {
  EXPECT_THAT(audited("value = \"0.8 lb/kWh\"", "grid = \"USA\""), HasSubstr("consistent: within"));
  EXPECT_THAT(audited("value = \"0.8 kg/kWh\"", "grid = \"USA\""), testing::AllOf(HasSubstr("inconsistent"), HasSubstr("2.2 too many: pounds")));
  EXPECT_THAT(audited("value = \"290 kg CO2e\"\nboundary = \"facility\"", "energy = \"800 kWh\"\nintensity = \"0.8 lb/kWh\"\ngrid = \"USA\""), HasSubstr("reproduced"));
  EXPECT_THAT(audited("value = \"290 lb CO2e\"\nboundary = \"facility\"", "energy = \"800 kWh\"\nintensity = \"363 g/kWh\""), testing::AllOf(HasSubstr("inconsistent"), HasSubstr("pounds")));
}

// The verdict follows the rule: 423 g/kWh of a training in the USA lies within 30 % of its grid; by contract no place tells.
TEST(Stranger, APlaceIsItsGridWithinThirtyPercent) {
  const std::string llama2 = "gpu = \"A100\"\ngpu_hours = \"1,720,320 A100 GPU-hours\"\nmean_power = \"400 W/GPU\"\npower_basis = \"tdp\"\ngrid = \"USA\"";
  EXPECT_THAT(audited("value = \"291.4 tCO2e\"\nboundary = \"gpu\"", llama2), HasSubstr("consistent: within"));
  EXPECT_THAT(audited("value = \"14.6 tCO2e\"\nboundary = \"gpu\"", llama2), testing::AllOf(HasSubstr("inconsistent"), HasSubstr("grid.intensity")));
  const std::string prompt = "energy = \"0.24 Wh/prompt\"\nenergy_boundary = \"facility\"\ngrid = \"USA\"";
  EXPECT_THAT(audited("value = \"0.03 gCO2e/prompt\"\nboundary = \"full stack\"", prompt), HasSubstr("inconsistent"));
  EXPECT_THAT(audited("value = \"0.03 gCO2e/prompt\"\nboundary = \"full stack\"", prompt + "\ngrid_basis = \"market\""),
              testing::AllOf(HasSubstr("not checkable"), HasSubstr("market-based")));
}

TEST(Stranger, DirectAndLifeCycleAreNotMixed) {
  const std::string german = "energy = \"1000 kWh\"\nintensity = \"381 gCO2e/kWh\"\ngrid = \"Germany\"";
  EXPECT_THAT(audited("value = \"381 kg CO2e\"\nboundary = \"facility\"", german), HasSubstr("reproduced"));
  EXPECT_THAT(audited("value = \"381 kg CO2e\"\nboundary = \"facility\"", german + "\ngrid_kind = \"lifecycle\""),
              testing::AllOf(HasSubstr("inconsistent: intensity 381 gCO2e/kWh is Germany, direct"), HasSubstr("never mixed")));
  EXPECT_THAT(audited("value = \"112.3 gCO2e/kWh\"", "grid = \"Portugal\""), HasSubstr("life-cycle factor: were the two mixed?"));
  EXPECT_THAT(audited("value = \"708 gCO2e/kWh\"", "grid = \"India\"\ngrid_kind = \"lifecycle\""), HasSubstr("consistent: within"));
}

// Power over time under a roof: once the building, or twice.
TEST(Stranger, ABuildingOverPowerAndTime) {
  const std::string bert = "gpu = \"V100\"\ngpus = 64\nduration = \"79 h\"\nmean_power = \"12,041.5 W\"\npue = 1.58";
  EXPECT_THAT(audited("value = \"1503 kWh\"\nboundary = \"facility\"", bert), HasSubstr("reproduced"));
  EXPECT_THAT(audited("value = \"2375 kWh\"\nboundary = \"facility\"", bert), testing::AllOf(HasSubstr("inconsistent"), HasSubstr("pue.twice")));
}

// One sequence alone may be run by a library without an engine: Vicuna-7B at 5.38 J/token (ML.ENERGY v1) is measured.
TEST(Stranger, AloneALibraryMayRunIt) {
  const std::string alone = "gpu = \"H100\"\ngpus = 1\nbatch = 1\nmodel = \"Llama-3.1-8B\"\nweights = \"bfloat16\"\ninput_tokens = 369\noutput_tokens = 10";
  EXPECT_THAT(audited("value = \"62.6 J/query\"\nboundary = \"gpu\"", alone), HasSubstr("consistent: within"));
  EXPECT_THAT(audited("value = \"626 J/query\"\nboundary = \"gpu\"", alone), HasSubstr("inconsistent"));
}

// A closed model is a range of all that is served: that it is not checkable follows, and so does what can't be.
TEST(Stranger, AClosedModelIsARange) {
  const std::string closed = "model = \"GPT-4o\"\ngpu = \"H100\"\noutput_tokens = 500\ninput_tokens = 100";
  EXPECT_THAT(audited("value = \"0.3 Wh/query\"\nboundary = \"facility\"", closed), testing::AllOf(HasSubstr("not checkable: batch ("), HasSubstr("model ('GPT-4o' is in no table; ")));
  EXPECT_THAT(audited("value = \"30 kWh/query\"\nboundary = \"facility\"", closed), HasSubstr("inconsistent"));
}

// A figure by the day beside what a household takes in a year: both are rates. A day's taken for a year's is not.
TEST(Stranger, HouseholdsOfAFigureByTheDay) {
  const std::string of = "equivalent = \"US household electricity, year\"\nequivalent_count = ";
  for (const char* value : {"value = \"500,000 kWh/day\"", "value = \"0.5 GWh/day\"", "value = \"183 GWh/yr\"", "value = \"20.8 MW\""}) {
    EXPECT_THAT(audited(value, of + "17000"), AnyOf(HasSubstr("reproduced"), HasSubstr("consistent: within"))) << value;
    EXPECT_THAT(audited(value, of + "170000"), HasSubstr("inconsistent")) << value;
    EXPECT_THAT(audited(value, of + "1700"), HasSubstr("inconsistent")) << value;
    EXPECT_THAT(audited(value, of + "47"), testing::AllOf(HasSubstr("inconsistent"), HasSubstr("365 too many"))) << value;
  }
}

// What nobody wrote as a recipe contradicts nobody: it says what is missing.
TEST(Stranger, AnotherKindOfAmountIsNotCheckableUntilTheStepBetweenIsSaid) {
  EXPECT_THAT(audited("value = \"340 MWh/day\"", "energy = \"0.34 Wh/query\""), testing::AllOf(HasSubstr("not checkable"), HasSubstr("in J/s")));
  EXPECT_THAT(audited("value = \"340 MWh/day\"", "energy = \"0.34 Wh/query\"\nasked = \"1 billion queries/day\"", "energy * asked"), HasSubstr("reproduced"));
}

// An energy of a token is none of a response, or of an image.
TEST(Stranger, AnEnergyIsOfWhatItSays) {
  EXPECT_THAT(audited("value = \"0.3 Wh/response\"", "energy = \"0.3 Wh/response\""), HasSubstr("reproduced"));
  EXPECT_THAT(audited("value = \"0.3 Wh/response\"", "energy = \"0.3 Wh\""), HasSubstr("reproduced"));
  for (const char* of : {"energy = \"0.3 Wh/token\"", "energy = \"0.3 Wh/image\""}) {
    const std::string text = audited("value = \"0.3 Wh/response\"", of);
    EXPECT_EQ(text.find("reproduced"), std::string::npos) << text;
    EXPECT_THAT(audited("value = \"0.3 Wh/response\"", of, "energy"), HasSubstr("inconsistent"));
  }
  const std::string tokens = "energy = \"0.3 Wh/token\"\noutput_tokens = 400";
  EXPECT_THAT(audited("value = \"0.3 Wh/response\"", tokens), testing::AllOf(HasSubstr("inconsistent"), HasSubstr("output_tokens 400")));
  EXPECT_THAT(audited("value = \"120 Wh/response\"", tokens), HasSubstr("reproduced"));
  EXPECT_THAT(audited("value = \"0.75 mWh/token\"", "energy = \"0.3 Wh/response\"\noutput_tokens = 400"), HasSubstr("reproduced"));
  EXPECT_THAT(audited("value = \"0.1 g CO2e per 1k tokens\"\nboundary = \"gpu\"", "energy = \"0.3 Wh/1k tokens\"\ngrid = \"USA\""), HasSubstr("consistent: within"));
  EXPECT_THAT(audited("value = \"0.31 gCO2e/response\"", "energy = \"0.3 Wh/response\"\nintensity = \"381 g/kWh\"\nmade = \"0.2 gCO2e/response\"", "energy * intensity + made"), HasSubstr("inconsistent: 0.31 gCO2e/response over energy"));
  EXPECT_THAT(audited("value = \"0.31 gCO2e/response\"\nboundary = \"life cycle\"", "energy = \"0.3 Wh/response\"\nintensity = \"381 g/kWh\"\nmade = \"0.2 gCO2e/response\"", "energy * intensity + made"), HasSubstr("reproduced"));
}

// Nobody said where: the range is that of all places, and ten times the most of them is not in it.
TEST(Stranger, CarbonWithoutAPlaceHasTheRangeOfAll) {
  const std::string energy = "energy = \"433 MWh\"";
  EXPECT_THAT(audited("value = \"25 tCO2e\"\nboundary = \"facility\"", energy), HasSubstr("not checkable: grid ("));
  EXPECT_THAT(audited("value = \"2500 tCO2e\"\nboundary = \"facility\"", energy), HasSubstr("inconsistent"));
  EXPECT_THAT(audited("value = \"2.5 tCO2e\"\nboundary = \"facility\"", energy), HasSubstr("inconsistent"));
  EXPECT_THAT(audited("value = \"0 tCO2e\"", energy + "\ngrid = \"USA\"\ngrid_basis = \"market\""), testing::AllOf(HasSubstr("not checkable"), HasSubstr("contract")));
}

// "10 mL" may be 5 to 15: 5.4 lies in it, and reproduces nothing.
TEST(Stranger, WhatIsSaidCoarselyIsNotReproduced) {
  const std::string water = "energy = \"3 Wh/query\"\nwue = \"1.8 L/kWh\"";
  EXPECT_THAT(audited("value = \"10 mL/query\"", water, "energy * wue"), HasSubstr("consistent: within the rounding of 10 mL/query (5 to 15 mL/query)"));
  EXPECT_THAT(audited("value = \"5.4 mL/query\"", water, "energy * wue"), HasSubstr("reproduced"));
}

TEST(Stranger, ACountOfThings) {
  const std::string training = "made = \"626155 lb CO2e\"", lives = "made / equivalent('Car incl. fuel, lifetime', unit = 'kgCO2e')";
  EXPECT_THAT(audited("value = \"5 cars\"", training, lives), HasSubstr("reproduced"));
  EXPECT_THAT(audited("value = \"50 cars\"", training, lives), HasSubstr("inconsistent"));
}

TEST(Stranger, HoursOfATraining) {
  const std::string llama2 = "model = \"Llama-2-70b-hf\"\ngpu = \"A100\"\ntraining_tokens = \"2T\"";
  EXPECT_THAT(audited("value = \"1.72 million GPU hours\"", llama2), HasSubstr("not checkable: utilisation"));
  EXPECT_THAT(audited("value = \"2.3 million GPU hours\"", llama2 + "\nutilisation = \"32 %\""), HasSubstr("reproduced"));
  for (const char* slip : {"value = \"17.2 million GPU hours\"", "value = \"172,000 GPU hours\""}) {
    EXPECT_THAT(audited(slip, llama2), testing::AllOf(HasSubstr("inconsistent"), HasSubstr("training.utilisation"))) << slip;
  }
}

// 810 GB do not lie in one H100.
TEST(Stranger, AModelThatDoesNotFit) {
  const std::string big = "model = \"Llama-3.1-405B\"\ngpu = \"H100\"\nbatch = 1\nweights = \"fp16\"\n";
  EXPECT_THAT(audited("value = \"200 J/token\"\nboundary = \"gpu\"", big + "gpus = 1"), testing::AllOf(HasSubstr("not checkable: the model does not fit"), HasSubstr("memory.fits")));
  EXPECT_THAT(audited("value = \"200 J/token\"\nboundary = \"gpu\"", big + "gpus = 16\ninput_tokens = 500\noutput_tokens = 500"), HasSubstr("consistent: within"));
}

TEST(Stranger, AWattHourBesideTokensIsOfOneResponse) {
  const std::string served = std::string(kServed) + "\nbatch = 32\ninput_tokens = 200\nweights = \"bfloat16\"";
  EXPECT_THAT(audited("value = \"0.12 Wh\"\nboundary = \"gpu\"", served), HasSubstr("consistent: within"));
  EXPECT_THAT(audited("value = \"0.12 kWh\"\nboundary = \"gpu\"", served), testing::AllOf(HasSubstr("inconsistent"), HasSubstr("kWh for Wh")));
}

// What people write for a number is read, or refused with what to write.
TEST(Stranger, CountsNeedNotSayWhatTheyCount) {
  EXPECT_THAT(audited("value = \"21.6 GWh\"\nboundary = \"gpu\"", "gpu = \"H100\"\ngpu_hours = \"30.84M\"\nmean_power = \"700 W/GPU\"\nparameters = \"405B\"\ntraining_tokens = \"15.6T\""),
              HasSubstr("reproduced"));
  const auto eight = parse_claim("[claim]\nvalue = \"1 J/token\"\nwhen = 2025\n[inputs]\ngpu = \"8xH100\"\n", "stranger.toml");
  for (const char* names : {"gpu = \"RTX4090\"\nweights = \"BF16\"", "gpu = \"h-100\"\nweights = \"4-bit\"", "gpu = \"NVIDIA H100 80GB HBM3\"\nweights = \"FP8\""}) {
    EXPECT_THAT(audited("value = \"5000 J/token\"\nboundary = \"GPU\"\nbasis = \"Measured\"", std::string("model = \"llama 3.1 8b\"\nbatch = 1\n") + names),
                HasSubstr("inconsistent")) << names;
  }
  ASSERT_FALSE(eight);
  EXPECT_THAT(eight.error().cure, HasSubstr("gpus = \"8\""));
  const auto cure = [](const std::string& toml) { return parse_claim(toml, "stranger.toml").error().cure; };
  EXPECT_THAT(cure("[claim]\nvalue = 512\nunit = \"J/response\"\n"), HasSubstr("value = \"512 J/response\""));
  EXPECT_THAT(cure("value = \"512 J/response\"\n"), HasSubstr("[claim]"));
  EXPECT_THAT(cure("[claim]\nvalue = \"1 GWh\"\n[inputs]\nutilisation = \"40\"\n"), HasSubstr("'40 %'"));
}

TEST(Stranger, NoEnergyIsBelowZero) {
  for (const char* value : {"value = \"-3 J/token\"", "value = \"−3 J/token\"", "value = \"-0.3 Wh/query\"", "value = \"-2 GW\""}) {
    EXPECT_THAT(audited(std::string(value) + "\nboundary = \"gpu\"", kServed), testing::AllOf(HasSubstr("inconsistent"), HasSubstr("is below zero")));
    EXPECT_THAT(audited(value, ""), testing::AllOf(HasSubstr("inconsistent"), HasSubstr("is below zero")));
  }
  // A saving is a difference, and a recipe says of what.
  EXPECT_THAT(audited("value = \"-3 J/token\"", "before = \"5 J/token\"\nafter = \"2 J/token\"", "after - before"), HasSubstr("reproduced"));
  EXPECT_THAT(audited("value = \"-60 %\"", "before = \"5 J/token\"\nafter = \"2 J/token\"", "after / before - 1"), HasSubstr("reproduced"));
}

TEST(Stranger, ARightClaimIsReproducedAndTheSameInMWhIsNot) {
  const std::string inputs = "users = \"100e6\"\nanswers = \"10 response/day\"\neach = \"0.3 Wh/response\"";
  EXPECT_THAT(audited("value = \"110 GWh/year\"", inputs, "users * answers * each"), HasSubstr("reproduced"));
  EXPECT_THAT(audited("value = \"110 MWh/year\"", inputs, "users * answers * each"), HasSubstr("inconsistent"));
}

}  // namespace
}  // namespace joulebook::account
