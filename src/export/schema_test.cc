// The schemas under docs/schema are closed, every file that is written obeys them, and a document
// that lacks a required member, or holds one of another type, or one too many, is refused.
#include <gtest/gtest.h>

#include "export/live_json.h"
#include "export/metric_table.h"
#include "export/study_json.h"
#include "fakes/closed_schema.h"
#include "fakes/sample_live.h"
#include "fakes/sample_study.h"
#include "study/sizing/ladder.h"
#include "study/sizing/sizing.h"

namespace joulebook {
namespace {

using fakes::Doc;
using fakes::expect_closed;
using fakes::expect_no_open_object;
using fakes::Schema;

// Small, so that hundreds of validations are quick; every definition still has an instance.
StudyResult small_study() {
  StudyResult study = fakes::sample_study();
  const TrialRecord failed = study.trials.back();
  study.trials.resize(2);
  study.trials.push_back(failed);
  study.trace.resize(2);
  study.comparisons[0].kinds.resize(2);
  study.spec.prompts.resize(8);
  study.spec.arms[1].engine.command = CommandOptions{
      {"python3", "forest.py"}, CommandOptions::Input::json, "ready", 5, 1000, "/tmp"};
  study.arms[1].spec = study.spec.arms[1];
  study.arms[1].score = 0.25;
  study.trials[0].score = 0.5;
  study.spec.prompts[0].file = "a.png";
  study.spec.prompts[0].checker = {Checker::Kind::number, "1", 0, 0.1};
  study.spec.prompts[1].checker = {
      Checker::Kind::label, "a", 0, {}, {}, std::vector<std::string>{"a", "b"}};
  study.spec.prompts[2].checker = {Checker::Kind::rouge_l, "a b", 0, {}, 0.5};
  study.spec.prompts[3].checker = {Checker::Kind::nearest, "a", 0, {}, {}, {}, 2,
                                   R"({"a": [1]})"};
  study.version = "0.1.0";
  study.commit = "abc";
  study.machine = Json::object({{"cpu", "a CPU"}, {"hardware_threads", 2}});
  return study;
}

// What the program adds of devices, one of them apart.
void add_devices(Json& figures) {
  const Json energy = figures["total"];
  figures.set("devices", Json::array({"cpu"}));
  figures.set("devices_apart",
              Json::array({Json::object({{"device", "gpu:GPU-1"},
                                         {"name", "a board"},
                                         {"domains", Json::array({"gpu:0"})},
                                         {"energy", energy}})}));
  const Json use = Json::object({{"device", "gpu:GPU-1"},
                                 {"name", "a board"},
                                 {"answer", "unused"},
                                 {"pids", Json::array()},
                                 {"evidence", "no process on it"}});
  figures.set("device_choice", Json::object({{"rule", "used"},
                                             {"sentence", "the devices in use"},
                                             {"named", Json::array()},
                                             {"evidence", Json::array({use})}}));
}

Json study_document() {
  StudyResult study = small_study();
  study.spec.require = "correct>=0.5";
  const StudyResult graded = fakes::sample_study();
  const auto sizing = size_arms(graded, {.requirement = {Measured::correct, 0.5}});
  EXPECT_TRUE(sizing.has_value());
  Sizing small = *sizing;
  small.kinds.clear();  // quicker to validate, hundreds of times
  small.all.arms.resize(1);
  study.sizing = to_json(small, graded);
  LadderStep step;
  step.b = 1;
  step.more_joules = step.j_per_extra_correct = Quantity::absent("J", {"engine.remote", "far", ""});
  study.ladder = to_json(std::vector{step}, graded);
  study.spec.arms[0].fixed = "pp8";
  study.spec.arms[0].think_budget = 64;
  study.spec.arms[0].answers = 3;
  study.spec.arms[0].pick = "best";
  study.spec.arms[0].effort = "low";
  study.trials[0].well_formed = study.trials[0].right = 2;
  Json out = to_json(study);
  Json whole = out["whole"];
  add_devices(whole);
  return out.set("whole", std::move(whole));
}

Doc as_doc(const Json& json) { return Doc::parse(json.dump()); }

// A run as the meter writes it.
Doc run_document() {
  const StudyResult study = small_study();
  Json figures = to_json(study)["whole"];
  for (const char* apart : {"window", "devices", "warnings"}) figures.erase(apart);
  Json::Array domains = figures["domains"].items();
  for (auto& domain : domains) {
    domain.erase("settled_uj");
    domain.set("above_idle", domain["energy"]).set("idle", domain["energy"]);
  }
  figures.set("domains", domains).set("above_idle", figures["total"]);
  figures.set("start_ns", study.start.steady.ns).set("end_ns", study.end.steady.ns);
  figures.set("duration_s", 1.5).set("warnings", Json::array({"no sensor"}));
  Json run = figures;
  run.set("schema", "joulebook.run/1").set("started_utc", iso8601(study.start.wall_ns));
  run.set("joulebook", to_json(study)["joulebook"]).set("machine", study.machine);
  run.set("command", Json::array({"sleep", "1"}));
  add_devices(run);
  const Json process = Json::object({{"pid", 1}, {"name", "init"}, {"ended_ns", Json()}});
  run.set("target", Json::object({{"kind", "port"},
                                  {"port", 8080},
                                  {"processes", Json::array({process})}}));
  run.set("per_run", figures["total"]);
  run.set(
      "beside",
      Json::array({Json::object(
          {{"domain", "wall:0"}, {"energy", figures["total"]}, {"remainder", figures["total"]}})}));
  Json window = figures;
  run.set("windows", Json::array({window.set("name", "load")}));
  window.set("exit_code", 0).set("user_s", 0.5).set("system_s", 0.1).set("max_rss_bytes", 1 << 20);
  run.set("repeats", Json::array({window}));
  return as_doc(run);
}

// Both trials of the small study asked as one question, a failed one among them.
Doc ask_document() {
  const StudyResult study = small_study();
  Json::Array trials;
  for (const auto& trial : study.trials) trials.push_back(to_json(trial));
  const Json energy = to_json(study.trials.front().energy);
  Json ask = Json::object({{"schema", "joulebook.ask/1"},
                           {"joulebook", to_json(study)["joulebook"]},
                           {"model", "small.gguf"},
                           {"engine", "llama.cpp"},
                           {"load", Json::object({{"duration_s", 0.5}, {"energy", energy}})},
                           {"total", energy},
                           {"mean", to_json(study.trials.front())},
                           {"trials", trials},
                           {"machine", study.machine}});
  add_devices(ask);
  return as_doc(ask);
}

TEST(Schema, AskIsClosedAndEveryRequiredMemberCounts) {
  const Schema schema("ask.schema.json");
  expect_no_open_object(schema.raw(), "");
  expect_closed(schema, ask_document());
}

TEST(Schema, StudyIsClosedAndEveryRequiredMemberCounts) {
  const Schema schema("study.schema.json");
  expect_no_open_object(schema.raw(), "");
  expect_closed(schema, as_doc(study_document()));
}

TEST(Schema, RunIsClosedAndEveryRequiredMemberCounts) {
  const Schema schema("run.schema.json");
  expect_no_open_object(schema.raw(), "");
  expect_closed(schema, run_document());
}

TEST(Schema, LiveIsClosedAndEveryRequiredMemberCounts) {
  const Schema schema("live.schema.json");
  expect_no_open_object(schema.raw(), "");
  gateway::LiveState state = fakes::sample_live();
  state.points.resize(2);
  state.absences.push_back({"upstream.elsewhere", "one upstream has no meter", ""});
  state.self_energy.shared = {{"gain", 0.9, 1.1}};
  EXPECT_EQ(schema.explain(as_doc(live_json(fakes::sample_live_unmetered()))), "");
  EXPECT_EQ(schema.explain(as_doc(live_json(gateway::LiveState{}))), "");
  expect_closed(schema, as_doc(live_json(state)));
}

TEST(Schema, WholeSampleAndInterruptedStudyObey) {
  const Schema schema("study.schema.json");
  StudyResult study = fakes::sample_study();
  EXPECT_EQ(schema.explain(as_doc(to_json(study))), "");
  study.complete = false;
  study.arms.clear();
  study.comparisons.clear();
  study.trials.clear();
  study.looks.clear();
  study.drift = Quantity::absent("1", {"baseline.none", "no baseline after", ""});
  EXPECT_EQ(schema.explain(as_doc(to_json(study))), "");
}

TEST(Schema, EveryMetricIsAQuantityOfTheSchema) {
  const Schema schema("quantity.schema.json");
  for (const auto& arm : fakes::sample_study().arms) {
    for (const auto& m : arm_metrics()) {
      EXPECT_EQ(schema.explain(as_doc(to_json(m.of(arm).these))), "") << m.id;
    }
  }
}

TEST(Schema, SharedDefinitionsAreTheSameInEveryFile) {
  const Doc quantity = Schema("quantity.schema.json").raw();
  for (const char* name : {"study.schema.json", "run.schema.json", "ask.schema.json"}) {
    const Schema schema(name);
    for (const auto& [id, rule] : quantity["definitions"].items()) {
      EXPECT_EQ(schema.raw()["definitions"][id], rule) << name << " " << id;
    }
  }
  const Schema study("study.schema.json");
  const Schema ask("ask.schema.json");  // GCC 12 ends a temporary before the loop begins
  for (const auto& [id, rule] : ask.raw()["definitions"].items()) {
    if (!study.raw()["definitions"].contains(id)) continue;
    EXPECT_EQ(study.raw()["definitions"][id], rule) << id;
  }
}

}  // namespace
}  // namespace joulebook
