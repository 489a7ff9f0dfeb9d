#include "load/figures.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <set>

namespace joulebook::load {
namespace {

constexpr SteadyTime kStart{1'000'000'000'000};

// A span of `seconds` in which each of `answered` requests took 2 s and gave `tokens`.
Flow flow_of(double seconds, std::int64_t answered, std::int64_t tokens, bool steady = true) {
  Flow flow;
  Window& span = flow.span;
  span.begin = kStart;
  span.end = kStart + nanos(seconds);
  span.answered = span.ended_well = span.due = answered;
  span.good = span.kept_slo = answered / 2;
  span.pieces = answered * tokens;
  span.input_tokens = answered * 100;
  flow.tokens_per_answer = static_cast<double>(tokens);
  span.in_flight_s = 2.0 * static_cast<double>(answered);
  span.residence_s = span.in_flight_s;
  flow.verdict.steadiness = steady ? Steadiness::steady : Steadiness::unsteady;
  if (!steady) flow.verdict.why = "latency differs by 50 % between three windows";
  flow.beats.begin(kStart, nanos(seconds / 12));
  for (int i = 0; i < 12; ++i) {
    flow.beats.add(kStart + nanos(seconds / 12 * (i + 0.5)), answered * tokens / 12);
  }
  return flow;
}

// A meter of constant or climbing power.
EnergyOf meter_of(double watts, double climb = 0) {
  return [=](SteadyTime begin, SteadyTime end) {
    const double a = Seconds(begin - kStart).count();
    const double b = Seconds(end - kStart).count();
    WindowEnergy out;
    const double joules = watts * (b - a) + climb * (b * b - a * a) / 2;
    out.total = Quantity::exact(joules, "J");
    out.total.own = {joules * 0.99, joules * 1.01};
    out.total.shared = {{"gain", 0.9, 1.1}};
    out.total.boundary = "package";
    out.above_idle = out.tree = out.total;
    return out;
  };
}

LoadPlan plan_with_slo() {
  LoadPlan plan;
  plan.slo.ttft = 1;
  return plan;
}

TEST(Figures, JoulesAreDividedByWhatWasDone) {
  const Repeat r = repeat_of(flow_of(60, 120, 50), plan_with_slo(), meter_of(100), {});
  EXPECT_EQ(*r.figures.gross.total.value, 6000);
  EXPECT_EQ(*r.figures.gross.per_request.value, 50);
  EXPECT_EQ(*r.figures.gross.per_output_token.value, 1);
  EXPECT_NEAR(*r.figures.gross.per_total_token.value, 6000.0 / (120 * 150), 1e-12);
  EXPECT_EQ(*r.figures.gross.per_good_request.value, 100);
  EXPECT_EQ(*r.figures.power.value, 100);
  EXPECT_EQ(r.figures.gross.per_output_token.per, "output token");
  EXPECT_EQ(*r.figures.in_flight.value, 4);
  EXPECT_EQ(*r.figures.in_flight_little.value, 4);
  EXPECT_EQ(*r.figures.output_per_s.value, 100);
  EXPECT_EQ(*r.figures.good_share.value, 0.5);
  EXPECT_EQ(r.flow.verdict.steadiness, Steadiness::steady);
}

TEST(Figures, WithoutAMeterOrAnObjectiveThereAreReasons) {
  LoadPlan plan;
  const Reason far{"engine.remote", "elsewhere", "run it there"};
  const Repeat r = repeat_of(flow_of(60, 120, 50), plan, {}, far);
  EXPECT_EQ(r.figures.gross.per_output_token.reason->code, "engine.remote");
  EXPECT_EQ(r.figures.gross.per_good_request.reason->code, "load.no_objective");
  EXPECT_EQ(r.figures.goodput.reason->code, "load.no_objective");
  EXPECT_EQ(r.figures.ttft.p50.reason->code, "load.none_seen");
}

TEST(Figures, ADriftOfJoulesPerTokenIsNotSteady) {
  // From 100 W to 160 W over the span, at one rate of tokens.
  const Repeat r = repeat_of(flow_of(60, 120, 48), plan_with_slo(), meter_of(100, 1), {});
  EXPECT_EQ(r.flow.verdict.steadiness, Steadiness::unsteady);
  const LoadFigures figures = over_repeats({r});
  EXPECT_EQ(figures.gross.per_output_token.reason->code, "load.not_steady");
  EXPECT_FALSE(figures.requests_per_s.present());
  EXPECT_EQ(figures.gross.per_output_token.per, "output token");
}

TEST(Figures, UnsteadyRepeatsGiveNone) {
  const LoadPlan plan = plan_with_slo();
  const std::vector<Repeat> repeats = {
      repeat_of(flow_of(60, 120, 50), plan, meter_of(100), {}),
      repeat_of(flow_of(60, 999, 50, false), plan, meter_of(9), {})};
  EXPECT_EQ(*over_repeats(repeats).gross.per_output_token.value, 1);
}

TEST(Figures, RepeatsGiveStudentsIntervalAndKeepTheSharedPart) {
  const LoadPlan plan = plan_with_slo();
  std::vector<Repeat> repeats;
  for (const double watts : {90.0, 100.0, 110.0}) {
    repeats.push_back(repeat_of(flow_of(60, 120, 50), plan, meter_of(watts), {}));
  }
  const Quantity q = over_repeats(repeats).gross.per_output_token;
  const double half = 4.302652729911275 * 0.1 / std::sqrt(3.0);  // t(0.975, 2), deviation 0.1 J
  EXPECT_NEAR(*q.value, 1, 1e-12);
  EXPECT_NEAR(q.own.lo, 1 - half, 1e-9);
  EXPECT_NEAR(q.own.hi, 1 + half, 1e-9);
  EXPECT_EQ(q.level, 0.95);
  ASSERT_EQ(q.shared.size(), 1U);
  EXPECT_NEAR(q.shared[0].hi, 1.1, 1e-12);
}

TEST(Figures, EqualRepeatsAreNoSurerThanTheMeter) {
  const LoadPlan plan = plan_with_slo();
  const Repeat r = repeat_of(flow_of(60, 120, 50), plan, meter_of(100), {});
  const Quantity q = over_repeats({r, r, r}).gross.per_output_token;
  EXPECT_LT(q.own.lo, 1);
  EXPECT_GT(q.own.hi, 1);
}

TEST(Figures, EveryFigureHasAPlaceOfItsOwn) {
  std::set<std::pair<std::string_view, std::string_view>> places;
  LoadFigures figures;
  std::set<const Quantity*> seen;
  for (const auto& row : figure_rows()) {
    EXPECT_TRUE(places.insert({row.group, row.id}).second) << row.group << row.id;
    EXPECT_TRUE(seen.insert(&row.of(figures)).second);
  }
  EXPECT_EQ(places.size() * sizeof(Quantity), sizeof(LoadFigures));  // none was forgotten
}

}  // namespace
}  // namespace joulebook::load
