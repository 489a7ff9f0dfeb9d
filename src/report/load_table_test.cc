#include "load/request_energy.h"
#include "report/load_table.h"

#include <gtest/gtest.h>


#include "core/text.h"
#include "fakes/golden.h"
#include "report/text_grid.h"

namespace joulebook {
namespace {

using load::Flow;
using load::LoadPlan;
using load::LoadPoint;
using load::LoadResult;

constexpr SteadyTime kStart{1'000'000'000'000};

void expect_golden(const std::string& name, const std::string& text) {
  fakes::expect_golden(std::string(JOULEBOOK_GOLDEN_DIR) + "/" + name + ".txt", text);
}

// 30 s at so many in flight; a step takes 10 ms and 1 ms a sequence.
Flow flow_of(int concurrency, int run) {
  Flow flow;
  auto& span = flow.span;
  const double step = 0.010 + 0.001 * concurrency + 0.0001 * run;
  const std::int64_t tokens = 64;
  span.begin = kStart;
  span.end = kStart + nanos(30);
  span.answered = static_cast<std::int64_t>(30 * concurrency / (step * tokens));
  span.due = span.ended_well = span.answered;
  span.good = span.kept_slo = span.answered * 9 / 10;
  span.pieces = span.output_tokens = span.answered * tokens;
  flow.tokens_per_answer = static_cast<double>(tokens);
  span.input_tokens = span.prompt_tokens = span.answered * 128;
  span.asked_input = span.answered * 127;
  span.counted_input = span.prompt_tokens;
  span.in_flight_s = span.residence_s = 30.0 * concurrency;
  span.answering_s = 29.0 * concurrency;
  for (int i = 0; i < 100; ++i) {
    const double jitter = 1 + i / 500.0;
    span.latencies.ttft.add(nanos(step * 3 * jitter).count());
    span.latencies.tpot.add(nanos(step * jitter).count());
    span.latencies.itl.add(nanos(step * jitter).count());
    span.latencies.e2e.add(nanos(step * tokens * jitter).count());
    span.latencies.lag.add(30000 + 100 * i);
  }
  flow.verdict.steadiness = load::Steadiness::steady;
  return flow;
}

WindowEnergy energy_of(SteadyTime begin, SteadyTime end) {
  WindowEnergy out;
  const double joules = 80 * Seconds(end - begin).count();
  out.total = Quantity::exact(joules, "J");
  out.total.own = {joules * 0.98, joules * 1.02};
  out.total.boundary = "package+dram";
  out.total.method = "powercap counter";
  out.above_idle = scaled(out.total, 0.6);
  out.above_idle.tier = Tier::apportioned;
  out.tree = Quantity::absent("J", {"cpu.unknown", "CPU time is not known", "run it as root"});
  return out;
}

LoadPoint point_of(int concurrency, int runs) {
  LoadPoint point;
  point.plan.concurrency = concurrency;
  point.plan.warmup_requests = concurrency;
  point.plan.requests = 400;
  point.plan.slo.ttft = 0.5;
  for (int i = 0; i < runs; ++i) {
    point.repeats.push_back(load::repeat_of(flow_of(concurrency, i), point.plan, energy_of, {}));
  }
  point.figures = load::over_repeats(point.repeats);
  return point;
}

LoadResult result_of(std::vector<LoadPoint> points) {
  LoadResult result;
  result.address = "http://127.0.0.1:8080";
  result.model = "small-1b";
  result.server = "llamacpp";
  result.local = true;
  result.prompts = "made-up prompts, 128 tokens in, 64 out";
  result.points = std::move(points);
  return result;
}

TEST(LoadTable, OnePointMatchesItsGolden) {
  const LoadResult result = result_of({point_of(4, 3)});
  expect_golden("load-100", load_table(result, {100, false}));
  expect_golden("load-60", load_table(result, {60, false}));
}

// A gateway in front said what each request took.
TEST(LoadTable, RequestByRequest) {
  LoadPoint point = point_of(8, 1);
  load::AskedRequests asked;
  for (int i = 0; i < 40; ++i) {
    load::RequestRecord record;
    record.energy_id = "jb-" + std::to_string(i);
    record.counts.output = 200;
    record.first = SteadyTime{100'000'000};
    asked.add(record, 0, point.plan.slo);
  }
  point.repeats[0].flow.first_window = 0;
  point.repeats[0].flow.last_window = 1;
  load::add_request_energies(point.repeats[0], point.plan, asked, [](const std::vector<std::string>& ids) {
    std::vector<Quantity> out;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      out.push_back(i == 7 ? Quantity::absent("J", {"window.gap", "a gap", "sample faster"}) : Quantity::exact(10.0 + static_cast<double>(i), "J"));
      out.back().level = 0.95;
      out.back().tier = Tier::apportioned;
      out.back().boundary = "gpu";
    }
    return out;
  });
  point.figures = load::over_repeats(point.repeats);
  expect_golden("load-gateway", load_table(result_of({point}), {80, false}));
}

TEST(LoadTable, NotSteadyIsSaidInsteadOfNumbers) {
  LoadPoint point = point_of(4, 1);
  point.repeats[0].flow.verdict = {
      load::Steadiness::unsteady, "latency differs by 31 % between three windows", {}, {}, {}};
  point.figures = load::over_repeats(point.repeats);
  expect_golden("load-unsteady", load_table(result_of({point}), {100, false}));
}

TEST(LoadTable, SweepMatchesItsGolden) {
  LoadResult result = result_of({point_of(1, 1), point_of(4, 1), point_of(16, 1), point_of(64, 1)});
  auto& last = result.points.back();
  last.repeats[0].flow.verdict = {
      load::Steadiness::unsteady, "latency differs by 31 % between three windows", {}, {}, {}};
  last.figures = load::over_repeats(last.repeats);
  expect_golden("load-sweep", load_table(result, {100, false}));
}

TEST(LoadTable, FitsNarrowScreens) {
  const LoadResult one = result_of({point_of(4, 3)});
  const LoadResult many = result_of({point_of(1, 1), point_of(4, 1)});
  for (const int width : {40, 60, 80, 120}) {
    for (const auto* result : {&one, &many}) {
      const std::string text = load_table(*result, {width, false});
      for (const auto line : split(text, '\n')) EXPECT_LE(display_width(line), width) << line;
    }
  }
}

}  // namespace
}  // namespace joulebook
