#include "study/settle_run.h"

#include <gtest/gtest.h>

namespace joulebook {
namespace {

Json domain(const char* id, const char* device, std::int64_t micro) {
  return Json::object({{"domain", id}, {"device", device}, {"top_level", true},
                       {"settled_uj", micro}});
}

Json document(const char* kind, Json domains) {
  return Json::object(
      {{"start_ns", 0},
       {"end_ns", 2'000'000'000},
       {"duration_s", 2.0},
       {"domains", std::move(domains)},
       {"cpu", Json::object({{"capacity_s", 4.0}, {"machine_s", 2.0}, {"tree_s", 1.0},
                             {"self_s", 0.1}})},
       {"target", Json::object({{"kind", kind}})},
       {"device_choice",
        Json::object({{"evidence", Json::array({Json::object({{"device", "gpu:a"},
                                                              {"answer", "used"}})})}})},
       {"windows", Json::array()}});
}

std::int64_t amount(const Settlement& s, const std::string& account) {
  std::int64_t sum = 0;
  for (const auto& p : s.postings) sum += p.account == account ? p.amount.count : 0;
  return sum;
}

std::int64_t all(const Settlement& s) {
  std::int64_t sum = 0;
  for (const auto& p : s.postings) sum += p.amount.count;
  return sum;
}

TEST(SettleRun, TheCpuSideGoesByCpuTimeAndAHeldGpuToTheTree) {
  const auto windows = settle_run(document(
      "pids", Json::array({domain("package:0", "cpu", 1'000'001), domain("gpu:0", "gpu:a", 500),
                           domain("gpu:1", "gpu:b", 700)})));
  ASSERT_EQ(windows.size(), 1U);
  const auto& s = windows[0].settlements;
  ASSERT_EQ(s.size(), 3U);
  EXPECT_EQ(amount(s[0], "self"), 50'000);
  EXPECT_EQ(amount(s[0], "other"), 450'000);
  EXPECT_EQ(amount(s[0], "tree"), 500'001);
  EXPECT_EQ(amount(s[1], "tree"), 500);
  EXPECT_EQ(amount(s[2], "unattributed"), 700);
  for (const auto& each : s) EXPECT_EQ(all(each), each.meter.count);
}

TEST(SettleRun, AModelsFloorIsIdleAndTheMachineHasNoTree) {
  Json node = domain("node:0", "node", 100'000'000);
  node.set("idle", Json::object({{"value", 80.0}}));
  const auto windows = settle_run(document("all", Json::array({node})));
  const auto& s = windows.at(0).settlements.at(0);
  EXPECT_EQ(amount(s, "idle"), 80'000'000);
  EXPECT_EQ(amount(s, "self"), 1'000'000);
  EXPECT_EQ(amount(s, "other"), 19'000'000);
  EXPECT_EQ(amount(s, "tree"), 0);
  EXPECT_EQ(all(s), 100'000'000);
}

TEST(SettleRun, LapsArePostedInsteadOfTheWhole) {
  Json run = document("pids", Json::array({domain("package:0", "cpu", 30)}));
  Json windows = Json::array();
  for (const int end : {1, 2}) {
    Json lap = document("pids", Json::array({domain("package:0", "cpu", 10 * end)}));
    lap.set("name", "interval").set("lap", true).set("end_ns", end).set("start_ns", end - 1);
    windows.push(std::move(lap));
  }
  windows.push(Json::object({{"name", "a region"}}));
  run.set("windows", std::move(windows));
  const auto settled = settle_run(run);
  ASSERT_EQ(settled.size(), 2U);
  EXPECT_EQ(settled[0].settlements.at(0).meter.count + settled[1].settlements.at(0).meter.count,
            30);
}

}  // namespace
}  // namespace joulebook
