#include "load/load_result.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/or_null.h"

namespace joulebook::load {
namespace {

Json to_json(const LoadFigures& figures, bool by_request) {
  Json out = Json::object();
  Json group = Json::object();
  std::string_view name;
  const auto flush = [&] {
    if (!name.empty()) out.set(std::string(name), group);
    group = Json::object();
  };
  for (const auto& row : figure_rows()) {
    if (row.by_request && !by_request) continue;
    if (row.group != name) flush();
    name = row.group;
    Json& into = name.empty() ? out : group;
    into.set(std::string(row.id), joulebook::to_json(row.of(figures)));
  }
  flush();
  return out;
}

Json to_json(const SteadyVerdict& verdict) {
  return Json::object({{"verdict", to_string(verdict.steadiness)},
                       {"why", verdict.why},
                       {"throughput_spread", or_null(verdict.throughput_spread)},
                       {"latency_spread", or_null(verdict.latency_spread)},
                       {"joules_trend", or_null(verdict.trend)}});
}

Json to_json(const Repeat& repeat) {
  const Flow& flow = repeat.flow;
  const Window& span = flow.span;
  Json windows = Json::array();
  for (const auto& w : flow.windows) {
    const auto n = static_cast<double>(w.answered);
    windows.push(
        Json::object({{"duration_s", w.seconds},
                      {"answered", w.answered},
                      {"mean_latency_s", w.answered > 0 ? Json(w.latency_s / n) : Json()}}));
  }
  Json errors = Json::object();
  for (const auto& [code, n] : span.errors) errors.set(code, n);
  Json out = Json::object({{"steady", to_json(flow.verdict)},
                       {"start_ns", span.begin.ns},
                       {"end_ns", span.end.ns},
                       {"duration_s", span.seconds()},
                       {"windows", std::move(windows)},
                       {"windows_used", Json::array({static_cast<std::int64_t>(flow.first_window),
                                                     static_cast<std::int64_t>(flow.last_window)})},
                       {"sent", flow.sent},
                       {"warmup", flow.warmup},
                       {"measured", span.due},
                       {"answered", span.ended_well},
                       {"unfinished", flow.unfinished},
                       {"errors", std::move(errors)},
                       {"prompt_tokens", span.prompt_tokens},
                       {"cached_tokens", span.cached_tokens},
                       {"output_tokens", span.output_tokens},
                       {"reasoning_tokens", span.reasoning_tokens},
                       {"uncounted", span.uncounted},
                       {"figures", to_json(repeat.figures, repeat.by_request.has_value())}});
  if (repeat.by_request) {
    Json without = Json::object();
    for (const auto& [code, n] : repeat.by_request->without) without.set(code, n);
    out.set("by_request", Json::object({{"asked", repeat.by_request->asked},
                                        {"settled", repeat.by_request->settled},
                                        {"without", std::move(without)}}));
  }
  return out;
}

Json slo_json(const Slo& slo) {
  return Json::object({{"ttft_s", or_null(slo.ttft)},
                       {"tpot_s", or_null(slo.tpot)},
                       {"itl_s", or_null(slo.itl)},
                       {"e2e_s", or_null(slo.e2e)}});
}

std::string_view pace_word(const LoadPlan& plan) {
  return plan.replays() ? "trace" : plan.open() ? "open" : "closed";
}

Json to_json(const LoadPlan& plan) {
  const bool open = plan.open() && !plan.replays();
  const bool gamma = open && plan.arrivals == Arrivals::gamma;
  const std::int64_t n =
      plan.replays() ? static_cast<std::int64_t>(plan.trace.size()) : plan.requests;
  return Json::object({{"pace", pace_word(plan)},
                       {"concurrency", plan.concurrency},
                       {"rate_per_s", open ? Json(plan.rate) : Json()},
                       {"arrivals", open ? Json(to_string(plan.arrivals)) : Json()},
                       {"burstiness", gamma ? Json(plan.burstiness) : Json()},
                       {"ramp_s", plan.ramp_s},
                       {"warmup_requests", plan.warmup_requests},
                       {"warmup_s", plan.warmup_s},
                       {"requests", n > 0 ? Json(n) : Json()},
                       {"duration_s", plan.duration_s > 0 ? Json(plan.duration_s) : Json()},
                       {"window_s", plan.window_s},
                       {"max_windows", plan.max_windows},
                       {"tolerance", plan.tolerance},
                       {"seed", static_cast<std::int64_t>(plan.seed)},
                       {"slo", slo_json(plan.slo)}});
}

Json to_json(const LoadPoint& point) {
  Json repeats = Json::array();
  for (const auto& repeat : point.repeats) repeats.push(to_json(repeat));
  return Json::object({{"plan", to_json(point.plan)},
                       {"steady_repeats", static_cast<std::int64_t>(point.used())},
                       {"input_accuracy", or_null(point.input_accuracy())},
                       {"figures", to_json(point.figures, point.by_request())},
                       {"repeats", std::move(repeats)}});
}

}  // namespace

std::size_t LoadPoint::used() const {
  return static_cast<std::size_t>(std::count_if(
      repeats.begin(), repeats.end(),
      [](const Repeat& r) { return r.flow.verdict.steadiness != Steadiness::unsteady; }));
}

bool LoadPoint::by_request() const {
  return !repeats.empty() && repeats.front().by_request.has_value();
}

std::optional<double> LoadPoint::input_accuracy() const {
  std::int64_t asked = 0;
  std::int64_t counted = 0;
  for (const auto& repeat : repeats) {
    asked += repeat.flow.span.asked_input;
    counted += repeat.flow.span.counted_input;
  }
  if (asked == 0) return std::nullopt;
  return static_cast<double>(counted) / static_cast<double>(asked);
}

std::string pace_text(const LoadPlan& plan) {
  const std::string cap = fmt::format("{} in flight", plan.concurrency);
  if (plan.replays())
    return fmt::format("trace of {} requests, at most {}", plan.trace.size(), cap);
  if (!plan.open()) return "closed loop, " + cap;
  const std::string shape =
      plan.arrivals == Arrivals::gamma ? fmt::format(" of shape {:g}", plan.burstiness) : "";
  return fmt::format("open loop, {:g} requests a second, {}{}, at most {}", plan.rate,
                     to_string(plan.arrivals), shape, cap);
}

std::string end_text(const LoadPlan& plan) {
  if (plan.replays()) return "all of it";
  if (plan.requests > 0) return fmt::format("{} requests", plan.requests);
  if (plan.duration_s > 0) return fmt::format("{:g} s", plan.duration_s);
  return fmt::format("until three windows of {:g} s agree within {:g} %", plan.window_s,
                     100 * plan.tolerance);
}

std::string span_text(const LoadPlan& plan) {
  std::string out;
  if (plan.ramp_s > 0) out += fmt::format("a ramp of {:g} s, ", plan.ramp_s);
  if (plan.warmup_requests > 0) {
    out += fmt::format("{} {} to warm up, ", plan.warmup_requests,
                       plan.warmup_requests == 1 ? "request" : "requests");
  }
  if (plan.warmup_s > 0) out += fmt::format("{:g} s to warm up, ", plan.warmup_s);
  return out + end_text(plan);
}

Json to_json(const LoadResult& result) {
  Json points = Json::array();
  for (const auto& point : result.points) points.push(to_json(point));
  Json warnings = Json::array();
  for (const auto& warning : result.warnings) warnings.push(warning);
  return Json::object({{"schema", kLoadSchema},
                       {"address", result.address},
                       {"model", result.model},
                       {"server", result.server},
                       {"local", result.local},
                       {"streamed", result.streamed},
                       {"prompts", result.prompts},
                       {"points", std::move(points)},
                       {"warnings", std::move(warnings)}});
}

Json to_json(const RequestRecord& r, int point, int repeat, int window) {
  const auto time = [](const std::optional<SteadyTime>& t) { return t ? Json(t->ns) : Json(); };
  const auto seconds = [](const std::optional<Nanos>& d) {
    return d ? Json(Seconds(*d).count()) : Json();
  };
  Json out = Json::object({{"point", point},
                           {"repeat", repeat},
                           {"index", static_cast<std::int64_t>(r.index)},
                           {"window", window >= 0 ? Json(window) : Json()},
                           {"scheduled_ns", r.scheduled.ns},
                           {"sent_ns", r.sent.ns},
                           {"first_ns", time(r.first)},
                           {"last_ns", time(r.last)},
                           {"end_ns", r.end.ns},
                           {"lag_s", Seconds(r.lag()).count()},
                           {"ttft_s", seconds(r.ttft())},
                           {"tpot_s", seconds(r.tpot())},
                           {"e2e_s", Seconds(r.e2e()).count()},
                           {"pieces", r.pieces},
                           {"prompt_tokens", or_null(r.counts.prompt)},
                           {"cached_tokens", or_null(r.counts.cached)},
                           {"output_tokens", or_null(r.counts.output)},
                           {"reasoning_tokens", or_null(r.counts.reasoning)},
                           {"finish", r.finish.empty() ? Json() : Json(r.finish)},
                           {"error", r.error.empty() ? Json() : Json(r.error)},
                           {"energy_id", r.energy_id.empty() ? Json() : Json(r.energy_id)}});
  if (!r.prompt.empty()) out.set("prompt", r.prompt);
  if (!r.answer.empty()) out.set("answer", r.answer);
  return out;
}

}  // namespace joulebook::load
