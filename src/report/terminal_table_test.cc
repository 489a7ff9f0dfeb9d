#include "report/terminal_table.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>

#include "core/text.h"
#include "fakes/golden.h"
#include "fakes/sample_study.h"
#include "report/text_grid.h"

namespace joulebook {
namespace {

// Compares with tests/golden/report/NAME.txt. JOULEBOOK_WRITE_GOLDEN=1 writes it anew.
void expect_golden(const std::string& name, const std::string& text) {
  fakes::expect_golden(std::string(JOULEBOOK_GOLDEN_DIR) + "/" + name + ".txt", text);
}

void expect_fits(const std::string& text, int width) {
  for (const auto line : split(text, '\n')) EXPECT_LE(display_width(line), width) << line;
}

TEST(StudyTable, MatchesItsGolden) {
  const StudyResult study = fakes::sample_study();
  expect_golden("study-100", study_table(study, {100, false}));
  expect_golden("study-60", study_table(study, {60, false}));
}

TEST(StudyTable, FitsEveryWidthAndSaysEveryAbsence) {
  const StudyResult study = fakes::sample_study();
  for (int width : {40, 60, 80, 100, 140}) {
    const std::string text = study_table(study, {width, false});
    expect_fits(text, width);
    EXPECT_NE(text.find("bought.nothing"), std::string::npos);
    EXPECT_NE(text.find("modelled"), std::string::npos);
  }
}

TEST(StudyTable, ColourChangesNothingButColour) {
  std::string coloured = study_table(fakes::sample_study(), {100, true});
  for (auto at = coloured.find('\x1b'); at != std::string::npos; at = coloured.find('\x1b')) {
    coloured.erase(at, coloured.find('m', at) + 1 - at);
  }
  EXPECT_EQ(coloured, study_table(fakes::sample_study(), {100, false}));
}

TEST(AskSummary, MatchesItsGolden) {
  const StudyResult study = fakes::sample_study();
  expect_golden("ask", ask_summary(study.trials.at(1), {80, false}));
}

TEST(AskSummary, AnAbsenceIsExplainedAndNeverZero) {
  TrialRecord trial = fakes::sample_study().trials.at(0);
  const Reason reason{"sensor.none", "no sensor can be read here", "run as root"};
  trial.energy = Quantity::absent("J", reason);
  for (auto& phase : trial.phases) phase.energy = Quantity::absent("J", reason);
  const std::string text = ask_summary(trial, {80, false});
  EXPECT_NE(text.find("No joules can be stated: no sensor can be read here. To cure it: run as"),
            std::string::npos)
      << text;
  EXPECT_EQ(text.find("0 J"), std::string::npos);
}

TEST(PlainLine, IsJoulesOverTenWatts) {
  Quantity q;
  q.value = 31;
  q.own = {28, 35};
  EXPECT_EQ(plain_line(q), "About what a 10 W lamp uses in 3.1 s (between 2.8 s and 3.5 s).");
  EXPECT_EQ(plain_line(Quantity::exact(1200, "J")), "About what a 10 W lamp uses in 2 min 00 s.");
}

Json sample_run() {
  const StudyResult study = fakes::sample_study();
  Json domains = Json::array();
  for (const auto& d : study.whole.domains) {
    Json item = Json::object({{"domain", d.domain}, {"name", d.name}, {"sensor", d.sensor}});
    item.set("energy", to_json(d.energy)).set("mean_power", to_json(d.mean_power));
    item.set("peak_power", to_json(d.peak_power));
    Json contains = Json::array();
    for (const auto& c : d.contains) contains.push(c);
    domains.push(item.set("contains", contains));
  }
  Json run = Json::object({{"domains", domains}, {"duration_s", 84.25}});
  run.set("total", to_json(study.whole.total)).set("self", to_json(study.whole.self));
  run.set("devices", Json::array({"cpu"}));
  return run.set("warnings", Json::array({"no sensor: joules are CPU time times modelled watts"}));
}

TEST(RunTable, MatchesItsGolden) {
  expect_golden("run", run_table(sample_run(), {100, false}));
  expect_fits(run_table(sample_run(), {50, false}), 50);
}

Quantity joules(double value, double lo, double hi, const char* boundary, Tier tier) {
  Quantity q = Quantity::exact(value, "J");
  q.own = {lo, hi};
  q.boundary = boundary;
  q.tier = tier;
  q.method = "by the sensor";
  return q;
}

Json domain_of(const std::string& id, const Quantity& energy, const Quantity& above) {
  Quantity power = energy;
  power.unit = "W";
  power = scaled(power, 0.5);
  return Json::object({{"domain", id},
                       {"energy", to_json(energy)},
                       {"above_idle", to_json(above)},
                       {"mean_power", to_json(power)},
                       {"peak_power", to_json(power)},
                       {"contains", Json::array()},
                       {"top_level", true}});
}

// A server with two workers, attached to on a machine of eight GPUs, of which one computes.
Json attached_run() {
  const auto package = joules(100.2, 99.8, 100.9, "package", Tier::measured);
  const auto board = joules(206, 201, 212, "gpu", Tier::measured);
  Quantity above = joules(183, 170, 197, "package+gpu", Tier::apportioned);
  above.method = "by the sensor, less the power at rest, calibrated 3 days ago";
  Json run = Json::object({{"duration_s", 2.0}, {"start_ns", 0}});
  run.set("domains", Json::array({domain_of("package:0", package, above),
                                  domain_of("gpu:3", board, above)}));
  run.set("total", to_json(joules(306.2, 301, 312, "package+gpu", Tier::measured)));
  run.set("above_idle", to_json(above));
  run.set("tree", to_json(joules(3e-6, 0, 0.029536, "package", Tier::apportioned)));
  run.set("self", to_json(joules(0.12, 0.01, 0.2, "package", Tier::apportioned)));
  run.set("devices", Json::array({"cpu", "gpu:GPU-3"}));
  Json apart = Json::array();
  for (const int i : {0, 1, 2, 4, 5, 6, 7}) {
    apart.push(Json::object({{"device", fmt::format("gpu:GPU-{}", i)},
                             {"domains", Json::array({fmt::format("gpu:{}", i)})},
                             {"energy", to_json(joules(200.0 + i, 195, 210, "gpu", Tier::measured))}}));
  }
  run.set("devices_apart", std::move(apart));
  run.set("device_choice",
          Json::object({{"sentence", "of the GPUs those on which the measured processes hold a context"},
                        {"evidence", Json::array({Json::object({{"device", "gpu:GPU-3"},
                                                                {"answer", "used"},
                                                                {"evidence", "NVML lists process 4712"}})})}}));
  run.set("target",
          Json::object({{"kind", "port"},
                        {"port", 8000},
                        {"processes", Json::array({Json::object({{"pid", 4711},
                                                                 {"name", "server"},
                                                                 {"ended_ns", 1'500'000'000}})})}}));
  return run.set("warnings", Json::array({"sensor.sampled: a gauge of 100 ms sees a quarter of the time"}));
}

TEST(RunTable, AnAttachedRunMatchesItsGoldens) {
  for (const int width : {80, 200}) {
    const std::string text = run_table(attached_run(), {width, false});
    expect_golden(fmt::format("run-attached-{}", width), text);
    expect_fits(text, width);
  }
  Json unknown = attached_run();
  unknown.set("above_idle", to_json(Quantity::absent("J", {"calibration.none", "never", "run `joulebook calibrate`"})));
  const std::string text = run_table(unknown, {80, false});
  EXPECT_NE(text.find("Above idle: not known (calibration.none). Cure: run `joulebook calibrate`."),
            std::string::npos)
      << text;
}

TEST(RunTable, ACommandsOwnShareIsSaid) {
  Json run = sample_run();
  run.set("command", Json::array({"sleep", "1"}));
  run.set("tree", to_json(joules(0.5, 0.4, 0.7, "node", Tier::apportioned)));
  const std::string text = run_table(run, {100, false});
  EXPECT_NE(text.find("The command's share by CPU time: 500 mJ [400–700]"), std::string::npos) << text;
}

TEST(MachineTables, MatchTheirGoldens) {
  const StudyResult study = fakes::sample_study();
  expect_golden("sensors", sensors_table(study.sensors, std::array{ReadCost{std::chrono::microseconds(12), std::chrono::milliseconds(10)}}, {100, false}));
  const std::vector<Finding> findings = {
      {Finding::Level::ok, "clock", {"clock.ok", "CLOCK_MONOTONIC is steady", ""}},
      {Finding::Level::problem,
       "powercap",
       {"sensor.permission", "/sys/class/powercap/intel-rapl:0/energy_uj may not be read",
        "run as root, or: chmod a+r /sys/class/powercap/*/energy_uj"}}};
  expect_golden("doctor", doctor_table(findings, {80, false}));
  const std::vector<RunSummary> runs = {
      {study.id, "study", "forty", "2026-11-23T22:18:00.123Z", 84.2, true,
       to_json(study.whole.total)},
      {"run-20261123T210000-00ff", "run", "sleep 1", "2026-11-23T21:00:00.000Z", 1.002, false,
       to_json(Quantity::absent("J", {"sensor.none", "no sensor", ""}))}};
  expect_golden("list", list_table(runs, {120, false}));
}

TEST(MachineTables, EmptyOnesSayWhatToDo) {
  EXPECT_NE(sensors_table({}, {}, {}).find("joulebook doctor"), std::string::npos);
  EXPECT_NE(list_table({}, {}).find("joulebook study"), std::string::npos);
}

TEST(ProgressLine, ShowsShareAndTimeLeft) {
  const ProgressState half{"direct · logic-2", 48, 160, 72, std::nullopt};
  EXPECT_EQ(progress_line(half, {100, false}),
            "[#######-----------------]  48/160   30 %  1 min 12 s, about 2 min 48 s left  "
            "direct · logic-2");
  EXPECT_EQ(progress_line({"warm-up", 0, 160, 1.5, std::nullopt}, {60, false}),
            "[----------]  0/160    0 %  1.5 s  warm-up");
}

RC_GTEST_PROP(ProgressLine, NeverOverflows, ()) {
  const ProgressState p{"arm · prompt", *rc::gen::inRange<std::int64_t>(0, 500),
                        *rc::gen::inRange<std::int64_t>(0, 400), *rc::gen::inRange(0, 9000) / 7.0,
                        std::nullopt};
  const int width = *rc::gen::inRange(10, 130);
  RC_ASSERT(display_width(progress_line(p, {width, false})) <= width);
}

}  // namespace
}  // namespace joulebook
