#include "load/request_energy.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "load/load_result.h"

namespace joulebook::load {
namespace {

Quantity share(double joules, double own) {
  Quantity q = Quantity::exact(joules, "J");
  q.own = {joules - own, joules + own};
  q.level = 0.95;
  q.tier = Tier::apportioned;
  q.boundary = "gpu";
  q.per = "request";
  return q;
}

RequestRecord record(int n, std::int64_t output, double e2e_s) {
  RequestRecord r;
  r.energy_id = "jb-" + std::to_string(n);
  r.counts.prompt = 10;
  r.counts.output = output;
  r.end = {static_cast<std::int64_t>(e2e_s * 1e9)};
  return r;
}

Repeat repeat_over(std::size_t windows) {
  Repeat out;
  out.flow.first_window = 0;
  out.flow.last_window = windows;
  out.figures.gross.per_good_request = Quantity::absent("J", {"load.no_objective", "no objective was set", ""});
  return out;
}

TEST(RequestEnergy, DividesWhatTheGatewaySettledByRequestsTokensAndGoodOnes) {
  LoadPlan plan;
  plan.slo.e2e = 2;
  AskedRequests asked;
  asked.add(record(0, 100, 1), 0, plan.slo);
  asked.add(record(1, 50, 3), 0, plan.slo);   // late
  asked.add(record(2, 150, 1), 1, plan.slo);
  asked.add(record(3, 10, 1), 2, plan.slo);   // due after the span
  asked.add(record(4, 10, 1), -1, plan.slo);  // to warm up
  RequestRecord failed = record(5, 0, 1);
  failed.error = "http.500";
  asked.add(failed, 1, plan.slo);
  RequestRecord unknown = record(6, 10, 1);
  unknown.energy_id.clear();
  asked.add(unknown, 0, plan.slo);
  Repeat repeat = repeat_over(2);
  std::vector<std::string> ids;
  add_request_energies(repeat, plan, asked, [&](const std::vector<std::string>& given) {
    ids = given;
    return std::vector{share(10, 1), share(20, 1), share(30, 1), share(4, 1)};
  });
  EXPECT_EQ(ids, (std::vector<std::string>{"jb-0", "jb-1", "jb-2", "jb-5"}));
  const EnergyFigures& e = repeat.figures.by_request;
  EXPECT_DOUBLE_EQ(e.total.value.value(), 60);
  EXPECT_DOUBLE_EQ(e.per_request.value.value(), 20);
  EXPECT_DOUBLE_EQ(e.per_output_token.value.value(), 0.2);
  EXPECT_DOUBLE_EQ(e.per_total_token.value.value(), 60.0 / 330);
  EXPECT_DOUBLE_EQ(e.per_good_request.value.value(), 32);  // two good ones pay for the late and the failed
  EXPECT_EQ(e.per_request.boundary, "gpu");
  EXPECT_EQ(e.per_request.tier, Tier::apportioned);
  EXPECT_DOUBLE_EQ(repeat.figures.request_spread.p50.value.value(), 20);
  EXPECT_DOUBLE_EQ(repeat.figures.request_spread.most.value.value(), 30);
  // Of three draws with deviation 10: t(0.975, 2) = 4.303, so 24.8; the shares' own error is little beside it.
  EXPECT_NEAR(e.per_request.interval().hi, 20 + 24.85, 0.1);
  EXPECT_DOUBLE_EQ(e.per_request.interval().lo, 0);
}

TEST(RequestEnergy, WhatIsVoidIsCountedAndLeftOut) {
  AskedRequests asked;
  for (int i = 0; i < 3; ++i) asked.add(record(i, 10, 1), 0, {});
  Repeat repeat = repeat_over(1);
  add_request_energies(repeat, {}, asked, [](const auto&) {
    return std::vector{share(10, 1), Quantity::absent("J", {"window.gap", "a gap", "-"}), share(12, 1)};
  });
  EXPECT_EQ(repeat.by_request->asked, 3);
  EXPECT_EQ(repeat.by_request->settled, 2);
  EXPECT_EQ(repeat.by_request->without.at("window.gap"), 1);
  EXPECT_DOUBLE_EQ(repeat.figures.by_request.per_request.value.value(), 11);
  EXPECT_EQ(repeat.figures.by_request.per_good_request.reason->code, "load.no_objective");

  Repeat none = repeat_over(1);
  add_request_energies(none, {}, asked, [](const auto& ids) {
    return std::vector<Quantity>(ids.size(), Quantity::absent("J", {"meter.elsewhere", "far", "-"}));
  });
  EXPECT_EQ(none.figures.by_request.per_request.reason->code, "meter.elsewhere");
  EXPECT_EQ(none.figures.request_spread.p99.reason->code, "meter.elsewhere");
}

// Where no gateway of ours is there, the result is what it was.
TEST(RequestEnergy, AnotherEndpointChangesNothing) {
  AskedRequests asked;
  asked.add(record(0, 10, 1), 0, {});
  Repeat repeat = repeat_over(1);
  add_request_energies(repeat, {}, asked, nullptr);
  EXPECT_FALSE(repeat.by_request);
  add_request_energies(repeat, {}, asked, [](const auto&) { return std::vector<Quantity>(); });
  EXPECT_FALSE(repeat.by_request);
  add_request_energies(repeat, {}, AskedRequests(), [](const auto&) -> std::vector<Quantity> { throw 0; });
  EXPECT_FALSE(repeat.by_request);
  LoadResult result;
  result.points.push_back({{}, {repeat}, repeat.figures});
  EXPECT_EQ(to_json(result).dump().find("by_request"), std::string::npos);
}

// The mean times the number is the sum, and lies in its interval, whatever the shares.
RC_GTEST_PROP(RequestEnergy, TheMeanIsTheSumDivided, ()) {
  const auto joules = *rc::gen::nonEmpty(rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 100'000)));
  AskedRequests asked;
  std::vector<Quantity> shares;
  double sum = 0;
  for (std::size_t i = 0; i < joules.size(); ++i) {
    asked.add(record(static_cast<int>(i), 7, 1), 0, {});
    shares.push_back(share(joules[i], 0.5));
    sum += joules[i];
  }
  Repeat repeat = repeat_over(1);
  add_request_energies(repeat, {}, asked, [&](const auto&) { return shares; });
  const Quantity& mean = repeat.figures.by_request.per_request;
  RC_ASSERT(std::abs(*mean.value * static_cast<double>(joules.size()) - sum) <= 1e-9 * (1 + sum));
  RC_ASSERT(mean.interval().lo <= *mean.value && *mean.value <= mean.interval().hi);
  RC_ASSERT(*repeat.figures.request_spread.p50.value <= *repeat.figures.request_spread.most.value);
}

// However many there were, few are kept and fewer asked about, from all over the span.
TEST(RequestEnergy, ManyAreDrawnEvenly) {
  AskedRequests asked;
  for (int i = 0; i < 200'000; ++i) asked.add(record(i, 10, 1), i / 1000, {});
  const auto drawn = asked.due_in(0, 200);
  ASSERT_EQ(drawn.size(), AskedRequests::kMostAsked);
  int first_half = 0;
  for (const auto& r : drawn) first_half += r.window < 100 ? 1 : 0;
  EXPECT_NEAR(first_half, 1000, 150);  // of 2,000 draws the deviation is 22
  EXPECT_LT(asked.due_in(0, 1).size(), 300U);
}

}  // namespace
}  // namespace joulebook::load
