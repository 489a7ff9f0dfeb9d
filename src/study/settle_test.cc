#include "study/settle.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <numeric>

namespace joulebook {
namespace {

WindowEnergy window_of(std::string domain, std::int64_t micro, CpuShare cpu) {
  WindowEnergy w;
  w.window = {"w", {0}, {2'000'000'000}};
  w.cpu = cpu;
  DomainEnergy d;
  d.domain = std::move(domain);
  d.top_level = true;
  d.settled = MicroJoules{micro};
  d.energy = Quantity::exact(to_joules({micro}).value(), "J");
  w.domains = {d};
  w.total = d.energy;
  return w;
}

std::int64_t amount(const Settlement& s, const std::string& account) {
  for (const auto& p : s.postings) {
    if (p.account == account) return p.amount.count;
  }
  return 0;
}

TEST(Settle, FloorThenSelfAndOthersThenTheRequest) {
  const auto w = window_of("package:0", 100'000'000, {4, 2.0, 1.5, 0.1});
  const auto s = settle_window(w, {"idle.resident", {{"package:0", 30}}}, "request:x");
  ASSERT_EQ(s.size(), 1U);
  EXPECT_EQ(amount(s[0], "idle.resident"), 60'000'000);
  EXPECT_NEAR(static_cast<double>(amount(s[0], "self")), 40e6 * 0.05, 1);
  EXPECT_NEAR(static_cast<double>(amount(s[0], "other")), 40e6 * 0.25, 1);
  EXPECT_NEAR(static_cast<double>(amount(s[0], "request:x")), 40e6 * 0.7, 2);
  EXPECT_EQ(amount(s[0], "unattributed"), 0);
}

TEST(Settle, WhatCannotBeSplitIsUnattributed) {
  const CpuShare cpu{4, 2.0, 1.5, 0.1};
  const Floors floors{"idle.resident", {{"package:0", 30}, {"gpu:0", 10}}};
  const auto no_floor = settle_window(window_of("package:0", 9, cpu), {}, "request:x");
  EXPECT_EQ(amount(no_floor[0], "unattributed"), 9);
  const auto no_cpu = settle_window(window_of("package:0", 100'000'000, {}), floors, "request:x");
  EXPECT_EQ(amount(no_cpu[0], "unattributed"), 40'000'000);
  const auto gpu = settle_window(window_of("gpu:0", 100'000'000, {}), floors, "request:x");
  EXPECT_EQ(amount(gpu[0], "request:x"), 80'000'000);
  const auto no_work = settle_window(window_of("gpu:0", 100'000'000, {}), floors, "");
  EXPECT_EQ(amount(no_work[0], "unattributed"), 80'000'000);
}

TEST(Settle, OnAMachineThatDoesNothingElseTheWorkTakesWhatIsAboveTheFloor) {
  const Floors floors{"idle.resident", {{"package:0", 30}}};
  SplitRule rule;
  rule.alone = true;
  const auto unseen = settle_window(window_of("package:0", 100'000'000, {}), floors, "w", rule);
  EXPECT_EQ(amount(unseen[0], "w"), 40'000'000);
  EXPECT_EQ(amount(unseen[0], "unattributed"), 0);
  const auto seen = settle_window(window_of("package:0", 100'000'000, {4, 2.0, 1.5, 0.1}), floors, "w", rule);
  EXPECT_NEAR(static_cast<double>(amount(seen[0], "other")), 40e6 * 0.25, 1);
}

TEST(Settle, NestedAndUnreadDomainsAreNotPosted) {
  auto w = window_of("package:0", 10, {});
  w.domains.push_back(w.domains[0]);
  w.domains[1].domain = "core:0";
  w.domains[1].top_level = false;
  w.domains.push_back(w.domains[0]);
  w.domains[2].domain = "dram:0";
  w.domains[2].settled.reset();
  EXPECT_EQ(settle_whole(w, "idle.bare").size(), 1U);
}

RC_GTEST_PROP(Settle, AccountsSumToTheMeterAndNoneIsNegative, ()) {
  const auto micro = *rc::gen::inRange<std::int64_t>(0, 1'000'000'000'000);
  const double watts = *rc::gen::inRange(0, 1'000'000) * 0.37;
  const auto second = [] { return *rc::gen::inRange(-1, 2000) * 1e-3; };
  const CpuShare cpu{4, second(), second(), second()};
  const auto settled =
      settle_window(window_of("package:0", micro, cpu), {"idle.bare", {{"package:0", watts}}}, "w");
  std::int64_t sum = 0;
  for (const auto& p : settled.at(0).postings) {
    RC_ASSERT(p.amount.count > 0);
    sum += p.amount.count;
  }
  RC_ASSERT(sum == micro);
}

}  // namespace
}  // namespace joulebook
