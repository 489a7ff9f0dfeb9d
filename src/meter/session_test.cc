#include <gtest/gtest.h>
#include <joulebook/joulebook.h>
#include <joulebook/session.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <thread>
#include <tuple>

#include "core/json.h"
#include "fakes/patience.h"
#include "fakes/power_plant.h"
#include "meter/calibration/store.h"
#include "meter/child.h"
#include "meter/mark_channel.h"

namespace joulebook {
namespace {

using fakes::PowerFunction;
using std::chrono::milliseconds;

std::string fresh_directory() {
  std::string name = testing::TempDir() + "/session-XXXXXX";
  EXPECT_NE(::mkdtemp(name.data()), nullptr);
  return name;
}

// A machine of 80 W package and 5 W DRAM that lives as long as the test.
struct Machine {
  std::string root = fresh_directory();
  fakes::PowerPlant plant{
      root, system_clock().now(),
      fakes::small_server(PowerFunction::constant(80), PowerFunction::constant(5))};
  Machine() { plant.run(system_clock()); }
  ~Machine() {
    plant.stop();
    std::filesystem::remove_all(root);
  }
  [[nodiscard]] SessionOptions options() const {
    SessionOptions o;
    o.sysroot = root;
    o.period = milliseconds(2);
    o.vendor_libraries = false;
    return o;
  }
  // Whether an interval holds so many joules of so many watts. While the machine is busy with other things, the
  // plant may put out what it counted up to an earlier instant: no later by more than it was ever held up.
  [[nodiscard]] bool holds(const Quantity& q, double joules, double watts) const {
    const Interval i = q.interval();
    return i.lo <= joules && joules <= i.hi + watts * plant.longest_pause_s();
  }
};

void wait_for_file(const std::string& path) {
  while (!std::filesystem::exists(path)) std::this_thread::sleep_for(milliseconds(5));
}

// Asks until the total is there: a counter that stands still, since the plant is held up, closes no window.
template <class Ask>
std::string until_present(Ask ask) {
  std::string text;
  fakes::wait_for([&] {
    text = ask();
    const auto total = quantity_from_json((*parse_json(text))["total"]);
    return total && total->present();
  });
  return text;
}

TEST(Session, MeasuresACommandAndReplaysIt) {
  Machine machine;
  const std::string trace = machine.root + "/trace";
  auto options = machine.options();
  options.record = trace;
  std::string live;
  {
    auto session = Session::open(options);
    ASSERT_TRUE(session) << session.error().message;
    ASSERT_TRUE((*session)->begin("region"));
    const auto outcome = (*session)->run({"sh", "-c", "sleep 0.15; exit 3"});
    ASSERT_TRUE((*session)->end("region"));
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->exit_code, 3);
    live = until_present([&] { return *(*session)->report(); });
  }
  const Json run = *parse_json(live);
  const double seconds = run["duration_s"].as_double();
  EXPECT_GE(seconds, 0.15);
  const auto total = quantity_from_json(run["total"]);
  ASSERT_TRUE(total && total->present()) << live;
  EXPECT_TRUE(machine.holds(*total, 85 * seconds, 85)) << live;
  EXPECT_EQ(run["total"]["boundary"].as_string(), "package+dram");
  EXPECT_EQ(run["domains"].items().size(), 2U);
  EXPECT_EQ(run["repeats"].items().size(), 1U);
  EXPECT_EQ(run["windows"].at(0)["name"].as_string(), "region");
  for (const char* member : {"devices", "start_ns", "end_ns", "self", "tree", "cpu", "warnings",
                             "machine", "joulebook", "schema", "per_run"}) {
    EXPECT_TRUE(run.has(member)) << member;
  }
  SessionOptions again;
  again.replay = trace;
  const auto replayed = Session::open(again);
  ASSERT_TRUE(replayed) << replayed.error().message;
  EXPECT_EQ(*(*replayed)->report(), live);
  EXPECT_EQ((*replayed)->run({"true"}).error().code, "run.replay");
  EXPECT_EQ((*replayed)->mark("m").error().code, "run.replay");
}

// As `joulebook calibrate` would have written it for this tree.
void calibrate_as(const std::string& path, const Machine& machine, double package, double dram) {
  Calibration found;
  found.machine = machine_key(*real_files(machine.root));
  found.measured_utc = "2026-11-25T10:00:00.000Z";
  found.measured_ns = system_clock().anchor().wall_ns - 3 * 86'400'000'000'000;
  const Reason none{"calibration.counter", "not here", ""};
  for (const auto& [id, domain, watts] :
       {std::tuple{"powercap:intel-rapl:0", "package:0", package},
        {"powercap:intel-rapl:0:0", "dram:0", dram}}) {
    SensorCalibration s{.id = id, .domain = domain};
    for (Quantity* q : {&s.tick, &s.averaging, &s.lag, &s.duty}) *q = Quantity::absent("s", none);
    s.slope = Quantity::absent("W/K", none);
    s.celsius = Quantity::absent("Cel", none);
    s.idle = Quantity::exact(watts, "W");
    s.idle.own = {0.9 * watts, 1.1 * watts};
    found.sensors.push_back(std::move(s));
  }
  std::filesystem::remove(path);
  ASSERT_TRUE(save_calibration(path, found));
}

// The floors travel in the trace: another calibration on the replaying machine changes nothing, and
// neither do windows, their warnings and marks come out different.
TEST(Session, AReplayAsksNoCalibrationAndGivesEveryWindowToTheLastBit) {
  Machine machine;
  const std::string trace = machine.root + "/trace";
  auto options = machine.options();
  options.record = trace;
  options.calibration = machine.root + "/calibration.json";
  calibrate_as(options.calibration, machine, 30, 2);
  std::string live;
  {
    auto session = Session::open(options);
    ASSERT_TRUE(session) << session.error().message;
    ASSERT_TRUE((*session)->begin("long"));
    ASSERT_TRUE((*session)->begin("too short"));
    ASSERT_TRUE((*session)->end("too short"));
    for (const char* name : {"a", "b"}) {
      std::this_thread::sleep_for(milliseconds(60));
      ASSERT_TRUE((*session)->lap(name));
    }
    ASSERT_TRUE((*session)->mark("m"));
    ASSERT_TRUE((*session)->end("long"));
    live = until_present([&] { return *(*session)->report(); });
  }
  const Json run = *parse_json(live);
  EXPECT_FALSE(run["windows"].at(0)["warnings"].items().empty()) << live;
  const auto above = quantity_from_json(run["above_idle"]);
  ASSERT_TRUE(above && above->present()) << live;
  const double seconds = run["duration_s"].as_double();
  EXPECT_TRUE(machine.holds(*above, 53 * seconds, 85)) << live;
  EXPECT_NE(above->method.find("calibrated 3 days ago"), std::string::npos) << above->method;
  EXPECT_EQ(run["domains"].at(0)["idle"]["value"].as_double(), 30 * seconds);

  calibrate_as(options.calibration, machine, 70, 4);
  ::setenv("JOULEBOOK_CALIBRATION", options.calibration.c_str(), 1);
  SessionOptions again;
  again.replay = trace;
  again.calibration = options.calibration;
  const auto replayed = Session::open(again);
  ::unsetenv("JOULEBOOK_CALIBRATION");
  ASSERT_TRUE(replayed) << replayed.error().message;
  EXPECT_EQ(*(*replayed)->report(), live);
}

TEST(Session, MarksFromInsideTheCommandBecomeWindows) {
  Machine machine;
  auto session = Session::open(machine.options());
  ASSERT_TRUE(session);
  const std::string address = (*session)->mark_address();
  const std::string runs = machine.root + "/runs", marked = machine.root + "/marked";
  std::thread sender([&] {
    wait_for_file(runs);
    EXPECT_TRUE(send_mark(address, "half"));
    fakes::put_file(marked, "");
  });
  ASSERT_TRUE((*session)->run({"sh", "-c", "touch " + runs + "; while [ ! -e " + marked + " ]; do sleep 0.02; done"}));
  sender.join();
  const Json run = *parse_json(*(*session)->report());
  ASSERT_EQ(run["windows"].items().size(), 1U);
  EXPECT_EQ(run["windows"].at(0)["name"].as_string(), "half");
  EXPECT_EQ(run["windows"].at(0)["end_ns"], run["end_ns"]);
}

TEST(Session, RegionsAreCheckedAndTheObserverPays) {
  Machine machine;
  auto session = Session::open(machine.options());
  ASSERT_TRUE(session);
  EXPECT_EQ((*session)->end("x").error().code, "region.not_open");
  EXPECT_EQ((*session)->begin("").error().code, "region.name");
  ASSERT_TRUE((*session)->begin("x"));
  EXPECT_EQ((*session)->begin("x").error().code, "region.open");
  const Json run = *parse_json(*(*session)->report());
  EXPECT_GE(run["cpu"]["self_s"].as_double(-1), 0);
}

TEST(Session, AWindowCanBeAskedForByName) {
  Machine machine;
  const std::string options =
      Json::object({{"sysroot", machine.root}, {"vendor_libraries", false}}).dump();
  joulebook_session* session = joulebook_open(options.c_str());
  ASSERT_NE(session, nullptr) << joulebook_last_error();
  EXPECT_EQ(joulebook_window_json(session, "train"), nullptr);
  EXPECT_EQ((*parse_json(joulebook_last_error()))["code"].as_string(), "region.unknown");
  ASSERT_EQ(joulebook_begin(session, "train"), 0);
  std::this_thread::sleep_for(milliseconds(80));
  ASSERT_EQ(joulebook_end(session, "train"), 0);
  const Json window = *parse_json(until_present([&] {
    char* text = joulebook_window_json(session, "train");
    if (text == nullptr) return std::string(joulebook_last_error());
    std::string out = text;
    joulebook_free_string(text);
    return out;
  }));
  EXPECT_EQ(window["name"].as_string(), "train");
  const auto total = quantity_from_json(window["total"]);
  ASSERT_TRUE(total && total->present()) << window.dump(1);
  EXPECT_TRUE(machine.holds(*total, 85 * window["duration_s"].as_double(), 85));
  EXPECT_EQ(window["devices"].at(0).as_string(), "cpu");
  joulebook_close(session);
}

TEST(Session, LapsTileTheRun) {
  Machine machine;
  auto session = Session::open(machine.options());
  ASSERT_TRUE(session);
  for (const char* name : {"a", "b", "c"}) {
    std::this_thread::sleep_for(milliseconds(20));
    ASSERT_TRUE((*session)->lap(name));
  }
  const Json run = *parse_json(*(*session)->report());
  ASSERT_EQ(run["windows"].items().size(), 3U);
  std::int64_t edge = run["start_ns"].as_int();
  for (const auto& lap : run["windows"].items()) {
    EXPECT_EQ(lap["start_ns"].as_int(), edge);
    edge = lap["end_ns"].as_int();
  }
  EXPECT_EQ(run["end_ns"].as_int(), edge);
}

TEST(Session, WithoutAnySensorEveryEnergyIsAnAbsence) {
  const std::string root = fresh_directory();
  SessionOptions options;
  options.sysroot = root;
  options.vendor_libraries = false;
  options.machine_model = false;
  auto session = Session::open(options);
  ASSERT_TRUE(session);
  const Json run = *parse_json(*(*session)->report());
  EXPECT_TRUE(run["total"]["value"].is_null());
  EXPECT_EQ(run["total"]["reason"]["code"].as_string(), "sensor.none");
  std::filesystem::remove_all(root);
}

TEST(Child, PassesExitCodesOn) {
  const auto code = [](std::vector<std::string> argv) {
    return run_child(argv, {}, {})->exit_code;
  };
  EXPECT_EQ(code({"true"}), 0);
  EXPECT_EQ(code({"sh", "-c", "exit 42"}), 42);
  EXPECT_EQ(code({"sh", "-c", "kill -9 $$"}), 137);
  EXPECT_EQ(code({"/no/such/command"}), 127);
  EXPECT_EQ(code({testing::TempDir()}), 126);
  EXPECT_EQ(run_child({}, {}, {}).error().code, "run.no_command");
  EXPECT_FALSE(run_child({"/no/such/command"}, {}, {})->started);
  EXPECT_FALSE(run_child({"/no/such/command"}, {}, {})->problem.empty());
}

TEST(Child, ForwardsSignalsAndGivesItsEnvironment) {
  ChildHooks hooks;
  std::thread killer;
  const pid_t self = ::getpid();
  const std::string folder = fresh_directory(), listens = folder + "/listens";
  hooks.ready = [&](int) {
    killer = std::thread([self, listens] {
      wait_for_file(listens);
      ::kill(self, SIGTERM);
    });
  };
  const auto outcome = run_child({"sh", "-c",
                                  "trap 'exit 9' TERM; touch " + listens + "; test \"$A\" = b || exit 1; "
                                  "while :; do sleep 0.02; done"},
                                 {}, hooks, {{"A", "b"}});
  killer.join();
  std::filesystem::remove_all(folder);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->exit_code, 9);
}

TEST(Mark, DatagramsAreBoundedAndChecked) {
  EXPECT_EQ(parse_mark("JBMARK1 123 a b")->name, "a b");
  EXPECT_EQ(parse_mark("JBMARK1 123 a b")->at.ns, 123);
  for (const char* bad : {"", "JBMARK1", "JBMARK1 x name", "JBMARK1 12 ", "JBMARK2 12 a"}) {
    EXPECT_FALSE(parse_mark(bad)) << bad;
  }
  EXPECT_FALSE(parse_mark("JBMARK1 1 " + std::string(kMarkBytes, 'x')));
  EXPECT_EQ(send_mark("", "x").error().code, "mark.nobody");
  EXPECT_EQ(send_mark("/nowhere", "").error().code, "mark.name");
  EXPECT_EQ(send_mark("/nowhere", "x").error().code, "mark.send");
}

TEST(CApi, MeasuresAndReports) {
  Machine machine;
  EXPECT_EQ(joulebook_abi_version(), JOULEBOOK_ABI_VERSION);
  const Json options =
      Json::object({{"sysroot", machine.root}, {"period_ms", 2}, {"vendor_libraries", false}});
  joulebook_session* session = joulebook_open(options.dump().c_str());
  ASSERT_NE(session, nullptr) << joulebook_last_error();
  const char* const argv[] = {"sh", "-c", "exit 5"};
  char* outcome = nullptr;
  EXPECT_EQ(joulebook_run(session, 3, argv, 1, &outcome), 0);
  EXPECT_EQ((*parse_json(outcome))["exit_code"].as_int(), 5);
  joulebook_free_string(outcome);
  char* report = joulebook_report_json(session);
  ASSERT_NE(report, nullptr);
  EXPECT_EQ((*parse_json(report))["schema"].as_string(), "joulebook.run/1");
  joulebook_free_string(report);
  char* sensors = joulebook_sensors_json(session);
  const Json listed = (*parse_json(sensors))["sensors"];
  EXPECT_EQ(listed.items().size(), 2U);
  for (const auto& sensor : listed.items()) {
    EXPECT_EQ(sensor["read"]["by"].as_string(), "meter") << sensor.dump();
    EXPECT_GT(sensor["read"]["cpu_s"].as_double(), 0);
    EXPECT_GE(sensor["read"]["interval_s"].as_double(), 2e-3);
  }
  joulebook_free_string(sensors);
  EXPECT_EQ(joulebook_end(session, "never"), 2);
  EXPECT_NE(std::string(joulebook_last_error()).find("region.not_open"), std::string::npos);
  EXPECT_EQ(joulebook_begin(nullptr, "x"), 2);
  joulebook_close(session);
  EXPECT_EQ(joulebook_open("{\"sysrot\": 1}"), nullptr);
  EXPECT_NE(std::string(joulebook_last_error()).find("sysroot"), std::string::npos);
  EXPECT_EQ(joulebook_open("{"), nullptr);
}

// "meters" are what --sensor names.
TEST(CApi, ReadsMetersOutside) {
  Machine machine;
  const auto options = [&](const char* spec) {
    Json meters = Json::array();
    meters.push(spec);
    return Json::object({{"sysroot", machine.root}, {"vendor_libraries", false}, {"meters", std::move(meters)}}).dump();
  };
  joulebook_session* session = joulebook_open(
      options("exec:sh -c 'echo joulebook-meter 1; echo unit W; echo domain wall:4; echo tick 20ms; "
              "while :; do echo 12.5; sleep 0.02; done'")
          .c_str());
  ASSERT_NE(session, nullptr) << joulebook_last_error();
  const char* const argv[] = {"sleep", "0.3"};
  EXPECT_EQ(joulebook_run(session, 2, argv, 1, nullptr), 0);
  char* text = joulebook_report_json(session);
  ASSERT_NE(text, nullptr);
  const Json report = *parse_json(text);
  joulebook_free_string(text);
  joulebook_close(session);
  bool seen = false;
  for (const Json& domain : report["domains"].items()) {
    if (domain["domain"].as_string() != "wall:4") continue;
    seen = true;
    EXPECT_NEAR(domain["energy"]["value"].as_double(), 12.5 * report["duration_s"].as_double(), 0.05);
  }
  EXPECT_TRUE(seen) << report.dump(1);
  EXPECT_EQ(joulebook_open(options("shely://plug").c_str()), nullptr);
  EXPECT_NE(std::string(joulebook_last_error()).find("shelly"), std::string::npos);
}

}  // namespace
}  // namespace joulebook
