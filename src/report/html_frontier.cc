// Quality against joules: which arms are on the frontier, and which is enough.
#include <fmt/format.h>

#include <cmath>

#include "report/html.h"
#include "report/html_sections.h"
#include "study/sizing/frontier.h"

namespace joulebook::page {
namespace {

// What is asked of the arms; where nothing is, how often they are right.
Requirement asked(const StudyResult& study) {
  if (!study.spec.require) return {};
  return parse_requirement(*study.spec.require).value_or(Requirement{});
}

// What the chart draws: intervals of joules for these prompts, where they were repeated.
Json points_json(const Fit& fit, const std::vector<bool>& on, const StudyResult& study) {
  Json points = Json::array();
  for (std::size_t i = 0; i < fit.arms.size(); ++i) {
    const ArmFit& arm = fit.arms[i];
    if (!arm.quality.value || !arm.joules.these.present()) continue;
    Interval joules = arm.joules.these.interval();
    if (!std::isfinite(joules.hi) && arm.joules.alike) joules = *arm.joules.alike;
    const Interval grade =
        arm.quality.interval.value_or(Interval{*arm.quality.value, *arm.quality.value});
    points.push(Json::object({{"arm", study.spec.arms[arm.arm].name},
                              {"joules", *arm.joules.these.value},
                              {"lo", joules.lo},
                              {"hi", joules.hi},
                              {"grade", *arm.quality.value},
                              {"grade_lo", grade.lo},
                              {"grade_hi", grade.hi},
                              {"frontier", static_cast<bool>(on[i])}}));
  }
  return points;
}

std::string grade_html(const Requirement& r, const Quality& q) {
  if (!q.value) return "not graded";
  std::string out = fmt::format("<span class=\"num\">{}</span>", value_text(r, *q.value));
  if (!q.interval) return out;
  constexpr std::string_view kNote = "<span class=\"note\" style=\"white-space:nowrap\">";
  return out + fmt::format("{0}{1} to {2}</span>{0}of {3}</span>", kNote,
                           value_text(r, q.interval->lo), value_text(r, q.interval->hi), q.prompts);
}

std::string table(const View& view, const Fit& fit, const std::vector<bool>& on,
                  const Requirement& r) {
  HtmlTable table;
  table.caption = "Quality and joules of each arm, the cheapest first";
  table.css = "frontier";
  table.heads = {"Arm", std::string(to_string(r.measure)), "Energy a response", "On the frontier"};
  if (view.study.spec.require) table.heads.emplace_back("Enough");
  table.groups.emplace_back();
  for (std::size_t i = 0; i < fit.arms.size(); ++i) {
    const ArmFit& arm = fit.arms[i];
    std::vector<std::string> row = {
        escape_html(view.study.spec.arms[arm.arm].name), grade_html(r, arm.quality),
        view.figure(fmt::format("arms.{}.j_per_response.these", arm.arm)), on[i] ? "yes" : "no"};
    if (view.study.spec.require) row.emplace_back(arm.meets ? "yes" : "no");
    table.groups[0].rows.push_back(std::move(row));
  }
  return table_html(table);
}

}  // namespace

std::string frontier(const View& view) {
  const Requirement r = asked(view.study);
  const auto sizing = size_arms(view.study, {.requirement = r});
  if (!sizing || sizing->all.arms.size() < 2) return {};
  const auto on = frontier_of(sizing->all, r);
  std::string html = "<section id=\"frontier\"><h2>What quality costs</h2>\n";
  if (view.study.spec.require) {
    html += fmt::format("<p>{}</p>\n", escape_html(sizing->all.sentence));
  }
  html += chart("chart-frontier", "Quality against joules",
                "Each point is an arm; the line joins those that no other arm beats in both. The "
                "same figures are in the table below.",
                std::string("Line: the frontier, arms that no other is both better and cheaper "
                            "than. Bars: 95 % intervals. Joules logarithmic.") +
                    (view.study.spec.require ? " Level line: what is required." : ""));
  const Json drawn =
      Json::object({{"measure", std::string(to_string(r.measure))},
                    {"limit", view.study.spec.require ? Json(r.limit) : Json()},
                    {"points", points_json(sizing->all, on, view.study)}});
  html += fmt::format("<div id=\"frontier-points\" hidden data-points=\"{}\"></div>\n",
                      escape_html(drawn.dump()));
  return html + table(view, sizing->all, on, r) + "</section>\n";
}

}  // namespace joulebook::page
