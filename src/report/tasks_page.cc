#include "report/tasks_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/text.h"
#include "report/figure.h"
#include "report/html.h"
#include "report/static_page.h"
#include "report/strip.h"
#include "report/tasks_table.h"

namespace joulebook {
namespace {

constexpr ShownUnit kWattHours{3600, "Wh"};
constexpr int kSpecial = 2;  // colours of arms
constexpr int kGeneral = 1;
constexpr int kPublished = 5;

std::string safe(const Json& json) { return escape_html(json.as_string()); }

std::string why(const Json& absent) {
  const std::string cure(absent["cure"].as_string());
  return safe(absent["message"]) + (cure.empty() ? "" : " → " + escape_html(cure));
}

const Json* named(const Json& list, std::string_view key, std::string_view name) {
  for (const Json& item : list.items()) {
    if (item[key].as_string() == name) return &item;
  }
  return nullptr;
}

std::string watt_hours(const Json& quantity) {
  Json shown = quantity;
  for (const char* end : {"value", "lo", "hi"}) {
    if (quantity[end].is_number()) shown.set(end, quantity[end].as_double() / kWattHours.factor);
  }
  return figure_text(shown.set("unit", kWattHours.unit)).value;
}

// The arm that a task's items would go to; where nothing was required, its first special one that ran.
std::string rule_of(const Json& task) {
  if (!task["enough"]["rule"].as_string().empty()) return std::string(task["enough"]["rule"].as_string());
  return task["ratios"].items().empty() ? "" : std::string(task["ratios"].at(0)["special"].as_string());
}

// What stands for a task in the first chart: the general way against the best special one.
const Json* ratio_of(const Json& task) {
  const std::string rule = rule_of(task);
  const auto general = task["enough"]["general"].as_string();
  const Json* first = nullptr;
  for (const Json& ratio : task["ratios"].items()) {
    if (!ratio["times"]["value"].is_number()) continue;
    if (first == nullptr) first = &ratio;
    if (ratio["special"].as_string() == rule && ratio["general"].as_string() == general) return &ratio;
  }
  return first;
}

std::string header(const Json& d) {
  const std::string day(d["start"].as_string().substr(0, 10));
  const std::size_t ran = static_cast<std::size_t>(std::ranges::count_if(
      d["tasks"].items(), [](const Json& task) { return !task["absent"].is_object(); }));
  std::string html = fmt::format(
      "<header>\n<p class=\"kicker\">Joulebook study tasks <time datetime=\"{0}\">{0}</time></p>\n"
      "<h1>Was the big model needed?</h1>\n", escape_html(day));
  if (d["day"].is_object()) html += fmt::format("<p class=\"standfirst\">{}</p>\n", safe(d["day"]["sentence"]));
  html += fmt::format(
      "<p class=\"byline\">{} of {} tasks ran, {}{}. Figures are for 1,000 items; carbon by the grid “{}”.</p>\n",
      ran, d["tasks"].items().size(), d["quick"].as_bool() ? "a quick run of " : "",
      duration_text(d["duration_s"].as_double()), safe(d["grid"]["name"]));
  if (!d["complete"].as_bool()) html += "<p class=\"flag\">Interrupted: the rest was not run.</p>\n";
  return html + "</header>\n";
}

std::string ratios(const Json& d) {
  std::vector<page::StripMark> marks;
  for (const Json& task : d["tasks"].items()) {
    const Json* ratio = ratio_of(task);
    if (ratio == nullptr) continue;
    auto mark = page::strip_mark((*ratio)["times"], 1,
                                 fmt::format("{}: {} against {}", task["title"].as_string(),
                                             (*ratio)["general"].as_string(), (*ratio)["special"].as_string()),
                                 kGeneral);
    if (!mark) continue;
    mark->shown = figure_text((*ratio)["times"]).line();
    marks.push_back(std::move(*mark));
  }
  if (marks.empty()) return {};
  return "<section id=\"ratios\"><h2>How many times the energy</h2>\n" +
         page::strip_html(marks, "×", "Energy of the general model over that of the special program, task by task; "
                                      "the same figures are in the tables below.") +
         "<p class=\"src\">Dot: energy of the general way over that of the special one, items that both answered; "
         "line: interval, broken where an end is not known. Logarithmic. Left of 1 the special one takes more.</p>\n"
         "</section>\n";
}

std::vector<std::string> arm_row(const Json& d, const std::string& at) {
  const Json& arm = json_at(d, at);
  const std::string name =
      fmt::format("{}<span class=\"note\">{}</span>", safe(arm["name"]), safe(arm["role"]));
  if (arm["absent"].is_object()) return {name, "not run"};
  const auto count = [&](const char* key) {
    return number_html(d, at + "." + key, count_text(arm[key].as_int()));
  };
  const Json& memory = arm["memory"]["value"];
  return {name,
          count("items"),
          figure_html(d, at + ".energy", kWattHours),
          figure_html(d, at + ".carbon"),
          arm["seconds"].is_number() ? number_html(d, at + ".seconds", number_text(arm["seconds"].as_double())) : "unknown",
          figure_html(d, at + ".correct", RatioStyle::percent),
          figure_html(d, at + ".j_per_correct"),
          memory.is_number() ? number_html(d, at + ".memory.value", bytes_text(static_cast<std::int64_t>(memory.as_double())))
                             : figure_html(d, at + ".memory")};
}

std::string arms(const Json& d, std::size_t index) {
  HtmlTable table;
  table.caption = fmt::format("{}: every arm, per 1,000 items", d["tasks"].at(index)["title"].as_string());
  table.css = "arms";
  table.heads = {"Arm", "Items", "Energy", "Carbon", "Seconds", "Correct", "Energy each correct", "Memory"};
  table.groups.emplace_back();
  for (std::size_t a = 0; a < d["tasks"].at(index)["arms"].items().size(); ++a) {
    table.groups[0].rows.push_back(arm_row(d, fmt::format("tasks.{}.arms.{}", index, a)));
  }
  return table_html(table);
}

std::string ratio_table(const Json& d, std::size_t index) {
  const auto& list = d["tasks"].at(index)["ratios"].items();
  if (list.empty()) return {};
  HtmlTable table;
  table.caption = "The general way over the special one, items that both answered";
  table.heads = {"Arms", "Items of both", "Energy", "Training repaid after (answers)"};
  table.groups.emplace_back();
  for (std::size_t r = 0; r < list.size(); ++r) {
    const std::string at = fmt::format("tasks.{}.ratios.{}", index, r);
    const bool untrained = list[r]["break_even"]["reason"]["code"].as_string() == "task.untrained";
    table.groups[0].rows.push_back(
        {fmt::format("{} over {}", safe(list[r]["general"]), safe(list[r]["special"])),
         number_html(d, at + ".items", count_text(list[r]["items"].as_int())), figure_html(d, at + ".times"),
         untrained ? "nothing was trained" : figure_html(d, at + ".break_even", ShownUnit{1, ""})});
  }
  return table_html(table);
}

// The 2023 study's kind of task between the arms of this one.
std::string published(const Json& task) {
  const Json& p = task["published"];
  if (p["kind"].is_null()) {
    return fmt::format("<p class=\"src\">The 2023 study has nothing of this kind: {}.</p>\n",
                       safe(p["as_published"]["reason"]["message"]));
  }
  std::vector<page::StripMark> marks;
  const auto add = [&](const Json& quantity, std::string name, int colour) {
    auto mark = page::strip_mark(quantity, kWattHours.factor, std::move(name), colour);
    if (!mark) return;
    mark->shown = watt_hours(quantity);
    marks.push_back(std::move(*mark));
  };
  const std::array<std::pair<std::string, int>, 2> ours = {
      {{rule_of(task), kSpecial}, {std::string(task["enough"]["general"].as_string()), kGeneral}}};
  for (const auto& [name, colour] : ours) {
    if (const Json* arm = named(task["arms"], "name", name)) add((*arm)["energy"], name + ", here", colour);
  }
  std::string kind(p["kind"].as_string());
  std::ranges::replace(kind, '_', ' ');
  add(p["as_published"], fmt::format("2023 study, {}, as published", kind), kPublished);
  add(p["corrected"], "the same with its two errors taken off", kPublished);
  return fmt::format("<h3>Beside the 2023 study</h3>\n{}<p class=\"src\">Watt-hours for 1,000 items, logarithmic. Of the "
                     "2023 study (Luccioni, Jernite, Strubell; {} rows of other models on an A100) the line is from its least to its most row. "
                     "Its two errors: eight GPUs were read of which one worked, and constants were added for RAM and CPU.</p>\n",
                     page::strip_html(marks, " Wh", "Energy here and in the 2023 study"), p["rows"].as_int());
}

// What an arm's small pictures stand for, here and on a GPU.
std::string scaled_html(const Json& d, const std::string& at) {
  const Json& arm = json_at(d, at);
  if (!arm["scaled"].is_object()) return {};
  std::string html = fmt::format("<p>{}: ", safe(arm["name"]));
  if (arm["scaled"]["here"]["value"].is_number()) {
    html += fmt::format("{}, for 1,000 here {} and ", escape_html(stands_for_text(arm)),
                        figure_html(d, at + ".scaled.here", kWattHours));
  } else {
    html += fmt::format("{}, for 1,000 ", escape_html(drawn_text(arm["scaled"]["full"])));
  }
  return html + fmt::format("on one {} {}, as <code>joulebook predict --image {}</code> says.</p>\n", safe(arm["scaled"]["gpu"]),
                            figure_html(d, at + ".scaled.there", kWattHours), safe(arm["scaled"]["image"]));
}

std::string task_html(const Json& d, std::size_t index) {
  const Json& task = d["tasks"].at(index);
  std::string html = fmt::format("<section id=\"{}\"><h2>{}</h2>\n", safe(task["name"]), safe(task["title"]));
  if (task["absent"].is_object()) return html + fmt::format("<p class=\"flag\">Not run: {}</p>\n</section>\n", why(task["absent"]));
  const Json& enough = task["enough"];
  if (enough["absent"].is_object()) {
    html += fmt::format("<p>Enough ({}) can’t be said: {}</p>\n", safe(enough["require"]), why(enough["absent"]));
  } else if (enough.is_object()) {
    html += fmt::format("<p>{}</p>\n", safe(enough["sentence"]));
  }
  html += arms(d, index);
  for (std::size_t a = 0; a < task["arms"].items().size(); ++a) {
    const Json& arm = task["arms"].at(a);
    if (arm["absent"].is_object()) {
      html += fmt::format("<p class=\"src\">{} did not run: {}</p>\n", safe(arm["name"]), why(arm["absent"]));
    }
    html += scaled_html(d, fmt::format("tasks.{}.arms.{}", index, a));
    if (!arm["training"].is_object()) continue;
    html += fmt::format("<p class=\"src\">{}: training took {} and {}.</p>\n", safe(arm["name"]),
                        escape_html(figure_text(arm["training"]["energy"]).line()),
                        duration_text(arm["training"]["seconds"].as_double()));
  }
  html += ratio_table(d, index) + published(task);
  if (!task["fairer"].is_null()) html += fmt::format("<p class=\"src\">What would make it fairer: {}</p>\n", safe(task["fairer"]));
  return html + "</section>\n";
}

std::string day_html(const Json& d) {
  const Json& day = d["day"];
  if (!day.is_object()) return {};
  HtmlTable table;
  table.caption = "A day by the route over tasks";
  table.heads = {"Task", "Items", "Goes to", "Enough", "Chosen by halves", "Energy against the general way"};
  table.groups.emplace_back();
  for (std::size_t l = 0; l < day["lines"].items().size(); ++l) {
    const auto name = day["lines"].at(l)["task"].as_string();
    for (std::size_t t = 0; t < d["tasks"].items().size(); ++t) {
      const Json& task = d["tasks"].at(t);
      if (task["name"].as_string() != name) continue;
      const Json& enough = task["enough"];
      table.groups[0].rows.push_back(
          {safe(task["title"]), number_html(d, fmt::format("day.lines.{}.count", l), number_text(day["lines"].at(l)["count"].as_double())),
           safe(enough["rule"]), escape_html(enough_text(task)),
           number_html(d, fmt::format("tasks.{}.enough.stable", t), fmt::format("{:.0f} %", 100 * enough["stable"].as_double())),
           figure_html(d, fmt::format("tasks.{}.enough.to_general", t))});
    }
  }
  std::string html = "<section id=\"day\"><h2>A day, each task by the arm that is enough</h2>\n" +
                     fmt::format("<p>{}</p>\n<p>By the rule {}</p>\n<p>By the general model {}</p>\n", safe(day["sentence"]),
                                 figure_html(d, "day.route"), figure_html(d, "day.general")) + table_html(table);
  for (const Json& left : day["left_out"].items()) {
    html += fmt::format("<p class=\"src\">Without {}: {}</p>\n", safe(left["task"]), why(left["why"]));
  }
  return html + "</section>\n";
}

}  // namespace

std::string tasks_page(const Json& d) {
  std::string sections = header(d) + ratios(d) + day_html(d);
  for (std::size_t t = 0; t < d["tasks"].items().size(); ++t) sections += task_html(d, t);
  return page::static_document({"Tasks: was the big model needed?",
                                "Special programs against general models, task by task, in joules", sections, "tasks", d});
}

}  // namespace joulebook
