#include "export/run_export.h"

#include <fmt/format.h>

#include <array>

#include "export/csv_row.h"
#include "export/markdown.h"

namespace joulebook {
namespace {

constexpr std::array kFigures = {"energy", "mean_power", "peak_power"};

// A quantity of the document; what is no quantity is an absence that says so.
Quantity figure(const Json& json, std::string_view unit) {
  if (auto q = quantity_from_json(json)) return *q;
  return Quantity::absent(std::string(unit), {"metric.unknown", "the run does not say", ""});
}

std::string_view unit_of(std::string_view figure_name) {
  return figure_name == "energy" ? "J" : "W";
}

std::string domain_line(std::string_view window, const Json& domain) {
  CsvRow row;
  row.text(window).text(domain["domain"].as_string()).text(domain["name"].as_string());
  row.text(domain["sensor"].as_string());
  for (const char* name : kFigures) {
    row.metric(MetricType::quantity, figure(domain[name], unit_of(name)));
  }
  return row.line();
}

// The rows of one window: its domains, and their total under the name "total".
std::string window_lines(std::string_view name, const Json& window) {
  std::string out;
  for (const auto& domain : window["domains"].items()) out += domain_line(name, domain);
  Json total = Json::object({{"domain", "total"}, {"energy", window["total"]}});
  return out + domain_line(name, total);
}

std::string cell(const Json& json, std::string_view unit) {
  return markdown_cell(human(figure(json, unit)));
}

}  // namespace

std::string run_csv(const Json& run) {
  CsvRow header;
  header.text("window").text("domain").text("name").text("sensor");
  for (const char* name : kFigures) header.header(MetricType::quantity, name);
  std::string out = header.line() + window_lines("", run);
  for (const auto& window : run["windows"].items()) {
    out += window_lines(window["name"].as_string(), window);
  }
  return out;
}

std::string run_markdown(const Json& run) {
  std::string out = fmt::format("# Run\n\n{} in {:.3g} s.\n\n", human(figure(run["total"], "J")),
                                run["duration_s"].as_double());
  out += "| domain | energy | mean power | peak power |\n|---|---|---|---|\n";
  for (const auto& d : run["domains"].items()) {
    out +=
        fmt::format("| {} | {} | {} | {} |\n", markdown_cell(d["domain"].as_string()),
                    cell(d["energy"], "J"), cell(d["mean_power"], "W"), cell(d["peak_power"], "W"));
  }
  out += fmt::format("\nJoulebook itself: {}.\n", human(figure(run["self"], "J")));
  for (const auto& warning : run["warnings"].items()) {
    out += fmt::format("\nWarning: {}\n", warning.as_string());
  }
  return out;
}

Json list_json(std::span<const RunSummary> runs) {
  Json list = Json::array();
  for (const auto& run : runs) {
    list.push(Json::object({{"id", run.id},
                            {"kind", run.kind},
                            {"title", run.title},
                            {"started", run.started_utc},
                            {"duration_s", run.duration_s},
                            {"complete", run.complete},
                            {"total", run.total}}));
  }
  return list;
}

std::string list_csv(std::span<const RunSummary> runs) {
  CsvRow header;
  for (const char* name : {"id", "kind", "title", "started", "duration_s", "complete"}) {
    header.text(name);
  }
  std::string out = header.header(MetricType::quantity, "total").line();
  for (const auto& run : runs) {
    CsvRow row;
    row.text(run.id).text(run.kind).text(run.title).text(run.started_utc).number(run.duration_s);
    row.text(run.complete ? "true" : "false");
    out += row.metric(MetricType::quantity, figure(run.total, "J")).line();
  }
  return out;
}

std::string json_lines(std::span<const Json> items) {
  std::string out;
  for (const auto& item : items) out += item.dump() + "\n";
  return out;
}

}  // namespace joulebook
