// Training and data sheets, from physics/training and physics/machine.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "account/claim/functions.h"
#include "core/text.h"
#include "physics/machine/hardware.h"
#include "physics/shape/catalogue.h"
#include "physics/shape/counts.h"
#include "physics/training/cost.h"

namespace joulebook::account {
namespace {

Number amount(double value, std::string_view unit) { return {value, Unit::parse(unit)->dimension}; }

tl::unexpected<Error> missing(std::string_view name) {
  return recipe_error("recipe.missing", fmt::format("{} is not among the inputs", name),
                      fmt::format("add {} = \"...\" under [inputs]: {}", name, known_input(name)->meaning));
}

Result<physics::Hardware> device(const Call& call) {
  auto name = call.places() > 0 ? call.text(0) : Result<std::string>(call.scope().text("gpu"));
  if (!name) return fail(name.error());
  if (name->empty()) return missing("gpu");
  return physics::find_hardware(*name);
}

// A figure of a data sheet.
Result<Number> of_sheet(const Call& call, std::string_view what, std::string_view unit, std::optional<double> (*of)(const physics::Hardware&)) {
  const auto h = device(call);
  if (!h) return fail(h.error());
  const auto value = of(*h);
  if (!value) return recipe_error("recipe.sheet", fmt::format("data/hardware.csv has no {} of {}", what, h->name), "name another device, or give the number as an input");
  call.scope().trace().add(fmt::format("{} of {}", what, h->name), fmt::format("{:.4g} {}", *value, unit), fmt::format("data/hardware.csv: {} ({})", h->source, h->status));
  return amount(*value, unit);
}

std::optional<double> active_of_inputs(Scope& scope) {
  if (auto n = scope.input("active_parameters")) return n->value;
  if (auto n = scope.input("parameters")) return n->value;
  const std::string model = scope.text("model");
  if (model.empty()) return std::nullopt;
  const auto shape = physics::shape_by_name(model);
  if (!shape) return std::nullopt;
  return static_cast<double>(physics::active_parameters(*shape));
}

// The middle of published runs with its ends twice as far as their 80 % range, on a dial.
double usual(Scope& scope, const std::string& name, const training::Assumed& a) {
  scope.trace().modelled = true;
  scope.trace().add(name, fmt::format("{:.3g} ({:.3g} to {:.3g}, 80 %)", a.value, a.lo, a.hi), a.source);
  scope.trace().missing.insert(name);
  const double lo = a.lo * a.lo / a.value, hi = a.hi * a.hi / a.value;
  return scope.dials().at(name, lo, a.value, hi);
}

// Watts of one device while it trains.
Result<double> watts(Scope& scope, const physics::Hardware& h) {
  if (const ClaimInput* in = scope.claim().input("mean_power")) {
    const double w = scope.input("mean_power")->value;
    if (in->measure->unit.dimension.powers.contains("device")) return w;
    const auto gpus = scope.input("gpus");
    if (!gpus) return fail(missing("gpus").value());
    return w / gpus->value;
  }
  return usual(scope, "mean_power", training::usual_watts(h));
}

}  // namespace

Result<Number> training_flops(const Call& call) {
  Scope& scope = call.scope();
  if (auto n = scope.input("flops")) return amount(n->value, "FLOP");
  const auto active = active_of_inputs(scope);
  if (!active) return missing("active_parameters");
  const auto tokens = scope.input("training_tokens");
  if (!tokens) return missing("training_tokens");
  const auto model = training::trained_model(*active, *active);
  if (!model) return fail(model.error());
  return amount(training::train_flops(*model, training::Recomputation::none) * tokens->value, "FLOP");
}

Result<Number> training_gpu_hours(const Call& call) {
  Scope& scope = call.scope();
  const auto h = device(call);
  if (!h) return fail(h.error());
  const auto flops = training_flops(call);
  if (!flops) return flops;
  if (!h->rate16()) return recipe_error("recipe.sheet", fmt::format("data/hardware.csv has no 16-bit rate of {}", h->name), "give gpu_hours");
  const auto stated = scope.input("utilisation");
  const double u = stated ? stated->value : usual(scope, "utilisation", training::usual_utilisation());
  return amount(flops->value / (u * *h->rate16()), "GPU h");
}

Result<Number> training_energy(const Call& call) {
  Scope& scope = call.scope();
  const auto h = device(call);
  if (!h) return fail(h.error());
  const auto w = watts(scope, *h);
  if (!w) return fail(w.error());
  const auto stated = scope.input("gpu_hours");
  const auto hours = stated ? Result<Number>(*stated) : training_gpu_hours(call);
  if (!hours) return hours;
  double joules = hours->value * *w;
  if (auto pue = scope.input("pue")) joules *= pue->value;
  return amount(joules, "J");
}

Result<Number> training_utilisation(const Call& call) {
  auto flops = training_flops(call);
  if (!flops) return flops;
  const auto h = device(call);
  if (!h) return fail(h.error());
  const auto hours = call.scope().input("gpu_hours");
  if (!hours) return missing("gpu_hours");
  if (!h->rate16()) return recipe_error("recipe.sheet", fmt::format("data/hardware.csv has no 16-bit rate of {}", h->name), "name another device");
  return Number{flops->value / (hours->value * *h->rate16()), {}};
}

Result<Number> tdp(const Call& call) {
  return of_sheet(call, "power limit", "W", [](const physics::Hardware& h) { return h.tdp_w; });
}

Result<Number> idle_power(const Call& call) {
  return of_sheet(call, "idle power", "W", [](const physics::Hardware& h) { return h.idle_w; });
}

Result<Number> bandwidth(const Call& call) {
  return of_sheet(call, "bandwidth", "B/s", [](const physics::Hardware& h) { return std::optional(h.bandwidth); });
}

Result<Number> peak_flops(const Call& call) {
  std::string precision = "bf16";
  if (call.places() > 1) {
    auto text = call.text(1);
    if (!text) return fail(text.error());
    precision = *text;
  }
  if (precision == "fp8") return of_sheet(call, "fp8 peak", "FLOPS", [](const physics::Hardware& h) { return h.fp8; });
  if (precision == "fp4") return of_sheet(call, "fp4 peak", "FLOPS", [](const physics::Hardware& h) { return h.fp4; });
  if (precision == "fp32") return of_sheet(call, "fp32 peak", "FLOPS", [](const physics::Hardware& h) { return h.fp32; });
  return of_sheet(call, "16-bit dense peak", "FLOPS", [](const physics::Hardware& h) { return h.rate16(); });
}

}  // namespace joulebook::account
