// Headline, arms, comparisons, prompts, power: what the study found.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "core/text.h"
#include "export/metric_table.h"
#include "report/figure.h"
#include "report/html.h"
#include "report/html_sections.h"

namespace joulebook::page {
namespace {

std::string arm_path(std::size_t arm, std::string_view rest) {
  return fmt::format("arms.{}.{}", arm, rest);
}

// The first sentence of a text, and the rest.
std::pair<std::string, std::string> first_sentence(const std::string& text) {
  for (auto at = text.find(". "); at != std::string::npos; at = text.find(". ", at + 1)) {
    if (at + 2 < text.size() && text[at + 2] >= 'A' && text[at + 2] <= 'Z') {
      return {text.substr(0, at + 1), text.substr(at + 2)};
    }
  }
  return {text, {}};
}

std::string key_figures(const View& view) {
  std::string html = "<dl class=\"keys\">\n";
  for (std::size_t i = 0; i < view.study.arms.size(); ++i) {
    html += fmt::format(
        "<div class=\"arm-{}\"><dt>{}</dt><dd>{}</dd><dd class=\"per\">a response</dd></div>\n",
        i % 6, escape_html(view.study.arms[i].spec.name),
        view.figure(arm_path(i, "j_per_response.these")));
  }
  return html + "</dl>\n";
}

std::string byline(const StudyResult& study) {
  int rounds = 0;
  for (const auto& trial : study.trials) rounds = std::max(rounds, trial.round + 1);
  return fmt::format("{} prompts, {} arms, {} trials in {} rounds, {}", study.spec.prompts.size(),
                     study.arms.size(), study.trials.size(), rounds,
                     duration_text(Seconds(study.end.steady - study.start.steady).count()));
}

// Where the JSON holds what the metric table shows; empty: derived from several members.
std::string metric_path(std::string_view id) {
  static constexpr auto kPlaces = std::to_array<std::pair<std::string_view, std::string_view>>({
      {"trials", "trials"},
      {"failed", "failed"},
      {"prefill_energy", "phase_energy.prefill"},
      {"reason_energy", "phase_energy.reason"},
      {"answer_energy", "phase_energy.answer"},
      {"prompt_tokens", "prompt_tokens"},
      {"output_tokens", "output_tokens"},
      {"reasoning_tokens", "reasoning_tokens"},
      {"answer_tokens", "answer_tokens"},
      {"words", "words"},
      {"seconds", "seconds"},
      {"tokens_per_second", "tokens_per_second"},
      {"mean_power", "mean_power"},
      {"load_energy", "load.energy"},
      {"loaded_silent_power", "loaded_silent.power"},
      {"peak_memory", "engine.peak_memory_bytes"},
  });
  const auto it =
      std::ranges::find(kPlaces, id, &std::pair<std::string_view, std::string_view>::first);
  if (it != kPlaces.end()) return std::string(it->second);
  if (id.ends_with("_share")) return {};
  return fmt::format("{}.these", id);
}

// A figure that the JSON does not hold at one place: shown, but without a path.
std::string derived_html(const Quantity& q, MetricType type) {
  if (q.present()) return fmt::format("<span class=\"num\">{}</span>", metric_text(type, q));
  return fmt::format(
      "<span class=\"fig none\"><span class=\"v\">{}</span><span class=\"i\">{}</span></span>",
      escape_html(figure_text(q).value), escape_html(figure_text(q).why));
}

std::string metric_cell(const View& view, std::size_t arm, const ArmMetric& metric) {
  const Quantity q = metric.of(view.study.arms[arm]).these;
  const std::string rest = metric_path(metric.id);
  const std::string path = arm_path(arm, rest);
  if (rest.empty() || json_at(view.json, path).is_null()) return derived_html(q, metric.type);
  if (metric.type == MetricType::quantity) return view.figure(path);
  if (!q.present()) return derived_html(q, metric.type);
  return number_html(view.json, path, metric_text(metric.type, q));
}

// Rows of the arms table under a heading: from the metric named up to the next heading's.
constexpr auto kGroups = std::to_array<std::pair<std::string_view, std::string_view>>(
    {{"trials", "Trials"},
     {"j_per_response", "Energy"},
     {"correct_share", "Answers"},
     {"prefill_energy", "Energy by phase, summed over prompts"},
     {"prompt_tokens", "Length and time, mean of a response"},
     {"mean_power", "Power, loading, memory"}});

std::string arms_table(const View& view) {
  HtmlTable table;
  table.caption = "Every figure, arm by arm";
  table.css = "arms";
  table.heads = {"Measure"};
  for (const auto& arm : view.study.arms) table.heads.push_back(arm.spec.name);
  for (const auto& metric : arm_metrics()) {
    for (const auto& [first, title] : kGroups) {
      if (metric.id == first) table.groups.push_back({std::string(title), {}});
    }
    if (table.groups.empty()) table.groups.emplace_back();
    std::vector<std::string> row = {fmt::format(
        "<span title=\"{}\">{}</span>", escape_html(metric.doc), escape_html(metric.label))};
    for (std::size_t i = 0; i < view.study.arms.size(); ++i) {
      row.push_back(metric_cell(view, i, metric));
    }
    table.groups.back().rows.push_back(std::move(row));
  }
  return table_html(table);
}

std::string alike_html(const View& view, const std::string& path) {
  const Json& alike = json_at(view.json, path + ".alike");
  if (alike.items().size() != 2) return "<span class=\"i\">cannot be said</span>";
  const double hi = alike.at(1).as_double(std::numeric_limits<double>::infinity());
  return fmt::format(
      "<span class=\"fig\" data-path=\"{}.alike\" data-lo=\"{}\" data-hi=\"{}\">"
      "<span class=\"v wide\">{}</span><span class=\"s\">{}</span></span>",
      path, alike.at(0).dump(), alike.at(1).dump(),
      ratio_interval_text(alike.at(0).as_double(), hi),
      escape_html(figure_text(json_at(view.json, path + ".these")).sure()));
}

std::string split_table(const View& view, const std::string& base, const std::string& caption) {
  HtmlTable table;
  table.caption = caption;
  table.css = "split";
  table.heads = {"Ratio", "These prompts", "Prompts like these"};
  const auto row = [&](std::string_view name, std::string_view part, std::string_view note) {
    const std::string path = fmt::format("{}.split.{}", base, part);
    return std::vector<std::string>{fmt::format("{}<span class=\"note\">{}</span>", name, note),
                                    view.figure(path + ".these"), alike_html(view, path)};
  };
  table.groups = {
      {"",
       {row("Energy", "energy", "joules for the same prompts"),
        row("= longer", "longer", "output tokens"), row("× dearer", "dearer", "joules a token")}}};
  return table_html(table);
}

std::string extra_words(double extra) { return extra == 0 ? "0" : fmt::format("{:+.3g}", extra); }

std::string kinds_table(const View& view, const Comparison& comparison, const std::string& base) {
  HtmlTable table;
  table.caption = "Kind by kind";
  table.css = "kinds";
  table.heads = {"Kind",
                 "Prompts",
                 "Energy",
                 "Longer",
                 "Dearer",
                 "Correct answers",
                 "For each extra correct answer"};
  table.groups.emplace_back();
  for (std::size_t i = 0; i < comparison.kinds.size(); ++i) {
    const KindResult& kind = comparison.kinds[i];
    const std::string path = fmt::format("{}.kinds.{}", base, i);
    table.groups[0].rows.push_back(
        {escape_html(kind.kind),
         number_html(view.json, path + ".prompts", fmt::format("{}", kind.prompts)),
         view.figure(path + ".split.energy.these"), view.figure(path + ".split.longer.these"),
         view.figure(path + ".split.dearer.these"),
         number_html(view.json, path + ".extra_correct", extra_words(kind.extra_correct)),
         view.figure(path + ".j_per_extra_correct")});
  }
  return table_html(table);
}

bool checkable(const StudyResult& study, const std::string& kind) {
  return std::ranges::any_of(study.spec.prompts, [&](const Prompt& prompt) {
    return prompt.kind == kind && prompt.checker.kind != Checker::Kind::none;
  });
}

// Kinds where thinking bought no correct answer, and kinds where nobody can tell.
std::string bought_nothing(const StudyResult& study, const Comparison& comparison) {
  std::vector<std::string> nothing;
  std::vector<std::string> unknown;
  for (const auto& kind : comparison.kinds) {
    if (kind.extra_correct > 0) continue;
    (checkable(study, kind.kind) ? nothing : unknown).push_back(kind.kind);
  }
  std::string html;
  if (!nothing.empty()) html += "Not one correct answer more in " + join(nothing, ", ") + ". ";
  if (!unknown.empty()) html += "Answers that cannot be checked: " + join(unknown, ", ") + ".";
  return html.empty() ? html : "<p>" + escape_html(html) + "</p>\n";
}

std::string bought(const View& view, const Comparison& comparison, const std::string& base) {
  return fmt::format(
      "<h3>What it bought</h3>\n<p>Correct answers, {} against {}: {}. Energy for each extra one: "
      "{}</p>\n{}",
      escape_html(view.study.arms[comparison.b].spec.name),
      escape_html(view.study.arms[comparison.a].spec.name),
      number_html(view.json, base + ".extra_correct", extra_words(comparison.extra_correct)),
      view.figure(base + ".j_per_extra_correct"), bought_nothing(view.study, comparison));
}

std::string comparison_html(const View& view, std::size_t index) {
  const Comparison& comparison = view.study.comparisons[index];
  const std::string base = fmt::format("comparisons.{}", index);
  const std::string title = fmt::format("{} against {}", view.study.arms[comparison.b].spec.name,
                                        view.study.arms[comparison.a].spec.name);
  std::string html = fmt::format("<h3>{}</h3>\n", escape_html(title));
  if (comparison.sentence != view.study.sentence) {
    html += fmt::format("<p>{}</p>\n", escape_html(comparison.sentence));
  }
  if (comparison.censored) {
    html +=
        "<p class=\"flag\">Censored: too many answers were cut at the token limit; uncut, the "
        "ratios "
        "would differ.</p>\n";
  }
  html += split_table(view, base, "The energy ratio, split: " + title);
  html +=
      "<p class=\"src\">The first interval is for these very prompts, run again; the second for "
      "prompts like these.</p>\n";
  html += chart(fmt::format("chart-kinds-{}", index), "Energy ratio by kind of prompt",
                "Energy ratio with its interval for each kind of prompt; the same figures are in "
                "the table below.",
                "Dot: ratio; line: interval for these prompts. Left of 1: cheaper. Logarithmic.");
  return html + kinds_table(view, comparison, base) + bought(view, comparison, base);
}

}  // namespace

std::string View::figure(const std::string& path) const { return figure_html(json, path); }

std::string chart(const std::string& id, const std::string& title, const std::string& what,
                  const std::string& note) {
  return fmt::format(
      "<figure class=\"chart\" id=\"{0}\"><figcaption><h3>{1}</h3></figcaption>\n"
      "<ul class=\"legend\" aria-hidden=\"true\"></ul>\n"
      "<div class=\"plot\" role=\"img\" aria-label=\"{1}. {2}\"></div>\n"
      "<p class=\"src\">{3}</p></figure>\n",
      id, escape_html(title), escape_html(what), escape_html(note));
}

std::string headline(const View& view) {
  const auto [first, rest] = first_sentence(view.study.sentence);
  const std::string day = iso8601(view.study.start.wall_ns).substr(0, 10);
  std::string html = fmt::format(
      "<header>\n<p class=\"kicker\">Joulebook study “{}” <time datetime=\"{}\">{}</time></p>\n"
      "<h1{}>{}</h1>\n",
      escape_html(view.study.spec.name), day, day, first.size() > 90 ? " class=\"long\"" : "",
      escape_html(first.empty() ? "What these answers cost in joules" : first));
  if (!rest.empty()) html += fmt::format("<p class=\"standfirst\">{}</p>\n", escape_html(rest));
  html += fmt::format("<p class=\"byline\">{}</p>\n", escape_html(byline(view.study)));
  if (!view.study.complete) {
    html += "<p class=\"flag\">Interrupted: the figures cover the trials that were done.</p>\n";
  }
  return html + key_figures(view) + "</header>\n";
}

std::string arms(const View& view) {
  return "<section id=\"arms\"><h2>What an answer cost</h2>\n" +
         chart(
             "chart-phases", "Where the joules went",
             "Stacked bars: energy of each arm by phase; the same figures are in the table below.",
             "Joules summed over all prompts, repeats averaged; intervals in the table below.") +
         arms_table(view) +
         "<p class=\"src\">A figure without an interval was counted or timed. Under every other: "
         "its "
         "interval, how sure it is, and its tier.</p>\n</section>\n";
}

std::string comparisons(const View& view) {
  if (view.study.comparisons.empty()) return {};
  std::string html = "<section id=\"split\"><h2>Longer, or dearer?</h2>\n";
  html +=
      "<p>One arm can use more energy because its answers are longer, or because each token "
      "costs more. The two ratios multiply to the energy ratio.</p>\n";
  for (std::size_t i = 0; i < view.study.comparisons.size(); ++i) html += comparison_html(view, i);
  return html + "</section>\n";
}

std::string prompts(const View&) {
  return "<section id=\"prompts\"><h2>Prompt by prompt</h2>\n" +
         chart("chart-scatter", "Joules against output tokens",
               "Scatter plot: each point is one prompt on one arm, repeats averaged.",
               "One point a prompt and arm, repeats averaged. A straight line through the corner "
               "means the same joules a token.") +
         chart("chart-spread", "How far answers differ",
               "Distribution of joules a response for each arm: one tick a prompt, a bar from the "
               "first to the third quartile and a mark at the median.",
               "Joules a response, one tick a prompt; bar: middle half; thick mark: median. "
               "Logarithmic.") +
         "</section>\n";
}

std::string power(const View& view) {
  std::string html = "<section id=\"power\"><h2>Power, second by second</h2>\n";
  html += chart("chart-trace", "The whole study",
                "Line: mean power over the study; the background shows which phase was running.",
                "Watts over the boundary of the total; each step is the mean between two points.");
  html +=
      chart("chart-detail", "A closer look", "The same trace, a part of it, moved by the slider.",
            "Move the slider (arrow keys) to walk through the study.");
  html += chart("chart-baselines", "Silent, loaded, at work",
                "Power with its interval: baselines, model loaded, answering; also in the table.",
                "Dot: mean power; line: interval.");
  HtmlTable table;
  table.caption = "Baselines";
  table.heads = {"Silence", "Measured for", "Power"};
  table.groups.emplace_back();
  for (std::size_t i = 0; i < view.study.baselines.size(); ++i) {
    const std::string path = fmt::format("baselines.{}", i);
    table.groups[0].rows.push_back(
        {escape_html(view.study.baselines[i].what),
         number_html(view.json, path + ".window.duration_s",
                     duration_text(view.study.baselines[i].window.duration().count())),
         view.figure(path + ".power")});
  }
  html += table_html(table);
  html += fmt::format("<p>Drift of the bare idle power over the study: {}</p>\n",
                      figure_html(view.json, "drift", RatioStyle::percent));
  return html + "</section>\n";
}

}  // namespace joulebook::page
