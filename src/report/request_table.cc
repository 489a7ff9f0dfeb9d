#include "report/request_table.h"

#include <fmt/format.h>

#include "report/figure.h"
#include "report/text_grid.h"

namespace joulebook {
namespace {

using Align = TextGrid::Align;

std::string count_or_blank(const Json& n) { return n.is_null() ? "" : count_text(n.as_int()); }

std::string seconds_from(const Json& times, const char* name) {
  if (times[name].is_null()) return "";
  const auto ns = times[name].as_int() - times["arrived_ns"].as_int();
  return duration_text(static_cast<double>(ns) * 1e-9);
}

void add_figure(TextGrid& grid, const std::string& name, const Json& quantity,
                const std::string& tokens, const std::string& took) {
  const FigureText text = figure_text(quantity);
  grid.add({name, text.line(), text.sure(), tokens, took});
}

std::string facts(const Json& r) {
  const Json& times = r["times"];
  std::string line = fmt::format("{} {} at {}", r["route"].as_string(), r["model"].as_string(),
                                 r["upstream"].as_string());
  if (!r["tenant"].as_string().empty()) line += fmt::format(", for {}", r["tenant"].as_string());
  line += fmt::format(", arrived {}", times["arrived"].as_string());
  if (const auto first = seconds_from(times, "first_token_ns"); !first.empty()) {
    line += ", first token after " + first;
  }
  if (const auto ended = seconds_from(times, "ended_ns"); !ended.empty()) {
    line += ", ended after " + ended;
  }
  return line + ".";
}

std::string working(const Json& r) {
  std::string line;
  if (!r["rule"].is_null()) line = fmt::format("Weighed by {}.", r["rule"].as_string());
  if (!r["unattributed"].is_null()) {
    line += fmt::format("{}{:.2f} % of the active energy of its windows is unattributed.",
                        line.empty() ? "" : " ", 100 * r["unattributed"].as_double());
  }
  return line;
}

}  // namespace

std::string request_table(const Json& r, const ScreenStyle& style) {
  std::string status(r["status"].as_string());
  if (r["reason"].is_object()) {
    status += fmt::format(" ({}): {}", r["reason"]["code"].as_string(),
                          r["reason"]["message"].as_string());
  }
  std::string out = paragraph("", fmt::format("Request {}: {}", r["id"].as_string(), status),
                              style.width);
  out += paragraph("", facts(r), style.width) + "\n";
  TextGrid grid({{"", Align::left},
                 {"energy", Align::left, true},
                 {"", Align::left, true},
                 {"tokens", Align::right},
                 {"took", Align::right}});
  for (const char* name : {"fair", "served", "marginal"}) add_figure(grid, name, r[name], "", "");
  for (const auto& phase : r["phases"].items()) {
    add_figure(grid, "  " + std::string(phase["phase"].as_string()), phase["energy"],
               count_or_blank(phase["tokens"]), duration_text(phase["seconds"].as_double()));
  }
  out += grid.text(style.width);
  if (const auto line = working(r); !line.empty()) out += "\n" + paragraph("", line, style.width);
  return out;
}

std::string usage_table(const Json& usage, const ScreenStyle& style) {
  TextGrid accounts({{"account", Align::left}, {"energy", Align::right}, {"share", Align::right}});
  double all = 0;
  for (const auto& a : usage["accounts"].items()) all += a["energy"]["value"].as_double();
  for (const auto& a : usage["accounts"].items()) {
    const double joules = a["energy"]["value"].as_double();
    accounts.add({std::string(a["account"].as_string()), human(joules, "J"),
                  all > 0 ? fmt::format("{:.1f} %", 100 * joules / all) : ""});
  }
  std::string out = accounts.empty() ? "" : accounts.text(style.width);
  constexpr std::pair<const char*, const char*> kParts[] = {
      {"tenants", "tenant"}, {"models", "model"}, {"routes", "route"}};
  for (const auto& [list, item] : kParts) {
    TextGrid grid({{item, Align::left, true},
                   {"fair share", Align::right},
                   {"requests", Align::right},
                   {"void", Align::right},
                   {"prompt", Align::right},
                   {"answer", Align::right}});
    for (const auto& t : usage[list].items()) {
      const Json& tokens = t["tokens"];
      grid.add({std::string(t[item].as_string()), human(t["energy"]["value"].as_double(), "J"),
                count_text(t["requests"].as_int()), count_text(t["void"].as_int()),
                count_or_blank(tokens["prompt"]), count_or_blank(tokens["answer"])});
    }
    if (!grid.empty()) out += "\n" + grid.text(style.width);
  }
  return out;
}

}  // namespace joulebook
