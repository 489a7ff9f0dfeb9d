#include "report/interval_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "report/ink.h"
#include "report/text_grid.h"

namespace joulebook {
namespace {

constexpr int kLeast = 9;  // columns of a cell

std::string absence(const Json& reason) {
  const std::string code(reason["code"].as_string());
  return "(" + code.substr(code.rfind('.') + 1) + ")";
}

std::string figure(const Json& quantity, double factor, int digits) {
  if (quantity["value"].is_null()) return absence(quantity["reason"]);
  return fmt::format("{:.{}f}", quantity["value"].as_double() * factor, digits);
}

// Mean watts of the domains together; the first absence, where there is one.
std::string watts(const Json& window, const std::vector<std::string>& domains, double seconds) {
  double sum = 0;
  for (const auto& domain : window["domains"].items()) {
    const auto id = domain["domain"].as_string();
    if (std::find(domains.begin(), domains.end(), id) == domains.end()) continue;
    if (domain["energy"]["value"].is_null()) return absence(domain["energy"]["reason"]);
    sum += domain["energy"]["value"].as_double();
  }
  return seconds > 0 ? fmt::format("{:.2f}", sum / seconds) : "(empty)";
}

// Of one core where processes are measured, of the whole machine else.
std::string cpu_percent(const Json& window, double seconds) {
  const Json& cpu = window["cpu"];
  const bool tree = !cpu["tree_s"].is_null();
  const Json& spent = tree ? cpu["tree_s"] : cpu["machine_s"];
  const double of = tree ? seconds : cpu["capacity_s"].as_double();
  if (spent.is_null() || !(of > 0)) return "(unknown)";
  return fmt::format("{:.1f}", 100 * spent.as_double() / of);
}

std::string kind_of(const std::string& domain) { return domain.substr(0, domain.find(':')); }

}  // namespace

IntervalRows::IntervalRows(const Json& first, std::int64_t start_ns, bool terminal,
                           const ScreenStyle& style)
    : start_ns_(start_ns),
      terminal_(terminal),
      style_(style),
      tree_(!first["cpu"]["tree_s"].is_null()) {
  choose_columns(first);
}

int IntervalRows::width_of(const std::vector<Column>& columns) const {
  int width = 4 * (kLeast + 1);
  for (const auto& column : columns) {
    width += 1 + std::max(kLeast, display_width(column.head));
  }
  return width;
}

void IntervalRows::choose_columns(const Json& first) {
  std::vector<std::string> kinds;
  std::map<std::string, std::vector<std::string>> by_kind;
  for (const auto& domain : first["domains"].items()) {
    if (!domain["top_level"].as_bool(false)) continue;
    const std::string id(domain["domain"].as_string());
    columns_.push_back({id + " W", {id}});
    auto& list = by_kind[kind_of(id)];
    if (list.empty()) kinds.push_back(kind_of(id));
    list.push_back(id);
  }
  if (!terminal_ || width_of(columns_) <= style_.width) return;
  std::vector<Column> merged;
  Column all{"total W", {}};
  for (const auto& kind : kinds) {
    const auto& list = by_kind[kind];
    merged.push_back({list.size() > 1 ? fmt::format("{}×{} W", kind, list.size()) : kind + " W",
                      list});
    all.domains.insert(all.domains.end(), list.begin(), list.end());
  }
  columns_ = width_of(merged) <= style_.width ? std::move(merged) : std::vector{std::move(all)};
}

std::vector<std::string> IntervalRows::heads() const {
  std::vector<std::string> out = {"time s"};
  for (const auto& column : columns_) out.push_back(column.head);
  out.emplace_back("total J");
  if (tree_) out.emplace_back("tree J");
  out.emplace_back("CPU %");
  return out;
}

std::string IntervalRows::line(const std::vector<std::string>& cells) const {
  std::string out;
  const auto names = heads();
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (!terminal_) {
      out += (i > 0 ? "\t" : "") + cells[i];
      continue;
    }
    const int width = std::max(kLeast, display_width(names[i]));
    const std::string text = clip_text(cells[i], width);
    if (i > 0) out += ' ';
    out.append(static_cast<std::size_t>(width - display_width(text)), ' ');
    out += text;
  }
  return out;
}

std::string IntervalRows::head() const {
  const std::string text = line(heads());
  return (terminal_ ? Ink(style_).bold(text) : text) + "\n";
}

std::string IntervalRows::row(const Json& window) const {
  const double seconds = window["duration_s"].as_double();
  const double time = static_cast<double>(window["end_ns"].as_int() - start_ns_) * 1e-9;
  std::vector<std::string> cells = {fmt::format("{:.3f}", time)};
  for (const auto& column : columns_) cells.push_back(watts(window, column.domains, seconds));
  cells.push_back(figure(window["total"], 1, 3));
  if (tree_) cells.push_back(figure(window["tree"], 1, 3));
  cells.push_back(cpu_percent(window, seconds));
  return line(cells) + "\n";
}

}  // namespace joulebook
