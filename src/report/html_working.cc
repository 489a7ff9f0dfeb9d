// The working: what was measured with what, how long, how often, and what could not be known.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "core/text.h"
#include "report/figure.h"
#include "report/html.h"
#include "report/html_sections.h"

namespace joulebook::page {
namespace {

using Facts = std::vector<std::pair<std::string, std::string>>;  // plain text, HTML

std::string facts_html(const Facts& facts) {
  std::string html = "<dl class=\"facts\">\n";
  for (const auto& [name, value] : facts) {
    if (value.empty()) continue;
    html += fmt::format("<div><dt>{}</dt><dd>{}</dd></div>\n", escape_html(name), value);
  }
  return html + "</dl>\n";
}

std::string scalar_text(const Json& json) {
  if (json.is_string()) return std::string(json.as_string());
  if (json.is_bool()) return json.as_bool() ? "yes" : "no";
  return json.is_null() ? "unknown" : json.dump();
}

std::string words_of(std::string name) {
  std::replace(name.begin(), name.end(), '_', ' ');
  return name;
}

// Facts of any shape: lists are joined, objects flattened to one line.
std::string any_text(const Json& json) {
  if (!json.is_array() && !json.is_object()) return scalar_text(json);
  std::vector<std::string> parts;
  for (const auto& item : json.items()) parts.push_back(any_text(item));
  for (const auto& [name, value] : json.members()) {
    parts.push_back(fmt::format("{} {}", words_of(name), any_text(value)));
  }
  return join(parts, ", ");
}

std::string machine(const View& view) {
  Facts facts;
  for (const auto& [name, value] : view.study.machine.members()) {
    facts.emplace_back(words_of(name), escape_html(any_text(value)));
  }
  const WindowEnergy& whole = view.study.whole;
  facts.emplace_back("boundary", escape_html(whole.total.boundary));
  facts.emplace_back("devices", escape_html(join(whole.devices, ", ")));
  facts.emplace_back("method", escape_html(whole.total.method));
  facts.emplace_back("whole study", view.figure("whole.total"));
  facts.emplace_back("measured processes", view.figure("whole.tree"));
  facts.emplace_back("Joulebook itself", view.figure("whole.self"));
  return "<h3>Machine and boundary</h3>\n" + facts_html(facts);
}

std::string list_text(const std::vector<std::string>& list) {
  return escape_html(list.empty() ? "–" : join(list, ", "));
}

std::string domains(const View& view) {
  HtmlTable table;
  table.caption = "Energy by domain, whole study";
  table.heads = {"Domain", "Energy", "Mean power", "Peak power", "Contains", "In the total"};
  table.groups.emplace_back();
  for (std::size_t i = 0; i < view.study.whole.domains.size(); ++i) {
    const DomainEnergy& domain = view.study.whole.domains[i];
    const std::string path = fmt::format("whole.domains.{}", i);
    table.groups[0].rows.push_back(
        {fmt::format("{}<span class=\"note\">{}</span>", escape_html(domain.domain),
                     escape_html(domain.sensor)),
         view.figure(path + ".energy"), view.figure(path + ".mean_power"),
         view.figure(path + ".peak_power"), list_text(domain.contains),
         domain.top_level ? "yes" : "no"});
  }
  return table_html(table);
}

std::string sensors(const View& view) {
  if (view.study.sensors.empty()) return "<p>No sensor could be read.</p>\n";
  HtmlTable table;
  table.caption = "Sensors";
  table.heads = {"Sensor", "Covers", "Tick", "Accuracy", "Tier", "Method"};
  table.groups.emplace_back();
  for (const auto& sensor : view.study.sensors) {
    const bool exact = sensor.accuracy <= 0;
    table.groups[0].rows.push_back(
        {fmt::format("{}<span class=\"note\">{}</span>", escape_html(sensor.name),
                     escape_html(sensor.id)),
         escape_html(sensor.domain),
         sensor.tick.count() == 0 ? "continuous" : duration_text(Seconds(sensor.tick).count()),
         sensor.tier == Tier::modelled ? "by the model"
         : exact                       ? "as counted"
                                       : fmt::format("±{:.3g} %", sensor.accuracy * 100),
         fmt::format("<span class=\"tier {0}\">{0}</span>", to_string(sensor.tier)),
         escape_html(sensor.method)});
  }
  return table_html(table);
}

std::string quantisation(const EngineInfo& engine) {
  std::vector<std::string> parts;
  for (const auto& share : engine.quantisation) {
    parts.push_back(
        fmt::format("{} ({} tensors, {})", share.type, share.tensors, bytes_text(share.bytes)));
  }
  return join(parts, ", ");
}

std::string or_unknown(std::int64_t n) { return n > 0 ? count_text(n) : "unknown"; }

std::string settings(const View& view) {
  HtmlTable table;
  table.caption = "Arms and their settings";
  table.heads = {"Setting"};
  table.css = "settings";
  table.groups.emplace_back();
  auto& rows = table.groups[0].rows;
  const auto row = [&](std::string name, auto text_of) {
    std::vector<std::string> cells = {std::move(name)};
    for (const auto& arm : view.study.arms) cells.push_back(escape_html(text_of(arm)));
    rows.push_back(std::move(cells));
  };
  for (const auto& arm : view.study.arms) table.heads.push_back(arm.spec.name);
  row("Model", [](const ArmResult& a) { return a.engine.model; });
  row("Engine", [](const ArmResult& a) { return a.engine.kind + " " + a.engine.version; });
  row("Architecture", [](const ArmResult& a) { return a.engine.architecture; });
  row("Parameters", [](const ArmResult& a) { return or_unknown(a.engine.parameters); });
  row("Weights", [](const ArmResult& a) { return quantisation(a.engine); });
  row("Asked to", [](const ArmResult& a) {
    return a.spec.mode == Mode::reason ? std::string("think first") : std::string("answer at once");
  });
  row("System prompt", [](const ArmResult& a) { return a.spec.system; });
  row("Temperature", [](const ArmResult& a) { return number_text(a.spec.temperature); });
  row("Token limit", [](const ArmResult& a) { return count_text(a.spec.max_tokens); });
  row("Context", [](const ArmResult& a) { return or_unknown(a.engine.context); });
  row("Threads", [](const ArmResult& a) { return or_unknown(a.engine.threads); });
  row("GPU layers", [](const ArmResult& a) { return fmt::format("{}", a.engine.gpu_layers); });
  row("Chat template", [](const ArmResult& a) { return a.engine.chat_template; });
  return "<h3>Design</h3>\n" + table_html(table);
}

std::string percent(double share) {
  return std::isfinite(share) ? fmt::format("±{:.2g} %", share * 100) : "not yet known";
}

std::string looks(const View& view) {
  const StudySpec& spec = view.study.spec;
  HtmlTable table;
  table.caption = "Looks of the stopping rule";
  table.heads = {"After rounds", "Widest energy ratio", "Elapsed", "Verdict"};
  table.groups.emplace_back();
  for (std::size_t i = 0; i < view.study.looks.size(); ++i) {
    const Look& look = view.study.looks[i];
    table.groups[0].rows.push_back(
        {number_html(view.json, fmt::format("looks.{}.rounds", i), fmt::format("{}", look.rounds)),
         percent(look.half_width), duration_text(look.elapsed_s), escape_html(look.verdict)});
  }
  const std::string rule = fmt::format(
      "<p>Stops when the first interval of every energy ratio is within {}, after {} to {} rounds, "
      "or when a round would not end within {}. Trials in random order, seed {}; caches {} between "
      "trials; {} warm-up a model; prompts: {}.</p>\n",
      percent(spec.stopping.target), spec.stopping.min_rounds, spec.stopping.max_rounds,
      duration_text(spec.stopping.max_seconds), spec.seed, spec.keep_cache ? "kept" : "emptied",
      spec.warmups, escape_html(spec.prompts_source));
  return rule + table_html(table);
}

std::string warnings(const View& view) {
  std::vector<std::string> all = view.study.warnings;
  all.insert(all.end(), view.study.whole.warnings.begin(), view.study.whole.warnings.end());
  for (const auto& arm : view.study.arms) {
    for (const auto& warning : arm.engine.warnings) all.push_back(arm.spec.name + ": " + warning);
  }
  std::string html = "<h3>Warnings</h3>\n";
  if (all.empty()) return html + "<p>None.</p>\n";
  html += "<ul>";
  for (const auto& warning : all) html += fmt::format("<li>{}</li>\n", escape_html(warning));
  return html + "</ul>\n";
}

struct Absence {
  std::string message;
  std::string cure;
  std::string first;  // path of the first
  std::size_t times = 0;
};

// Every absence of the document, by code and message.
void collect(const Json& json, const std::string& path,
             std::map<std::pair<std::string, std::string>, Absence>& found) {
  const Json& reason = json["reason"];
  if (json.has("value") && json["value"].is_null() && reason.is_object()) {
    const std::string code(reason["code"].as_string());
    const std::string message(reason["message"].as_string());
    Absence& absence = found[{code, message}];
    if (absence.times++ == 0) {
      absence.message = message;
      absence.cure = reason["cure"].as_string();
      absence.first = path;
    }
    return;
  }
  const auto under = [&](std::string_view step) {
    return path.empty() ? std::string(step) : fmt::format("{}.{}", path, step);
  };
  for (const auto& [name, value] : json.members()) collect(value, under(name), found);
  for (std::size_t i = 0; i < json.items().size(); ++i) {
    collect(json.at(i), under(fmt::format("{}", i)), found);
  }
}

std::string absences(const View& view) {
  std::map<std::pair<std::string, std::string>, Absence> found;
  collect(view.json, "", found);
  std::string html = "<h3>What could not be known</h3>\n";
  if (found.empty()) return html + "<p>Nothing is missing.</p>\n";
  HtmlTable table;
  table.caption = "Absences and their reasons";
  table.css = "absences";
  table.heads = {"Reason", "What happened", "Figures"};
  table.groups.emplace_back();
  for (const auto& [key, absence] : found) {
    table.groups[0].rows.push_back({fmt::format("<code>{}</code>", escape_html(key.first)),
                                    escape_html(absence.message),
                                    escape_html(absence.cure.empty() ? "none" : absence.cure),
                                    fmt::format("{}<span class=\"note\">first: {}</span>",
                                                absence.times, escape_html(absence.first))});
  }
  return html + table_html(table);
}

std::string tiers() {
  return "<h3>Words</h3>\n<dl class=\"facts\">"
         "<div><dt>measured</dt><dd>a sensor covered exactly this</dd></div>"
         "<div><dt>apportioned</dt><dd>a measured total divided by a stated rule</dd></div>"
         "<div><dt>modelled</dt><dd>computed, not measured</dd></div>"
         "<div><dt>published</dt><dd>somebody else’s figure</dd></div>"
         "<div><dt>95 %</dt><dd>the interval holds the truth in 95 of 100 such studies</dd></div>"
         "<div><dt>bound</dt><dd>the truth lies inside</dd></div></dl>\n";
}

std::string record(const View& view) {
  const auto version = escape_html(view.study.version + " " + view.study.commit);
  return "<h3>Record</h3>\n" +
         facts_html({{"record", "<code>" + escape_html(view.study.id) + "</code>"},
                     {"started", iso8601(view.study.start.wall_ns)},
                     {"ended", iso8601(view.study.end.wall_ns)},
                     {"Joulebook", version}});
}

}  // namespace

std::string working(const View& view) {
  return "<section id=\"working\"><h2>The working</h2>\n" + machine(view) + domains(view) +
         sensors(view) + settings(view) + looks(view) + warnings(view) + absences(view) + tiers() +
         record(view) + "</section>\n";
}

}  // namespace joulebook::page
