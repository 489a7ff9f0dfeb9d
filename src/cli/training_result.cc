#include "cli/training_result.h"

#include <fmt/format.h>

#include "cli/cmd_predict_training.h"
#include "core/json_strings.h"
#include "core/modelled.h"
#include "core/or_null.h"
#include "core/text.h"
#include "report/text_grid.h"

namespace joulebook {
namespace {

using training::Assumed;
using training::TrainingCost;
using training::TrainingPlan;
using training::TrainingRun;
using Align = TextGrid::Align;

// What was said has no range of its own.
Json assumed_json(const Assumed& a, std::string unit, std::string per = {}) {
  Quantity q = modelled(a.value, {a.lo, a.hi}, std::move(unit), std::move(per), {"gpu", a.source});
  if (a.lo == a.hi) q.level = 1, q.tier = Tier::published;
  return to_json(q);
}

Json grid_json(const std::optional<double>& grid, const Quantity& carbon) {
  if (!grid) return to_json(Quantity::absent("g/kWh", *carbon.reason));
  Quantity q = Quantity::exact(*grid, "g/kWh");
  q.level = 1;
  q.tier = Tier::published;
  q.method = "as stated";
  return to_json(q);
}

// What published figures imply: no interval was printed with them.
Json implied_json(const std::optional<double>& x, std::string unit, const TrainingRun& run) {
  if (x) return to_json(stated(*x, 0, std::move(unit), "", Tier::published, "", run.source));
  return to_json(Quantity::absent(std::move(unit), {"training.unpublished", "too little of this run was published",
                                                    "look for the hours, energy or carbon of the run"}));
}

std::string optional_text(const std::optional<double>& x, std::string_view format) {
  return x ? fmt::format(fmt::runtime(format), *x) : "";
}

// "5.84e5 h [3.9e5, 1.2e6]".
std::string ranged(const Quantity& q, std::string_view unit, double scale = 1) {
  const Interval range = q.interval();
  return fmt::format("{:.4g} {} [{:.3g}, {:.3g}]", *q.value * scale, unit, range.lo * scale,
                     range.hi * scale);
}

std::string assumed_text(const Assumed& a, std::string_view unit, double scale) {
  const std::string range =
      a.lo < a.hi ? fmt::format(" [{:.3g}, {:.3g}]", a.lo * scale, a.hi * scale) : std::string();
  return fmt::format("{:.3g} {}{}: {}", a.value * scale, unit, range, a.source);
}

std::string carbon_text(const TrainingCost& cost) {
  if (cost.carbon.present()) return ranged(cost.carbon, "t", 1e-3);
  return fmt::format("{}: {}", cost.carbon.reason->message, cost.carbon.reason->cure);
}

std::string parts_text(const TrainingCost& cost, int width) {
  TextGrid grid({{""},
                 {"tokens", Align::right},
                 {"FLOPs", Align::right},
                 {"device hours", Align::right},
                 {"energy", Align::right}});
  for (const auto& part : cost.parts) {
    grid.add({part.name, fmt::format("{:.3g}", part.tokens), fmt::format("{:.3g}", part.flops),
              fmt::format("{:.4g}", part.device_hours), human(part.joules / 3600, "Wh")});
  }
  return grid.text(width);
}

}  // namespace

std::string training_text(const TrainingPlan& plan, const TrainingCost& cost, int width) {
  std::string out = fmt::format("{}: {} on {:g} x {}\n\n", plan.model.name, to_string(plan.method),
                                plan.devices, plan.device.name);
  out += parts_text(cost, width);
  out += fmt::format("\n  FLOPs         {:.4g}", cost.flops);
  if (cost.done > cost.flops)
    out += fmt::format(" ({:.4g} with recomputed activations)", cost.done);
  out += fmt::format("\n  device hours  {}\n  time          {}\n", ranged(cost.device_hours, "h"),
                     ranged(cost.days, "d"));
  out += fmt::format("  energy        {}, {}, 80 % modelled\n",
                     ranged(cost.energy, "MWh", 1 / 3.6e9), cost.energy.boundary);
  out += fmt::format("  carbon        {}\n\n", carbon_text(cost));
  out += paragraph("utilisation: ", assumed_text(plan.utilisation, "% of the 16-bit peak", 100),
                   width);
  if (plan.method == training::Method::rl) {
    out += paragraph("decoding: ", assumed_text(plan.rollout_utilisation, "% of it", 100), width);
  }
  out += paragraph("power: ", assumed_text(plan.watts, "W a device", 1), width);
  if (plan.model.sequence <= 0)
    out += "Attention is left out: it follows from the model's shape.\n";
  if (plan.rule_rewards > 0)
    out += fmt::format("Rewards by rule, {}: no FLOPs counted.\n", plan.rule_rewards);
  return out;
}

Json training_json(const TrainingPlan& plan, const TrainingCost& cost) {
  Json parts = Json::array();
  for (const auto& part : cost.parts) {
    Quantity energy = scaled(
        cost.energy, cost.energy.value.value_or(0) > 0 ? part.joules / *cost.energy.value : 0);
    parts.push(Json::object({{"name", part.name},
                             {"tokens", part.tokens},
                             {"flops", part.flops},
                             {"flops_done", part.done},
                             {"device_hours", part.device_hours},
                             {"energy", to_json(energy)}}));
  }
  Json out =
      Json::object({{"schema", "joulebook.predicted-training/1"}, {"model", plan.model.name}});
  out.set("method", to_string(plan.method)).set("gpu", plan.device.name).set("gpus", plan.devices);
  out.set("parameters", plan.model.parameters).set("active_parameters", plan.model.active);
  out.set("flops", cost.flops).set("flops_done", cost.done).set("parts", std::move(parts));
  out.set("device_hours", to_json(cost.device_hours)).set("days", to_json(cost.days));
  out.set("energy", to_json(cost.energy)).set("carbon", to_json(cost.carbon));
  out.set("utilisation", assumed_json(plan.utilisation, "1")).set("watts", assumed_json(plan.watts, "W", "device"));
  if (plan.method == training::Method::rl)
    out.set("rollout_utilisation", assumed_json(plan.rollout_utilisation, "1"));
  out.set("pue", or_null(plan.pue)).set("grid_g_per_kwh", grid_json(plan.grid, cost.carbon));
  return out;
}

std::string training_check_text(std::span<const TrainingRun> runs, int width) {
  TextGrid grid({{"run", Align::left, true},
                 {"FLOPs", Align::right},
                 {"hours", Align::right},
                 {"use %", Align::right},
                 {"W/TDP", Align::right},
                 {"PUE"},
                 {"g/kWh", Align::right},
                 {"", Align::left, true}});
  std::size_t doubted = 0;
  for (const auto& run : runs) {
    const auto implied = training::implied_by(run);
    doubted += implied.doubts.empty() ? 0 : 1;
    const auto percent =
        implied.utilisation ? std::optional(100 * *implied.utilisation) : std::nullopt;
    grid.add({run.name, optional_text(implied.flops, "{:.2e}"),
              optional_text(implied.hours, "{:.3g}") +
                  (implied.hours && implied.hours_derived ? "*" : ""),
              optional_text(percent, "{:.1f}"), optional_text(implied.power_share, "{:.2f}"),
              implied.pue_inside ? (*implied.pue_inside ? "in" : "out") : "",
              optional_text(implied.intensity, "{:.3g}"),
              implied.doubts.empty() ? "" : "implausible: " + join(implied.doubts, "; ")});
  }
  std::string out = grid.text(width);
  out += fmt::format(
      "\n{} of {} runs are implausible: utilisation outside {} to {}, {} to {} g/kWh, a device's "
      "watts outside {} to "
      "{} TDP, or energy that is not hours x watts (within {:.0f} %).\n* hours from energy, watts "
      "and PUE. PUE: "
      "whether the energy has it in.\n",
      doubted, runs.size(), training::kUtilisation.lo, training::kUtilisation.hi,
      training::kIntensity.lo, training::kIntensity.hi, training::kPowerShare.lo,
      training::kPowerShare.hi, 100 * training::kEnergyTolerance);
  return out;
}

Json training_check_json(std::span<const TrainingRun> runs) {
  Json rows = Json::array();
  std::int64_t doubted = 0;
  for (const auto& run : runs) {
    const auto implied = training::implied_by(run);
    doubted += implied.doubts.empty() ? 0 : 1;
    rows.push(Json::object({{"run", run.name},
                            {"line", static_cast<std::int64_t>(run.line)},
                            {"flops", or_null(implied.flops)},
                            {"device_hours", or_null(implied.hours)},
                            {"hours_derived", implied.hours_derived},
                            {"utilisation", implied_json(implied.utilisation, "1", run)},
                            {"power_over_tdp", implied_json(implied.power_share, "1", run)},
                            {"g_per_kwh", implied_json(implied.intensity, "g/kWh", run)},
                            {"doubts", strings(implied.doubts)}}));
  }
  Json out = Json::object({{"schema", "joulebook.training-check/1"}, {"rows", std::move(rows)}});
  return out.set("implausible", doubted);
}

}  // namespace joulebook
