// Published rows: tables of data/, built in.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "account/claim/functions.h"
#include "core/csv_table.h"
#include "core/quantile.h"
#include "core/text.h"

namespace joulebook {
std::string_view ml_energy_csv();  // the embedded files
std::string_view ml_energy_diffusion_csv();
std::string_view power_hungry_csv();
std::string_view training_csv();
}  // namespace joulebook

namespace joulebook::account {
namespace {

struct Table {
  std::string_view name, source;
  std::string_view (*text)();
};
constexpr Table kTables[] = {
    {"ml_energy", "ML.ENERGY leaderboard v1 to v3 (Apache-2.0), data/ml_energy.csv", ml_energy_csv},
    {"ml_energy_diffusion", "ML.ENERGY leaderboard (Apache-2.0), data/ml_energy_diffusion.csv", ml_energy_diffusion_csv},
    {"power_hungry", "Luccioni, Jernite, Strubell 2023, raw runs (MIT), data/power_hungry.csv", power_hungry_csv},
    {"training", "data/training.csv, a source for each row", training_csv},
};

// Units of the columns that hold amounts. What is not here is a plain number.
constexpr std::pair<std::string_view, std::string_view> kUnits[] = {
    {"j_per_request", "J/response"},   {"j_per_output_token", "J/token"},    {"avg_power_w_all_gpus", "W"},
    {"output_tok_per_s", "token/s"},   {"tpot_ms", "ms"},                    {"avg_input_tokens", "token"},
    {"avg_output_tokens", "token"},    {"e2e_latency_s", "s"},               {"j_per_item", "J"},
    {"batch_latency_s", "s"},          {"kwh_per_1000_total", "Wh"},         {"kwh_gpu_8gpu_node", "Wh"},
    {"kwh_ram_constant", "Wh"},        {"kwh_cpu_constant", "Wh"},           {"kwh_per_1000_one_gpu_est", "Wh"},
    {"avg_gpu_power_w_8gpus", "W"},    {"duration_s_per_1000", "ms"},        {"energy_mwh", "MWh"},
    {"tco2e", "tCO2e"},                {"device_hours", "GPU h"},            {"avg_w_per_device", "W/GPU"},
    {"gco2_per_kwh_implied", "gCO2e/kWh"}};

Result<const CsvTable*> table_of(const Table& table) {
  static const auto tables = [] {
    std::map<std::string_view, Result<CsvTable>> all;
    for (const Table& t : kTables) all.emplace(t.name, CsvTable::parse(t.text(), "published.table", {}));
    return all;
  }();
  const auto& found = tables.at(table.name);
  if (!found) return fail(found.error());
  return &*found;
}

// "Stable Diffusion 3", "stable_diffusion-3": one name.
std::string as_one_word(std::string_view text) {
  std::string word = lower(text);
  std::ranges::replace_if(word, [](char c) { return c == ' ' || c == '_'; }, '-');
  return word;
}

// "Llama*70B" matches with anything in the star's place; any case.
bool matches(std::string_view pattern, std::string_view text) {
  const std::string p = as_one_word(pattern), t = as_one_word(text);
  std::size_t i = 0, j = 0, star = std::string::npos, mark = 0;
  while (j < t.size()) {
    if (i < p.size() && p[i] == '*') {
      star = i++;
      mark = j;
    } else if (i < p.size() && p[i] == t[j]) {
      ++i, ++j;
    } else if (star != std::string::npos) {
      i = star + 1;
      j = ++mark;
    } else {
      return false;
    }
  }
  while (i < p.size() && p[i] == '*') ++i;
  return i == p.size();
}

bool accepts(std::string_view wanted, std::string_view cell) {
  const auto a = parse_double(wanted), b = parse_double(cell);
  if (a && b) return *a == *b;
  return matches(wanted, cell);
}

struct Filter {
  std::string column, wanted;
};

Result<std::vector<Filter>> filters_of(const Call& call, const CsvTable& table, std::string_view header) {
  std::vector<std::string> columns;
  for (const auto c : split(header, ',')) columns.emplace_back(c);
  std::vector<Filter> filters;
  for (const Argument& a : call.arguments()) {
    if (a.name.empty()) continue;
    if (std::ranges::find(columns, a.name) == columns.end()) {
      return recipe_error("recipe.argument", fmt::format("the table has no column '{}'", a.name), "its columns are " + join(columns, ", "));
    }
    auto wanted = call.as_text(*a.value);
    if (!wanted) return fail(wanted.error());
    filters.push_back({a.name, *wanted});
  }
  (void)table;
  return filters;
}

std::vector<double> values_of(const CsvTable& table, std::string_view column, const std::vector<Filter>& filters) {
  std::vector<double> values;
  for (std::size_t i = 0; i < table.size(); ++i) {
    const auto row = table.row(i);
    const bool fits = std::ranges::all_of(filters, [&](const Filter& f) { return accepts(f.wanted, row.text(f.column)); });
    const auto value = fits ? row.number(column) : std::nullopt;
    if (value) values.push_back(*value);
  }
  std::ranges::sort(values);
  return values;
}

Result<double> aggregate(const Call& call, const std::string& how, const std::vector<double>& v, const std::string& name) {
  double sum = 0;
  for (const double x : v) sum += x;
  if (how == "mean") return sum / static_cast<double>(v.size());
  if (how == "median") return quantile(v, 0.5);
  if (how == "min") return v.front();
  if (how == "max") return v.back();
  if (how == "count") return static_cast<double>(v.size());
  if (how == "range") return call.scope().dials().at(name, v.front(), quantile(v, 0.5), v.back());
  if (how == "one" && v.size() == 1) return v.front();
  if (how == "one") return recipe_error("recipe.rows", fmt::format("{} rows match, and one was wanted", v.size()), "name more columns, or ask for their mean, median, min, max or range");
  return recipe_error("recipe.argument", fmt::format("no way '{}' to sum up rows", how), "mean, median, min, max, range, one or count");
}

}  // namespace

Result<Number> published(const Call& call) {
  const auto name = call.text(0), column = call.text(1), how = call.text(2);
  for (const auto* text : {&name, &column, &how}) {
    if (!*text) return fail(text->error());
  }
  const auto table = std::ranges::find(kTables, std::string_view(*name), &Table::name);
  if (table == std::end(kTables)) return recipe_error("recipe.argument", fmt::format("no table '{}'", *name), "ml_energy, ml_energy_diffusion, power_hungry or training");
  const auto rows = table_of(*table);
  if (!rows) return fail(rows.error());
  const std::string_view text = table->text();
  const std::string_view header = text.substr(0, text.find('\n'));
  std::vector<std::string> columns;
  for (const auto c : split(header, ',')) columns.emplace_back(trim(c));
  if (std::ranges::find(columns, *column) == columns.end()) {
    return recipe_error("recipe.argument", fmt::format("{} has no column '{}'", *name, *column), "its columns are " + join(columns, ", "));
  }
  auto filters = filters_of(call, **rows, trim(header));
  if (!filters) return fail(filters.error());
  auto values = values_of(**rows, *column, *filters);
  const bool any_model = values.empty() && *how == "range" && std::ranges::find(*filters, "model", &Filter::column) != filters->end();
  if (any_model) {  // nobody published that model: it lies where all of them do
    std::erase_if(*filters, [](const Filter& f) { return f.column == "model"; });
    values = values_of(**rows, *column, *filters);
    call.scope().trace().missing.insert("model");
  }
  if (values.empty()) return recipe_error("recipe.rows", fmt::format("no row of {} matches", *name), "loosen the filters; * stands for anything: model = '*Llama*70B*'");
  std::string what = fmt::format("{} of {}", *how, *column);
  for (const Filter& f : *filters) what += fmt::format(", {} {}", f.column, f.wanted);
  const auto value = aggregate(call, *how, values, any_model ? "model" : "published rows: " + what);
  if (!value) return fail(value.error());
  call.scope().trace().published = true;
  call.scope().trace().add(what, fmt::format("{:.6g} ({} rows, {:.6g} to {:.6g})", *value, values.size(), values.front(), values.back()), std::string(table->source));
  const auto unit = std::ranges::find(kUnits, std::string_view(*column), &std::pair<std::string_view, std::string_view>::first);
  if (*how == "count" || unit == std::end(kUnits)) return Number{*value, {}};
  const auto parsed = Unit::parse(unit->second);
  return Number{*value * parsed->factor, parsed->dimension};
}

}  // namespace joulebook::account
