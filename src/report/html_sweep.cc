#include "report/html_sweep.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/text.h"
#include "report/html.h"
#include "report/html_sections.h"

namespace joulebook {
namespace {

constexpr std::size_t kMostRows = 40;    // of a chart; src/report/web/src/sweep.js
constexpr std::size_t kMostSeries = 6;

// What differs and what does not, over all predictions.
struct Sweep {
  const Json& json;
  const Json::Array& points;
  std::set<std::string> models, devices;
  std::vector<std::string> keys;

  explicit Sweep(const Json& document) : json(document), points(document["predictions"].items()) {
    for (const Json& p : points) {
      models.emplace(p["model"].as_string());
      devices.insert(fmt::format("{:g} × {}", p["gpus"].as_double(), p["gpu"].as_string()));
      for (const Json& at : p["at"].items()) {
        const std::string key(at["key"].as_string());
        if (std::ranges::find(keys, key) == keys.end()) keys.push_back(key);
      }
    }
  }
};

// "Llama-3.1-8B", "63 models".
std::string several(const std::set<std::string>& names, const char* word) {
  return names.size() == 1 ? *names.begin() : fmt::format("{} {}", names.size(), word);
}

// As sweep.js: whether some swept key is a scale of numbers, so that lines are drawn.
bool has_scale(const Sweep& s) {
  return std::ranges::any_of(s.keys, [&](const std::string& key) {
    std::set<std::string_view> values;
    for (const Json& p : s.points) {
      for (const Json& at : p["at"].items()) {
        if (at["key"].as_string() != key) continue;
        if (!parse_double(at["value"].as_string())) return false;
        values.insert(at["value"].as_string());
      }
    }
    return values.size() > 1;
  });
}

std::string title_of(const Sweep& s) {
  std::string title = several(s.models, "models");
  if (s.devices.size() == 1) title += " on " + *s.devices.begin();
  std::vector<std::string> words;
  for (const auto& key : s.keys) words.push_back(key == "gpu" ? "device" : key);
  if (!words.empty()) title += " by " + join(words, " and ");
  return title;
}

std::string name_of(const Sweep& s, std::size_t i) {
  std::vector<std::string> parts;
  if (s.models.size() > 1 || s.keys.empty()) parts.emplace_back(s.points[i]["model"].as_string());
  for (const Json& at : s.points[i]["at"].items()) {
    parts.push_back(fmt::format("{} {}", at["key"].as_string(), at["value"].as_string()));
  }
  return join(parts, ", ");
}

// The least and the most joules a token, of what fits where anything does.
std::string key_figures(const Sweep& s) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < s.points.size(); ++i) {
    if (s.points[i]["memory"]["fits"].as_bool()) order.push_back(i);
  }
  if (order.empty()) return "<p class=\"flag\">None of these fits in memory.</p>\n";
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return s.points[i]["per_token"]["value"].as_double(); });
  std::vector<std::size_t> ends{order.front()};
  if (order.size() > 1) ends.push_back(order.back());
  std::string html = "<dl class=\"keys\">\n";
  for (std::size_t n = 0; n < ends.size(); ++n) {
    html += fmt::format("<div class=\"arm-0\"><dt>{}: {}</dt><dd>{}</dd><dd class=\"per\">an output token</dd></div>\n",
                        n == 0 ? "least" : "most", escape_html(name_of(s, ends[n])),
                        figure_html(s.json, fmt::format("predictions.{}.per_token", ends[n])));
  }
  return html + "</dl>\n";
}

std::string header(const Sweep& s) {
  const std::string title = title_of(s);
  const Json& first = s.points[0];
  return fmt::format("<header>\n<p class=\"kicker\">Joulebook prediction</p>\n<h1{}>{}</h1>\n"
                     "<p class=\"byline\">{} deployment{}; all modelled, nothing was measured</p>\n{}</header>\n",
                     title.size() > 60 ? " class=\"long\"" : "", escape_html(title), s.points.size(),
                     s.points.size() == 1 ? "" : "s",
                     key_figures(s)) +
         (first["shape"]["guessed_from_size"].as_bool() && s.models.size() == 1
              ? "<p class=\"flag\">No such model is known: its shape is a guess from its size.</p>\n"
              : "");
}

std::string charts(const Sweep& s) {
  const bool lines = has_scale(s);
  const std::string left = !lines && s.points.size() > kMostRows
                               ? fmt::format(" The first {} of {}; the table has all.", kMostRows, s.points.size())
                           : s.models.size() > kMostSeries
                               ? " The first of them; the table has all."
                               : "";
  const bool all_fit = std::ranges::all_of(s.points, [](const Json& p) { return p["memory"]["fits"].as_bool(); });
  const std::string hollow = !lines || all_fit ? "" : " Hollow: does not fit in memory.";
  return "<section id=\"charts\"><h2>What a token costs, and how long it takes</h2>\n" +
         page::chart("chart-joules", "Joules an output token",
                     "Energy of an output token with its 80 percent interval; the same figures are in the table below.",
                     "Prefill inside; band or line: 80 % interval. Logarithmic." + hollow + left) +
         page::chart("chart-steps", "Time between two tokens",
                     "Mean time between two tokens of a sequence; the same figures are in the table below.",
                     "Mean of a sequence, in milliseconds; no interval is claimed for it. Logarithmic." + hollow + left) +
         "</section>\n";
}

std::vector<std::string> row_of(const Sweep& s, std::size_t i) {
  const Json& p = s.points[i];
  const std::string at = fmt::format("predictions.{}.", i);
  constexpr double kMilli = 1e3, kGB = 1e9;
  const double needed = p["memory"]["weights_bytes"].as_double() + p["memory"]["cache_bytes"].as_double();
  return {escape_html(name_of(s, i)),
          escape_html(fmt::format("{:g} × {}", p["gpus"].as_double(), p["gpu"].as_string())),
          figure_html(s.json, at + "per_token"),
          figure_html(s.json, at + "per_request"),
          fmt::format("{:.4g} ms", kMilli * p["step_s"].as_double()),
          figure_html(s.json, at + "power"),
          fmt::format("{:.3g} GB, {}", needed / kGB, p["memory"]["fits"].as_bool() ? "fits" : "does not fit")};
}

std::string table(const Sweep& s) {
  HtmlTable t;
  t.caption = "Every deployment";
  t.heads = {"What", "Devices", "Output token", "Request", "Between tokens", "Power", "Memory"};
  t.groups.emplace_back();
  for (std::size_t i = 0; i < s.points.size(); ++i) t.groups[0].rows.push_back(row_of(s, i));
  return "<section id=\"table\"><h2>Every figure</h2>\n" + table_html(t) + "</section>\n";
}

std::string working(const Sweep& s) {
  std::set<std::string> methods, boundaries;
  for (const Json& p : s.points) {
    methods.emplace(p["per_token"]["method"].as_string());
    boundaries.emplace(p["per_token"]["boundary"].as_string());
  }
  const Json& first = s.points[0];
  std::string html = "<section id=\"working\"><h2>How this was reckoned</h2>\n<ul>\n";
  for (const auto& method : methods) html += fmt::format("<li>{}</li>\n", escape_html(method));
  html += fmt::format("<li>boundary: {}</li>\n", escape_html(join(std::vector<std::string>(boundaries.begin(), boundaries.end()), "; ")));
  html += fmt::format(
      "<li>the first of them: {:g} tokens in, {:g} out, {:g} at a time; what was swept replaces these</li>\n",
      first["prompt_tokens"].as_double(), first["output_tokens"].as_double(), first["batch"].as_double());
  return html + "</ul>\n</section>\n";
}

}  // namespace

std::string sweep_page(const Json& predictions) {
  const Sweep s(predictions);
  const std::string title = title_of(s);
  return page::document({title, title + ": predicted joules and time of a token",
                         header(s) + charts(s) + table(s) + working(s), "", "predictions", predictions});
}

}  // namespace joulebook
