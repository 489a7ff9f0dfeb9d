#include "report/html_scenario.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "report/html.h"
#include "report/static_page.h"

namespace joulebook {
namespace {

// The picture's units; text in it is as large as beside it on a desktop, and can still be read on a phone.
constexpr double kWidth = 480, kHeight = 300, kLeft = 58, kRight = 22, kTop = 14, kBottom = 30;

// One unit for a column, so that its numbers can be compared by eye; the least first.
constexpr std::array<ShownUnit, 5> kEnergy{{{1, "J"}, {3.6e6, "kWh"}, {3.6e9, "MWh"}, {3.6e12, "GWh"}, {3.6e15, "TWh"}}};
constexpr std::array<ShownUnit, 4> kCarbon{{{1, "kgCO2e"}, {1e3, "tCO2e"}, {1e6, "ktCO2e"}, {1e9, "MtCO2e"}}};
constexpr std::array<ShownUnit, 4> kCounts{{{1, ""}, {1e6, "million"}, {1e9, "billion"}, {1e12, "trillion"}}};

// The largest in which `most` is at least one.
ShownUnit unit_for(std::span<const ShownUnit> units, double most) {
  ShownUnit found = units.front();
  for (const ShownUnit& unit : units) {
    if (most >= unit.factor) found = unit;
  }
  return found;
}

// Of the column's middle values, half way up: what is small or large there still reads.
ShownUnit column_unit(const Json& s, const char* column, std::span<const ShownUnit> units) {
  std::vector<double> values;
  for (const Json& y : s["years"].items()) values.push_back(y[column]["value"].as_double());
  std::ranges::sort(values);
  return unit_for(units, values[values.size() / 2]);
}

class FanChart {
 public:
  FanChart(const Json& scenario, ShownUnit unit) : scale_(unit), years_(scenario["years"].items()), first_(scenario["start"].as_double()), last_(scenario["end"].as_double()) {
    for (const Json& y : years_) most_ = std::max(most_, y["energy"]["hi"].as_double());
    for (const Json& b : scenario["back_test"].items()) {
      observed_ = b["observed"].as_double() * years_.front()["energy"]["value"].as_double();
      observed_year_ = b["year"].as_double();
      most_ = std::max(most_, *observed_);
    }
    step_ = nice(most_ / scale_.factor / 4);
    top_ = step_ * std::ceil(most_ / scale_.factor / step_ - 1e-9);
    if (!(top_ > 0)) top_ = step_ = 1;
  }

  [[nodiscard]] std::string_view unit() const { return scale_.unit; }

  [[nodiscard]] std::string svg(const std::string& label) const {
    std::string out = fmt::format("<svg class=\"fan\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">\n", kWidth, kHeight, escape_html(label));
    out += axes();
    out += band("fan-outer", [](const Json& y) { return std::pair{y["energy"]["lo"].as_double(), y["energy"]["hi"].as_double()}; });
    out += band("fan-inner", [](const Json& y) { return std::pair{y["energy_quartiles"].at(0).as_double(), y["energy_quartiles"].at(1).as_double()}; });
    std::string line;
    for (const Json& y : years_) line += fmt::format("{:.1f},{:.1f} ", x(y), at(y["energy"]["value"].as_double()));
    out += fmt::format("<polyline class=\"fan-middle\" points=\"{}\"/>\n", line);
    if (observed_) {
      out += fmt::format("<circle class=\"fan-observed\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"5\"/>\n", along(observed_year_), at(*observed_));
    }
    return out + "</svg>\n";
  }

 private:
  // 1, 2 or 5 times a power of ten, at least x.
  static double nice(double x) {
    if (!(x > 0)) return 1;
    const double power = std::pow(10.0, std::floor(std::log10(x)));
    for (const double n : {1.0, 2.0, 5.0}) {
      if (n * power >= x * (1 - 1e-9)) return n * power;
    }
    return 10 * power;
  }
  [[nodiscard]] double along(double year) const { return kLeft + (kWidth - kLeft - kRight) * (year - first_) / std::max(1.0, last_ - first_); }
  [[nodiscard]] double x(const Json& y) const { return along(y["year"].as_double()); }
  [[nodiscard]] double at(double joules) const { return kHeight - kBottom - (kHeight - kTop - kBottom) * joules / scale_.factor / top_; }

  [[nodiscard]] std::string axes() const {
    std::string out;
    for (double v = 0; v <= top_ * (1 + 1e-9); v += step_) {
      const double y = at(v * scale_.factor);
      out += fmt::format("<line class=\"fan-grid\" x1=\"{}\" x2=\"{}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/><text class=\"fan-text\" x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">{:g}</text>\n",
                         kLeft, kWidth - kRight, y, y, kLeft - 6, y + 4, v);
    }
    const double every = std::max(1.0, std::ceil((last_ - first_) / 6));
    for (double year = first_; year <= last_; year += every) {
      out += fmt::format("<text class=\"fan-text\" x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{:g}</text>\n", along(year), kHeight - 10, year);
    }
    return out;
  }

  [[nodiscard]] std::string band(const char* css, const std::function<std::pair<double, double>(const Json&)>& ends) const {
    std::string there, back;
    for (const Json& y : years_) {
      const auto [lo, hi] = ends(y);
      there += fmt::format("{:.1f},{:.1f} ", x(y), at(hi));
      back = fmt::format("{:.1f},{:.1f} ", x(y), at(lo)) + back;
    }
    return fmt::format("<polygon class=\"{}\" points=\"{}{}\"/>\n", css, there, back);
  }

  ShownUnit scale_;
  const Json::Array& years_;
  double first_, last_, most_ = 0, top_ = 1, step_ = 1;
  std::optional<double> observed_;
  double observed_year_ = 0;
};

std::string header(const Json& s, const ShownUnit& energy) {
  const std::size_t last = s["years"].items().size() - 1;
  const std::string name(s["name"].as_string());
  std::string html = fmt::format("<header>\n<p class=\"kicker\">Joulebook scenario</p>\n<h1{}>{}</h1>\n", name.size() > 60 ? " class=\"long\"" : "", escape_html(name));
  if (!s["note"].as_string().empty()) html += fmt::format("<p class=\"standfirst\">{}</p>\n", escape_html(s["note"].as_string()));
  html += fmt::format("<p class=\"byline\">{} draws, seed {}; all modelled from stated assumptions, no forecast of anybody</p>\n<dl class=\"keys\">\n", s["draws"].as_int(), s["seed"].as_int());
  for (const auto& [css, at] : {std::pair{"arm-0", std::size_t{0}}, std::pair{"arm-1", last}}) {
    html += fmt::format("<div class=\"{}\"><dt>{}</dt><dd>{}</dd><dd class=\"per\">energy of the year</dd></div>\n", css, s["years"].at(at)["year"].as_int(),
                        figure_html(s, fmt::format("years.{}.energy", at), energy));
  }
  return html + "</dl>\n</header>\n";
}

std::string fan(const Json& s, const ShownUnit& energy) {
  const FanChart chart(s, energy);
  const bool observed = !s["back_test"].items().empty();
  return fmt::format("<section id=\"fan\"><h2>Energy by year</h2>\n<figure class=\"chart\"><figcaption><h3>Energy of a year, {}</h3></figcaption>\n<div class=\"plot\" role=\"group\" aria-label=\"Energy of a year, as a fan\">{}</div>\n"
                     "<p class=\"src\">Line: median. Dark band: half of the draws; light band: 9 of 10.{}</p></figure>\n</section>\n",
                     chart.unit(), chart.svg("Fan of energy over the years; the same figures are in the table below."), observed ? " Dot: what was observed." : "");
}

std::string back_test(const Json& s) {
  std::string html;
  for (std::size_t i = 0; i < s["back_test"].items().size(); ++i) {
    const Json& b = s["back_test"].at(i);
    html += fmt::format("<section id=\"back-test\"><h2>Against what happened</h2>\n<p class=\"{}\">In {} energy was {:.3g} times that of the start ({}). The fan says {:.3g}, from {:.3g} to {:.3g}: what was observed "
                        "lies {}. At a frozen efficiency it would have been {:.3g} times; the demand and the observation together need {:.3g} % less an answer each year.</p>\n</section>\n",
                        b["inside"].as_bool() ? "note" : "flag", b["year"].as_int(), b["observed"].as_double(), escape_html(b["source"].as_string()), b["predicted"].as_double(), b["lo"].as_double(),
                        b["hi"].as_double(), b["inside"].as_bool() ? "inside" : "outside", b["frozen"].as_double(), 100 * b["needed_gain"].as_double());
  }
  return html;
}

std::string correlation_text(double r) { return std::abs(r) < 0.005 ? "0.00" : fmt::format("{:.2f}", r); }

std::string limit_text(const Json& year) {
  const auto limit = year["limit"].as_string();
  if (limit.empty()) return "none";
  const double share = year["limited"].as_double();
  return (share < 0.01 ? "fewer than 1 % of draws" : fmt::format("{:.0f} % of draws", 100 * share)) + ", mostly " + escape_html(limit);
}

std::string drivers(const Json& s) {
  HtmlTable factors, inputs;
  factors.caption = "Last year against the first, by driver";
  factors.heads = {"Driver", "Factor"};
  factors.groups.emplace_back();
  for (std::size_t i = 0; i < s["drivers"].items().size(); ++i) {
    factors.groups[0].rows.push_back({escape_html(s["drivers"].at(i)["name"].as_string()), figure_html(s, fmt::format("drivers.{}.factor", i))});
  }
  inputs.caption = "Which uncertain input the last year's energy follows";
  inputs.heads = {"Input", "Correlation of ranks"};
  inputs.groups.emplace_back();
  for (std::size_t i = 0; i < s["influences"].items().size(); ++i) {
    const std::string path = fmt::format("influences.{}.correlation", i);
    inputs.groups[0].rows.push_back({escape_html(s["influences"].at(i)["input"].as_string()), number_html(s, path, correlation_text(json_at(s, path).as_double()))});
  }
  return "<section id=\"drivers\"><h2>What drives it</h2>\n<p>In each draw the factors multiply to the change of energy.</p>\n" + table_html(factors) +
         (inputs.groups[0].rows.empty() ? "" : table_html(inputs)) + "</section>\n";
}

std::string figures(const Json& s, const ShownUnit& energy) {
  const ShownUnit carbon = column_unit(s, "carbon", kCarbon), answers = column_unit(s, "answers", kCounts);
  HtmlTable t;
  t.caption = "Every year";
  t.heads = {"Year", "Energy", "Carbon", "Answers", "At a limit"};
  t.groups.emplace_back();
  for (std::size_t i = 0; i < s["years"].items().size(); ++i) {
    const Json& y = s["years"].at(i);
    const std::string at = fmt::format("years.{}.", i);
    t.groups[0].rows.push_back({fmt::format("{}", y["year"].as_int()), figure_html(s, at + "energy", energy), figure_html(s, at + "carbon", carbon),
                                figure_html(s, at + "answers", answers), limit_text(y)});
  }
  return "<section id=\"table\"><h2>Every figure</h2>\n" + table_html(t) + "</section>\n";
}

std::string working(const Json& s) {
  HtmlTable t;
  t.caption = "Inputs as they were stated";
  t.heads = {"Input", "Stated"};
  t.groups.emplace_back();
  for (const Json& input : s["inputs"].items()) t.groups[0].rows.push_back({escape_html(input["name"].as_string()), escape_html(input["stated"].as_string())});
  return "<section id=\"working\"><h2>What it rests on</h2>\n<p>demand × rebound × energy of an answer × mix, up to the least limit; docs/scenario.md has the formulas.</p>\n" + table_html(t) + "</section>\n";
}

// The picture's own colours, from those of the page.
constexpr std::string_view kStyle =
    "<style>.fan{width:100%;height:auto}.fan-outer{fill:var(--arm-0);fill-opacity:.18}.fan-inner{fill:var(--arm-0);fill-opacity:.32}"
    ".fan-middle{fill:none;stroke:var(--arm-0);stroke-width:2.5}.fan-observed{fill:var(--accent);stroke:var(--paper);stroke-width:1.5}"
    ".fan-grid{stroke:var(--rule)}.fan-text{fill:var(--soft);font-size:12px;font-family:var(--sans)}</style>\n";

}  // namespace

std::string scenario_page(const Json& s) {
  const std::string title(s["name"].as_string());
  const ShownUnit energy = column_unit(s, "energy", kEnergy);
  return page::static_document({title, title + ": energy by year, a fan over stated assumptions",
                                std::string(kStyle) + header(s, energy) + fan(s, energy) + back_test(s) + drivers(s) + figures(s, energy) + working(s), "scenario", s});
}

}  // namespace joulebook
