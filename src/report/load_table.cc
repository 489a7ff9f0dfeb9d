#include "report/load_table.h"

#include <fmt/format.h>

#include <cmath>
#include <map>

#include "report/bar_chart.h"
#include "report/figure.h"
#include "report/ink.h"
#include "report/text_grid.h"

namespace joulebook {
namespace {

using load::EnergyFigures;
using load::LatencyFigures;
using load::LoadFigures;
using load::LoadPoint;
using load::LoadResult;
using Align = TextGrid::Align;

std::string absent(const Quantity& q, Reasons& reasons) {
  const FigureText figure = figure_text(q);
  note(figure, reasons);
  return figure.code == "load.not_steady" ? "not steady" : figure.code;
}

// "4.02", with its interval where repeats gave one.
std::string number(const Quantity& q, Reasons& reasons) {
  if (!q.present()) return absent(q, reasons);
  const Interval i = q.interval();
  std::string out = number_text(*q.value);
  if (i.hi > i.lo) out += fmt::format(" [{}–{}]", number_text(i.lo), number_text(i.hi));
  return out;
}

std::string share(const Quantity& q, Reasons& reasons) {
  return q.present() ? fmt::format("{:.1f} %", 100 * *q.value) : absent(q, reasons);
}

// A time without its interval, for narrow cells.
std::string seconds(const Quantity& q, Reasons& reasons) {
  return q.present() ? human(*q.value, "s") : absent(q, reasons);
}

std::string joules(const Quantity& q, Reasons& reasons) {
  return q.present() ? figure_text(q).line() : absent(q, reasons);
}

std::string latency_grid(const LoadPoint& point, int width, Reasons& reasons) {
  const LoadFigures& figures = point.figures;
  TextGrid grid({{"", Align::left},
                 {"mean", Align::right},
                 {"p50", Align::right},
                 {"p90", Align::right},
                 {"p95", Align::right},
                 {"p99", Align::right},
                 {"max", Align::right}});
  const auto add = [&](const char* name, const LatencyFigures& l) {
    if (!l.mean.present() && l.mean.reason->code == "load.none_seen") {
      grid.add({name, absent(l.mean, reasons)});
      return;
    }
    std::vector<std::string> cells = {name};
    for (const Quantity* q : {&l.mean, &l.p50, &l.p90, &l.p95, &l.p99, &l.most}) {
      cells.push_back(seconds(*q, reasons));
    }
    grid.add(std::move(cells));
  };
  add("first token", figures.ttft);
  add("each token after it", figures.tpot);
  add("between pieces", figures.itl);
  add("whole answer", figures.e2e);
  if (point.plan.open() || point.plan.replays()) add("late to send", figures.lag);
  return grid.text(width);
}

std::string energy_grid(const LoadFigures& figures, int width, Reasons& reasons) {
  TextGrid grid({{"", Align::left},
                 {"gross", Align::right, true},
                 {"above idle", Align::right, true},
                 {"the server's share", Align::right, true}});
  const auto add = [&](const char* name, Quantity EnergyFigures::* of) {
    const auto cell = [&](const EnergyFigures& e) { return joules(e.*of, reasons); };
    grid.add({name, cell(figures.gross), cell(figures.above_idle), cell(figures.server)});
  };
  add("J/request", &EnergyFigures::per_request);
  add("J/output token", &EnergyFigures::per_output_token);
  add("J/token in or out", &EnergyFigures::per_total_token);
  const Quantity& good = figures.gross.per_good_request;
  if (good.present() || good.reason->code != "load.no_objective") {
    add("J/good request", &EnergyFigures::per_good_request);
  }
  return grid.text(width);
}

// As the gateway in front settled them, each request's own share.
std::string request_grid(const LoadPoint& point, int width, Reasons& reasons) {
  const LoadFigures& f = point.figures;
  TextGrid grid({{"request by request", Align::left}, {"", Align::right, true}});
  grid.add({"J/request", joules(f.by_request.per_request, reasons)});
  grid.add({"J/output token", joules(f.by_request.per_output_token, reasons)});
  const Quantity& good = f.by_request.per_good_request;
  if (good.present() || good.reason->code != "load.no_objective") {
    grid.add({"J/good request", joules(good, reasons)});
  }
  std::string out = grid.text(width);
  const LatencyFigures& spread = f.request_spread;
  if (!spread.p50.present()) return out;
  std::int64_t asked = 0;
  std::int64_t settled = 0;
  std::map<std::string, std::int64_t> without;
  for (const auto& repeat : point.repeats) {
    if (!repeat.by_request) continue;
    asked += repeat.by_request->asked;
    settled += repeat.by_request->settled;
    for (const auto& [code, n] : repeat.by_request->without) without[code] += n;
  }
  std::string line = fmt::format("Half of them took at most {}, 9 in 10 {}, 99 in 100 {}; {} of {} settled by the gateway in front",
                                 human(*spread.p50.value, "J"), human(*spread.p90.value, "J"), human(*spread.p99.value, "J"),
                                 count_text(settled), count_text(asked));
  for (const auto& [code, n] : without) line += fmt::format(", {} {}", count_text(n), code);
  const Quantity& each = f.by_request.per_request;
  line += fmt::format(". Each one's own share of what is above idle: {}; boundary {}.", figure_text(each).sure(), each.boundary);
  return out + paragraph("", line, width);
}

std::string counts_line(const LoadPoint& point) {
  std::int64_t due = 0;
  std::int64_t answered = 0;
  std::map<std::string, std::int64_t> errors;
  for (const auto& repeat : point.repeats) {
    due += repeat.flow.span.due;
    answered += repeat.flow.span.ended_well;
    for (const auto& [code, n] : repeat.flow.span.errors) errors[code] += n;
  }
  std::string out =
      fmt::format("{} of {} requests answered", count_text(answered), count_text(due));
  for (const auto& [code, n] : errors) out += fmt::format(", {} {}", count_text(n), code);
  if (const auto accuracy = point.input_accuracy(); accuracy && std::abs(*accuracy - 1) > 0.005) {
    out += fmt::format("; prompts had {:.1f} % of the tokens asked for", 100 * *accuracy);
  }
  return out;
}

// "3 of 3 runs steady", or why not.
std::string steady_line(const LoadPoint& point) {
  std::size_t steady = 0;
  std::string why;
  for (const auto& repeat : point.repeats) {
    const auto& verdict = repeat.flow.verdict;
    steady += verdict.steadiness == load::Steadiness::steady ? 1 : 0;
    if (why.empty() && verdict.steadiness != load::Steadiness::steady) {
      why = fmt::format("{}: {}", load::to_string(verdict.steadiness), verdict.why);
    }
  }
  std::string out = fmt::format("{} of {} {} steady", steady, point.repeats.size(),
                                point.repeats.size() == 1 ? "run" : "runs");
  return why.empty() ? out : out + "; " + why;
}

std::string rate_rows(const LoadFigures& figures, int width, Reasons& reasons) {
  TextGrid grid({{"", Align::left}, {"", Align::right, true}});
  grid.add({"requests in flight", number(figures.in_flight, reasons)});
  grid.add({"by Little's law", number(figures.in_flight_little, reasons)});
  grid.add({"of them answering", number(figures.answering, reasons)});
  grid.add({"requests/s", number(figures.requests_per_s, reasons)});
  grid.add({"output tokens/s", number(figures.output_per_s, reasons)});
  if (figures.goodput.present() || figures.goodput.reason->code != "load.no_objective") {
    grid.add({"good requests/s", number(figures.goodput, reasons)});
    grid.add({"good", share(figures.good_share, reasons)});
  }
  grid.add({"mean power", joules(figures.power, reasons)});
  return grid.text(width);
}

std::string label_of(const LoadPoint& point) {
  return point.plan.open() ? fmt::format("{:g}/s", point.plan.rate)
                           : fmt::format("{}", point.plan.concurrency);
}

std::string sweep_grid(const LoadResult& result, int width, Reasons& reasons) {
  const bool open = result.points.front().plan.open();
  TextGrid grid({{open ? "rate" : "concurrency", Align::right},
                 {"in flight", Align::right},
                 {"tokens/s", Align::right},
                 {"first token p50", Align::right},
                 {"p99", Align::right},
                 {"each token p50", Align::right},
                 {"J/output token", Align::right, true}});
  for (const auto& point : result.points) {
    const LoadFigures& f = point.figures;
    const auto plain = [&](const Quantity& q) {
      return q.present() ? number_text(*q.value) : absent(q, reasons);
    };
    grid.add({label_of(point), plain(f.in_flight), plain(f.output_per_s),
              seconds(f.ttft.p50, reasons), seconds(f.ttft.p99, reasons),
              seconds(f.tpot.p50, reasons), joules(f.gross.per_output_token, reasons)});
  }
  return grid.text(width);
}

std::string sweep_bars(const LoadResult& result, int width) {
  std::vector<Bar> bars;
  for (const auto& point : result.points) {
    const Quantity& each = point.figures.gross.per_output_token;
    if (!each.present() || !point.figures.in_flight.present()) continue;
    bars.push_back(
        {number_text(*point.figures.in_flight.value), *each.value, human(*each.value, "J")});
  }
  return bar_chart("J/output token by requests in flight", bars, width);
}

// Tier, level, boundary and working of the energies, once.
std::string working(const LoadResult& result) {
  for (const auto& point : result.points) {
    const Quantity& q = point.figures.gross.per_output_token;
    if (!q.present()) continue;
    return fmt::format("Joules: {}; boundary {}; {}.", figure_text(q).sure(),
                       q.boundary.empty() ? "not stated" : q.boundary, q.method);
  }
  return {};
}

std::string head(const LoadResult& result) {
  const std::string server = result.server.empty() ? "" : fmt::format(" ({})", result.server);
  return fmt::format("{} at {}{}: {}", result.model, result.address, server, result.prompts);
}

}  // namespace

std::string load_table(const LoadResult& result, const ScreenStyle& style) {
  const Ink ink(style);
  const int width = style.width;
  Reasons reasons;
  std::string out = ink.bold(paragraph("", head(result), width));
  const LoadPoint& first = result.points.front();
  if (result.points.size() == 1) {
    out += paragraph(
        "", fmt::format("{}; {}", load::pace_text(first.plan), load::span_text(first.plan)), width);
  }
  const bool steady = first.used() > 0;
  if (result.points.size() == 1 && steady) {
    out += "\n" + rate_rows(first.figures, width, reasons);
    out += "\n" + latency_grid(first, width, reasons);
    out += "\n" + energy_grid(first.figures, width, reasons);
    if (first.by_request()) out += "\n" + request_grid(first, width, reasons);
  } else if (result.points.size() > 1) {
    out += paragraph("", fmt::format("each {}", load::end_text(first.plan)), width);
    out += "\n" + sweep_grid(result, width, reasons);
    if (const auto bars = sweep_bars(result, width); !bars.empty()) out += "\n" + bars;
  }
  out += "\n";
  for (const auto& point : result.points) {
    const std::string label = result.points.size() > 1 ? label_of(point) + ": " : "";
    out += paragraph(label, fmt::format("{}; {}", counts_line(point), steady_line(point)), width);
  }
  if (result.points.size() == 1 && !steady) absent(first.figures.requests_per_s, reasons);
  if (const auto how = working(result); !how.empty()) out += ink.dim(paragraph("", how, width));
  for (const auto& [code, why] : reasons) out += ink.dim(paragraph(code + ": ", why, width));
  for (const auto& warning : result.warnings)
    out += ink.warn(paragraph("warning: ", warning, width));
  return out;
}

}  // namespace joulebook
