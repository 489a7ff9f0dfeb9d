#include "report/interval_rows.h"

#include <gtest/gtest.h>

#include "core/text.h"
#include "report/text_grid.h"

namespace joulebook {
namespace {

Json energy(double joules) { return Json::object({{"energy", Json::object({{"value", joules}})}}); }

Json domain(const std::string& id, double joules) {
  return energy(joules).set("domain", id).set("top_level", true);
}

// Two seconds of a package, of `gpus` GPUs, and of one core inside the package.
Json window(int gpus) {
  Json domains = Json::array();
  domains.push(domain("package:0", 100));
  domains.push(energy(60).set("domain", "core:0").set("top_level", false));
  for (int i = 0; i < gpus; ++i) domains.push(domain("gpu:" + std::to_string(i), 200));
  return Json::object(
      {{"start_ns", 5'000'000'000},
       {"end_ns", 7'000'000'000},
       {"duration_s", 2.0},
       {"domains", std::move(domains)},
       {"total", Json::object({{"value", 300.0}})},
       {"tree", Json::object({{"value", Json()},
                              {"reason", Json::object({{"code", "cpu.unknown"}})}})},
       {"cpu", Json::object({{"tree_s", 3.0}, {"machine_s", 4.0}, {"capacity_s", 8.0}})}});
}

TEST(IntervalRows, APipeGetsTabsAndBareNumbers) {
  const IntervalRows rows(window(1), 5'000'000'000, false, {80, false});
  EXPECT_EQ(rows.head(), "time s\tpackage:0 W\tgpu:0 W\ttotal J\ttree J\tCPU %\n");
  EXPECT_EQ(rows.row(window(1)), "2.000\t50.00\t100.00\t300.000\t(unknown)\t150.0\n");
}

TEST(IntervalRows, OfTheWholeMachineThereIsNoTree) {
  Json all = window(1);
  all.set("cpu", Json::object({{"tree_s", Json()}, {"machine_s", 4.0}, {"capacity_s", 8.0}}));
  const IntervalRows rows(all, 5'000'000'000, false, {80, false});
  EXPECT_EQ(rows.head(), "time s\tpackage:0 W\tgpu:0 W\ttotal J\tCPU %\n");
  EXPECT_EQ(rows.row(all), "2.000\t50.00\t100.00\t300.000\t50.0\n");
}

TEST(IntervalRows, ATerminalGetsColumnsThatFit) {
  const IntervalRows rows(window(1), 5'000'000'000, true, {80, false});
  EXPECT_EQ(rows.head(), "   time s package:0 W   gpu:0 W   total J    tree J     CPU %\n");
  EXPECT_EQ(rows.row(window(1)), "    2.000       50.00    100.00   300.000 (unknown)     150.0\n");
  const IntervalRows many(window(8), 5'000'000'000, true, {80, false});
  EXPECT_EQ(many.head(), "   time s package W   gpu×8 W   total J    tree J     CPU %\n");
  EXPECT_EQ(many.row(window(8)), "    2.000     50.00    800.00   300.000 (unknown)     150.0\n");
  const IntervalRows narrow(window(8), 5'000'000'000, true, {52, false});
  EXPECT_NE(narrow.head().find("total W"), std::string::npos);
  const IntervalRows wide(window(8), 5'000'000'000, true, {200, false});
  EXPECT_NE(wide.head().find("gpu:7 W"), std::string::npos);
  for (const auto* each : {&rows, &many}) {
    EXPECT_LE(display_width(trim(each->head())), 80);
  }
}

TEST(IntervalRows, AnAbsenceIsAWordAndNeverZero) {
  Json broken = window(1);
  Json domains = Json::array();
  domains.push(Json::object(
      {{"domain", "package:0"},
       {"top_level", true},
       {"energy", Json::object({{"value", Json()},
                                {"reason", Json::object({{"code", "sensor.reset"}})}})}}));
  broken.set("domains", std::move(domains));
  const IntervalRows rows(window(0), 5'000'000'000, false, {80, false});
  EXPECT_EQ(rows.row(broken), "2.000\t(reset)\t300.000\t(unknown)\t150.0\n");
}

}  // namespace
}  // namespace joulebook
