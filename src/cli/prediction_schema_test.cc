// What predict, explain, whatif and synth write obeys the closed schemas of docs/schema.
#include <gtest/gtest.h>

#include "cli/cmd_predict.h"
#include "cli/cmd_predict_image.h"
#include "cli/cmd_predict_training.h"
#include "cli/synth_result.h"
#include "core/file_tree.h"
#include "core/modelled.h"
#include "fakes/closed_schema.h"
#include "physics/explain/explain_text.h"
#include "physics/explain/pairs.h"
#include "physics/explain/run_difference.h"
#include "physics/explain/spec.h"
#include "physics/explain/whatif.h"
#include "physics/shape/catalogue.h"

namespace joulebook {
namespace {

using fakes::Doc;
using fakes::expect_closed;
using fakes::expect_no_open_object;
using fakes::Schema;

Doc as_doc(const Json& json) { return Doc::parse(json.dump()); }

// An absence at one place and a shared part at another, so that both are met in every document.
void plant(Doc& doc, const std::string& absent, const std::string& shared) {
  const Quantity none = Quantity::absent("J", {"sensor.none", "no sensor is here", "attach one"});
  Quantity known = modelled(1, {1, 2}, "J", "", {"gpu", "planted"});
  known.shared.push_back({"gain", 0.9, 1.1});
  doc.at(Doc::json_pointer(absent)) = as_doc(to_json(none));
  doc.at(Doc::json_pointer(shared)) = as_doc(to_json(known));
}

// What a command puts into --json.
template <class Command, class Options>
Doc written(Command command, const Options& options, int code = 0) {
  Context context;
  context.json = testing::TempDir() + "schema-test.json";
  context.quiet = true;
  EXPECT_EQ(command(context, options), code);
  return as_doc(parse_json(read_file(context.json).value()).value());
}

// Every part that a request can have.
PredictOptions served() {
  PredictOptions o;
  o.model = "Llama-3.1-8B";
  o.rate = 0.01;
  o.reasoning = 100;
  o.cached = 0.5;
  o.draft = "Llama-3.2-1B";
  o.guard = "Llama-3.2-1B";
  return o;
}

void check(const std::string& name, Doc doc, const std::string& absent, const std::string& shared) {
  const Schema schema(name + ".schema.json");
  expect_no_open_object(schema.raw(), "");
  ASSERT_EQ(schema.explain(doc), "");
  if (!absent.empty()) plant(doc, absent, shared);
  expect_closed(schema, doc);
}

TEST(PredictionSchema, OneDeployment) {
  Doc doc = written(predict_model, served());
  doc["prediction"]["at"] = Doc::array({{{"key", "batch"}, {"value", "8"}}});
  check("prediction", doc, "/prediction/power", "/prediction/per_step");
}

TEST(PredictionSchema, ManyDeployments) {
  PredictOptions o = served();
  o.sweeps = {"output=100,200"};
  const Doc doc = written(predict_many, o);
  EXPECT_EQ(doc["predictions"].size(), 2U);
  check("predictions", doc, "/predictions/0/power", "/predictions/0/per_step");
  const Schema one("prediction.schema.json"), many("predictions.schema.json");
  EXPECT_EQ(one.raw()["definitions"], many.raw()["definitions"]);
}

TEST(PredictionSchema, Rows) {
  PredictOptions o;
  o.csv = testing::TempDir() + "rows.csv";
  o.out = testing::TempDir() + "rows-out.csv";
  const std::string rows = read_file(JOULEBOOK_SOURCE_DIR "/data/ml_energy.csv").value();
  ASSERT_TRUE(write_file(o.csv, rows.substr(0, rows.find('\n', rows.find('\n') + 1) + 1)));
  const Schema schema("predicted-rows.schema.json");
  expect_no_open_object(schema.raw(), "");
  EXPECT_EQ(schema.explain(written(predict_rows, o)), "");
}

TEST(PredictionSchema, Images) {
  PredictImageOptions o;
  o.image = "black-forest-labs/FLUX.1-dev";
  check("predicted-image", written(predict_image, o), "/parts/static", "/parts/decoder");
}

TEST(PredictionSchema, Training) {
  PredictTrainingOptions o;
  o.model = "Llama-3.1-8B";
  o.method = "rl";
  o.prompts = 1000;
  check("predicted-training", written(predict_training, o), "/days", "/device_hours");
  o.grid = 400;
  o.watts = 500;
  const Doc stated = written(predict_training, o);
  EXPECT_EQ(Schema("predicted-training.schema.json").explain(stated), "");
  EXPECT_EQ(stated["watts"]["tier"], "published");
  o.check = JOULEBOOK_SOURCE_DIR "/data/training.csv";
  Doc rows = written(predict_training, o, 1);  // one of them is implausible
  EXPECT_EQ(Schema("training-check.schema.json").explain(rows), "");
  rows["rows"] = Doc::array({rows["rows"][0]});
  check("training-check", rows, "/rows/0/utilisation", "/rows/0/power_over_tdp");
}

explain::Figure figure(const std::string& spec) { return explain::parse_figure(spec).value(); }

TEST(PredictionSchema, Explanations) {
  const auto e = explain::explain(figure("Llama-3.1-70B,gpus=4,batch=1,energy=17800J"),
                                  figure("Llama-3.1-70B,gpus=4,batch=64"), serving::built_in_fit());
  ASSERT_TRUE(e);
  check("explanation", as_doc(explain::to_json(*e)), "/a/floor/per_token", "/b/energy");
}

TEST(PredictionSchema, EveryEnergyThatWasStatedReachesFromItsFloorUp) {
  const auto w = explain::ranked_changes(figure("Llama-3.1-8B,energy=900J"), serving::built_in_fit());
  ASSERT_TRUE(w);
  const Doc doc = as_doc(explain::to_json(*w));
  EXPECT_EQ(doc["before"]["level"], 1.0);
  EXPECT_TRUE(doc["before"]["hi"].is_null());
  EXPECT_GT(doc["before"]["lo"].get<double>(), 0);
  EXPECT_LT(doc["before"]["lo"].get<double>(), 900);
}

TEST(PredictionSchema, WhatIf) {
  const std::vector<explain::Change> changes{*explain::parse_change("batch=64"), *explain::parse_change("batch=1000000")};
  const auto w = explain::whatif(figure("Llama-3.1-8B"), changes, serving::built_in_fit());
  ASSERT_TRUE(w) << w.error().message;
  check("whatif", as_doc(explain::to_json(*w)), "/changes/0/energy", "/before");
}

explain::MeasuredAnswer answer(double joules) {
  explain::MeasuredAnswer a;
  a.id = "a-1";
  a.name = "direct";
  a.model = "SmolLM2-135M";
  a.cpu = "a CPU";
  a.shape = serving::find_shape("SmolLM2-135M").value();
  a.prompt = 40;
  a.output = 100;
  a.prefill_s = 0.2;
  a.decode_s = 1;
  a.energy = modelled(joules, {0.5 * joules, 2 * joules}, "J", "response", {"node", "planted"});
  a.prefill_share = 0.2;
  a.static_reason = {"idle.none", "no baseline", "calibrate"};
  return a;
}

TEST(PredictionSchema, MeasuredRuns) {
  explain::RunMachine machine;
  machine.cpu = "a CPU";
  machine.threads = 2;
  machine.bandwidth = {20e9, 19e9, 21e9};
  machine.arithmetic = {200e9, 190e9, 210e9};
  const auto run = explain::explain_run(answer(7), machine, serving::built_in_fit());
  ASSERT_TRUE(run) << run.error().message;
  const std::vector runs{*run};
  check("run-explanations", as_doc(explain::to_json(runs)), "/answers/0/floor_per_token", "/answers/0/energy");
  const auto d = explain::explain_runs(answer(7), answer(9), machine, serving::built_in_fit());
  ASSERT_TRUE(d);
  check("run-difference", as_doc(explain::to_json(*d)), "/a/energy", "/b/energy");
}

TEST(PredictionSchema, PairsOfRows) {
  explain::PairCheck pairs;
  pairs.rows = 20;
  explain::PairLine line;
  line.kind = explain::PairKind::gpu;
  line.pairs = 3;
  pairs.lines.push_back(line);
  const Schema schema("explain-check.schema.json");
  expect_no_open_object(schema.raw(), "");
  EXPECT_EQ(schema.explain(as_doc(explain::to_json(pairs))), "");
}

TEST(PredictionSchema, MadeUpModels) {
  const auto model = synth::synth_model(physics::find_model("SmolLM2-135M")->shape, {.weights = "q4_K"});
  ASSERT_TRUE(model);
  const Schema file("synth.schema.json");
  expect_no_open_object(file.raw(), "");
  EXPECT_EQ(file.explain(as_doc(synth_json(*model, {"a.gguf", 100'000'000, 7}))), "");
  const auto& shape = *synth::find_made_up("whisper-tiny.en");
  const Schema other("synth-file.schema.json");
  expect_no_open_object(other.raw(), "");
  EXPECT_EQ(other.explain(as_doc(made_up_json(shape, *synth::make_up(shape, {}), {"a.bin", 7, 7}))), "");
}

}  // namespace
}  // namespace joulebook
