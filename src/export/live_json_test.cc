#include "export/live_json.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>

#include "export/live_metrics.h"
#include "fakes/sample_live.h"

namespace joulebook {
namespace {

using gateway::Consumer;
using gateway::LiveState;

TEST(LiveJson, AccountsSumToTheMeterAndEnergiesAreQuantities) {
  const Json live = live_json(fakes::sample_live());
  ASSERT_EQ(live["domains"].items().size(), 3U);
  for (const auto& d : live["domains"].items()) {
    std::int64_t sum = 0;
    for (const auto& [account, amount] : d["accounts_uj"].members()) sum += amount.as_int();
    EXPECT_EQ(sum, d["meter_uj"].as_int());
    const auto q = quantity_from_json(d["energy"]);
    ASSERT_TRUE(q) << q.error().message;
    EXPECT_NEAR(*q->value, static_cast<double>(sum) * 1e-6, 1e-6);
    EXPECT_LT(q->interval().lo, *q->value);
    EXPECT_GT(q->interval().hi, *q->value);
  }
  for (const auto& c : live["consumers"].items()) {
    ASSERT_TRUE(quantity_from_json(c["energy"])) << c.dump();
    // A share of a modelled domain's joules is modelled.
    EXPECT_EQ(c["energy"]["tier"].as_string(), "modelled");
  }
}

TEST(LiveJson, WhatIsNotThereHasAReasonAndNeverAZero) {
  const Json live = live_json(fakes::sample_live_unmetered());
  EXPECT_TRUE(live["domains"].items().empty());
  EXPECT_EQ(live["absences"].at(0)["code"].as_string(), "sensor.none");
  for (const auto& c : live["consumers"].items()) {
    EXPECT_TRUE(c["energy"]["value"].is_null());
    EXPECT_EQ(c["energy"]["reason"]["code"].as_string(), "sensor.none");
    EXPECT_GT(c["requests"].as_int(), 0);
  }
  EXPECT_TRUE(live["points"]["watts"].at(0).is_null());
  EXPECT_GT(live["points"]["batch"].at(0).as_double(), 0);
  EXPECT_TRUE(live["self"]["energy"]["value"].is_null());
}

TEST(LiveJson, TheTotalIsTheSumOfItsDomainsAndAsSureAsTheLeastOfThem) {
  LiveState state;
  state.boundary = "package+gpu";
  state.domains.push_back({.domain = "package:0", .meter = {2'000'000}, .within = {1.5, 2.25}});
  state.domains.push_back({.domain = "gpu:0", .tier = Tier::modelled, .meter = {3'000'000}, .within = {2, 5}, .level = 0.95});
  const Quantity total = metered_total(state);
  EXPECT_DOUBLE_EQ(*total.value, 5);
  EXPECT_EQ(total.interval(), (Interval{3.5, 7.25}));
  EXPECT_EQ(total.level, 0.95);
  EXPECT_EQ(total.tier, Tier::modelled);
  EXPECT_EQ(total.boundary, "package+gpu");
  EXPECT_EQ(metered_total(fakes::sample_live_unmetered()).reason->code, "sensor.none");
  EXPECT_EQ(metered_total({}).reason->code, "window.none");
}

TEST(LiveJson, AFigureOfUnknownWidthIsUnbounded) {
  LiveState state;
  state.domains.push_back({.domain = "gpu:0", .meter = {5'000'000}});
  const Json energy = live_json(state)["domains"].at(0)["energy"];
  EXPECT_EQ(energy["value"].as_double(), 5);
  EXPECT_EQ(energy["lo"].as_double(-1), 0);
  EXPECT_TRUE(energy["hi"].is_null());
}

TEST(LiveJson, EventsHoldWhatIsNewAndTheMinuteThatMayHaveSettled) {
  LiveState state = fakes::sample_live();
  std::uint64_t cursor = 0;
  const auto points = [&] {
    const std::string event = live_event(state, cursor);
    EXPECT_TRUE(event.starts_with("event: live\ndata: {"));
    EXPECT_TRUE(event.ends_with("}\n\n"));
    EXPECT_EQ(std::count(event.begin(), event.end(), '\n'), 3);
    const auto parsed = parse_json(event.substr(18, event.size() - 20));
    EXPECT_TRUE(parsed);
    return (*parsed)["points"]["utc_ms"].items().size();
  };
  EXPECT_EQ(points(), 600U);
  EXPECT_EQ(points(), 60U);
  state.points.push_back(state.points.back());
  state.points.back().utc_ms += 1000;
  state.now_wall_ns += 1'000'000'000;
  EXPECT_EQ(points(), 61U);
  EXPECT_EQ(points(), 60U);
}

TEST(LiveJson, AReaderKeepsTenMinutesAndTakesWhatWasSettledSince) {
  LiveState state = fakes::sample_live();
  Json kept = live_json(state);
  const std::int64_t last = state.points.back().utc_ms;
  state.points.back().watts = 1234;
  auto next = state.points.back();
  next.utc_ms = last + 1000;
  state.points.push_back(next);
  state.final_ += 5;
  merge_live(kept, live_json(state, last - 60'000));
  const Json& points = kept["points"];
  ASSERT_EQ(points["utc_ms"].items().size(), 600U);
  ASSERT_EQ(points["watts"].items().size(), 600U);
  EXPECT_EQ(points["utc_ms"].at(599).as_int(), last + 1000);
  EXPECT_EQ(points["watts"].at(598).as_double(), 1234);
  EXPECT_EQ(points["watts"].at(0).as_double(), state.points[1].watts);
  EXPECT_EQ(kept["requests"]["final"].as_int(), 14'261);
}

// Set back by an hour, the stream goes on with what is now, and a reader lets go of what would lie an hour ahead.
TEST(LiveJson, AClockThatIsSetBackSilencesNobody) {
  constexpr std::int64_t kHour_ms = 3'600'000;
  LiveState state = fakes::sample_live();
  std::uint64_t cursor = 0;
  Json kept = live_json(state);
  (void)live_event(state, cursor);
  state.now_wall_ns -= kHour_ms * 1'000'000;
  const std::int64_t now = state.points.back().utc_ms - kHour_ms;
  state.points = {state.points.back()};
  state.points.back().utc_ms = now;
  const std::string event = live_event(state, cursor);
  const auto json = parse_json(event.substr(event.find('{')));
  ASSERT_TRUE(json);
  ASSERT_EQ((*json)["points"]["utc_ms"].items().size(), 1U);
  merge_live(kept, *json);
  EXPECT_EQ(kept["points"]["utc_ms"].items().back().as_int(), now);
  EXPECT_EQ(cursor, static_cast<std::uint64_t>(state.now_wall_ns / 1'000'000));
}

struct Sums {
  std::uint64_t requests = 0;
  std::uint64_t voided = 0;
  std::int64_t tokens = 0;
  std::int64_t fair = 0;
  bool operator==(const Sums&) const = default;
};
std::map<std::string, Sums> sums(const std::vector<Consumer>& rows) {
  std::map<std::string, Sums> out;
  for (const auto& c : rows) {
    auto& s = out[c.kind];
    s.requests += c.requests;
    s.voided += c.voided;
    s.tokens += c.prompt_tokens + c.cached_tokens + c.reasoning_tokens + c.answer_tokens;
    s.fair += c.fair.value_or(MicroJoules{}).count;
  }
  return out;
}

RC_GTEST_PROP(BoundedConsumers, NothingIsLostByFoldingAndTheBoundHolds, ()) {
  std::vector<Consumer> rows;
  const auto n = *rc::gen::inRange(0, 40);
  for (int i = 0; i < n; ++i) {
    Consumer c;
    c.kind = *rc::gen::element<std::string>("tenant", "model", "route");
    c.name = *rc::gen::element<std::string>("a", "b", "c", "(other)", std::string(300, 'x'),
                                            std::string(299, 'x') + "y", "\xff", std::to_string(i));
    c.requests = *rc::gen::inRange<std::uint64_t>(0, 100);
    c.voided = c.requests / 3;
    c.answer_tokens = *rc::gen::inRange(0, 1000);
    if (*rc::gen::inRange(0, 3) != 0) c.fair = MicroJoules{*rc::gen::inRange(0, 1'000'000)};
    rows.push_back(c);
  }
  const std::size_t most = *rc::gen::inRange<std::size_t>(1, 6);
  const auto out = bounded_consumers(rows, most);
  RC_ASSERT(sums(out) == sums(rows));
  std::map<std::string, std::map<std::string, int>> names;
  for (const auto& c : out) {
    RC_ASSERT(++names[c.kind][c.name] == 1);
    RC_ASSERT(c.name.size() <= 128U);
  }
  for (const auto& [kind, of] : names) RC_ASSERT(of.size() <= most + 1);
  RC_ASSERT(sums(bounded_consumers(out, most)) == sums(out));
}

}  // namespace
}  // namespace joulebook
