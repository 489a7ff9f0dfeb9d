// What synth says, of a planted measurement.
#include "cli/synth_result.h"

#include <gmock/gmock.h>

#include "core/modelled.h"
#include "fakes/closed_schema.h"
#include "physics/shape/catalogue.h"

namespace joulebook {
namespace {

using testing::HasSubstr;
using testing::Not;

synth::Timing timing(double prompt, double step) {
  synth::Timing t;
  t.prompt_s = prompt;
  t.step_s = step;
  t.prompt_spread = 0.02;
  t.prompt_energy = t.step_energy =
      Quantity::absent("J", {"sensor.none", "no sensor is here", "attach one"});
  return t;
}

synth::Measurement planted() {
  synth::Measurement m;
  m.shape = physics::find_model("DeepSeek-V2-Lite")->shape;
  m.architecture = synth::Architecture::deepseek2;
  m.slices = {{{0, 1}, 102400}, {{1, 1}, 102400}, {{0, 3}, 102400}, {{0, 1}, 12800}};
  std::vector<double> prompt, step;
  for (const double layers : {1.0, 2.0, 3.0, 1.0}) {
    m.timings.push_back(timing(0.1 * layers, 0.01 * layers));
    prompt.push_back(0.1 * layers);
    step.push_back(0.01 * layers);
  }
  m.prompt = extrapolate(m.shape, m.slices, prompt);
  m.step = extrapolate(m.shape, m.slices, step);
  m.prompt_energy = m.step_energy = m.timings[0].prompt_energy;
  m.whole = timing(2.7, 0.3);
  m.took_turns = true;
  m.threads = 2;
  synth::ExpertsSeen seen;
  seen.routed = 64;
  seen.chosen = 6;
  seen.counted.prompt_tokens = 128;
  seen.counted.prompt_touched = 60.5;
  seen.counted.decode_touched = 6;
  seen.prompt_uniform = 63.9;
  seen.decode_uniform = 6;
  m.experts = seen;
  return m;
}

TEST(SynthResult, TheTableHasThePartsTheErrorAndTheExperts) {
  const std::string text = measurement_text(planted(), {{}, "q8_0", {}}, 100);
  EXPECT_THAT(text, HasSubstr("slice of 0 + 3 layers"));
  EXPECT_THAT(text, HasSubstr("a layer with experts (of 26)"));
  EXPECT_THAT(text, HasSubstr("head of 102400 tokens"));
  EXPECT_THAT(text, HasSubstr("-10.0 %"));  // a step: 0.27 s for 0.30
  EXPECT_THAT(text, HasSubstr("60.5"));
  EXPECT_THAT(text, HasSubstr("63.9"));
  EXPECT_THAT(text, HasSubstr("no sensor is here"));
}

TEST(SynthResult, TheRecordHasAbsencesAsSuch) {
  const Json json = measurement_json(planted(), {{}, "q8_0", synth::RooflineTime{1.5, 0.2}});
  EXPECT_EQ(json["schema"].as_string(), "joulebook.synth-measure/1");
  EXPECT_TRUE(json["step_energy"]["value"].is_null());
  EXPECT_EQ(json["step_energy"]["reason"]["code"].as_string(), "sensor.none");
  EXPECT_EQ(json["slices"].items().size(), 4U);
  EXPECT_NEAR(json["step"]["whole_s"].as_double(), 0.27, 1e-9);
  EXPECT_NEAR(json["whole"]["step_error"].as_double(), -0.1, 1e-9);
  EXPECT_EQ(json["experts"]["routed"].as_int(), 64);
  EXPECT_EQ(json["predicted"]["step_s"].as_double(), 0.2);
}

TEST(SynthResult, TheRecordObeysItsClosedSchema) {
  synth::Measurement m = planted();
  m.step_energy = modelled(1, {1, 2}, "J", "", {"node", "planted"});
  m.step_energy.shared.push_back({"gain", 0.9, 1.1});
  const auto doc = [](const synth::Measurement& x) {
    return fakes::Doc::parse(measurement_json(x, {{}, "q8_0", synth::RooflineTime{1.5, 0.2}}).dump());
  };
  const fakes::Schema schema("synth-measure.schema.json");
  fakes::expect_no_open_object(schema.raw(), "");
  const std::string code = "engine.failed";
  fakes::Doc whole = doc(m);
  EXPECT_EQ(schema.explain(whole), "");
  whole["experts"] = {{"value", nullptr}, {"reason", {{"code", code}, {"message", ""}, {"cure", ""}}}};
  EXPECT_EQ(schema.explain(whole), "");
  whole["experts"]["counted"] = 1;
  EXPECT_NE(schema.explain(whole), "");
}

TEST(SynthResult, ExpertsThatCouldNotBeCountedHaveTheirReason) {
  synth::Measurement m = planted();
  m.experts = Result<synth::ExpertsSeen>(
      fail(ErrorKind::engine, "engine.failed", "it stopped", "try again"));
  EXPECT_THAT(measurement_text(m, {{}, "q8_0", {}}, 100), HasSubstr("it stopped"));
  EXPECT_EQ(measurement_json(m, {{}, "q8_0", {}})["experts"]["reason"]["code"].as_string(),
            "engine.failed");
  m.experts.reset();
  EXPECT_THAT(measurement_text(m, {{}, "q8_0", {}}, 100), Not(HasSubstr("xperts touched")));
}

TEST(SynthResult, AFileIsDescribed) {
  auto shape = physics::find_model("SmolLM2-135M")->shape;
  const auto model = synth::synth_model(shape, {.weights = "q4_K"});
  ASSERT_TRUE(model);
  const SynthWritten written{"a.gguf", 100'000'000, 7};
  EXPECT_THAT(synth_text(*model, written), HasSubstr("30 layers"));
  EXPECT_THAT(synth_text(*model, written), HasSubstr("attn_q: q5_0"));
  const Json json = synth_json(*model, written);
  EXPECT_EQ(json["seed"].as_int(), 7);
  EXPECT_EQ(json["layers"].as_int(), 30);
}

}  // namespace
}  // namespace joulebook
