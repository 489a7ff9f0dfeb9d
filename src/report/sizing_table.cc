#include "report/sizing_table.h"

#include <fmt/format.h>

#include <cmath>

#include "core/text.h"
#include "report/bar_chart.h"
#include "report/figure.h"
#include "report/ink.h"
#include "report/text_grid.h"
#include "study/estimates.h"
#include "study/sizing/frontier.h"

namespace joulebook {
namespace {

using Align = TextGrid::Align;

std::string interval_words(const Requirement& r, const std::optional<Interval>& interval) {
  if (!interval) return "";
  // Behind a value with its unit: "100 % [82.7–100]".
  const auto bare = [&](double end) {
    const std::string text = value_text(r, end);
    return text.ends_with(" %") ? text.substr(0, text.size() - 2) : text;
  };
  return fmt::format(" [{}–{}]", bare(interval->lo), bare(interval->hi));
}

std::string grade_cell(const Requirement& r, const Quality& q) {
  if (!q.value) return "not graded";
  return value_text(r, *q.value) + interval_words(r, q.interval);
}

std::string grade_cell(const Requirement& r, const std::optional<Valued>& v) {
  if (!v) return "not graded";
  return value_text(r, v->value) + interval_words(r, v->interval);
}

// For prompts like these, as the interval of the quality beside it.
std::string joules_cell(const Estimate& e) { return figure_text(for_prompts_like(e)).line(); }

std::string ratio_cell(const ArmFit& arm) {
  if (!arm.ratio.present()) return figure_text(arm.ratio).line();
  return fmt::format("{:.3g}×{}", *arm.ratio.value,
                     *arm.ratio.value == 1 || arm.told_apart ? "" : " (can't be told)");
}

std::string arms_grid(const Fit& fit, const Requirement& r, const StudyResult& study, int width) {
  TextGrid grid({{"arm", Align::left, true},
                 {std::string(to_string(r.measure)), Align::right, true},
                 {"confidence", Align::right},
                 {"J a response", Align::right, true},
                 {"times", Align::right, true},
                 {"meets", Align::left}});
  for (const ArmFit& arm : fit.arms) {
    grid.add({study.spec.arms[arm.arm].name, grade_cell(r, arm.quality),
              confidence_text(arm.quality.confidence), joules_cell(arm.joules), ratio_cell(arm),
              arm.meets ? "yes" : "no"});
  }
  return grid.text(width);
}

// Joules as bars, the cheapest first, each with its grade; a dot marks the frontier.
std::string frontier_bars(const Fit& fit, const Requirement& r, const StudyResult& study, int width) {
  const auto on = frontier_of(fit, r);
  std::vector<Bar> bars;
  for (std::size_t i = 0; i < fit.arms.size(); ++i) {
    const ArmFit& arm = fit.arms[i];
    if (!arm.joules.these.present() || !arm.quality.value) continue;
    bars.push_back({(on[i] ? "● " : "○ ") + study.spec.arms[arm.arm].name, *arm.joules.these.value,
                    fmt::format("{}, {}", human(*arm.joules.these.value, "J"),
                                value_text(r, *arm.quality.value))});
  }
  if (bars.size() < 2) return {};
  const std::string title = fmt::format(
      "J a response, {}  (● on the frontier: no arm is both better and cheaper)", to_string(r.measure));
  return "\n" + bar_chart(join(wrap_text(title, width), "\n"), bars, width);
}

std::string kinds_grid(const Sizing& sizing, const StudyResult& study, int width) {
  const Requirement& r = sizing.options.requirement;
  TextGrid grid({{"kind", Align::left, true},
                 {"enough", Align::left, true},
                 {std::string(to_string(r.measure)), Align::right, true},
                 {"confidence", Align::right},
                 {"J a response", Align::right, true}});
  for (const Fit& fit : sizing.kinds) {
    const auto shown = fit.cheapest ? fit.cheapest : fit.best;
    if (!shown) {
      grid.add({fit.kind, "not graded"});
      continue;
    }
    const ArmFit& arm = fit.arms[*shown];
    const std::string& name = study.spec.arms[arm.arm].name;
    grid.add({fit.kind, fit.cheapest ? name : fmt::format("none (best: {})", name),
              grade_cell(r, arm.quality), confidence_text(arm.quality.confidence), joules_cell(arm.joules)});
  }
  return grid.text(width);
}

std::string notes_text(const std::vector<std::string>& notes, int width) {
  std::string out;
  for (const auto& note : notes) out += paragraph("note: ", note, width);
  return out;
}

std::string rules_grid(const Route& route, const StudyResult& study, int width) {
  const Requirement& r = route.options.sizing.requirement;
  TextGrid grid({{"kind", Align::left, true},
                 {"a day", Align::right},
                 {"goes to", Align::left, true},
                 {std::string(to_string(r.measure)), Align::right, true},
                 {"confidence", Align::right},
                 {"J a response", Align::right, true},
                 {"of halves", Align::right}});
  for (const RuleLine& line : route.rules) {
    const std::string& name = study.spec.arms[line.pick.arm].name;
    grid.add({line.kind, number_text(line.count),
              line.pick.sufficient ? name : fmt::format("{} (not enough)", name),
              grade_cell(r, line.quality), confidence_text(line.quality.confidence), joules_cell(line.joules),
              fmt::format("{:.0f} %", 100 * line.stable)});
  }
  return grid.text(width);
}

std::string times_cell(const Quantity& ratio) { return figure_text(ratio).line(); }

std::string day_grid(const Route& route, const StudyResult& study, int width) {
  const Requirement& r = route.options.sizing.requirement;
  const std::string& largest = study.spec.arms[route.largest].name;
  TextGrid grid({{"a day", Align::left, true},
                 {"energy", Align::right, true},
                 {std::string(to_string(r.measure)), Align::right, true},
                 {"the route takes", Align::right, true}});
  const auto add = [&](std::string name, const DayLine& line, std::string times) {
    grid.add({std::move(name), figure_text(line.joules).line(), grade_cell(r, line.grade),
              std::move(times)});
  };
  add("by this route", route.route, "");
  add("always " + largest, route.always_largest, times_cell(route.to_largest));
  add("best single arm", route.single, times_cell(route.to_single));
  return grid.text(width);
}

std::string optimism_text(const Route& route, int width) {
  const Requirement& r = route.options.sizing.requirement;
  constexpr double kSame = 0.0005;
  if (std::abs(route.optimism_joules) < kSame &&
      std::abs(route.optimism_grade.value_or(0)) < kSame) {
    return paragraph(
        "", "Valued on the very prompts it was chosen on, the route would look the same.", width);
  }
  std::string text = fmt::format(
      "Valued on the very prompts it was chosen on, the route would look {:.2g} % {} in joules",
      100 * std::abs(route.optimism_joules), route.optimism_joules > 0 ? "worse" : "better");
  if (route.optimism_grade) {
    text += fmt::format(" and {} {} in {}", value_text(r, std::abs(*route.optimism_grade)),
                        (*route.optimism_grade < 0) == less_is_better(r.measure) ? "better" : "worse",
                        to_string(r.measure));
  }
  return paragraph("", text + "; the figures above are without that.", width);
}

}  // namespace

std::string confidence_text(const std::optional<double>& confidence) {
  if (!confidence) return "can't say";
  if (*confidence > 0.999) return "> 99.9 %";
  if (*confidence < 0.001) return "< 0.1 %";
  return fmt::format("{:.3g} %", 100 * *confidence);
}

std::string sizing_table(const Sizing& sizing, const StudyResult& study, const ScreenStyle& style) {
  const Requirement& r = sizing.options.requirement;
  const Ink ink(style);
  std::string out = ink.bold(paragraph("", "What is enough: " + to_string(r), style.width));
  out += arms_grid(sizing.all, r, study, style.width);
  out += frontier_bars(sizing.all, r, study, style.width);
  if (!sizing.kinds.empty()) out += "\n" + kinds_grid(sizing, study, style.width);
  out += "\n" + paragraph("", sizing.all.sentence, style.width);
  return out + notes_text(sizing.notes, style.width);
}

std::string ladder_table(const std::vector<LadderStep>& steps, const StudyResult& study,
                         const ScreenStyle& style) {
  if (steps.empty()) return {};
  TextGrid grid({{"step", Align::left, true},
                 {"more J a response", Align::right, true},
                 {"more correct", Align::right, true},
                 {"J per further correct", Align::right, true}});
  const Requirement share;
  for (const LadderStep& step : steps) {
    std::string gain = step.gain ? fmt::format("{:+.3g} %", 100 * *step.gain) : "not checked";
    if (step.gain) gain += interval_words(share, step.gain_interval);
    grid.add({fmt::format("{}, after {}", study.spec.arms[step.b].name, study.spec.arms[step.a].name),
              figure_text(step.more_joules).line(), std::move(gain),
              figure_text(step.j_per_extra_correct).line()});
  }
  return Ink(style).bold(paragraph("", "What each step bought", style.width)) +
         grid.text(style.width);
}

std::string route_table(const Route& route, const StudyResult& study, const ScreenStyle& style) {
  const Ink ink(style);
  const Requirement& r = route.options.sizing.requirement;
  std::string out = ink.bold(paragraph("", "Route by kind: " + to_string(r), style.width));
  out += rules_grid(route, study, style.width);
  out += paragraph("any other kind: ", study.spec.arms[route.otherwise.arm].name, style.width);
  out += "\n" + day_grid(route, study, style.width);
  if (route.route.joules.present()) {
    const Quantity& q = route.route.joules;
    out += ink.dim(paragraph("", fmt::format("{}; boundary {}.", figure_text(q).sure(), q.boundary),
                             style.width));
  }
  out += "\n" + ink.bold(paragraph("", route.sentence, style.width));
  return out + optimism_text(route, style.width) + notes_text(route.notes, style.width);
}

}  // namespace joulebook
