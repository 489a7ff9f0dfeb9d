// The table of functions, and those that only reckon.
#include "account/claim/functions.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace joulebook::account {
namespace {

Result<std::pair<Number, Number>> two(const Call& call) {
  auto a = call.number(0);
  if (!a) return fail(a.error());
  auto b = call.number(1);
  if (!b) return fail(b.error());
  if (a->dimension != b->dimension) {
    return recipe_error("recipe.dimension", fmt::format("{} of {} and {}", call.function(), a->dimension.text(), b->dimension.text()), "give both in one kind of unit");
  }
  return std::pair{std::move(*a), std::move(*b)};
}

Result<Number> least(const Call& call) {
  auto both = two(call);
  if (!both) return fail(both.error());
  return both->first.value < both->second.value ? both->first : both->second;
}

Result<Number> most(const Call& call) {
  auto both = two(call);
  if (!both) return fail(both.error());
  return both->first.value > both->second.value ? both->first : both->second;
}

Result<Number> between(const Call& call) {
  auto both = two(call);
  if (!both) return fail(both.error());
  auto& [a, b] = *both;
  if (b.value < a.value) return recipe_error("recipe.argument", "range: its ends stand the wrong way round", "write the lower end first");
  Scope& scope = call.scope();
  const double middle = a.value > 0 ? std::sqrt(a.value) * std::sqrt(b.value) : a.value / 2 + b.value / 2;
  scope.trace().assumed.insert("a range in the recipe");
  return Number{scope.dials().at(fmt::format("range {} of the recipe", ++scope.ranges), a.value, middle, b.value), a.dimension};
}

Result<Number> root(const Call& call) {
  auto a = call.number(0);
  if (!a) return a;
  if (!a->dimension.none() || a->value < 0) return recipe_error("recipe.dimension", "sqrt takes a plain number that is not negative", "divide by its unit first");
  return Number{std::sqrt(a->value), {}};
}

constexpr std::string_view kDeployment = "model|gpu|gpus|weights|batch|input_tokens|output_tokens";

constexpr NamedFunction kFunctions[] = {
    {"predicted_j_per_token", "([model, gpu, gpus, weights, batch, input_tokens, output_tokens = ...])", "energy of the devices per output token, prompt included", predicted_j_per_token, kDeployment},
    {"predicted_j_per_response", "(same)", "energy of the devices per response", predicted_j_per_response, kDeployment},
    {"predicted_j_per_image", "([model, gpu, weights, width, height, steps, batch = ...])", "energy of the devices per image", predicted_j_per_image, "model|gpu|weights|width|height|steps|batch"},
    {"predicted_j_per_video", "([model, gpu, weights, width, height, frames, steps, batch = ...])", "energy of the devices per video", predicted_j_per_video, "model|gpu|weights|width|height|frames|steps|batch"},
    {"predicted_step_time", "(same)", "time between two tokens of a sequence", predicted_step_time, kDeployment},
    {"predicted_power", "(same)", "mean power of all devices while they serve", predicted_power, kDeployment},
    {"weight_bytes", "([model, weights = ...])", "bytes of all weights as stored", weight_bytes, "model|weights"},
    {"kv_bytes", "([model = ...])", "bytes of cache per token of context, 16 bit", kv_bytes, "model"},
    {"parameters", "(['model'])", "parameters, all", parameters},
    {"active_parameters", "(['model'])", "parameters in matrix products of one token", active_parameters},
    {"training_flops", "()", "6 x active parameters x training_tokens, or flops", training_flops},
    {"training_gpu_hours", "()", "of FLOPs, utilisation and the dense 16-bit peak", training_gpu_hours},
    {"training_energy", "()", "of gpu_hours and power; without hours of FLOPs, utilisation and power", training_energy},
    {"training_utilisation", "()", "training_flops over gpu_hours at the 16-bit peak", training_utilisation},
    {"tdp", "(['gpu'])", "power limit of one device", tdp},
    {"idle_power", "(['gpu'])", "of one device, measured", idle_power},
    {"peak_flops", "(['gpu', 'precision'])", "dense peak of one device", peak_flops},
    {"bandwidth", "(['gpu'])", "peak of one device's memory", bandwidth},
    {"published", "('table', 'column', 'mean|median|min|max|range|one|count', column = filter, ...)", "over the rows of a table of data/", published, "*"},
    {"factor", "('id')", "a constant of `joulebook account --factors`, by its id", factor_of},
    {"grid", "(['place', kind = 'direct|lifecycle', within = 0.3])", "carbon intensity of a place's electricity; within: how far years and regions differ from it", grid_of, "kind|within"},
    {"pue", "('provider', ['region'])", "published power usage effectiveness", pue_of},
    {"wue", "('provider', ['region'])", "published water per energy, on site", wue_of},
    {"equivalent", "('item', unit = 'kWh', per = 'year')", "all published values of a thing things are compared with; per: of one that is used up in that time, as a rate", equivalent_of, "unit|per"},
    {"boundary", "('from', 'to')", "energy at boundary `to` over energy at `from`", boundary_of},
    {"min", "(a, b)", "the lesser", least},
    {"max", "(a, b)", "the greater", most},
    {"range", "(a, b)", "anything between; counts as assumed", between},
    {"sqrt", "(a)", "square root of a plain number", root},
};

}  // namespace

std::span<const NamedFunction> recipe_functions() { return kFunctions; }

}  // namespace joulebook::account
