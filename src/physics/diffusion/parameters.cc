#include "physics/diffusion/parameters.h"

#include <fmt/format.h>

#include <cmath>
#include <map>

#include "core/text.h"

namespace joulebook {
std::string_view diffusion_parameters_csv();
}

namespace joulebook::diffusion {
namespace {

// Priors are engineering judgement, written before the fit; bounds are what physics allows.
constexpr std::array<ParameterRow, kParameterCount> kTable = {{
    {"linear_rate.ampere", 0.6, 0.2, 0.9, 0.5, "1", "dense layers, share of peak"},
    {"linear_rate.hopper", 0.55, 0.2, 0.9, 0.5, "1", "dense layers, share of peak"},
    {"linear_rate.blackwell", 0.45, 0.1, 0.9, 0.5, "1", "dense layers, share of peak"},
    {"attention_rate.ampere", 0.5, 0.1, 0.9, 0.5, "1", "attention, share of peak, heads of 128"},
    {"attention_rate.hopper", 0.36, 0.1, 0.8, 0.5, "1", "attention, share of peak, heads of 128"},
    {"attention_rate.blackwell", 0.2, 0.05, 0.8, 0.5, "1",
     "attention, share of peak, heads of 128"},
    {"convolution_rate.ampere", 0.35, 0.1, 0.8, 0.5, "1", "convolutions, share of peak"},
    {"convolution_rate.hopper", 0.3, 0.05, 0.8, 0.5, "1", "convolutions, share of peak"},
    {"convolution_rate.blackwell", 0.2, 0.05, 0.8, 0.5, "1", "convolutions, share of peak"},
    {"decoder_rate.ampere", 0.3, 0.03, 0.8, 0.5, "1", "decoder to pixels, share of peak"},
    {"decoder_rate.hopper", 0.12, 0.02, 0.8, 0.5, "1", "decoder to pixels, share of peak"},
    {"decoder_rate.blackwell", 0.06, 0.01, 0.8, 0.5, "1", "decoder to pixels, share of peak"},
    {"static_power.ampere", 90, 45, 180, 0.25, "W", "a device that holds a job"},
    {"static_power.hopper", 130, 60, 260, 0.25, "W", "a device that holds a job"},
    {"static_power.blackwell", 220, 120, 440, 0.25, "W", "a device that holds a job"},
    {"energy_per_flop.ampere", 1e-12, 0.2e-12, 2e-12, 0.5, "J/FLOP", "dense layers, 16 bit"},
    {"energy_per_flop.hopper", 0.55e-12, 0.2e-12, 1.5e-12, 0.5, "J/FLOP", "dense layers, 16 bit"},
    {"energy_per_flop.blackwell", 0.4e-12, 0.1e-12, 1.5e-12, 0.5, "J/FLOP",
     "dense layers, 16 bit"},
    {"energy_per_byte.ampere", 80e-12, 20e-12, 300e-12, 0.5, "J/B", "memory traffic"},
    {"energy_per_byte.hopper", 60e-12, 20e-12, 300e-12, 0.5, "J/B", "memory traffic"},
    {"energy_per_byte.blackwell", 50e-12, 15e-12, 300e-12, 0.5, "J/B", "memory traffic"},
    {"power_cap.ampere", 0.95, 0.8, 1, 0.05, "1", "share of TDP at which clocks give way"},
    {"power_cap.hopper", 0.96, 0.8, 1, 0.05, "1", "share of TDP at which clocks give way"},
    {"power_cap.blackwell", 0.85, 0.7, 1, 0.05, "1", "share of TDP at which clocks give way"},
    {"head_exponent", 0.3, 0.01, 1, 0.5, "1", "attention rate grows so with heads below 128"},
    {"attention_energy", 1.3, 0.5, 3, 0.5, "1", "energy a FLOP over that of dense layers"},
    {"convolution_energy", 1.2, 0.5, 3, 0.5, "1", "energy a FLOP over that of dense layers"},
    {"traffic_per_element", 1, 0.2, 4, 0.5, "1", "times a counted read or write goes to memory"},
    {"half_tokens", 400, 1, 5000, 1, "token", "a device, for half of the rate at 1 PFLOP/s"},
    {"launch.diffusers", 12e-6, 3e-6, 60e-6, 0.5, "s", "a kernel, diffusers 0.29.2"},
    {"launch.xdit", 12e-6, 3e-6, 60e-6, 0.5, "s", "a kernel, xDiT 0.4.5"},
    {"once.diffusers", 0.02, 0.001, 0.5, 1, "s", "a batch, outside of the steps"},
    {"once.xdit", 0.02, 0.001, 0.5, 1, "s", "a batch, outside of the steps"},
    {"ulysses_rate", 0.3, 0.05, 1, 0.5, "1", "all-to-all exchange, share of link bandwidth"},
    {"ring_rate", 0.3, 0.05, 1, 0.5, "1", "ring exchange, share of link bandwidth"},
    {"collective", 20e-6, 2e-6, 500e-6, 1, "s", "a collective operation"},
    {"ring_penalty", 0.05, 0.0005, 0.5, 1, "1", "attention slows so a further ring member"},
    {"serial_share", 0.6, 0.05, 1, 0.5, "1", "activity of the others while one decodes"},
}};

constexpr std::string_view kFit = "fit.";
constexpr std::array<std::string_view, 3> kWidths = {"one", "several", "guessed"};

double value_or(const std::map<std::string, std::string>& cells, const std::string& name) {
  const auto it = cells.find(name);
  return it == cells.end() ? std::nan("") : parse_double(it->second).value_or(std::nan(""));
}

Result<Parameters> bad(std::string_view name) {
  return fail(ErrorKind::input, "diffusion.parameters",
              fmt::format("the parameters of the diffusion model lack a good {}", name),
              "write them anew with diffusion_fit");
}

}  // namespace

std::span<const ParameterRow, kParameterCount> parameter_table() { return kTable; }

Result<Parameters> parse_parameters(std::string_view csv) {
  std::map<std::string, std::string> cells;
  for (const auto line : split(csv, '\n')) {
    const auto row = parse_csv_line(trim(line));
    if (row.size() >= 2) cells[row[0]] = row[1];
  }
  Parameters out;
  for (std::size_t i = 0; i < kParameterCount; ++i) {
    out.values[i] = value_or(cells, std::string(kTable[i].name));
    const double slack = 1e-4 * kTable[i].high;
    if (!(out.values[i] >= kTable[i].low - slack && out.values[i] <= kTable[i].high + slack))
      return bad(kTable[i].name);
  }
  for (std::size_t i = 0; i < kWidths.size(); ++i) {
    out.half_width[i] = value_or(cells, fmt::format("{}half_width.{}", kFit, kWidths[i]));
    out.half_width_time[i] = value_or(cells, fmt::format("{}half_width_time.{}", kFit, kWidths[i]));
    if (!(out.half_width[i] > 0) || !(out.half_width_time[i] > 0)) return bad("half_width");
  }
  const std::string fit(kFit);
  out.date = cells[fit + "date"];
  out.rows = static_cast<std::size_t>(parse_uint(cells[fit + "rows"]).value_or(0));
  out.error = value_or(cells, fit + "error");
  return out;
}

std::string to_csv(const Parameters& p) {
  std::string out = "name,value,low,high,prior,prior_spread_ln,unit,meaning\n";
  for (std::size_t i = 0; i < kParameterCount; ++i) {
    const ParameterRow& row = kTable[i];
    out += fmt::format("{},{:.6g},{:g},{:g},{:g},{:g},{},{}\n", row.name, p.values[i], row.low,
                       row.high, row.start, row.spread, row.unit, csv_field(row.meaning));
  }
  const auto line = [&out](std::string_view name, const auto& value, std::string_view unit,
                           std::string_view meaning) {
    out += fmt::format("{}{},{:.6},,,,,{},{}\n", kFit, name, value, unit, meaning);
  };
  constexpr std::string_view kHalf = "half of the 80 % interval from architectures left out";
  for (std::size_t i = 0; i < kWidths.size(); ++i) {
    line(fmt::format("half_width.{}", kWidths[i]), p.half_width[i], "ln", kHalf);
    line(fmt::format("half_width_time.{}", kWidths[i]), p.half_width_time[i], "ln", kHalf);
  }
  out += fmt::format("{}date,{},,,,,,of the fit\n", kFit, p.date);
  out += fmt::format("{}rows,{},,,,,,fitted to\n", kFit, p.rows);
  line("error", p.error, "1", "median of J per item; architectures left out");
  return out;
}

const Parameters& fitted() {
  static const Parameters kFitted = parse_parameters(diffusion_parameters_csv()).value_or([] {
    Parameters p;  // never in a release: the tests read the file
    for (std::size_t i = 0; i < kParameterCount; ++i) p.values[i] = kTable[i].start;
    p.half_width = p.half_width_time = {1, 1, 1};
    return p;
  }());
  return kFitted;
}

}  // namespace joulebook::diffusion
