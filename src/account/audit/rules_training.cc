// Rules of training and of carbon.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "account/audit/rules.h"
#include "account/factors/factors.h"
#include "physics/training/runs.h"

namespace joulebook::account {
namespace {

using State = RuleState;

double beyond(double x, double lo, double hi) { return x < lo ? lo / x : x > hi ? x / hi : 1; }

// Device seconds: stated, else the energy over the power.
std::optional<double> device_seconds(const Facts& f, std::string& how) {
  if (const auto s = f.amount("gpu_hours")) {
    how = f.said("gpu_hours");
    return s;
  }
  if (f.is_device_time()) {
    how = f.claim().value.stated;
    return f.value();
  }
  const auto each = f.watts_each("mean_power");
  if (!each || *each <= 0 || f.energy_per() != "") return std::nullopt;
  how = f.claim().value.stated + " at " + f.said("mean_power");
  return f.value() / (*each * f.amount("pue").value_or(1));
}

constexpr std::string_view kUtilisationSource = "physics/training: 6 N D over hours x dense 16-bit peak of published runs";

}  // namespace

std::optional<Finding> utilisation_rule(const Facts& f) {
  const auto flops = f.training_flops();
  if (!flops) {
    if (!f.has("training_tokens") && !f.has("gpu_hours")) return std::nullopt;
    const bool tokens = f.has("training_tokens");
    return finding(State::unknown, fmt::format("not checkable: {} missing", tokens ? "the active parameters are" : "training_tokens is"), {tokens ? "active_parameters" : "training_tokens"});
  }
  std::string how;
  const auto seconds = device_seconds(f, how);
  if (!seconds) return finding(State::unknown, "not checkable: gpu_hours is missing", {"gpu_hours"});
  const auto h = f.device();
  if (!h) return finding(State::unknown, "not checkable: " + h.error().message, {"gpu"});
  if (!h->rate16()) return finding(State::unknown, fmt::format("data/hardware.csv has no 16-bit rate of {}", h->name), {"gpu"});
  const double u = *flops / (*seconds * *h->rate16());
  const auto [lo, hi] = training::kUtilisation;
  const std::string what = fmt::format("{:.3g} FLOP in {} is {:.3g} of {}'s dense 16-bit peak", *flops, how, u, h->name);
  std::vector<std::string> inputs{"active_parameters", "training_tokens", "gpu_hours", "gpu"};
  if (const double by = beyond(u, lo, hi); by > 1) {
    return finding(State::fails, fmt::format("{}: {:.3g} times {} what training reaches ({} to {})", what, by, u > hi ? "above" : "below", lo, hi), inputs, by, std::string(kUtilisationSource));
  }
  if (const auto said = f.amount("utilisation"); said && *said > 0) {
    const double by = std::max(u / *said, *said / u);
    if (by > 1.3) {
      inputs.emplace_back("utilisation");
      return finding(State::fails, fmt::format("{}, and {} was stated: {:.3g} times apart{}", what, f.said("utilisation"), by, std::abs(by - 2) < 0.3 ? ", as if of a sparse peak" : ""), inputs, by, std::string(kUtilisationSource));
    }
  }
  return finding(State::passes, fmt::format("{}, of {} to {}", what, lo, hi), inputs, 1, std::string(kUtilisationSource));
}

std::optional<Finding> sparse_rule(const Facts& f) {
  const auto m = f.measure("peak_flops");
  if (!m) return std::nullopt;
  const auto h = f.device();
  if (!h) return finding(State::unknown, "not checkable: " + h.error().message, {"gpu"});
  std::string precision = f.text("precision");
  const bool named = !precision.empty();
  if (!named) precision = "16-bit";
  const auto dense = precision == "fp32" ? h->fp32 : precision == "fp8" ? h->fp8 : precision == "int8" ? h->int8 : precision == "fp4" ? h->fp4 : h->rate16();
  if (!dense) return finding(State::unknown, fmt::format("data/hardware.csv has no {} rate of {}", precision, h->name), {"precision"});
  double each = m->value;
  if (!m->unit.dimension.powers.contains("device") && f.has("gpus") && std::abs(each / *f.amount("gpus") / *dense - 1) < 0.6 && *f.amount("gpus") > 2) each /= *f.amount("gpus");
  const double by = each / *dense;
  const std::string what = fmt::format("{} against {:.4g} TFLOPS, {}'s dense {} peak", f.said("peak_flops"), *dense / 1e12, h->name, precision);
  const std::string source = fmt::format("data/hardware.csv: {} ({})", h->source, h->status);
  if (std::abs(by - 2) < 0.1) {
    return finding(State::fails, fmt::format("{}: {:.3g} times, the rate of sparse matrices{}", what, by, named ? "" : " (or of 8-bit operands: then say precision = \"fp8\")"),
                   {"peak_flops", "precision", "gpu"}, by, source);
  }
  if (by > 1.05) return finding(State::fails, fmt::format("{}: {:.3g} times the peak", what, by), {"peak_flops", "precision", "gpu"}, by, source);
  return finding(State::passes, what, {"peak_flops", "gpu"}, 1, source);
}

namespace {

struct ImpliedIntensity {
  double value = 0;  // kgCO2e/J
  double rounding = 0.02;  // relative, of what it follows from
  std::string how;
  std::vector<std::string> inputs;
};

std::optional<ImpliedIntensity> implied_intensity(const Facts& f) {
  if (f.is_intensity()) return ImpliedIntensity{f.value(), 0.02 + f.claim().value.rounding / f.value(), f.claim().value.stated, {"value"}};
  // A life cycle's carbon is not all of electricity.
  if (f.claim().boundary == "life cycle" && f.carbon_per()) return std::nullopt;
  const bool carbon_value = f.carbon_per().has_value(), energy_value = f.energy_per().has_value();
  std::optional<double> carbon, energy;
  ImpliedIntensity i;
  if (carbon_value) carbon = f.value(), i.how = f.claim().value.stated, i.inputs.emplace_back("value"), i.rounding += f.claim().value.rounding / f.value();
  else if (f.has("carbon")) carbon = f.amount("carbon"), i.how = f.said("carbon"), i.inputs.emplace_back("carbon");
  if (f.has("energy")) energy = f.amount("energy"), i.how += " over " + f.said("energy"), i.inputs.emplace_back("energy");
  else if (energy_value) energy = f.value(), i.how += " over " + f.claim().value.stated, i.inputs.emplace_back("value");
  else if (const auto hours = f.energy_of_hours()) energy = hours, i.how += " over " + f.said("gpu_hours") + " at " + f.said("mean_power"), i.inputs.insert(i.inputs.end(), {"gpu_hours", "mean_power"});
  if (!carbon || !energy || *energy <= 0) return std::nullopt;
  // The building's electricity is paid for in carbon, too.
  if (f.has("pue") && f.text("energy_boundary") != "facility" && !energy_value) *energy *= *f.amount("pue"), i.how += " x " + f.said("pue"), i.inputs.emplace_back("pue");
  i.value = *carbon / *energy;
  return i;
}

std::string pounds_or_thousand(double ratio) {
  constexpr std::pair<double, const char*> kSlips[] = {{2.20462, "pounds taken for kilograms"}, {1000, "Wh and kWh, or grams and kilograms"}, {3.6, "MJ and kWh"}, {3.667, "carbon and CO2"}};
  for (const auto& [factor, what] : kSlips) {
    if (std::abs(ratio / factor - 1) < 0.1 || std::abs(ratio * factor - 1) < 0.1) return fmt::format("; about the factor between {}", what);
  }
  return "";
}

// Said where the place's factor of the other kind fits.
std::string other_kind(const std::string& place, bool lifecycle, double implied) {
  const auto g = grid_intensity(place, lifecycle ? GridKind::direct : GridKind::lifecycle);
  constexpr double kFits = 0.1;
  if (!g || std::abs(implied / (*g)->measure.value - 1) > kFits) return "";
  return fmt::format("; it is the place's {} factor: were the two mixed? grid_kind says which it is", lifecycle ? "direct" : "life-cycle");
}

// A stated intensity that is the place's factor of the other kind to half a percent, and not of this one.
std::optional<Finding> mixed_kinds(const Facts& f, const Measure& stated) {
  const bool lifecycle = f.text("grid_kind") == "lifecycle";
  const auto own = grid_intensity(f.text("grid"), lifecycle ? GridKind::lifecycle : GridKind::direct);
  const auto other = grid_intensity(f.text("grid"), lifecycle ? GridKind::direct : GridKind::lifecycle);
  if (!own || !other) return std::nullopt;
  const auto off = [&](const Factor& g) { return std::abs(stated.value / g.measure.value - 1); };
  if (off(**other) > 0.005 || off(**own) < 0.02) return std::nullopt;
  const double gram = Unit::parse("gCO2e/kWh")->factor;
  return finding(f.has("grid_kind") ? State::fails : State::notes,
                 fmt::format("{} is {} ({:.4g}), and {} is {:.4g}: the two are never mixed{}", f.said("intensity"), (*other)->name, (*other)->measure.value / gram,
                             (*own)->name, (*own)->measure.value / gram, f.has("grid_kind") ? "" : fmt::format("; say grid_kind = \"{}\"", lifecycle ? "direct" : "lifecycle")),
                 {"intensity", "grid", "grid_kind"}, std::exp(std::abs(std::log(stated.value / (*own)->measure.value))), (*other)->source);
}

}  // namespace

std::optional<Finding> intensity_rule(const Facts& f) {
  auto implied = implied_intensity(f);
  const auto stated = f.measure("intensity");
  if (!implied && !stated) {
    if (f.carbon_per() && f.claim().boundary != "life cycle") return finding(State::unknown, "not checkable: the energy is missing", {"energy"});
    return std::nullopt;
  }
  if (!implied) implied = ImpliedIntensity{stated->value, 0.02, f.said("intensity"), {"intensity"}};
  const double gram = Unit::parse("gCO2e/kWh")->factor;
  const std::string what = f.is_intensity() ? implied->how : fmt::format("{} is {:.4g} gCO2e/kWh", implied->how, implied->value / gram);
  const bool market = f.text("grid_basis") == "market";
  if (market && !stated) return finding(State::unknown, what + ", market-based: by certificates, which no place tells; the contract's intensity is missing", {"grid_basis", "intensity"});
  if (stated && implied->inputs.front() != "intensity") {
    const double by = beyond(implied->value, stated->lo * (1 - implied->rounding), stated->hi * (1 + implied->rounding));
    if (by > 1.05) return finding(State::fails, fmt::format("{}, and {} was stated: {:.3g} times apart{}", what, f.said("intensity"), by, pounds_or_thousand(implied->value / stated->value)), {"intensity"}, by);
  }
  if (market) return finding(State::unknown, what + ", market-based: certificates, not the grid", {"grid_basis"});
  if (auto mixed = stated ? mixed_kinds(f, *stated) : std::nullopt) return mixed;
  const bool lifecycle = f.text("grid_kind") == "lifecycle";
  const std::string place = f.text("grid");
  double lo = 0, hi = 0;
  std::string of, other, source;
  if (!place.empty()) {
    const auto g = grid_intensity(place, lifecycle ? GridKind::lifecycle : GridKind::direct);
    if (!g) return finding(State::unknown, "not checkable: " + g.error().message, {"grid"});
    constexpr double kNear = 0.3;
    lo = (*g)->measure.lo * (1 - kNear), hi = (*g)->measure.hi * (1 + kNear);
    of = fmt::format("{}: {:.4g} +- 30 %", (*g)->name, (*g)->measure.value / gram);
    other = other_kind(place, lifecycle, implied->value);
    source = fmt::format("{} ({})", (*g)->source, (*g)->year);
  } else {
    const auto span = intensity_span(lifecycle ? GridKind::lifecycle : GridKind::direct);
    lo = span.lo, hi = span.hi;
    of = fmt::format("all countries: {:.4g} to {:.4g}", lo / gram, hi / gram);
    source = "data/grid_intensity.csv";
  }
  auto inputs = implied->inputs;
  if (!place.empty()) inputs.emplace_back("grid");
  if (const double by = beyond(implied->value, lo * (1 - implied->rounding), hi * (1 + implied->rounding)); by > 1) {
    const double middle = std::sqrt(lo * hi);
    return finding(State::fails, fmt::format("{}: {:.3g} times {} ({}){}{}", what, by, implied->value > hi ? "above" : "below", of, other, pounds_or_thousand(implied->value / middle)), inputs, by, source);
  }
  return finding(State::passes, fmt::format("{} ({})", what, of), inputs, 1, source);
}

}  // namespace joulebook::account
