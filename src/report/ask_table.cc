#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/figure.h"
#include "report/ink.h"
#include "report/terminal_table.h"
#include "report/text_grid.h"

namespace joulebook {
namespace {

constexpr double kLampWatts = 10;  // a household LED lamp; joules over watts are seconds

std::string_view phase_words(Phase phase) {
  switch (phase) {
    case Phase::queue:
      return "waiting";
    case Phase::prefill:
      return "reading the prompt";
    case Phase::cached:
      return "prompt from cache";
    case Phase::reason:
      return "thinking";
    case Phase::answer:
      return "answering";
    case Phase::wasted:
      return "wasted work";
  }
  return "unknown";
}

void add_line(TextGrid& grid, std::string name, Tokens tokens, double seconds,
              const Quantity& energy) {
  const FigureText figure = figure_text(energy);
  grid.add({std::move(name), count_text(tokens.count), duration_text(seconds), figure.value,
            figure.present() ? figure.interval : figure.code, figure.sure()});
}

std::string per_token(const TrialRecord& trial) {
  const auto tokens = trial.output_tokens().count;
  if (!trial.energy.present() || tokens <= 0) return {};
  const Quantity each = scaled(trial.energy, 1.0 / static_cast<double>(tokens), "output token");
  return figure_text(each).full() + " per output token";
}

std::string working(const Quantity& energy) {
  if (!energy.present()) return {};
  return fmt::format("Boundary {}; {}.", energy.boundary.empty() ? "not stated" : energy.boundary,
                     energy.method.empty() ? "method not stated" : energy.method);
}

// What was taken off for the line above idle, or why there is none.
std::string rest_line(const TrialRecord& trial) {
  if (!trial.energy.present()) return {};
  const FigureText figure = figure_text(trial.active);
  if (figure.present()) {
    const std::string off = taken_off(trial.active.method);
    return off.empty() ? "" : fmt::format("Above idle is {}.", off);
  }
  const std::string cure = figure.cure.empty() ? "" : fmt::format(" To cure it: {}.", figure.cure);
  return fmt::format("Above idle: not known ({}).{}", figure.code, cure);
}

std::string lamp_seconds(double joules) { return duration_text(joules / kLampWatts); }

}  // namespace

std::string plain_line(const Quantity& energy) {
  const FigureText figure = figure_text(energy);
  if (!figure.present()) {
    std::string line = fmt::format("No joules can be stated: {}.", figure.why);
    return figure.cure.empty() ? line : fmt::format("{} To cure it: {}.", line, figure.cure);
  }
  const Interval range = energy.interval();
  const std::string lamp =
      fmt::format("About what a {:.0f} W lamp uses in {}", kLampWatts, lamp_seconds(*energy.value));
  if (figure.interval.empty()) return lamp + ".";
  if (!std::isfinite(range.hi)) return fmt::format("{}, or more.", lamp);
  return fmt::format("{} (between {} and {}).", lamp, lamp_seconds(std::max(0.0, range.lo)),
                     lamp_seconds(range.hi));
}

std::string ask_summary(const TrialRecord& trial, const ScreenStyle& style) {
  using Align = TextGrid::Align;
  TextGrid grid({{"", Align::left},
                 {"tokens", Align::right},
                 {"time", Align::right},
                 {"energy", Align::right},
                 {"interval", Align::left},
                 {"", Align::left}});
  for (const auto& phase : trial.phases) {
    add_line(grid, std::string(phase_words(phase.span.phase)), phase.span.tokens,
             Seconds(phase.span.end - phase.span.begin).count(), phase.energy);
  }
  add_line(grid, "altogether", trial.prompt_tokens + trial.output_tokens(),
           trial.duration().count(), trial.energy);
  if (const FigureText above = figure_text(trial.active); above.present()) {
    grid.add({"of it above idle", "", "", above.value, above.interval, above.sure()});
  }
  const Ink ink(style);
  std::string out = grid.text(style.width);
  if (const auto each = per_token(trial); !each.empty()) out += paragraph("", each, style.width);
  out += ink.bold(paragraph("", plain_line(trial.energy), style.width));
  for (const auto& how : {working(trial.energy), rest_line(trial)}) {
    if (!how.empty()) out += ink.dim(paragraph("", how, style.width));
  }
  if (trial.finish == Finish::length) {
    out += ink.warn(paragraph("warning: ", "the answer was cut at the token limit", style.width));
  }
  return out;
}

}  // namespace joulebook
