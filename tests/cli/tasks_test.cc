// `study tasks` on folders made here, on a power plant of constant power: shell programs as arms, one
// that fails on an item, one that hangs, things that are missing, training that is stored.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/process.h"
#include "core/clock.h"
#include "fakes/json_schema.h"
#include "fakes/known_encoder.h"
#include "fakes/power_plant.h"

namespace joulebook::fakes {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr double kWatts = 50;

// Six words, to be answered in capitals; "bad" has an exit of its own in one arm.
constexpr const char* kLetters = R"(
title = "Letters"
published = "text_classification"
prompts = "{work}/letters/items.jsonl"
prepare = [["sh", "{task}/make.sh", "{work}/letters"]]
[[train]]
arm = "table"
command = ["sh", "-c", "sleep 0.2; echo trained >$0", "{work}/letters/table"]
[[arm]]
name = "table"
role = "special"
command = ["sh", "-c", "tr a-z A-Z"]
[[arm]]
name = "failing"
role = "general"
command = ["sh", "{task}/fail.sh"]
[[arm]]
name = "shape"
role = "general"
cost_only = "random weights"
command = ["sh", "-c", "sleep 0.05; echo nothing"]
[[arm]]
name = "absent"
role = "special"
needs = [{ program = "no-such-program", package = "some-package" }]
command = ["no-such-program"]
)";

constexpr const char* kMake = R"(
mkdir -p $1
for w in a b c d e bad; do
  c=$(echo $w | tr a-z A-Z)
  echo "{\"id\": \"$w\", \"kind\": \"k\", \"prompt\": \"$w\", \"check\": {\"kind\": \"exact\", \"expected\": \"$c\"}}"
done >$1/items.jsonl
)";

constexpr const char* kFail = "read -r w\nsleep 0.3\nif [ $w = bad ]; then echo broken >&2; exit 3; fi\necho $w | tr a-z A-Z\n";

constexpr const char* kTwoArms = R"(
[[arm]]
name = "a"
role = "special"
command = ["cat"]
[[arm]]
name = "b"
role = "general"
command = ["cat"]
)";

// A line of an items file.
std::string item(const std::string& id, const std::string& prompt, const json& check) {
  return json{{"id", id}, {"kind", "k"}, {"prompt", prompt}, {"check", check}}.dump() + "\n";
}

class TasksOnAPlant : public testing::Test {
 protected:
  TasksOnAPlant()
      : plant_(sysroot_, system_clock().now(),
               {{.directory = "intel-rapl:0",
                 .name = "package-0",
                 .power = PowerFunction::constant(kWatts)}}) {
    plant_.run(system_clock());
    write("letters/task.toml", kLetters);
    write("letters/make.sh", kMake);
    write("letters/fail.sh", kFail);
  }
  ~TasksOnAPlant() override { plant_.stop(); }

  void write(const std::string& name, const std::string& text) const {
    const std::filesystem::path path = tasks_ + "/" + name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  // `text`: what its file says beside where its items stand.
  void write_task(const std::string& name, const std::string& items, const std::string& text) const {
    write(name + "/items.jsonl", items);
    write(name + "/task.toml", "published_none = \"no\"\nprompts = \"items.jsonl\"\n" + text);
  }
  // With more time than its few items need, on a machine however busy.
  [[nodiscard]] Outcome run(std::vector<std::string> flags, const char* minutes = "5") const {
    std::vector<std::string> arguments = {
        "study",  "tasks",           "--sysroot", sysroot_, "--quick", "--json", json_,
        "--work", folder_ + "/work", "--minutes", minutes};
    if (flags.empty() || flags.front() != "--tasks") {
      arguments.insert(arguments.end(), {"--tasks", tasks_});
    }
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    return joulebook(arguments);
  }
  // Whether a quantity holds what the plant's watts came to in so many seconds; its counters may have stood still
  // for as long as it was ever held up.
  void expect_watts(const json& quantity, double seconds) const {
    EXPECT_LE(quantity["lo"].get<double>(), kWatts * seconds) << quantity.dump(1);
    EXPECT_GE(quantity["hi"].get<double>(), kWatts * (seconds - plant_.longest_pause_s())) << quantity.dump(1);
  }
  [[nodiscard]] json result() const {
    const json document = json::parse(std::ifstream(json_));
    const JsonSchema schema(JOULEBOOK_SOURCE_DIR "/docs/schema/tasks.schema.json");
    EXPECT_EQ(schema.explain(document), "");
    return document;
  }

  std::string folder_ = fresh_folder("tasks");
  std::string sysroot_ = folder_ + "/root";
  std::string tasks_ = folder_ + "/tasks";
  std::string json_ = folder_ + "/out.json";
  PowerPlant plant_;
};

TEST_F(TasksOnAPlant, SpecialAgainstGeneral) {
  const Outcome outcome = run({"--grid", "Germany", "--require", "correct>=0.9", "--day", "letters=500"});
  ASSERT_EQ(outcome.code, 0) << outcome.out << outcome.err;
  const json document = result();
  ASSERT_EQ(document["tasks"].size(), 1U);
  const json& task = document["tasks"][0];
  EXPECT_EQ(task["items_run"], 6);
  EXPECT_EQ(task["rounds"], 1);
  const json& table = task["arms"][0];
  EXPECT_EQ(table["correct"]["value"], 1);
  EXPECT_EQ(table["energy"]["tier"], "measured");
  expect_watts(table["energy"], table["seconds"]);
  EXPECT_FALSE(table["training"]["stored"]);
  expect_watts(table["training"]["energy"], table["training"]["seconds"]);
  EXPECT_GT(table["carbon"]["value"], 0);

  // A failed item is wrong, and its joules count.
  const json& failing = task["arms"][1];
  EXPECT_EQ(failing["failed"], 1);
  EXPECT_EQ(failing["checked"], 6);
  EXPECT_NEAR(failing["correct"]["value"].get<double>(), 5.0 / 6, 1e-12);
  EXPECT_GT(failing["energy"]["value"], table["energy"]["value"]);

  EXPECT_EQ(task["arms"][2]["correct"]["reason"]["code"], "task.cost_only");
  EXPECT_TRUE(task["arms"][2]["energy"]["value"].is_number());
  EXPECT_EQ(task["arms"][3]["absent"]["code"], "task.needs");
  EXPECT_THAT(task["arms"][3]["absent"]["cure"], HasSubstr("some-package"));
  for (const int arm : {0, 1, 2}) EXPECT_EQ(task["arms"][arm]["items"], 6);
  ASSERT_EQ(task["ratios"].size(), 2U);
  EXPECT_EQ(task["ratios"][0]["items"], 6);
  // The special arm is enough; five of six is not.
  EXPECT_EQ(task["enough"]["require"], "correct >= 90 %");
  EXPECT_EQ(task["enough"]["cheapest"], "table");
  EXPECT_TRUE(table["meets"]);
  EXPECT_FALSE(failing["meets"]);
  EXPECT_TRUE(task["arms"][2]["meets"].is_null());
  const json& day = document["day"];
  EXPECT_EQ(day["lines"], json::parse(R"([{"task": "letters", "count": 500}])"));
  EXPECT_NEAR(day["general"]["value"].get<double>(), failing["energy"]["value"].get<double>() / 2, 1e-6);
  EXPECT_LT(day["ratio"]["value"], 1);
  EXPECT_THAT(outcome.out, HasSubstr("table is the cheapest that meets correct >= 90 %"));
  EXPECT_THAT(day["sentence"].get<std::string>(), HasSubstr("sending each task to the cheapest arm that is surely enough"));
  EXPECT_GT(task["ratios"][0]["times"]["value"], 1);
  EXPECT_TRUE(task["ratios"][0]["break_even"]["value"].is_number());
  EXPECT_EQ(task["published"]["kind"], "text_classification");
  EXPECT_THAT(outcome.out, HasSubstr("cost only"));
  EXPECT_THAT(outcome.out, HasSubstr("failed 1 of 6 times"));
}

// A slow general arm answers as many as fit, the special one all there are, unless the machine is so busy that
// the half of the time that is its own was over before.
TEST_F(TasksOnAPlant, TheSpecialArmAnswersAllItems) {
  std::string items;
  for (int i = 0; i < 60; ++i) {
    items += item(std::to_string(i), "x", {{"kind", "exact"}, {"expected", "x"}});
  }
  write_task("many", items, R"(
require = "correct>=0.8"
[[arm]]
name = "echo"
role = "special"
command = ["sh", "-c", "echo ready; cat"]
input = "line"
ready = "ready"
[[arm]]
name = "slow"
role = "general"
command = ["sh", "-c", "sleep 1; cat"]
)");
  const Outcome outcome = run({"--only", "many"}, "0.2");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const json document = result();
  const json& task = document["tasks"][0];
  const int special = task["arms"][0]["items"], general = task["arms"][1]["items"];
  EXPECT_TRUE(special == 60 || task["seconds"] > 6) << special;
  EXPECT_EQ(task["arms"][0]["checked"], special);
  EXPECT_GE(general, 1);
  EXPECT_LT(general, 20);
  EXPECT_EQ(task["ratios"][0]["items"], std::min(special, general));
  if (special == 60) {
    EXPECT_EQ(task["enough"]["sure"], "echo");
    EXPECT_GT(task["arms"][0]["confidence"], 0.99);
  }
  // The ledger's trials of a burst tile, as all do.
  EXPECT_EQ(joulebook({"ledger", "verify"}).code, 0);
}

#ifdef JOULEBOOK_HAS_ENCODER
// An encoder with weights that mean something is judged, not cost only: through the engine, its verb, the
// checker and the requirement. Queries and documents share words in two cases of six; the encoder knows which
// words mean the same, but takes a tap for a crane that lifts.
TEST_F(TasksOnAPlant, ATrainedEncoderIsJudgedByWhatItFinds) {
  const WordGroups groups = {{"car", "automobile"}, {"doctor", "physician"}, {"repair", "mend"}, {"house", "home"},
                             {"crane", "tap", "hoist"}, {"bread", "loaf"}};
  write("find/encoder.gguf", known_encoder(groups));
  write("find/documents.jsonl", R"({"id": "a", "text": "automobile mend"}
{"id": "b", "text": "physician"}
{"id": "c", "text": "home"}
{"id": "d", "text": "hoist hoist"}
{"id": "e", "text": "loaf"}
{"id": "f", "text": "hoist home water"}
)");
  std::string items;
  const std::pair<const char*, const char*> kAsked[] = {{"repair a car", "a"},  {"doctor", "b"}, {"house", "c"},
                                                        {"tap water", "f"}, {"bread", "e"}, {"hoist", "d"}};
  for (const auto& [query, document] : kAsked) {
    items += item(document, query, {{"kind", "nearest"}, {"expected", document}, {"within", 1}});
  }
  write_task("find", items, R"(
require = "correct>=0.8"
[[arm]]
name = "BM25"
role = "special"
command = ["{bin}/joulebook-task", "retrieval", "bm25", "{task}/documents.jsonl"]
input = "line"
ready = "ready"
[[arm]]
name = "encoder"
role = "general"
command = ["{bin}/joulebook-task", "retrieval", "encoder", "{task}/encoder.gguf", "{task}/documents.jsonl"]
input = "line"
ready = "ready"
)");
  const Outcome outcome = run({"--only", "find", "--sure", "0.5"});
  ASSERT_EQ(outcome.code, 0) << outcome.out << outcome.err;
  const json document = result();
  const json& task = document["tasks"][0];
  ASSERT_TRUE(task["absent"].is_null()) << task["absent"];
  const json& bm25 = task["arms"][0];
  const json& encoder = task["arms"][1];
  EXPECT_EQ(encoder["checked"], 6);
  EXPECT_EQ(encoder["failed"], 0);
  EXPECT_NEAR(encoder["correct"]["value"].get<double>(), 5.0 / 6, 1e-12);
  EXPECT_NEAR(bm25["correct"]["value"].get<double>(), 2.0 / 6, 1e-12);
  EXPECT_TRUE(encoder["meets"]);
  EXPECT_FALSE(bm25["meets"]);
  EXPECT_EQ(task["enough"]["rule"], "encoder");
  EXPECT_TRUE(task["enough"]["sufficient"]);
  EXPECT_EQ(task["enough"]["least"], 0.5);
  EXPECT_NEAR(encoder["confidence"].get<double>(), task["enough"]["confidence"].get<double>(), 1e-12);
  EXPECT_TRUE(encoder["j_per_correct"]["value"].is_number());
}
#endif

TEST_F(TasksOnAPlant, TrainingIsStoredUntilWhatWentInChanges) {
  const auto stored = [&](std::vector<std::string> flags) {
    EXPECT_EQ(run(std::move(flags)).code, 0);
    return result()["tasks"][0]["arms"][0]["training"]["stored"].get<bool>();
  };
  EXPECT_FALSE(stored({}));
  const json first = result()["tasks"][0]["arms"][0]["training"];
  EXPECT_TRUE(stored({}));
  const json again = result()["tasks"][0]["arms"][0]["training"];
  EXPECT_EQ(again["energy"]["value"], first["energy"]["value"]);
  EXPECT_EQ(again["at"], first["at"]);
  EXPECT_FALSE(stored({"--train"}));
  std::ofstream(folder_ + "/work/letters/table") << "spoiled";
  EXPECT_FALSE(stored({}));
  EXPECT_TRUE(stored({}));
}

TEST_F(TasksOnAPlant, WhatCannotRunIsARowWithItsReasonAndTheRestGoesOn) {
  const std::string items = "{\"id\": \"x\", \"kind\": \"k\", \"prompt\": \"x\"}\n";
  write_task("hangs", items,
             std::string("prepare_timeout_s = 0.5\n"
                         "prepare = [[\"sh\", \"-c\", \"echo half way >&2; echo cure: wait >&2; sleep 60 & sleep 60\"]]\n") +
                 kTwoArms);
  write_task("late", items, R"(
warmups = 0
[[arm]]
name = "quick"
role = "special"
command = ["cat"]
[[arm]]
name = "late"
role = "general"
command = ["sleep", "60"]
timeout_s = 0.3
)");
  write_task("crash", items, R"(
[[arm]]
name = "works"
role = "special"
command = ["cat"]
[[arm]]
name = "crashes"
role = "general"
command = ["sh", "-c", "exit 7"]
input = "line"
ready = "ready"
)");
  write("lost/task.toml", std::string("published_none = \"no\"\nprompts = \"items.jsonl\"\n"
                                      "needs = [{ program = \"no-such\", package = \"pack\" }]\n") +
                              kTwoArms);
  write_task("nofile", R"({"id": "x", "kind": "k", "file": "gone.png"})", kTwoArms);
  write("wrong/task.toml", "prompt = 1\n");
  const Outcome outcome = run({});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  std::map<std::string, json> tasks;
  const json document = result();
  for (const auto& task : document["tasks"]) tasks[task["name"]] = task;
  ASSERT_EQ(tasks.size(), 7U);
  EXPECT_TRUE(tasks["letters"]["absent"].is_null());
  EXPECT_EQ(tasks["hangs"]["absent"]["code"], "task.late");
  EXPECT_THAT(tasks["hangs"]["absent"]["message"], HasSubstr("half way"));
  EXPECT_EQ(tasks["hangs"]["absent"]["cure"], "wait");
  EXPECT_LT(tasks["hangs"]["seconds"], 60);
  EXPECT_EQ(tasks["lost"]["absent"]["code"], "task.needs");
  EXPECT_EQ(tasks["lost"]["arms"][0]["energy"]["reason"]["code"], "task.needs");
  EXPECT_EQ(tasks["nofile"]["absent"]["code"], "prompts.no_file");
  EXPECT_EQ(tasks["wrong"]["absent"]["code"], "toml.unknown_key");
  // An arm that never answers has no figures; the other one has.
  EXPECT_EQ(tasks["late"]["arms"][1]["failed"], 1);
  EXPECT_TRUE(tasks["late"]["arms"][1]["energy"]["value"].is_null());
  EXPECT_TRUE(tasks["late"]["arms"][0]["energy"]["value"].is_number());
  EXPECT_EQ(tasks["crash"]["arms"][1]["absent"]["code"], "command.exit");
  EXPECT_TRUE(tasks["crash"]["arms"][0]["energy"]["value"].is_number());
  EXPECT_THAT(outcome.out, HasSubstr("install the package pack"));

  const Outcome one = run({"--only", "lost"});
  EXPECT_EQ(one.code, 5) << one.err;
  EXPECT_EQ(run({"--only", "lettres"}).code, 2);
  EXPECT_EQ(run({"--grid", "Atlantis"}).code, 3);
  EXPECT_EQ(run({"--day", "lettres=3"}).code, 2);
  EXPECT_EQ(run({"--day", "letters"}).code, 2);
  EXPECT_EQ(run({"--require", "right>=0.9"}).code, 2);
  EXPECT_EQ(run({"--tasks", folder_ + "/nowhere"}).code, 3);
}

}  // namespace
}  // namespace joulebook::fakes
