// `run` on a power plant whose true energy is known: the interval holds it, exit codes pass
// through, figures obey the contract's schema.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>
#include <tuple>

#include "cli/process.h"
#include "core/clock.h"
#include "fakes/json_schema.h"
#include "fakes/power_plant.h"

namespace joulebook::fakes {
namespace {

using testing::HasSubstr;

class RunOnAPlant : public testing::Test {
 protected:
  RunOnAPlant()
      : plant_(sysroot_, system_clock().now(),
               {{.directory = "intel-rapl:0",
                 .name = "package-0",
                 .power = PowerFunction::square(20, 120, 0.3)},
                {.directory = "intel-rapl:0/intel-rapl:0:0",
                 .name = "core",
                 .power = PowerFunction::constant(15)},
                {.directory = "intel-rapl:0/intel-rapl:0:1",
                 .name = "dram",
                 .power = PowerFunction::constant(5)}}) {
    plant_.run(system_clock());
  }
  ~RunOnAPlant() override { plant_.stop(); }

  Outcome run(std::vector<std::string> command, std::vector<std::string> flags = {}) {
    std::vector<std::string> arguments = {"run", "--sysroot", sysroot_, "--json", json_};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    arguments.push_back("--");
    arguments.insert(arguments.end(), command.begin(), command.end());
    return joulebook(arguments);
  }
  [[nodiscard]] nlohmann::json document() const {
    return nlohmann::json::parse(std::ifstream(json_));
  }

  std::string folder_ = fresh_folder("plant");
  std::string sysroot_ = folder_ + "/root";
  std::string json_ = folder_ + "/run.json";
  PowerPlant plant_;
};

const nlohmann::json& domain(const nlohmann::json& run, const std::string& id) {
  static const nlohmann::json kNone;
  for (const auto& d : run["domains"]) {
    if (d["domain"] == id) return d;
  }
  return kNone;
}

TEST_F(RunOnAPlant, TheDashesBeforeACommandAreNoneOfItsArguments) {
  EXPECT_THAT(run({"echo", "a", "b"}).out, testing::StartsWith("a b\n"));
  EXPECT_THAT(run({"sh", "-c", "echo $#:$*", "a", "b", "--", "c"}).out,
              testing::StartsWith("3:b -- c\n"));
}

TEST_F(RunOnAPlant, TheIntervalHoldsTheTruthOfEveryDomain) {
  const Outcome outcome = run({"sleep", "1"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto document = this->document();
  const SteadyTime begin{document["start_ns"].get<std::int64_t>()};
  const SteadyTime end{document["end_ns"].get<std::int64_t>()};
  EXPECT_GE(document["duration_s"].get<double>(), 1.0);
  for (const auto& [id, zone, most] :
       {std::tuple{"package:0", "package-0", 120.0}, {"core:0", "core", 15.0}, {"dram:0", "dram", 5.0}}) {
    const auto& energy = domain(document, id)["energy"];
    ASSERT_TRUE(energy.contains("lo")) << id << document.dump(1);
    const double truth = plant_.energy(zone, begin, end).value();
    EXPECT_LE(energy["lo"].get<double>(), truth) << id;
    // A counter that was held up says later what it counted.
    EXPECT_GE(energy["hi"].get<double>(), truth - most * plant_.longest_pause_s()) << id;
    EXPECT_EQ(energy["tier"], "measured");
  }
  // The total is the package and the memory beside it; the cores are inside the package.
  const double total = document["total"]["value"].get<double>();
  EXPECT_NEAR(total,
              domain(document, "package:0")["energy"]["value"].get<double>() +
                  domain(document, "dram:0")["energy"]["value"].get<double>(),
              1e-3);
  EXPECT_EQ(document["total"]["boundary"], "package+dram");
  EXPECT_EQ(JsonSchema(JOULEBOOK_SOURCE_DIR "/docs/schema/run.schema.json").explain(document), "");
}

TEST_F(RunOnAPlant, ExitCodesPassThrough) {
  EXPECT_EQ(run({"sh", "-c", "exit 7"}).code, 7);
  EXPECT_EQ(run({folder_ + "/no-such-command"}).code, 127);
  std::ofstream(folder_ + "/data") << "not a program";
  EXPECT_EQ(run({folder_ + "/data"}).code, 126);
  EXPECT_EQ(run({"sh", "-c", "kill -TERM $$"}).code, 128 + 15);
}

TEST_F(RunOnAPlant, JsonOnStandardOutputSendsTheChildToStandardError) {
  const Outcome outcome =
      joulebook({"run", "--sysroot", sysroot_, "--json", "-", "--", "echo", "child speaks"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(nlohmann::json::accept(outcome.out)) << outcome.out;
  EXPECT_THAT(outcome.err, HasSubstr("child speaks"));
}

TEST_F(RunOnAPlant, MarksFromInsideBecomeWindows) {
  const Outcome outcome =
      run({"sh", "-c", "sleep 0.2; " JOULEBOOK_PROGRAM " mark half; sleep 0.2"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto document = this->document();
  bool found = false;
  for (const auto& window : document["windows"]) found |= window["name"] == "half";
  EXPECT_TRUE(found) << document["windows"].dump();
}

TEST_F(RunOnAPlant, AReplayGivesTheSameFiguresToTheLastBit) {
  const std::string trace = folder_ + "/trace";
  ASSERT_EQ(run({"sleep", "0.3"}, {"--record", trace}).code, 0);
  const auto measured = document();
  const Outcome replayed = joulebook({"run", "--replay", trace, "--json", json_});
  ASSERT_EQ(replayed.code, 0) << replayed.err;
  EXPECT_EQ(document(), measured);
}

TEST_F(RunOnAPlant, ALostCounterIsAnAbsenceAndNeverZero) {
  // The counter fails while the command runs: the command says when it runs and waits for it.
  const std::string running = folder_ + "/running";
  const std::string failed = folder_ + "/failed";
  std::jthread saboteur([&] {
    while (!std::filesystem::exists(running))
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    plant_.publish("package-0", "garbage\n");
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    std::ofstream(failed) << "yes";
  });
  const Outcome outcome = run(
      {"sh", "-c", "touch " + running + "; while [ ! -e " + failed + " ]; do sleep 0.02; done"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto document = this->document();
  EXPECT_TRUE(document["total"]["value"].is_null()) << document["total"].dump();
  EXPECT_TRUE(document["total"]["reason"]["code"].is_string());
}

TEST_F(RunOnAPlant, AFakeGpuIsFoundThroughTheLinkersPath) {
  const std::string script = folder_ + "/gpu";
  std::ofstream(script) << "device uuid=GPU-1 name=Fake_GPU power=constant:100\n";
  const Outcome outcome =
      joulebook({"sensors", "--sysroot", sysroot_},
                {{"LD_LIBRARY_PATH", JOULEBOOK_FAKE_NVML_DIR}, {"JOULEBOOK_FAKE_NVML", script}});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("package:0"));
  EXPECT_THAT(outcome.out, HasSubstr("gpu:0"));
}

TEST(RunUsage, WithoutACommandItSaysHow) {
  const Outcome outcome = joulebook({"run"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("joulebook run --"));
}

}  // namespace
}  // namespace joulebook::fakes
