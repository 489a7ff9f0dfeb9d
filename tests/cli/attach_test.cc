// `run --pid`, `--port` and `--all` as a person runs them: on a plant's sysroot with a process tree
// of its own and eight GPUs of known power.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "cli/process.h"
#include "core/clock.h"
#include "fakes/json_schema.h"
#include "fakes/patience.h"
#include "fakes/power_plant.h"

namespace joulebook::fakes {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class Attach : public testing::Test {
 protected:
  Attach()
      : plant_(sysroot_, system_clock().now(),
               {{.directory = "intel-rapl:0",
                 .name = "package-0",
                 .power = PowerFunction::constant(50)}}) {
    put_file(sysroot_ + "/proc/2/comm", "kthreadd\n");  // the host's own numbers
    put_file(sysroot_ + "/proc/stat", "cpu 1000 0 0 5 0 0 0 0 0 0\ncpu0 1 1 1 1\n");
    process(4711, 1, "server");
    process(4712, 4711, "worker");
    plant_.run(system_clock());
  }
  ~Attach() override { plant_.stop(); }

  void process(int pid, int parent, const std::string& name) const {
    const std::string folder = sysroot_ + "/proc/" + std::to_string(pid);
    put_file(folder + "/comm", name + "\n");
    put_file(folder + "/stat", std::to_string(pid) + " (" + name + ") S " + std::to_string(parent) +
                                   " 1 1 0 -1 0 0 0 0 0 10 0 0 0 20 0 1 0 100 0 0\n");
  }

  // Board 3 alone computes, for the server's child.
  [[nodiscard]] std::map<std::string, std::string> eight_gpus() const {
    const std::string script = folder_ + "/gpus";
    std::ofstream file(script);
    for (int i = 0; i < 8; ++i) {
      file << "device uuid=GPU-" << i << " name=Fake power=constant:" << 100 + i
           << (i == 3 ? " pids=4712" : "") << "\n";
    }
    return {{"LD_LIBRARY_PATH", JOULEBOOK_FAKE_NVML_DIR}, {"JOULEBOOK_FAKE_NVML", script}};
  }

  Outcome run(std::vector<std::string> flags, std::map<std::string, std::string> environment = {}) {
    std::vector<std::string> arguments = {"run", "--sysroot", sysroot_, "--json", json_};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    environment["JOULEBOOK_LEDGER"] = ledger_;
    return joulebook(arguments, environment);
  }
  [[nodiscard]] nlohmann::json document() const {
    return nlohmann::json::parse(std::ifstream(json_));
  }

  std::string folder_ = fresh_folder("attach");
  std::string sysroot_ = folder_ + "/root";
  std::string json_ = folder_ + "/run.json";
  std::string ledger_ = folder_ + "/ledger.db";
  PowerPlant plant_;
};

std::int64_t settled(const nlohmann::json& window) {
  std::int64_t sum = 0;
  for (const auto& domain : window["domains"]) {
    if (domain["top_level"] == true) sum += domain["settled_uj"].get<std::int64_t>();
  }
  return sum;
}

TEST_F(Attach, OfEightGpusOnlyTheOneThatWorksIsCounted) {
  const Outcome outcome =
      run({"--pid", "4711", "--for", "600ms", "--interval", "200ms"}, eight_gpus());
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto document = this->document();
  EXPECT_THAT(document["devices"], ElementsAre("cpu", "gpu:GPU-3")) << outcome.err;
  EXPECT_EQ(document["device_choice"]["rule"], "used");
  ASSERT_EQ(document["devices_apart"].size(), 7U);
  const double seconds = document["duration_s"].get<double>();
  EXPECT_LE(document["total"]["lo"].get<double>(), (50 + 103) * seconds);
  EXPECT_GE(document["total"]["hi"].get<double>(), (50 + 103) * seconds - 50 * plant_.longest_pause_s());
  EXPECT_LT(document["total"]["hi"].get<double>(), 2 * (50 + 103) * seconds);
  EXPECT_EQ(document["devices_apart"][0]["device"], "gpu:GPU-0");
  EXPECT_GT(document["devices_apart"][0]["energy"]["value"].get<double>(), 0);
  EXPECT_THAT(outcome.out, HasSubstr("Apart, not in the total: 7 devices"));
  EXPECT_THAT(outcome.out, HasSubstr("NVML lists process 4712"));
  EXPECT_THAT(outcome.out, HasSubstr("process 4711 (server)"));
  EXPECT_EQ(JsonSchema(JOULEBOOK_SOURCE_DIR "/docs/schema/run.schema.json").explain(document), "");
}

TEST_F(Attach, IntervalsTileAndTheLedgerBalances) {
  const Outcome outcome =
      run({"--pid", "4711", "--for", "500ms", "--interval", "100ms"}, eight_gpus());
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto document = this->document();
  ASSERT_GE(document["windows"].size(), 3U);
  std::int64_t edge = document["start_ns"].get<std::int64_t>();
  std::int64_t sum = 0;
  for (const auto& window : document["windows"]) {
    EXPECT_EQ(window["lap"], true);
    EXPECT_EQ(window["start_ns"].get<std::int64_t>(), edge);
    edge = window["end_ns"].get<std::int64_t>();
    sum += settled(window);
  }
  EXPECT_EQ(edge, document["end_ns"].get<std::int64_t>());
  EXPECT_EQ(sum, settled(document));
  EXPECT_THAT(outcome.err, HasSubstr("time s\tpackage:0 W\tgpu:3 W\ttotal J\ttree J\tCPU %\n"));
  const Outcome verdict = joulebook({"ledger", "verify"}, {{"JOULEBOOK_LEDGER", ledger_}});
  EXPECT_EQ(verdict.code, 0) << verdict.out << verdict.err;
  EXPECT_THAT(verdict.out, Not(HasSubstr(" 0 settle")));
}

TEST_F(Attach, AReplayGivesTheSameDocument) {
  const std::string trace = folder_ + "/trace";
  ASSERT_EQ(run({"--pid", "4711", "--for", "300ms", "--record", trace}, eight_gpus()).code, 0);
  const auto measured = document();
  const Outcome replayed = joulebook({"run", "--replay", trace, "--json", json_});
  ASSERT_EQ(replayed.code, 0) << replayed.err;
  EXPECT_EQ(document(), measured);
}

TEST_F(Attach, NamedDevicesDecide) {
  ASSERT_EQ(run({"--pid", "4711", "--for", "200ms", "--devices", "gpu:5,cpu"}, eight_gpus()).code,
            0);
  const auto document = this->document();
  EXPECT_THAT(document["devices"], ElementsAre("cpu", "gpu:GPU-5"));
  EXPECT_THAT(document["warnings"].dump(), HasSubstr("device.not_named"));
  const Outcome unknown = run({"--pid", "4711", "--devices", "gpu:9"}, eight_gpus());
  EXPECT_EQ(unknown.code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("gpu:GPU-7 (gpu:7)"));
}

TEST_F(Attach, TheMachineHasAllDevicesAndSaysSo) {
  const Outcome outcome = run({"--all", "--for", "200ms"}, eight_gpus());
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(document()["devices"].size(), 9U);
  EXPECT_EQ(document()["device_choice"]["rule"], "all");
  EXPECT_THAT(outcome.out, HasSubstr("all devices"));
}

TEST_F(Attach, ItEndsWithTheLastWatchedProcessAndSaysWhen) {
  const std::string trace = folder_ + "/trace";  // is there once the process was found
  std::jthread killer([&] {
    wait_for([&] { return std::filesystem::exists(trace); });
    std::filesystem::remove_all(sysroot_ + "/proc/4711");
  });
  const Outcome outcome = run({"--pid", "4711", "--record", trace});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("every watched process has ended"));
  EXPECT_THAT(outcome.out, HasSubstr("which ended after"));
  EXPECT_TRUE(document()["target"]["processes"][0]["ended_ns"].is_number());
}

// In the foreground: else `timeout` signals its group too, and a second Ctrl-C ends at once.
TEST_F(Attach, CtrlCEndsItWithTheReportAndSuccess) {
  const Outcome outcome = run_process(
      {"/usr/bin/timeout", "--foreground", "--preserve-status", "-s", "INT", "2", JOULEBOOK_PROGRAM, "run",
       "--sysroot", sysroot_, "--pid", "4711", "--json", json_},
      {{"JOULEBOOK_LEDGER", ledger_}, {"JOULEBOOK_CONFIG", "/dev/null"}});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("Ctrl-C"));
  EXPECT_THAT(outcome.out, HasSubstr("total"));
}

TEST_F(Attach, WhatMakesNoSenseIsSaid) {
  const Outcome gone = run({"--pid", "99"});
  EXPECT_EQ(gone.code, 3);
  EXPECT_THAT(gone.err, HasSubstr("there is no process 99"));
  EXPECT_THAT(gone.err, HasSubstr("cure:"));
  EXPECT_EQ(run({"--port", "9"}).code, 4);
  EXPECT_EQ(run({"--pid", "4711", "--all"}).code, 2);
  EXPECT_EQ(run({"--pid", "4711", "--", "true"}).code, 2);
  EXPECT_EQ(run({"--pid", "4711", "--for", "soon"}).code, 2);
  EXPECT_EQ(run({"--for", "5s", "--", "true"}).code, 2);
}

}  // namespace
}  // namespace joulebook::fakes
