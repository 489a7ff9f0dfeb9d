#include "account/factors/tables.h"

#include <fmt/format.h>

#include <cctype>

#include "core/csv_table.h"
#include "core/text.h"
#include "physics/training/runs.h"

namespace joulebook {
std::string_view account_csv();  // the embedded files
std::string_view cloud_pue_wue_csv();
std::string_view embodied_csv();
std::string_view equivalents_csv();
std::string_view grid_intensity_csv();
std::string_view pue_defaults_csv();
}  // namespace joulebook

namespace joulebook::account {
namespace {

constexpr std::string_view kOwid =
    "Our World in Data, based on Ember and the Energy Institute, through mlco2/codecarbon at b05965e4";
constexpr std::string_view kEcoLogits = "mlco2/ecologits at 5be90dad, after ADEME and IMPACTS";
constexpr std::string_view kCloud =
    "Green-Software-Foundation/real-time-cloud at b2858aa2, the provider's own figure";
constexpr std::string_view kRetrieved = "retrieved 2026-11, the source names no year";

using Factors = std::vector<Factor>;

// A factor from the text of its number; nothing is added where the cell is empty.
Status add(Factors& into, std::string_view number, std::string_view unit, Factor factor) {
  if (number.empty()) return {};
  auto measure = Measure::parse(fmt::format("{} {}", number, unit));
  if (!measure) {
    return fail(ErrorKind::input, "factors.table",
                fmt::format("{}: {}", factor.id, measure.error().message), measure.error().cure);
  }
  factor.measure = std::move(*measure);
  into.push_back(std::move(factor));
  return {};
}

Status read_grid_row(const CsvTable::Row& row, Factors& into) {
  const std::string iso(row.text("iso3"));
  const std::string place = iso == "WOR" ? "World" : std::string(row.text("country"));
  const std::string year(row.text("year_codecarbon"));
  const auto of = [&](std::string id, std::string what, std::string kind, std::string boundary) {
    return Factor{std::move(id), fmt::format("{}, {}", place, what), {}, std::move(kind),
                  std::move(boundary), std::string(kRetrieved), std::string(kEcoLogits),
                  "CC BY-SA 4.0", "stored copy"};
  };
  Factor direct = of(fmt::format("grid.{}.direct.{}", iso, year), "direct generation intensity", "grid.direct",
                     "generation, no life cycle, no losses of the grid");
  direct.year = year, direct.source = kOwid, direct.licence = "CC BY 4.0";
  if (auto ok = add(into, row.text("gco2_per_kwh_codecarbon_owid"), "gCO2e/kWh", std::move(direct)); !ok) return ok;
  struct Column {
    const char *name, *unit, *id, *what, *kind, *boundary;
  };
  constexpr Column kColumns[] = {
      {"gco2_per_kwh_ecologits", "gCO2e/kWh", "grid.{}.lifecycle", "life-cycle intensity", "grid.lifecycle", "life cycle of the mix"},
      {"adpe_kgsbeq_per_kwh", "kgSbe/kWh", "grid.{}.antimony", "abiotic depletion of electricity", "grid.antimony", "life cycle of the mix"},
      {"pe_mj_per_kwh", "MJ/kWh", "grid.{}.primary", "primary energy of electricity", "grid.primary", "life cycle of the mix"},
      {"wue_offsite_l_per_kwh", "L/kWh", "wue.offsite.{}", "water of making electricity", "wue.offsite", "at the power stations"}};
  for (const Column& c : kColumns) {
    auto ok = add(into, row.text(c.name), c.unit, of(fmt::format(fmt::runtime(c.id), iso), c.what, c.kind, c.boundary));
    if (!ok) return ok;
  }
  return {};
}

Status read_cloud_row(const CsvTable::Row& row, Factors& into) {
  const std::string provider(row.text("provider")), year(row.text("year")), location(row.text("location"));
  std::string region(row.text("region"));
  // The source has one name for two places: neither is what "northeurope" alone means.
  if (region == "northeurope") region += "-" + location;
  const auto of = [&](const char* kind, const char* what) {
    return Factor{fmt::format("{}.{}.{}.{}", std::string_view(kind) == "pue" ? "pue" : "wue", slug(provider), slug(region), year),
                  fmt::format("{} {} ({}), {}", provider, region, location, what), {}, kind,
                  "the provider's data centres of the region", year, std::string(kCloud), "MIT (data as is)", "stored copy"};
  };
  if (auto ok = add(into, row.text("pue"), "", of("pue", "PUE")); !ok) return ok;
  return add(into, row.text("wue_l_per_kwh"), "L/kWh", of("wue.onsite", "water on site per IT energy"));
}

Status read_provider_row(const CsvTable::Row& row, Factors& into) {
  const std::string provider(row.text("provider"));
  const auto of = [&](const char* kind, const char* what) {
    return Factor{fmt::format("{}.{}", std::string_view(kind) == "pue" ? "pue" : "wue", slug(provider)),
                  fmt::format("{}, {}", provider, what), {}, kind, "all of the provider's data centres",
                  std::string(row.text("date")), std::string(row.text("source")), std::string(row.text("licence")),
                  std::string(row.text("status"))};
  };
  if (auto ok = add(into, row.text("pue"), "", of("pue", "PUE")); !ok) return ok;
  return add(into, row.text("wue_l_per_kwh"), "L/kWh", of("wue.onsite", "water on site per IT energy"));
}

Status read_item_row(const CsvTable::Row& row, const char* kind, Factors& into) {
  const std::string item(row.text("item"));
  std::string unit(row.text("unit"));
  if (unit.ends_with("per exaFLOP (FP16)")) unit = "gCO2e/EFLOP";
  Factor factor{fmt::format("{}.{}", kind, slug(item)), item, {}, kind, std::string(row.text("boundary")),
                std::string(row.text("date")), std::string(row.text("source")), std::string(row.text("licence")),
                std::string(row.text("status"))};
  if (factor.boundary.empty()) factor.boundary = "as its source counts";
  // Sources that differ about one thing stand side by side.
  std::size_t before = 0;
  for (const Factor& f : into) before += f.name == item ? 1 : 0;
  if (before > 0) factor.id += fmt::format(".{}", before + 1);
  return add(into, row.text("value"), unit, std::move(factor));
}

Status read_account_row(const CsvTable::Row& row, Factors& into) {
  const auto text = [&](const char* column) { return std::string(row.text(column)); };
  return add(into, row.text("value"), row.text("unit"),
             {text("id"), text("name"), {}, text("kind"), text("boundary"), text("date"), text("source"),
              text("licence"), text("status")});
}

// What published runs took, as physics/training keeps them.
Status add_training(Factors& into) {
  constexpr double kMWh = 3.6e9, kTonne = 1e3;
  for (const training::TrainingRun& run : training::published_runs()) {
    const auto of = [&](const char* what, const char* boundary) {
      return Factor{fmt::format("training.{}.{}", slug(run.name), what), fmt::format("{}, training {}", run.name, what), {},
                    "training", boundary, "retrieved 2026-11", run.source, "fact", run.status};
    };
    if (run.joules) {
      auto ok = add(into, fmt::format("{}", *run.joules / kMWh), "MWh",
                    of("energy", run.pue ? "as its source counts, PUE stated" : "accelerators"));
      if (!ok) return ok;
    }
    if (run.kg_co2e) {
      if (auto ok = add(into, fmt::format("{}", *run.kg_co2e / kTonne), "tCO2e", of("carbon", "as its source counts")); !ok) return ok;
    }
  }
  return {};
}

using ReadRow = std::function<Status(const CsvTable::Row&, Factors&)>;

Status read_table(std::string_view csv, std::initializer_list<std::string_view> columns, const ReadRow& read, Factors& into) {
  const auto table = CsvTable::parse(csv, "factors.table", columns);
  if (!table) return fail(table.error());
  for (std::size_t i = 0; i < table->size(); ++i) {
    if (auto ok = read(table->row(i), into); !ok) return ok;
  }
  return {};
}

ReadRow items(const char* kind) {
  return [kind](const CsvTable::Row& row, Factors& into) { return read_item_row(row, kind, into); };
}

}  // namespace

std::string slug(std::string_view name) {
  std::string out;
  for (const char c : lower(name)) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.') {
      out += c;
    } else if (!out.empty() && out.back() != '-') {
      out += '-';
    }
  }
  while (out.ends_with('-')) out.pop_back();
  return out;
}

Result<Factors> read_all_tables() {
  struct Table {
    std::string_view csv;
    std::initializer_list<std::string_view> columns;
    ReadRow read;
  };
  const Table tables[] = {
      {grid_intensity_csv(), {"iso3", "country", "year_codecarbon", "gco2_per_kwh_codecarbon_owid"}, read_grid_row},
      {cloud_pue_wue_csv(), {"year", "provider", "region", "pue", "wue_l_per_kwh"}, read_cloud_row},
      {pue_defaults_csv(), {"provider", "pue", "date", "source", "licence"}, read_provider_row},
      {embodied_csv(), {"item", "value", "unit", "date", "source", "licence"}, items("embodied")},
      {equivalents_csv(), {"item", "value", "unit", "date", "source", "licence"}, items("equivalent")},
      {account_csv(), {"id", "value", "unit", "kind", "date", "source", "licence"}, read_account_row},
  };
  Factors all;
  for (const Table& table : tables) {
    if (auto ok = read_table(table.csv, table.columns, table.read, all); !ok) return fail(ok.error());
  }
  if (auto ok = add_training(all); !ok) return fail(ok.error());
  return all;
}

}  // namespace joulebook::account
