#include "gateway/live_books.h"

#include <gtest/gtest.h>

#include <cmath>

namespace joulebook::gateway {
namespace {

struct Ended {
  RequestBegin begin;
  EndRow end;
};

Quantity joules(double value, Interval own, double level = 1, Tier tier = Tier::measured) {
  Quantity q = Quantity::exact(value, "J");
  q.own = own;
  q.level = level;
  q.tier = tier;
  return q;
}

Ended ended(const std::string& tenant, double joules, std::int64_t tokens) {
  Ended e;
  e.begin.tenant = tenant;
  e.begin.model = "m";
  e.begin.route = "/v1/chat/completions";
  e.end.tokens.answer = tokens;
  Quantity fair = Quantity::exact(joules, "J");
  fair.own = {joules * 0.9, joules * 1.1};
  e.end.fair = fair;
  return e;
}

void add(LiveBooks& books, const Ended& e, std::int64_t second) {
  books.ended(e.begin, e.end, second * 1'000'000'000);
}

const Consumer* find(const LiveState& state, const std::string& kind, const std::string& name) {
  for (const auto& c : state.consumers) {
    if (c.kind == kind && c.name == name) return &c;
  }
  return nullptr;
}

TEST(LiveBooks, AccountsSumToTheMeter) {
  LiveBooks books;
  Settlement s{"gpu:0", {0}, {1}, {100}, {{"request:1", {30}}, {"request:2", {20}}, {"idle.resident", {50}}}};
  books.settled({s, joules(100e-6, {90e-6, 110e-6})});
  Settlement next = s;
  next.begin = {1};
  books.settled({next, joules(100e-6, {90e-6, 110e-6}, 1, Tier::modelled)});
  LiveState state;
  books.fill(state);
  ASSERT_EQ(state.domains.size(), 1U);
  EXPECT_EQ(state.domains[0].meter.count, 200);
  EXPECT_EQ(state.domains[0].accounts.at("request").count, 100);
  EXPECT_EQ(state.domains[0].accounts.at("idle.resident").count, 100);
  EXPECT_EQ(state.domains[0].tier, Tier::modelled);
  EXPECT_DOUBLE_EQ(state.domains[0].within.hi, 220e-6);
  EXPECT_DOUBLE_EQ(state.domains[0].level, 1);
}

TEST(LiveBooks, CountsEachRequestOnceInEachKind) {
  LiveBooks books;
  add(books, ended("a", 10, 5), 0);
  add(books, ended("b", 30, 10), 1);
  auto lost = ended("a", 0, 7);
  lost.end.void_reason = Reason{"sensor.reset", "m", "c"};
  lost.end.fair = Figure::absent(*lost.end.void_reason, 4.0);
  add(books, lost, 2);
  LiveState state;
  books.fill(state);
  EXPECT_EQ(state.final_, 2U);
  EXPECT_EQ(state.void_, 1U);
  const Consumer* a = find(state, "tenant", "a");
  ASSERT_NE(a, nullptr);
  EXPECT_EQ(a->requests, 2U);
  EXPECT_EQ(a->voided, 1U);
  EXPECT_EQ(a->fair->count, 10'000'000);
  EXPECT_DOUBLE_EQ(a->within.lo, 9 + 4);
  EXPECT_TRUE(std::isinf(a->within.hi));
  EXPECT_DOUBLE_EQ(a->joules_per_token, 2);
  EXPECT_EQ(find(state, "model", "m")->fair->count, 40'000'000);
}

TEST(LiveBooks, AClientCannotMakeItGrow) {
  LiveBooks books;
  for (int i = 0; i < 5000; ++i) add(books, ended(std::to_string(i), 1, 1), i);
  LiveState state;
  books.fill(state);
  EXPECT_EQ(state.consumers.size(), LiveBooks::kMostNames + 1 + 2);
  EXPECT_EQ(find(state, "tenant", "(other)")->requests, 5000 - LiveBooks::kMostNames);
}

TEST(LiveBooks, AReadingOfTheSameSecondTakesTheOldersPlace) {
  LiveBooks books;
  books.point({.utc_ms = 1000, .watts = 5});
  books.point({.utc_ms = 3000, .watts = 6});
  books.point({.utc_ms = 2000, .watts = 7});
  books.point({.utc_ms = 1000, .watts = 8});
  LiveState state;
  books.fill(state);
  ASSERT_EQ(state.points.size(), 3U);
  EXPECT_EQ(state.points[0].watts, 8);
  EXPECT_EQ(state.points[1].watts, 7);
  EXPECT_EQ(state.points[2].watts, 6);
}

// Ten minutes of seconds are full of what an hour's step back made later than now: it is now that stays.
TEST(LiveBooks, AClockThatIsSetBackTakesNoSecondAway) {
  LiveBooks books;
  constexpr std::int64_t kHour = 3'600'000;
  for (std::int64_t s = 1; s <= 700; ++s) books.point({.utc_ms = kHour + 1000 * s, .watts = 1});
  for (std::int64_t s = 701; s <= 720; ++s) books.point({.utc_ms = 1000 * s, .watts = 2});
  LiveState state;
  books.fill(state);
  EXPECT_EQ(state.points.size(), 20U);
  EXPECT_EQ(state.points.back().utc_ms, 720'000);
  EXPECT_EQ(state.points.back().watts, 2);
}

TEST(LiveBooks, FirstTokensFallIntoTheirBuckets) {
  LiveBooks books;
  for (const double s : {0.0005, 0.001, 0.3, 20.0}) books.first_token(s);
  LiveState state;
  books.fill(state);
  ASSERT_EQ(state.ttft_counts.size(), state.ttft_s_bounds.size() + 1);
  EXPECT_EQ(state.ttft_counts.front(), 2U);
  EXPECT_EQ(state.ttft_counts.back(), 1U);
  EXPECT_DOUBLE_EQ(state.ttft_sum_s, 20.3015);
}

// The observer's joules stand beside the accounts, with all of the meter's error; none are no zero.
TEST(LiveBooks, WhatJoulebookItselfTookIsAQuantityOrAnAbsence) {
  LiveBooks books;
  LiveState state;
  books.fill(state);
  ASSERT_FALSE(state.self_energy.present());
  EXPECT_EQ(state.self_energy.reason->code, "self.unknown");
  const Settlement settlement{
      "package:0", {0}, {1}, {100'000'000}, {{"self", {3'000'000}}, {"unattributed", {97'000'000}}}};
  books.settled({settlement, joules(100, {98, 104})});
  books.self_cpu(0.25);
  LiveState later;
  books.fill(later);
  ASSERT_TRUE(later.self_energy.present());
  EXPECT_DOUBLE_EQ(*later.self_energy.value, 3);
  EXPECT_DOUBLE_EQ(later.self_energy.own.lo, 1);
  EXPECT_DOUBLE_EQ(later.self_energy.own.hi, 7);
  EXPECT_EQ(later.self_energy.tier, Tier::apportioned);
  EXPECT_EQ(later.self_energy.boundary, "package");
  EXPECT_DOUBLE_EQ(later.self_cpu_s, 0.25);
}

}  // namespace
}  // namespace joulebook::gateway
