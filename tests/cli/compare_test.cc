// `run --vs`, `compare` and programs as arms of a study, on a power plant of constant power: joules
// are seconds times a known number of watts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/process.h"
#include "core/clock.h"
#include "fakes/json_schema.h"
#include "fakes/power_plant.h"

namespace joulebook::fakes {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr double kWatts = 50;

class CompareOnAPlant : public testing::Test {
 protected:
  CompareOnAPlant()
      : plant_(sysroot_, system_clock().now(),
               {{.directory = "intel-rapl:0",
                 .name = "package-0",
                 .power = PowerFunction::constant(kWatts)}}) {
    plant_.run(system_clock());
  }
  ~CompareOnAPlant() override { plant_.stop(); }

  [[nodiscard]] Outcome on_plant(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin() + 1, {"--sysroot", sysroot_});
    return joulebook(arguments);
  }
  // Runs `sleep SECONDS` a few times and writes the result down.
  void measure(const std::string& seconds, const std::string& file) const {
    const Outcome outcome = on_plant({"run", "-n", "3", "--json", file, "--", "sleep", seconds});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
  }
  // By how many joules a window's energy may differ: its ends fall between two ticks of the plant.
  [[nodiscard]] double tolerance() const { return 1 + 2 * kWatts * plant_.longest_pause_s(); }
  [[nodiscard]] static json read(const std::string& file) {
    return json::parse(std::ifstream(file));
  }

  std::string folder_ = fresh_folder("compare");
  std::string sysroot_ = folder_ + "/root";
  std::string json_ = folder_ + "/out.json";
  PowerPlant plant_;
};

void expect_schema(const json& document, const std::string& name) {
  const JsonSchema schema(JOULEBOOK_SOURCE_DIR "/docs/schema/" + name);
  EXPECT_EQ(schema.explain(document), "");
}

TEST_F(CompareOnAPlant, TwoCommandsInTurn) {
  const std::string ledger = folder_ + "/ledger.db";
  const Outcome outcome =
      on_plant({"run", "-n", "3", "--ledger", ledger, "--json", json_, "--vs", "sh -c 'sleep 0.6'", "--max-increase",
                "50%", "--require-tier", "measured", "--", "sleep", "0.2"});
  EXPECT_EQ(outcome.code, 1) << outcome.err;  // thrice the energy is more than half as much again
  EXPECT_THAT(outcome.err, HasSubstr("above the limit of +50 %"));
  const json result = read(json_);
  expect_schema(result, "compare.schema.json");
  EXPECT_EQ(result["against"], "above");
  EXPECT_EQ(result["ratio"]["tier"], "measured");
  EXPECT_EQ(result["a"]["count"], 3);
  EXPECT_EQ(result["b"]["name"], "sh -c sleep 0.6");
  const double ratio = result["ratio"]["value"];
  const double seconds =
      result["b"]["seconds"].get<double>() / result["a"]["seconds"].get<double>();
  EXPECT_NEAR(ratio, seconds, 0.1 * seconds);
  EXPECT_NEAR(result["a"]["energy"]["value"].get<double>(),
              kWatts * result["a"]["seconds"].get<double>(), tolerance());
  const Outcome show = joulebook({"show", result["run"], "--ledger", ledger});
  EXPECT_EQ(show.code, 0) << show.err;
}

TEST_F(CompareOnAPlant, ResultsThatAreWrittenDown) {
  const std::string a = folder_ + "/a.json";
  const std::string b = folder_ + "/b.json";
  measure("0.2", a);
  measure("0.5", b);
  EXPECT_EQ(joulebook({"compare", a, b, "--max-increase", "900%"}).code, 0);
  EXPECT_EQ(joulebook({"compare", b, a, "--max-increase", "0"}).code, 0);
  const Outcome dearer = joulebook({"compare", a, b, "--max-increase", "0.5", "--json", json_});
  EXPECT_EQ(dearer.code, 1) << dearer.out << dearer.err;
  expect_schema(read(json_), "compare.schema.json");
  EXPECT_EQ(joulebook({"compare", a, b}).code, 0);  // no limit, no verdict

  std::ofstream(folder_ + "/text") << "no result";
  EXPECT_EQ(joulebook({"compare", a, folder_ + "/text"}).code, 3);
  EXPECT_EQ(joulebook({"compare", a, "no-such-run"}).code, 3);
  EXPECT_EQ(joulebook({"compare", a, b, "--max-increase", "much"}).code, 2);
  EXPECT_EQ(joulebook({"compare", a, b, "--max-increase", "5"}).code, 2);
  const Outcome lost = joulebook({"compare", a, folder_ + "/lost.json"});
  EXPECT_EQ(lost.code, 3);
  EXPECT_THAT(lost.err, HasSubstr("there is no file " + folder_ + "/lost.json"));
}

TEST_F(CompareOnAPlant, WithoutASensorAGateDoesNotPass) {
  const auto blind = [&](std::vector<std::string> flags) {
    std::vector<std::string> arguments = {"run", "--sysroot", folder_ + "/nothing", "-n", "2",
                                          "--vs", "true"};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    arguments.insert(arguments.end(), {"--", "true"});
    std::filesystem::create_directories(folder_ + "/nothing");
    return joulebook(arguments);
  };
  EXPECT_EQ(blind({}).code, 0);
  EXPECT_EQ(blind({"--require-tier", "measured"}).code, 4);
  // Of one command, too.
  const auto alone = [&](const char* tier, const char* command) {
    return joulebook({"run", "--sysroot", folder_ + "/nothing", "--require-tier", tier, "--", command});
  };
  EXPECT_EQ(alone("measured", "true").code, 4);
  EXPECT_EQ(alone("measured", "false").code, 1);  // its own failure comes first
  EXPECT_EQ(on_plant({"run", "--require-tier", "measured", "--", "true"}).code, 0);
}

TEST_F(CompareOnAPlant, ACommandsOwnFailureIsPassedThrough) {
  EXPECT_EQ(on_plant({"run", "--vs", "sh -c 'exit 9'", "--", "true"}).code, 9);
  const Outcome one = on_plant({"run", "--quiet", "--vs", "sh -c 'exit 1'", "--max-increase", "5%", "--", "true"});
  EXPECT_EQ(one.code, 1);  // which is no verdict, and says so
  EXPECT_THAT(one.err, HasSubstr("sh ended with exit code 1: nothing is compared"));
  EXPECT_EQ(on_plant({"run", "--vs", " ", "--", "true"}).code, 2);
  EXPECT_EQ(on_plant({"run", "--vs", "'open", "--", "true"}).code, 2);
  EXPECT_EQ(on_plant({"run", "--max-increase", "5%", "--", "true"}).code, 2);
  EXPECT_EQ(on_plant({"run", "--vs", "true", "--all", "--for", "1s"}).code, 2);
}

// `route` on the study of the next test.
void route_of(const std::string& study) {
  const std::string out = study + ".route";
  const std::string toml = study + ".toml";
  const Outcome route = joulebook({"route", study, "--require", "correct>=50%", "--day", "k=10",
                                   "--json", out, "--toml", toml});
  ASSERT_EQ(route.code, 0) << route.err;
  std::ifstream written(out);
  const json document = json::parse(written);
  expect_schema(document, "route.schema.json");
  EXPECT_EQ(document["rules"][0]["arm"], "started");
  EXPECT_EQ(document["sizing"]["all"]["cheapest"], "started");
  EXPECT_EQ(document["largest"], "kept");
  EXPECT_TRUE(std::ifstream(toml).good());
  EXPECT_EQ(joulebook({"route", study}).code, 0);  // what the study itself asks for
  EXPECT_EQ(joulebook({"route", study, "--require", "correct<=1"}).code, 2);
  EXPECT_EQ(joulebook({"route", study, "--require", "wer<=1"}).code, 3);
  EXPECT_EQ(joulebook({"route", study, "--require", "correct>=0", "--day", "j=1"}).code, 3);
  EXPECT_EQ(joulebook({"route", toml, "--require", "correct>=0"}).code, 3);
}

TEST_F(CompareOnAPlant, ProgramsAreArmsOfAStudy) {
  std::ofstream(folder_ + "/items.jsonl")
      << R"({"id": "a", "kind": "k", "prompt": "x", "check": {"kind": "exact", "expected": "x"}})"
      << "\n"
      << R"({"id": "b", "kind": "k", "prompt": "y", "check": {"kind": "exact", "expected": "x"}})"
      << "\n";
  std::ofstream(folder_ + "/study.toml") << R"(
prompts = "items.jsonl"
baseline_seconds = 0
[stopping]
max_rounds = 3
min_rounds = 3
[[arm]]
name = "started"
command = ["sh", "-c", "sleep 0.1; cat"]
[[arm]]
name = "kept"
command = ["sh", "-c", "sleep 0.3; echo ready; while read -r x; do sleep 0.2; echo $x; done"]
input = "line"
ready = "ready"
)";
  const Outcome outcome = on_plant({"study", folder_ + "/study.toml", "--json", json_, "--require",
                                    "correct>=0.9", "--require-tier", "measured"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const json result = read(json_);
  expect_schema(result, "study.schema.json");
  const json& started = result["arms"][0];
  const json& kept = result["arms"][1];
  EXPECT_NEAR(kept["load"]["energy"]["value"].get<double>(),
              kWatts * kept["load"]["window"]["duration_s"].get<double>(), tolerance());
  EXPECT_GT(kept["load"]["window"]["duration_s"], 0.29);
  EXPECT_LT(started["load"]["window"]["duration_s"], 0.1);
  for (const json& arm : {started, kept}) {
    EXPECT_EQ(arm["correct"], 1);
    EXPECT_EQ(arm["checkable"], 2);
    EXPECT_NEAR(arm["j_per_response"]["these"]["value"].get<double>(),
                kWatts * arm["seconds"].get<double>(), tolerance());
    EXPECT_TRUE(arm["j_per_output_token"]["these"]["value"].is_null());
  }
  const Outcome dearer = joulebook({"compare", json_, json_, "--arm", "started", "--arm-b", "kept",
                                    "--max-increase", "20%"});
  EXPECT_EQ(dearer.code, 1) << dearer.out << dearer.err;
  // Half of the answers were right: none is enough at 90 %, the first that is cheap at 50 %.
  EXPECT_TRUE(result["sizing"]["all"]["cheapest"].is_null());
  EXPECT_NE(outcome.out.find("No arm meets correct >= 90 %"), std::string::npos) << outcome.out;
  route_of(json_);
}

// What the cure says is what helps: raise the limit in the file, then go on.
TEST_F(CompareOnAPlant, AStudyGoesOnWithTheLimitsThatItsFileNowHas) {
  const std::string ledger = folder_ + "/resumed.db";
  const std::string file = folder_ + "/slow.toml";
  std::ofstream(folder_ + "/one.jsonl") << R"({"id": "a", "kind": "k", "prompt": "x"})" << "\n";
  const auto study = [&](const char* limit, std::vector<std::string> more) {
    std::ofstream(file) << "prompts = \"one.jsonl\"\nbaseline_seconds = 0\nwarmups = 0\n"
                        << "[stopping]\nmin_rounds = 4\nmax_rounds = 4\n[[arm]]\nname = \"slow\"\n"
                        << "command = [\"sleep\", \"0.5\"]\ninput = \"none\"\ntimeout_s = " << limit << "\n";
    std::vector<std::string> arguments = {"study", file, "--ledger", ledger, "--json", json_};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return on_plant(arguments);
  };
  const Outcome failed = study("0.05", {});
  EXPECT_EQ(failed.code, 5) << failed.err;
  EXPECT_THAT(failed.err, HasSubstr("raise timeout_s"));
  const Outcome went_on = study("60", {"--resume"});
  EXPECT_EQ(went_on.code, 0) << went_on.err;
  EXPECT_EQ(read(json_)["arms"][0]["failed"], 3);
  EXPECT_EQ(read(json_)["arms"][0]["trials"], 1);
}

TEST_F(CompareOnAPlant, AFlagThatWouldDoNothingIsRefused) {
  const Outcome tasks = on_plant({"study", "tasks", "--require-tier", "measured"});
  EXPECT_EQ(tasks.code, 2);
  EXPECT_THAT(tasks.err, HasSubstr("'study tasks' takes no --require-tier"));
  const Outcome one = on_plant({"study", "forty", "--dry-run", "-o", folder_ + "/table.txt"});
  EXPECT_EQ(one.code, 2);
  EXPECT_THAT(one.err, HasSubstr("--output goes with 'study tasks' alone"));
  EXPECT_EQ(on_plant({"study", "forty", "--dry-run", "--rounds", "3"}).code, 0);
}

TEST_F(CompareOnAPlant, AProgramThatIsNotThereIsFoundBeforeAnythingIsMeasured) {
  std::ofstream(folder_ + "/one.jsonl") << R"({"id": "a", "kind": "k", "prompt": "x"})" << "\n";
  std::ofstream(folder_ + "/lost.toml")
      << "prompts = \"one.jsonl\"\n[[arm]]\nname = \"mine\"\ncommand = [\"no-such-program\"]\n";
  const Outcome lost = on_plant({"study", folder_ + "/lost.toml"});
  EXPECT_EQ(lost.code, 3);
  EXPECT_THAT(lost.err, HasSubstr("arm 'mine': there is no program no-such-program"));
  EXPECT_THAT(lost.err, testing::Not(HasSubstr("idle")));
}

}  // namespace
}  // namespace joulebook::fakes
