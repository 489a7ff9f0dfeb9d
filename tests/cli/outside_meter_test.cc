// Meters outside through the program: the example meters as they ship, with real output read, and
// each way by which one is named (flag, variable, settings file).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/process.h"
#include "fakes/json_schema.h"
#include "fakes/loopback_server.h"
#include "fakes/power_plant.h"

namespace joulebook::fakes {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::string kExamples = JOULEBOOK_SOURCE_DIR "/examples/meters";

// An instrument on loopback that answers each line of text with the same watts.
class Instrument {
 public:
  explicit Instrument(std::string answer) : answer_(std::move(answer)) {}
  [[nodiscard]] std::string port() const { return std::to_string(server_.port()); }
  [[nodiscard]] const std::string& asked() const { return asked_; }  // once the meter has gone

 private:
  void converse(int peer) {
    char buffer[256];
    for (ssize_t n = ::recv(peer, buffer, sizeof buffer, 0); n > 0; n = ::recv(peer, buffer, sizeof buffer, 0)) {
      asked_.assign(buffer, static_cast<std::size_t>(n));
      if (::send(peer, answer_.data(), answer_.size(), MSG_NOSIGNAL) < 0) return;
    }
  }
  std::string answer_;
  std::string asked_;
  LoopbackServer server_{[this](int peer) { converse(peer); }};  // last: it uses the others
};

class OutsideMeter : public testing::Test {
 protected:
  OutsideMeter() {
    put_file(sysroot_ + "/proc/stat", "cpu 1000 0 0 5 0 0 0 0 0 0\ncpu0 1 1 1 1\n");
    put_file(folder_ + "/power1_input", "42000000\n");
  }
  [[nodiscard]] std::string shell_meter() const {
    return "exec:" + kExamples + "/hwmon.sh " + folder_ + "/power1_input";
  }
  [[nodiscard]] nlohmann::json run(const std::vector<std::string>& flags,
                                   const std::map<std::string, std::string>& environment = {}) {
    const std::string json = folder_ + "/run.json";
    std::vector<std::string> arguments = {"run", "--sysroot", sysroot_, "--json", json};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    arguments.insert(arguments.end(), {"--", "sleep", "1"});
    outcome_ = joulebook(arguments, environment);
    EXPECT_EQ(outcome_.code, 0) << outcome_.err;
    const auto document = nlohmann::json::parse(std::ifstream(json));
    EXPECT_EQ(JsonSchema(JOULEBOOK_SOURCE_DIR "/docs/schema/run.schema.json").explain(document), "");
    return document;
  }
  [[nodiscard]] nlohmann::json sensors(const std::vector<std::string>& flags,
                                       const std::map<std::string, std::string>& environment = {}) {
    std::vector<std::string> arguments = {"sensors", "--sysroot", sysroot_, "--json", "-"};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    outcome_ = joulebook(arguments, environment);
    EXPECT_EQ(outcome_.code, 0) << outcome_.err;
    return nlohmann::json::parse(outcome_.out, nullptr, false);
  }

  std::string folder_ = fresh_folder("outside");
  std::string sysroot_ = folder_ + "/root";
  Outcome outcome_;
};

const nlohmann::json& of(const nlohmann::json& document, const char* list, const std::string& domain) {
  static const nlohmann::json kNone;
  for (const auto& item : document[list]) {
    if (item["domain"] == domain) return item;
  }
  return kNone;
}

// Constant power: the best value is exact, whatever the pace.
void expect_watts(const nlohmann::json& document, const std::string& domain, double watts) {
  const auto& energy = of(document, "domains", domain)["energy"];
  ASSERT_TRUE(energy.contains("value") && energy["value"].is_number()) << document["domains"].dump(1);
  const double truth = watts * document["duration_s"].get<double>();
  EXPECT_NEAR(energy["value"].get<double>(), truth, 0.01 * truth);
  EXPECT_LE(energy["lo"].get<double>(), truth);
  if (energy["hi"].is_number()) {
    EXPECT_GE(energy["hi"].get<double>(), truth);
  }
  EXPECT_EQ(energy["tier"], "measured");
}

TEST_F(OutsideMeter, TheShellExampleIsAMeter) {
  const auto document = run({"--sensor", shell_meter()});
  expect_watts(document, "node:0", 42);
  EXPECT_THAT(of(document, "domains", "node:0")["sensor"].dump(), HasSubstr("hwmon.sh"));
  EXPECT_THAT(document.dump(), Not(HasSubstr("power1_input")));  // arguments may hold secrets
}

TEST_F(OutsideMeter, TheAnalyserExampleIsAMeter) {
  const Instrument instrument("55.250\n");
  const auto document =
      run({"--sensor", "exec:python3 " + kExamples + "/analyser.py 127.0.0.1 " + instrument.port()});
  expect_watts(document, "wall:0", 55.25);
  EXPECT_EQ(instrument.asked(), ":NUMERIC:NORMAL:VALUE? 1\n");
}

// 9.91E37 is an instrument's "not a number" (IEEE 488.2), not its power.
TEST_F(OutsideMeter, AnInstrumentThatKnowsNothingIsAnAbsence) {
  const Instrument instrument("9.91E37\n");
  const auto document = sensors({"--sensor", "exec:python3 " + kExamples + "/analyser.py 127.0.0.1 " + instrument.port()});
  EXPECT_TRUE(of(document, "sensors", "wall:0").is_null());
  EXPECT_THAT(document["findings"].dump(), HasSubstr("sensor.reported"));
}

TEST_F(OutsideMeter, IsNamedByFlagVariableAndFile) {
  const std::string file = folder_ + "/joulebook.toml";
  std::ofstream(file) << "sensor = [\"" << shell_meter() << "\"]\n";
  const auto named = [&](const nlohmann::json& document) {
    const auto& sensor = of(document, "sensors", "node:0");
    return sensor.is_null() ? std::string() : sensor.value("id", "");
  };
  const std::string id = "exec:" + kExamples + "/hwmon.sh";
  EXPECT_EQ(named(sensors({"--sensor", shell_meter()})), id);
  EXPECT_EQ(named(sensors({}, {{"JOULEBOOK_SENSOR", shell_meter()}})), id);
  EXPECT_EQ(named(sensors({}, {{"JOULEBOOK_CONFIG", file}})), id);
  EXPECT_NE(named(sensors({})), id);
}

TEST_F(OutsideMeter, SeveralAreReadSideBySide) {
  const auto document = run({"--sensor", shell_meter(), "--sensor", "exec:sh -c 'echo joulebook-meter 1; echo unit W; "
                             "echo tick 50ms; while :; do echo 7.5; sleep 0.05; done'"});
  expect_watts(document, "node:0", 42);
  expect_watts(document, "wall:0", 7.5);
}

TEST_F(OutsideMeter, WhatMakesNoSenseIsWrongUsage) {
  for (const char* wrong : {"shely://plug", "exec:", "redfish://user:secret@bmc", "ipmi:?password=secret",
                            "tcp://host", "shelly://plug?volume=11"}) {
    const Outcome outcome = joulebook({"run", "--sensor", wrong, "--", "true"});
    EXPECT_EQ(outcome.code, 2) << wrong << outcome.err;
    EXPECT_THAT(outcome.err, Not(HasSubstr("secret@"))) << wrong;
  }
}

// What cannot be opened is said with its cure; the other sensors go on.
TEST_F(OutsideMeter, OneThatCannotBeReadIsAWarning) {
  const auto document = run({"--sensor", "exec:/no/such/meter", "--sensor", shell_meter()});
  expect_watts(document, "node:0", 42);
  EXPECT_THAT(document["warnings"].dump(), HasSubstr("sensor.program"));
  const Outcome doctor = joulebook({"doctor", "--sysroot", sysroot_, "--json", "-", "--sensor", "tcp://127.0.0.1:1"});
  EXPECT_THAT(doctor.out, HasSubstr("sensor.unreachable"));
}

}  // namespace
}  // namespace joulebook::fakes
