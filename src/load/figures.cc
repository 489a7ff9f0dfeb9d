#include "load/figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "study/student.h"

namespace joulebook::load {
namespace {

constexpr double kLevel = 0.95;

Reason unsteady_reason(const std::string& why) {
  return {"load.not_steady", "not steady: " + why,
          "warm it up for longer (--warmup), lengthen the windows (--window) or allow more of them "
          "(--max-windows); where it never settles the server is overloaded: send less"};
}

Reason no_objective() {
  return {"load.no_objective", "no objective was set", "set one: --slo ttft=500ms,tpot=50ms"};
}

Reason none_seen(std::string_view what) {
  return {"load.none_seen", fmt::format("there was no {} to measure", what),
          "ask for longer answers, streamed"};
}

Quantity observed(double value, std::string unit, std::string method, double relative_error = 0) {
  Quantity q = Quantity::exact(value, std::move(unit));
  q.own = {value * (1 - relative_error), value * (1 + relative_error)};
  q.method = std::move(method);
  q.level = 1;
  return q;
}

LatencyFigures latencies(const Histogram& h, std::string_view what) {
  const auto figure = [&](std::optional<double> ns, double error) {
    if (!ns) return Quantity::absent("s", none_seen(what));
    return observed(*ns * 1e-9, "s", "from when the request was due", error);
  };
  LatencyFigures out;
  const double step = Histogram::kRelativeError;
  out.mean = figure(h.mean(), 0);
  out.p50 = figure(h.quantile(0.5), step);
  out.p90 = figure(h.quantile(0.9), step);
  out.p95 = figure(h.quantile(0.95), step);
  out.p99 = figure(h.quantile(0.99), step);
  out.most = figure(h.most(), 0);
  return out;
}

// What was done in a span, to divide its joules by.
struct Done {
  double requests = 0;
  double good = 0;
  double output = 0;
  double total = 0;
  bool objective = false;
};

// Requests are counted by the output that came, in answers of mean length: of answers that begin
// and end together a whole batch lies on one side of the span's edge or the other.
Done done_in(const Flow& flow, const LoadPlan& plan) {
  Done out;
  const auto answered = static_cast<double>(flow.span.answered);
  out.objective = plan.slo.any();
  out.output = static_cast<double>(flow.span.pieces) * flow.tokens_per_piece;
  out.total = out.output;
  out.requests = flow.tokens_per_answer > 0 ? out.output / flow.tokens_per_answer : answered;
  if (answered <= 0) return out;
  out.good = out.requests * static_cast<double>(flow.span.good) / answered;
  out.total += out.requests * static_cast<double>(flow.span.input_tokens) / answered;
  return out;
}

Quantity each(const Quantity& total, double count, const char* per) {
  if (count > 0) return scaled(total, 1 / count, per);
  Quantity none = Quantity::absent(
      "J",
      {"load.none_done", fmt::format("there was no {} in the span", per), "measure for longer"});
  none.per = per;
  return none;
}

EnergyFigures energies(const Quantity& total, const Done& done) {
  EnergyFigures out;
  out.total = total;
  out.per_request = each(total, done.requests, "request");
  out.per_output_token = each(total, done.output, "output token");
  out.per_total_token = each(total, done.total, "input or output token");
  if (done.objective) {
    out.per_good_request = each(total, done.good, "good request");
  } else {
    out.per_good_request = Quantity::absent("J", no_objective());
    out.per_good_request.per = "good request";
  }
  return out;
}

Quantity power_of(const Quantity& total, double seconds) {
  Quantity out = scaled(total, 1 / seconds);
  out.unit = "W";
  return out;
}

void make_absent(Quantity& q, const Reason& reason) {
  Quantity none = Quantity::absent(q.unit, reason);
  none.per = q.per;
  q = std::move(none);
}

LoadFigures figures_of(const Flow& flow, const LoadPlan& plan, const WindowEnergy& energy) {
  const Window& span = flow.span;
  const double seconds = span.seconds();
  const Done done = done_in(flow, plan);
  const auto rate = [&](double count, const char* unit) {
    return observed(count / seconds, unit, "counted over the span");
  };
  LoadFigures out;
  out.in_flight =
      observed(span.in_flight_s / seconds, "1", "mean of the curve of requests in flight");
  out.in_flight_little =
      observed(span.residence_s / seconds, "1", "Little's law: requests a second x mean time");
  out.answering = observed(span.answering_s / seconds, "1",
                           "mean of the curve of requests between first and last piece");
  out.requests_per_s = rate(done.requests, "1/s");
  out.output_per_s = rate(done.output, "{token}/s");
  out.total_per_s = rate(done.total, "{token}/s");
  out.goodput = rate(done.good, "1/s");
  out.good_share = Quantity::absent("1", none_seen("request"));
  if (span.due > 0) {
    out.good_share = observed(static_cast<double>(span.kept_slo) / static_cast<double>(span.due),
                              "1", "of the requests due in the span");
  }
  if (!done.objective) {
    make_absent(out.goodput, no_objective());
    make_absent(out.good_share, no_objective());
  }
  out.ttft = latencies(span.latencies.ttft, "first token");
  out.tpot = latencies(span.latencies.tpot, "second token");
  out.itl = latencies(span.latencies.itl, "gap between tokens");
  out.e2e = latencies(span.latencies.e2e, "answer");
  out.lag = latencies(span.latencies.lag, "request");
  out.power = power_of(energy.total, seconds);
  out.gross = energies(energy.total, done);
  out.above_idle = energies(energy.above_idle, done);
  out.server = energies(energy.tree, done);
  return out;
}

// J per output token of each beat of the span.
std::vector<std::pair<double, double>> joules_by_beat(const Flow& flow, const EnergyOf& meter) {
  std::vector<std::pair<double, double>> out;
  for (const auto& beat : flow.beats.within(flow.span.begin, flow.span.end)) {
    if (beat.pieces == 0) continue;
    const Quantity energy = meter(beat.begin, beat.end).total;
    if (!energy.present()) continue;
    out.emplace_back(Seconds(beat.begin - flow.span.begin).count(),
                     *energy.value / static_cast<double>(beat.pieces));
  }
  return out;
}

Quantity mean_of(std::span<const Quantity> parts) {
  const auto absent =
      std::find_if(parts.begin(), parts.end(), [](const Quantity& q) { return !q.present(); });
  if (absent != parts.end()) return *absent;
  const auto n = static_cast<double>(parts.size());
  Quantity out = scaled(sum(parts), 1 / n);
  if (parts.size() == 1) {
    out.method +=
        out.method.empty() ? "one run" : "; one run: how far another would differ is not known";
    return out;
  }
  double variance = 0;
  for (const auto& q : parts) {
    variance += (*q.value - *out.value) * (*q.value - *out.value) / (n - 1);
  }
  const double half = student_quantile(0.5 + kLevel / 2, n - 1) * std::sqrt(variance / n);
  out.own.lo = std::min(out.own.lo, *out.value - half);
  out.own.hi = std::max(out.own.hi, *out.value + half);
  if (*out.value >= 0) out.own.lo = std::max(0.0, out.own.lo);
  out.level = std::min(out.level, kLevel);
  out.method += fmt::format("; mean of {} runs", parts.size());
  return out;
}

}  // namespace

Repeat repeat_of(Flow flow, const LoadPlan& plan, const EnergyOf& meter,
                 const std::optional<Reason>& unmetered) {
  Repeat out;
  if (meter) {
    out.energy = meter(flow.span.begin, flow.span.end);
    judge_trend(flow.verdict, trend_of(joules_by_beat(flow, meter)),
                {plan.tolerance, plan.least_per_window});
  }
  if (unmetered) {
    out.energy.total = out.energy.above_idle = out.energy.tree = Quantity::absent("J", *unmetered);
  }
  out.flow = std::move(flow);
  out.figures = figures_of(out.flow, plan, out.energy);
  return out;
}

LoadFigures over_repeats(const std::vector<Repeat>& repeats) {
  std::vector<const Repeat*> used;
  for (const auto& repeat : repeats) {
    if (repeat.flow.verdict.steadiness != Steadiness::unsteady) used.push_back(&repeat);
  }
  LoadFigures out = repeats.front().figures;
  for (const auto& row : figure_rows()) {
    if (row.by_request && !repeats.front().by_request) continue;
    if (used.empty()) {
      Quantity& q = row.of(out);
      if (q.present()) make_absent(q, unsteady_reason(repeats.front().flow.verdict.why));
      continue;
    }
    std::vector<Quantity> parts;
    for (const auto* repeat : used) parts.push_back(row.of(repeat->figures));
    row.of(out) = mean_of(parts);
  }
  return out;
}

const Quantity& FigureRow::of(const LoadFigures& figures) const {
  if (top != nullptr) return figures.*top;
  if (latency != nullptr) return figures.*latency.*of_latency;
  return figures.*energy.*of_energy;
}

Quantity& FigureRow::of(LoadFigures& figures) const {
  return const_cast<Quantity&>(of(static_cast<const LoadFigures&>(figures)));
}

const std::vector<FigureRow>& figure_rows() {
  static const std::vector<FigureRow> rows = [] {
    using F = LoadFigures;
    using L = LatencyFigures;
    using E = EnergyFigures;
    std::vector<FigureRow> out = {{"", "in_flight", &F::in_flight},
                                  {"", "in_flight_little", &F::in_flight_little},
                                  {"", "answering", &F::answering},
                                  {"", "requests_per_s", &F::requests_per_s},
                                  {"", "output_per_s", &F::output_per_s},
                                  {"", "total_per_s", &F::total_per_s},
                                  {"", "goodput", &F::goodput},
                                  {"", "good_share", &F::good_share},
                                  {"", "power", &F::power}};
    constexpr std::array<std::pair<std::string_view, LatencyFigures F::*>, 5> kLatencies = {
        {{"ttft", &F::ttft},
         {"tpot", &F::tpot},
         {"itl", &F::itl},
         {"e2e", &F::e2e},
         {"lag", &F::lag}}};
    constexpr std::array<std::pair<std::string_view, Quantity L::*>, 6> kParts = {
        {{"mean", &L::mean},
         {"p50", &L::p50},
         {"p90", &L::p90},
         {"p95", &L::p95},
         {"p99", &L::p99},
         {"max", &L::most}}};
    constexpr std::array<std::pair<std::string_view, EnergyFigures F::*>, 3> kEnergies = {
        {{"gross", &F::gross}, {"above_idle", &F::above_idle}, {"server", &F::server}}};
    constexpr std::array<std::pair<std::string_view, Quantity E::*>, 5> kEach = {
        {{"total", &E::total},
         {"per_request", &E::per_request},
         {"per_output_token", &E::per_output_token},
         {"per_total_token", &E::per_total_token},
         {"per_good_request", &E::per_good_request}}};
    for (const auto& [group, member] : kLatencies) {
      for (const auto& [id, part] : kParts) out.push_back({group, id, nullptr, member, part});
    }
    for (const auto& [group, member] : kEnergies) {
      for (const auto& [id, part] : kEach) {
        out.push_back({group, id, nullptr, nullptr, nullptr, member, part});
      }
    }
    for (const auto& [id, part] : kEach) {
      out.push_back({"by_request", id, nullptr, nullptr, nullptr, &F::by_request, part, true});
    }
    for (const auto& [id, part] : kParts) {
      out.push_back({"request_spread", id, nullptr, &F::request_spread, part, nullptr, nullptr, true});
    }
    return out;
  }();
  return rows;
}

}  // namespace joulebook::load
