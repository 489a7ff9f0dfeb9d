#include "report/report_page.h"

#include <fmt/format.h>

#include <algorithm>

#include "report/card_words.h"
#include "report/html.h"
#include "report/static_page.h"

namespace joulebook {
namespace {

std::string text(const Json& json, std::string_view fallback = {}) {
  return escape_html(json.as_string(fallback));
}

double most_of(const Json& list) {
  double most = 0;
  for (const auto& item : list.items()) most = std::max(most, item["energy"]["value"].as_double());
  return most;
}

// A bar beside a figure, as long as its share of the largest.
std::string bar(double value, double most) {
  if (!(value > 0) || !(most > 0)) return {};
  return fmt::format("<span class=\"line\" style=\"width:{:.2f}%\"></span>", 100 * value / most);
}

std::string span_text(const Json& report) {
  const auto& records = report["records"].items();
  const std::string from(report["since"].as_string(records.front()["started"].as_string()));
  const std::string to(report["until"].as_string(records.back()["started"].as_string()));
  const std::string first = from.substr(0, 10);
  const std::string last = to.substr(0, 10);
  return first == last ? first : first + " to " + last;
}

std::string headline(const Json& report) {
  const std::size_t n = report["records"].items().size();
  const std::string title(report["title"].as_string("What was measured"));
  return fmt::format(
      "<header>\n<p class=\"kicker\">Energy report <time>{}</time></p>\n<h1>{}</h1>\n"
      "<p class=\"standfirst\">{} {} of the ledger, {}.</p>\n"
      "<dl class=\"keys\"><div class=\"arm-0\"><dt>In all</dt><dd>{}</dd></div></dl>\n</header>\n",
      text(report["made"]), escape_html(title), n, n == 1 ? "record" : "records", escape_html(span_text(report)),
      figure_html(report, "total"));
}

std::string days_html(const Json& report) {
  const Json& days = report["days"];
  if (days.items().size() < 2) return {};
  HtmlTable table{"Energy by day of the start", {"day (UTC)", "records", "energy", ""}, {{}}, "days"};
  const double most = most_of(days);
  for (std::size_t i = 0; i < days.items().size(); ++i) {
    const Json& day = days.at(i);
    table.groups[0].rows.push_back({text(day["day"]), count_text(day["records"].as_int()),
                                    figure_html(report, fmt::format("days.{}.energy", i)),
                                    bar(day["energy"]["value"].as_double(), most)});
  }
  return "<section>\n<h2>Day by day</h2>\n" + table_html(table) + "</section>\n";
}

std::string records_html(const Json& report) {
  const Json& records = report["records"];
  HtmlTable table{"Records", {"record", "began (UTC)", "took", "energy", ""}, {{}}, "records"};
  const double most = most_of(records);
  for (std::size_t i = 0; i < records.items().size(); ++i) {
    const Json& r = records.at(i);
    const std::string started(r["started"].as_string());
    table.groups[0].rows.push_back(
        {fmt::format("{}<span class=\"note\">{}{} <code>{}</code></span>", text(r["title"]), text(r["kind"]),
                     r["complete"].as_bool() ? "" : ", unfinished", text(r["id"])),
         escape_html(started.substr(0, 10) + " " + (started.size() > 16 ? started.substr(11, 5) : "")),
         escape_html(duration_text(r["duration_s"].as_double())),
         figure_html(report, fmt::format("records.{}.energy", i)), bar(r["energy"]["value"].as_double(), most)});
  }
  return "<section>\n<h2>Record by record</h2>\n" + table_html(table) + "</section>\n";
}

// One row a basis: the model's answers by what each counts.
std::string models_html(const Json& report) {
  const Json& subjects = report["subjects"];
  HtmlTable table{"By model", {"basis", "answers", "a request", "1,000,000 output tokens", "in all"}, {}, "models"};
  for (std::size_t i = 0; i < subjects.items().size(); ++i) {
    const Json& s = subjects.at(i);
    // A run that does not say how many answers it gave is among the records already.
    if (s["answers"].is_null()) continue;
    HtmlTable::Group group;
    const std::string key = key_text(s["key"]);
    group.title = std::string(s["name"].as_string()) + (key.empty() ? "" : " (" + key + ")");
    for (std::size_t b = 0; b < s["energy"].items().size(); ++b) {
      const std::string path = fmt::format("subjects.{}.energy.{}", i, b);
      const Json& basis = s["energy"].at(b);
      group.rows.push_back({fmt::format("{}<span class=\"note\">{}</span>", text(basis["basis"]), text(basis["what"])),
                            escape_html(number_text(basis["answers"].as_double())),
                            figure_html(report, path + ".per_request"),
                            figure_html(report, path + ".per_million_output_tokens"),
                            figure_html(report, path + ".total")});
    }
    table.groups.push_back(std::move(group));
  }
  if (table.groups.empty()) return {};
  return "<section>\n<h2>By model</h2>\n" + table_html(table) + "</section>\n";
}

std::string totals_table(const Json& report, const std::string& path, const Json& list, const std::string& item,
                         const std::string& caption) {
  HtmlTable table{caption, {item, "requests", "energy", ""}, {{}}, "totals"};
  const double most = most_of(list);
  for (std::size_t i = 0; i < list.items().size(); ++i) {
    const Json& row = list.at(i);
    const std::string name(row[item].as_string());
    table.groups[0].rows.push_back({escape_html(name.empty() ? "none" : name),
                                    row["requests"].is_null() ? "" : count_text(row["requests"].as_int()),
                                    figure_html(report, fmt::format("{}.{}.energy", path, i)),
                                    bar(row["energy"]["value"].as_double(), most)});
  }
  return table.groups[0].rows.empty() ? "" : table_html(table);
}

std::string gateway_html(const Json& report, std::size_t index) {
  const Json& gateway = report["gateways"].at(index);
  const Json& usage = gateway["usage"];
  double all = 0;
  for (const auto& a : usage["accounts"].items()) all += a["energy"]["value"].as_double();
  std::vector<page::BarShare> shares;
  for (const auto& a : usage["accounts"].items()) {
    const double share = all > 0 ? a["energy"]["value"].as_double() / all : 0;
    shares.push_back({std::string(a["account"].as_string()), share, fmt::format("{:.1f} %", 100 * share)});
  }
  std::string html = fmt::format("<section>\n<h2>Gateway</h2>\n<p class=\"byline\"><code>{}</code></p>\n", text(gateway["id"]));
  if (!shares.empty()) html += "<h3>Whose joules they were</h3>\n" + page::share_bar(shares, "shares of the accounts");
  const std::string path = fmt::format("gateways.{}.usage.", index);
  for (const auto& [list, item, caption] :
       {std::tuple{"accounts", "account", "By account"}, std::tuple{"models", "model", "By model"},
        std::tuple{"tenants", "tenant", "By tenant"}, std::tuple{"routes", "route", "By route"}}) {
    html += totals_table(report, path + list, usage[list], item, caption);
  }
  return html + "</section>\n";
}

std::string warnings_html(const Json& report) {
  if (report["warnings"].items().empty()) return {};
  std::string html = "<section>\n<h2>What to know</h2>\n<ul>\n";
  for (const auto& warning : report["warnings"].items()) html += "<li>" + text(warning) + "</li>\n";
  return html + "</ul>\n</section>\n";
}

}  // namespace

std::string report_page(const Json& report) {
  std::string sections = headline(report) + days_html(report) + records_html(report) + models_html(report);
  for (std::size_t i = 0; i < report["gateways"].items().size(); ++i) sections += gateway_html(report, i);
  sections += warnings_html(report);
  const std::string title(report["title"].as_string("Energy report"));
  return page::static_document({title, "What was measured, record by record", sections, "report", report});
}

}  // namespace joulebook
