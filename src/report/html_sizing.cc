// What each step of a ladder bought, and the rule that sends each kind to its cheapest arm that is enough.
#include <fmt/format.h>

#include <algorithm>

#include "report/html.h"
#include "report/html_sections.h"
#include "report/sizing_table.h"
#include "report/strip.h"
#include "study/estimates.h"

namespace joulebook::page {
namespace {

constexpr std::string_view kNote = "<span class=\"note\" style=\"white-space:nowrap\">";

const std::string& name_of(const View& view, std::size_t arm) { return view.study.spec.arms[arm].name; }

// "+2.5 %", below it its interval.
std::string gain_html(const View& view, const std::string& at) {
  const Json& step = json_at(view.json, at);
  if (!step["gain"].is_number()) return "not checked";
  std::string out = number_html(view.json, at + ".gain", fmt::format("{:+.3g} %", 100 * step["gain"].as_double()));
  const Json& interval = step["gain_interval"];
  if (interval.items().size() != 2) return out;
  return out + fmt::format("{}{:.3g} % to {:.3g} %</span>", kNote, 100 * interval.at(0).as_double(),
                           100 * interval.at(1).as_double());
}

// Every arm of the ladder with what an answer took, and how often it was right.
std::vector<StripMark> rungs(const View& view) {
  std::vector<StripMark> marks;
  const auto add = [&](std::string_view name) {
    const auto arm = std::ranges::find(view.study.spec.arms, name, &ArmSpec::name);
    const bool there = std::ranges::any_of(marks, [&](const StripMark& m) { return m.name == name; });
    if (arm == view.study.spec.arms.end() || there) return;
    const auto index = arm - view.study.spec.arms.begin();
    const Json& q = json_at(view.json, fmt::format("arms.{}.j_per_response.these", index));
    auto mark = strip_mark(q, 1, std::string(name), static_cast<int>(index % 6));
    if (!mark) return;
    mark->shown = figure_text(q).line();
    const ArmResult& result = view.study.arms[static_cast<std::size_t>(index)];
    if (result.checkable > 0) {
      mark->shown += fmt::format(", {:.0f} % right", 100 * result.correct / static_cast<double>(result.checkable));
    }
    marks.push_back(std::move(*mark));
  };
  for (const Json& step : view.json["ladder"].items()) {
    add(step["from"].as_string());
    add(step["to"].as_string());
  }
  return marks;
}

// A grade, below it its interval.
std::string grade_html(const Requirement& r, double value, const std::optional<Interval>& interval) {
  std::string out = fmt::format("<span class=\"num\">{}</span>", escape_html(value_text(r, value)));
  if (!interval) return out;
  return out + fmt::format("{}{} to {}</span>", kNote, value_text(r, interval->lo), value_text(r, interval->hi));
}

std::string rules_table(const View& view, const Route& route) {
  const Requirement& r = route.options.sizing.requirement;
  HtmlTable table;
  table.caption = "The rule, kind by kind";
  table.heads = {"Kind", "Prompts a day", "Goes to", std::string(to_string(r.measure)), "Confidence",
                 "Energy a response", "Chosen by halves"};
  table.groups.emplace_back();
  for (const RuleLine& line : route.rules) {
    table.groups[0].rows.push_back(
        {escape_html(line.kind), fmt::format("<span class=\"num\">{}</span>", number_text(line.count)),
         escape_html(name_of(view, line.pick.arm)) + (line.pick.sufficient ? "" : fmt::format("{}not enough</span>", kNote)),
         line.quality.value ? grade_html(r, *line.quality.value, line.quality.interval) : "not graded",
         escape_html(confidence_text(line.quality.confidence)), worked_out_html(for_prompts_like(line.joules)),
         fmt::format("<span class=\"num\">{:.0f} %</span>", 100 * line.stable)});
  }
  return table_html(table);
}

struct Way {
  std::string name;
  const DayLine& line;
  const Quantity* times;  // the route's joules over this way's; null: it is the route
};

std::string day_table(const std::vector<Way>& ways, const Requirement& r) {
  HtmlTable table;
  table.caption = "A day's prompts, sent in three ways";
  table.heads = {"Sent", "Energy a day", std::string(to_string(r.measure)), "The rule takes"};
  table.groups.emplace_back();
  for (const Way& way : ways) {
    table.groups[0].rows.push_back(
        {escape_html(way.name), worked_out_html(way.line.joules),
         way.line.grade ? grade_html(r, way.line.grade->value, way.line.grade->interval) : "not graded",
         way.times == nullptr ? "" : worked_out_html(*way.times)});
  }
  return table_html(table);
}

std::string day_strip(const std::vector<Way>& ways) {
  std::vector<StripMark> marks;
  for (std::size_t i = 0; i < ways.size(); ++i) {
    const Json q = to_json(ways[i].line.joules);
    auto mark = strip_mark(q, 1, ways[i].name, static_cast<int>(i));
    if (!mark) continue;
    mark->shown = figure_text(q).line();
    marks.push_back(std::move(*mark));
  }
  return strip_html(marks, " J", "Energy of a day's prompts by the rule, by the largest arm and by the best single one");
}

}  // namespace

std::string ladder(const View& view) {
  const auto& steps = view.json["ladder"].items();
  if (steps.empty()) return {};
  HtmlTable table;
  table.caption = "Each step of the ladder against the one before";
  table.heads = {"Step", "Prompts", "More energy a response", "More correct", "Energy for each further correct answer"};
  table.groups.emplace_back();
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const std::string at = fmt::format("ladder.{}", i);
    table.groups[0].rows.push_back(
        {fmt::format("{}<span class=\"note\">after {}</span>", escape_html(steps[i]["to"].as_string()),
                     escape_html(steps[i]["from"].as_string())),
         number_html(view.json, at + ".prompts", count_text(steps[i]["prompts"].as_int())),
         view.figure(at + ".more_joules"), gain_html(view, at), view.figure(at + ".j_per_extra_correct")});
  }
  return "<section id=\"ladder\"><h2>What each step of thinking bought</h2>\n" +
         strip_html(rungs(view), " J", "Energy a response of each step; the same figures are in the tables") +
         "<p class=\"src\">Dot: joules a response; line: interval. Logarithmic.</p>\n" + table_html(table) + "</section>\n";
}

std::string route(const View& view) {
  if (!view.study.spec.require) return {};
  const auto requirement = parse_requirement(*view.study.spec.require);
  if (!requirement) return {};
  RouteOptions options;
  options.sizing.requirement = *requirement;
  const auto route = route_study(view.study, options);
  if (!route || route->rules.size() < 2 || view.study.arms.size() < 2) return {};
  const std::vector<Way> ways = {
      {"by the rule", route->route, nullptr},
      {"always " + name_of(view, route->largest), route->always_largest, &route->to_largest},
      {"best single arm", route->single, &route->to_single}};
  std::string html = "<section id=\"route\"><h2>Each kind to the arm that is enough</h2>\n";
  html += fmt::format("<p>{}</p>\n", escape_html(route->sentence)) + day_strip(ways);
  html += "<p class=\"src\">A day brings each of the study’s prompts 1,000 times; <code>joulebook route</code> takes another "
          "mix. Confidence: that the arm is enough on prompts like these.</p>\n";
  html += day_table(ways, *requirement) + rules_table(view, *route);
  for (const auto& note : route->notes) html += fmt::format("<p class=\"src\">{}</p>\n", escape_html(note));
  return html + "</section>\n";
}

}  // namespace joulebook::page
