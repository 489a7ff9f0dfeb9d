#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "export/metric_table.h"
#include "report/figure.h"
#include "report/ink.h"
#include "report/sizing_table.h"
#include "report/terminal_table.h"
#include "report/text_grid.h"

namespace joulebook {
namespace {

using Align = TextGrid::Align;
using Column = TextGrid::Column;

std::string absent_cell(const Quantity& q, Reasons& reasons) {
  const FigureText figure = figure_text(q);
  note(figure, reasons);
  return figure.value.starts_with("no ") ? figure.code : figure.line();
}

std::string cell(const Quantity& q, MetricType type, Reasons& reasons) {
  if (!q.present()) return absent_cell(q, reasons);
  if (type == MetricType::quantity) return figure_text(q).line();
  return metric_text(type, q);
}

// The tier of a row of figures, or of each in turn where they differ.
std::string tiers(const std::vector<Quantity>& row) {
  std::vector<std::string> seen;
  for (const auto& q : row) {
    if (!q.present()) continue;
    const FigureText figure = figure_text(q);
    std::string word = figure.sure();
    if (std::find(seen.begin(), seen.end(), word) == seen.end()) seen.push_back(std::move(word));
  }
  return fmt::format("{}", fmt::join(seen, " / "));
}

std::string arms_table(const StudyResult& study, const ScreenStyle& style, Reasons& reasons) {
  std::vector<Column> columns = {{"", Align::left, true}};
  for (const auto& arm : study.arms) columns.push_back({arm.spec.name, Align::right, true});
  columns.push_back({"tier", Align::left, true});
  TextGrid grid(std::move(columns));
  for (const auto& metric : arm_metrics()) {
    std::vector<std::string> cells = {std::string(metric.label)};
    std::vector<Quantity> row;
    for (const auto& arm : study.arms) {
      row.push_back(metric.of(arm).these);
      cells.push_back(cell(row.back(), metric.type, reasons));
    }
    cells.push_back(tiers(row));
    grid.add(std::move(cells));
  }
  return grid.text(style.width);
}

std::string alike_cell(const Estimate& estimate) {
  if (!estimate.these.present()) return "";
  if (!estimate.alike) return "cannot be said";
  return ratio_interval_text(estimate.alike->lo, estimate.alike->hi);
}

void add_split_line(TextGrid& grid, std::string name, const Estimate& estimate, Reasons& reasons) {
  const FigureText figure = figure_text(estimate.these);
  if (!figure.present()) {
    grid.add({std::move(name), absent_cell(estimate.these, reasons)});
    return;
  }
  grid.add({std::move(name), figure.value, figure.interval.empty() ? "exact" : figure.interval,
            alike_cell(estimate), tiers({estimate.these})});
}

std::string split_table(const Split& split, const ScreenStyle& style, Reasons& reasons) {
  TextGrid grid({{"ratio", Align::left},
                 {"", Align::right},
                 {"these prompts", Align::left},
                 {"prompts like these", Align::left},
                 {"tier", Align::left, true}});
  add_split_line(grid, "energy", split.energy, reasons);
  add_split_line(grid, "= longer", split.longer, reasons);
  add_split_line(grid, "x dearer", split.dearer, reasons);
  return grid.text(style.width);
}

std::string extra_words(double extra) { return extra == 0 ? "0" : fmt::format("{:+.3g}", extra); }

// Kind by kind: the ratios, and below them what they bought. Side by side they would not fit 80
// columns.
std::string kinds_tables(const Comparison& comparison, const ScreenStyle& style, Reasons& reasons) {
  TextGrid ratios({{"kind", Align::left},
                   {"energy", Align::right, true},
                   {"longer", Align::right, true},
                   {"dearer", Align::right, true}});
  TextGrid bought({{"kind", Align::left},
                   {"prompts", Align::right},
                   {"correct", Align::right},
                   {"J per extra correct", Align::right, true},
                   {"tier", Align::left, true}});
  for (const auto& kind : comparison.kinds) {
    ratios.add({kind.kind, cell(kind.split.energy.these, MetricType::quantity, reasons),
                cell(kind.split.longer.these, MetricType::quantity, reasons),
                cell(kind.split.dearer.these, MetricType::quantity, reasons)});
    bought.add({kind.kind, fmt::format("{}", kind.prompts), extra_words(kind.extra_correct),
                cell(kind.j_per_extra_correct, MetricType::quantity, reasons),
                tiers({kind.split.energy.these})});
  }
  return ratios.text(style.width) + "\n" + bought.text(style.width);
}

std::string bought_line(const Comparison& comparison, int width) {
  const FigureText figure = figure_text(comparison.j_per_extra_correct);
  const std::string each = figure.present() ? figure.full() + " for each extra one"
                                            : fmt::format("{} ({})", figure.why, figure.code);
  return paragraph("correct answers: ",
                   fmt::format("{}; {}", extra_words(comparison.extra_correct), each), width);
}

std::string comparison_text(const StudyResult& study, const Comparison& comparison,
                            const ScreenStyle& style, Reasons& reasons) {
  const Ink ink(style);
  const auto name = [&](std::size_t arm) { return study.arms.at(arm).spec.name; };
  std::string head = fmt::format("{} against {}, {} prompts complete in both{}", name(comparison.b),
                                 name(comparison.a), comparison.prompts,
                                 comparison.censored ? ", censored at the token limit" : "");
  return "\n" + ink.bold(paragraph("", head, style.width)) +
         split_table(comparison.split, style, reasons) + bought_line(comparison, style.width) +
         "\n" + kinds_tables(comparison, style, reasons);
}

std::string heading(const StudyResult& study, const ScreenStyle& style) {
  int rounds = 0;
  for (const auto& trial : study.trials) rounds = std::max(rounds, trial.round + 1);
  const double seconds = Seconds(study.end.steady - study.start.steady).count();
  return Ink(style).bold(paragraph(
      "",
      fmt::format("Study {}: {} prompts, {} arms, {} trials in {} rounds, {}{}", study.spec.name,
                  study.spec.prompts.size(), study.arms.size(), study.trials.size(), rounds,
                  duration_text(seconds), study.complete ? "" : " (interrupted)"),
      style.width));
}

std::string footing(const StudyResult& study, const Reasons& reasons, const ScreenStyle& style) {
  const Ink ink(style);
  std::string out;
  if (!reasons.empty()) out += "\n";
  for (const auto& [code, why] : reasons) {
    out += ink.dim(paragraph(code + ": ", why, style.width));
  }
  if (const Quantity& total = study.whole.total; total.present()) {
    out +=
        "\n" + ink.dim(paragraph("", fmt::format("Boundary {}; {}.", total.boundary, total.method),
                                 style.width));
  }
  if (!study.warnings.empty()) out += "\n";
  for (const auto& warning : study.warnings) {
    out += ink.warn(paragraph("warning: ", warning, style.width));
  }
  return out;
}

// What the steps of a ladder bought, and which arm is enough, where the study asks.
std::string enough(const StudyResult& study, const ScreenStyle& style) {
  std::string out = ladder_table(ladder_of(study), study, style);
  if (!out.empty()) out.insert(0, "\n");
  if (!study.spec.require) return out;
  const auto requirement = parse_requirement(*study.spec.require);
  if (!requirement) return out;
  const auto sizing = size_arms(study, {.requirement = *requirement});
  if (sizing) return out + "\n" + sizing_table(*sizing, study, style);
  return out + "\n" + paragraph("what is enough: ", sizing.error().message, style.width);
}

}  // namespace

std::string study_table(const StudyResult& study, const ScreenStyle& style) {
  Reasons reasons;
  std::string out = heading(study, style) + "\n" + arms_table(study, style, reasons);
  for (const auto& comparison : study.comparisons) {
    out += comparison_text(study, comparison, style, reasons);
  }
  out += enough(study, style) + footing(study, reasons, style);
  if (!study.sentence.empty()) {
    out += "\n" + Ink(style).bold(paragraph("", study.sentence, style.width));
  }
  return out;
}

}  // namespace joulebook
