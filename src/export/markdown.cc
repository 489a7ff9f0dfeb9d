#include "export/markdown.h"

#include <fmt/format.h>

#include <cmath>

#include "core/text.h"
#include "export/metric_table.h"

namespace joulebook {
namespace {

std::string figure(double value) {
  if (!std::isfinite(value)) return "unbounded";
  return std::fabs(value) >= 100 ? fmt::format("{:.0f}", value) : fmt::format("{:.3g}", value);
}

std::string brackets(const Interval& i) {
  return fmt::format("[{}, {}]", figure(i.lo), figure(i.hi));
}

// "512 J [498, 530] modelled": value and interval in the one unit, so that columns compare.
std::string cell(MetricType type, const Quantity& q) {
  if (!q.present() || type == MetricType::count || type == MetricType::share || q.unit == "By") {
    return markdown_cell(metric_text(type, q));
  }
  std::string out = figure(*q.value);
  if (!q.unit.starts_with('{')) out += " " + q.unit;
  if (type != MetricType::quantity) return out;
  return fmt::format("{} {} {}", out, brackets(q.interval()), to_string(q.tier));
}

std::string ratio_cell(const Estimate& e) {
  if (!e.these.present()) return metric_text(MetricType::quantity, e.these);
  std::string out = fmt::format("{} {}", figure(*e.these.value), brackets(e.these.interval()));
  if (e.alike) out += fmt::format("; prompts like these {}", brackets(*e.alike));
  return out;
}

std::string head(std::string_view first, const std::vector<std::string>& columns) {
  std::string line = fmt::format("| {} |", first);
  std::string rule = "|---|";
  for (const auto& column : columns) {
    line += fmt::format(" {} |", markdown_cell(column));
    rule += "---|";
  }
  return line + "\n" + rule + "\n";
}

std::string arms_table(const StudyResult& study) {
  std::vector<std::string> names;
  for (const auto& arm : study.arms) names.push_back(arm.spec.name);
  std::string out = "## Arms\n\n" + head("metric", names);
  for (const auto& m : arm_metrics()) {
    out += fmt::format("| {} |", m.label);
    for (const auto& arm : study.arms) out += fmt::format(" {} |", cell(m.type, m.of(arm).these));
    out += "\n";
  }
  return out + "\n";
}

std::string split_row(std::string_view name, const Split& split, double extra,
                      const Quantity& price) {
  return fmt::format("| {} | {} | {} | {} | {:+.3g} | {} |\n", markdown_cell(name),
                     ratio_cell(split.energy), ratio_cell(split.longer), ratio_cell(split.dearer),
                     extra, cell(MetricType::quantity, price));
}

std::string comparison(const StudyResult& study, const Comparison& c) {
  std::string out = fmt::format(
      "## {} against {}{}\n\n{}\n\n", markdown_cell(study.arms[c.b].spec.name),
      markdown_cell(study.arms[c.a].spec.name), c.censored ? " (censored)" : "", c.sentence);
  out += head("prompts", {"energy", "longer", "dearer", "more correct", "J per extra correct"});
  out +=
      split_row(fmt::format("all {}", c.prompts), c.split, c.extra_correct, c.j_per_extra_correct);
  for (const auto& k : c.kinds) {
    out += split_row(fmt::format("{} ({})", k.kind, k.prompts), k.split, k.extra_correct,
                     k.j_per_extra_correct);
  }
  return out + "\n";
}

std::string models(const StudyResult& study) {
  std::string out;
  for (const auto& arm : study.arms) {
    out +=
        fmt::format("- arm {}: {} ({} {}), {} threads, at most {} tokens\n",
                    markdown_cell(arm.spec.name), markdown_cell(arm.engine.model), arm.engine.kind,
                    arm.engine.version, arm.engine.threads, arm.spec.max_tokens);
  }
  return out;
}

std::string machine(const Json& facts) {
  std::string out;
  for (const auto& [name, value] : facts.members()) {
    out += fmt::format("- {}: {}\n", markdown_cell(name),
                       markdown_cell(value.is_string() ? value.as_string() : value.dump()));
  }
  return out;
}

std::string sensors(const StudyResult& study) {
  std::string out;
  for (const auto& s : study.sensors) {
    out += fmt::format("- sensor {}: {} ({}, {})\n", s.domain, markdown_cell(s.name), s.method,
                       to_string(s.tier));
  }
  if (out.empty()) out = "- sensors: none\n";
  for (const auto& b : study.baselines) {
    out += fmt::format("- silence, {}: {}\n", markdown_cell(b.what),
                       cell(MetricType::quantity, b.power));
  }
  return out + fmt::format("- devices covered: {}\n", join(study.whole.devices, ", "));
}

std::string looks(const StudyResult& study) {
  std::string out;
  for (const auto& look : study.looks) {
    out += fmt::format(
        "- look after round {}, {:.0f} s: half-width {}, {}\n", look.rounds, look.elapsed_s,
        std::isfinite(look.half_width) ? fmt::format("{:.1f} %", 100 * look.half_width)
                                       : "not known yet",
        look.verdict);
  }
  return out;
}

std::string working(const StudyResult& study) {
  std::string out = "## Working\n\n";
  out += fmt::format("- study {}, {} to {}{}\n", study.id, iso8601(study.start.wall_ns),
                     iso8601(study.end.wall_ns), study.complete ? "" : ", interrupted");
  if (!study.version.empty()) {
    out += fmt::format("- Joulebook {} ({})\n", study.version, study.commit);
  }
  out += machine(study.machine) + models(study) + sensors(study) + looks(study);
  for (const auto& warning : study.warnings) out += fmt::format("- warning: {}\n", warning);
  for (const auto& warning : study.whole.warnings) out += fmt::format("- warning: {}\n", warning);
  return out;
}

}  // namespace

std::string markdown_cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c == '\n' || c == '\r' ? ' ' : c;
  }
  return out;
}

std::string study_markdown(const StudyResult& study) {
  std::string out = fmt::format("# Study {}\n\n{}\n\n", study.spec.name, study.sentence);
  out += arms_table(study);
  for (const auto& c : study.comparisons) out += comparison(study, c);
  out += working(study);
  out +=
      "\nIntervals are for these very prompts; \"prompts like these\" would vary more. Energy is\n"
      "gross unless it says otherwise.\n";
  return out;
}

}  // namespace joulebook
