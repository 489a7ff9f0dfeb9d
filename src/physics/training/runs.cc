#include "physics/training/runs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/csv_table.h"
#include "core/quantile.h"
#include "physics/machine/hardware.h"

namespace joulebook {
std::string_view training_csv();  // the embedded file
}  // namespace joulebook

namespace joulebook::training {
namespace {

constexpr double kJoulesPerMwh = 3.6e9;
constexpr double kLargeModel = 1e9;
// Of any cell, in SI units: beyond them products would over- or underflow.
constexpr double kLeast = 1e-6, kMost = 1e30;

bool outside(double x, const PlausibleRange& range) { return x < range.lo || x > range.hi; }

// Columns with their units, and where they go.
struct Field {
  std::string_view column;
  double unit;
  std::optional<double> TrainingRun::*into;
};
constexpr Field kFields[] = {{"params_b", 1e9, &TrainingRun::parameters},
                             {"active_b", 1e9, &TrainingRun::active},
                             {"tokens_t", 1e12, &TrainingRun::tokens},
                             {"devices", 1, &TrainingRun::devices},
                             {"device_hours", 1, &TrainingRun::device_hours},
                             {"avg_w_per_device", 1, &TrainingRun::watts},
                             {"energy_mwh", kJoulesPerMwh, &TrainingRun::joules},
                             {"pue", 1, &TrainingRun::pue},
                             {"tco2e", 1000, &TrainingRun::kg_co2e}};

Result<TrainingRun> read_run(const CsvTable::Row& row) {
  TrainingRun run;
  run.line = row.line();
  run.name = row.text("run");
  run.hardware = row.text("hardware");
  run.status = row.text("status");
  run.source = row.text("source");
  for (const auto& field : kFields) {
    if (row.text(field.column).empty()) continue;
    const auto n = row.number(field.column);
    if (!n || !(*n * field.unit >= kLeast && *n * field.unit <= kMost)) {
      return fail(ErrorKind::input, "training.csv",
                  fmt::format("line {}: {} of '{}' is {}", run.line, field.column, run.name,
                              row.text(field.column)),
                  "give a number above 0 in the column's unit, or leave the cell empty");
    }
    run.*field.into = *n * field.unit;
  }
  if (run.name.empty()) {
    return fail(ErrorKind::input, "training.csv", fmt::format("line {} names no run", run.line),
                "fill the column run");
  }
  return run;
}

void judge_utilisation(const TrainingRun& run, const std::optional<physics::Hardware>& device,
                       Implied& out) {
  if (run.active && run.tokens) out.flops = 6 * *run.active * *run.tokens;
  out.hours = run.device_hours;
  if (!out.hours && run.joules && run.watts) {
    out.hours = *run.joules / 3600 / (*run.watts * run.pue.value_or(1));
    out.hours_derived = true;
  }
  if (!out.flops || !out.hours || !device || !device->rate16()) return;
  out.utilisation = *out.flops / (*out.hours * 3600 * *device->rate16());
  if (outside(*out.utilisation, kUtilisation)) {
    out.doubts.push_back(fmt::format("utilisation {:.3f} is outside {} to {}", *out.utilisation,
                                     kUtilisation.lo, kUtilisation.hi));
  }
}

void judge_energy(const TrainingRun& run, const std::optional<physics::Hardware>& device,
                  Implied& out) {
  if (run.watts && device && device->tdp_w) {
    out.power_share = *run.watts / *device->tdp_w;
    if (outside(*out.power_share, kPowerShare)) {
      out.doubts.push_back(
          fmt::format("{:.0f} W a device is {:.2f} of its TDP", *run.watts, *out.power_share));
    }
  }
  if (!run.joules || !run.watts || !run.device_hours) return;
  const double bare = *run.device_hours * 3600 * *run.watts;
  const auto agrees = [&](double joules) {
    return std::abs(*run.joules / joules - 1) <= kEnergyTolerance;
  };
  if (agrees(bare)) {
    out.pue_inside = false;
  } else if (run.pue && agrees(bare * *run.pue)) {
    out.pue_inside = true;
  } else {
    out.doubts.push_back(fmt::format("energy is {:.2f} times hours x watts", *run.joules / bare));
  }
}

void judge_carbon(const TrainingRun& run, Implied& out) {
  if (!run.kg_co2e || !run.joules) return;
  out.intensity = *run.kg_co2e * 1000 / (*run.joules / 3.6e6);
  if (outside(*out.intensity, kIntensity)) {
    out.doubts.push_back(fmt::format("{:.1f} gCO2e/kWh is outside {} to {}", *out.intensity,
                                     kIntensity.lo, kIntensity.hi));
  }
}

std::optional<physics::Hardware> device_of(const TrainingRun& run) {
  if (run.hardware.empty()) return std::nullopt;
  auto found = physics::find_hardware(run.hardware);
  return found ? std::optional(std::move(*found)) : std::nullopt;
}

Spread spread_of(std::vector<double> values) {
  if (values.empty()) return {};
  return {quantile(values, 0.5), quantile(values, 0.1), quantile(values, 0.9), values.size()};
}

bool is_gpu(const TrainingRun& run) { return run.hardware.find("TPU") == std::string::npos; }

}  // namespace

Result<std::vector<TrainingRun>> parse_training_runs(std::string_view csv) {
  const auto table =
      CsvTable::parse(csv, "training.csv",
                      {"run", "params_b", "active_b", "tokens_t", "hardware", "devices",
                       "device_hours", "avg_w_per_device", "energy_mwh", "pue", "tco2e"});
  if (!table) return fail(table.error());
  std::vector<TrainingRun> runs;
  for (std::size_t i = 0; i < table->size(); ++i) {
    auto run = read_run(table->row(i));
    if (!run) return fail(run.error());
    runs.push_back(std::move(*run));
  }
  return runs;
}

std::span<const TrainingRun> published_runs() {
  static const std::vector<TrainingRun> runs = [] {
    auto read = parse_training_runs(training_csv());
    return read ? std::move(*read) : std::vector<TrainingRun>{};  // a test reads it
  }();
  return runs;
}

Implied implied_by(const TrainingRun& run) {
  Implied out;
  const auto device = device_of(run);
  judge_utilisation(run, device, out);
  judge_energy(run, device, out);
  judge_carbon(run, out);
  return out;
}

Spread utilisation_of_runs() {
  static const Spread spread = [] {
    std::vector<double> values;
    for (const auto& run : published_runs()) {
      const auto implied = implied_by(run);
      const bool counts =
          implied.utilisation && is_gpu(run) && run.parameters.value_or(0) >= kLargeModel;
      if (counts && !outside(*implied.utilisation, kUtilisation))
        values.push_back(*implied.utilisation);
    }
    return spread_of(std::move(values));
  }();
  return spread;
}

Spread power_share_of_runs() {
  static const Spread spread = [] {
    std::vector<double> values;
    for (const auto& run : published_runs()) {
      const auto implied = implied_by(run);
      if (implied.power_share && *implied.power_share < 1) values.push_back(*implied.power_share);
    }
    return spread_of(std::move(values));
  }();
  return spread;
}

}  // namespace joulebook::training
