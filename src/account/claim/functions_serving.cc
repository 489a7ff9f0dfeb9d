// Predictions of serving, from physics/serving.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "account/claim/functions.h"
#include "core/text.h"
#include "physics/serving/rows.h"
#include "physics/shape/catalogue.h"
#include "physics/shape/counts.h"

namespace joulebook::account {
namespace {

Number amount(double value, std::string_view unit) { return {value, Unit::parse(unit)->dimension}; }

// A text argument by name, else the claim's input; empty where there is neither.
Result<std::string> text_of(const Call& call, std::string_view name) {
  if (call.has(name)) return call.text(name);
  return call.scope().text(name);
}

Result<std::optional<double>> number_of(const Call& call, std::string_view name) {
  if (call.has(name)) {
    auto n = call.number(name);
    if (!n) return fail(n.error());
    return std::optional(n->value);
  }
  const auto in = call.scope().input(name);
  return in ? std::optional(in->value) : std::nullopt;
}

constexpr double kBillion = 1e9;

struct NamedShape {
  physics::ModelShape shape;
  std::string key;  // rows of one architecture share it
};

// By sizes: the claim's own, else a range that holds what is served.
Result<NamedShape> shape_by_size(const Call& call) {
  Scope& scope = call.scope();
  const auto all = scope.input("parameters"), active = scope.input("active_parameters");
  double total = 0, used = 0;
  if (all || active) {
    total = all ? all->value : active->value;
    used = std::min(total, active ? active->value : total);
  } else {
    total = used = scope.missing("model", 3e9, 40e9, 405e9, "active parameters of a served model, to the largest dense one");
  }
  auto shape = physics::synthesise(total / kBillion, used / kBillion, used < total ? physics::SynthesisKind::experts : physics::SynthesisKind::dense);
  if (!shape) return fail(shape.error());
  return NamedShape{std::move(*shape), "of this size"};
}

// A name that nobody knows is sought for among all of them, and a sweep asks for it hundreds of times.
Result<physics::ModelShape> shape_named(const std::string& name) {
  thread_local std::optional<std::pair<std::string, Error>> unknown;
  if (unknown && unknown->first == name) return fail(unknown->second);
  auto shape = physics::shape_by_name(name);
  if (!shape) unknown = {name, shape.error()};
  return shape;
}

Result<NamedShape> shape_of(const Call& call) {
  auto name = text_of(call, "model");
  if (!name) return fail(name.error());
  if (call.places() > 0) name = call.text(0);
  if (!name) return fail(name.error());
  if (name->empty()) return shape_by_size(call);
  auto shape = shape_named(*name);
  if (!shape) {
    const bool sized = call.scope().input("parameters") || call.scope().input("active_parameters");
    // A closed model, or one that the tables have not: all that is served.
    if (sized || (call.places() == 0 && !call.has("model"))) return shape_by_size(call);
    return fail(ErrorKind::input, "recipe.model", fmt::format("the shape of '{}' is not known", *name),
                shape.error().cure + "; or give parameters and active_parameters, as ranges where they are guessed");
  }
  const physics::CatalogueModel* known = physics::find_model(*name);
  return NamedShape{std::move(*shape), known != nullptr ? known->architecture : *name};
}

constexpr std::string_view kPrecisions[] = {"mxfp4", "fp8", "bfloat16"};

// Precisions among which the weights may be, those that fit; the widest is the best guess.
std::vector<std::string> fitting(serving::Plan plan, std::vector<std::string> names) {
  std::vector<std::string> fit;
  for (const std::string& name : names) {
    plan.weights = name;
    const auto costed = serving::cost(plan, serving::built_in_fit());
    // Some engines fill the memory further than the nine tenths that are usual.
    constexpr double kUsual = 0.9;
    if (costed && costed->memory.needed() <= costed->memory.capacity / kUsual) fit.push_back(name);
  }
  return fit.empty() ? names : fit;
}

Status set_device(const Call& call, serving::Plan& plan) {
  auto gpu = text_of(call, "gpu");
  if (!gpu) return fail(gpu.error());
  if (!gpu->empty()) {
    plan.gpu = *gpu;
    return {};
  }
  constexpr std::string_view kServed[] = {"B200", "H100", "A100"};
  Scope& scope = call.scope();
  scope.trace().missing.insert("gpu");
  scope.trace().add("gpu", "B200, H100 or A100", "nobody stated it: what most models are served on");
  plan.gpu = kServed[scope.dials().choice("gpu", std::size(kServed), 1)];
  return {};
}

Status set_tokens(const Call& call, serving::Plan& plan) {
  const auto in = number_of(call, "input_tokens"), out = number_of(call, "output_tokens");
  if (!in) return fail(in.error());
  if (!out) return fail(out.error());
  Scope& scope = call.scope();
  plan.prompt = std::max(1.0, *in ? **in : scope.missing("input_tokens", 20, 250, 4000, "short questions to long documents"));
  plan.output = std::max(1.0, *out ? **out : scope.missing("output_tokens", 50, 500, 8000, "a sentence to a reasoner's answer"));
  return {};
}

// `counted`: the devices are known, so only what fits them can be.
Status set_weights(const Call& call, serving::Plan& plan, bool counted) {
  auto weights = text_of(call, "weights");
  if (!weights) return fail(weights.error());
  if (!weights->empty()) {
    plan.weights = *weights;
    return {};
  }
  std::vector<std::string> names(std::begin(kPrecisions), std::end(kPrecisions));
  if (counted) names = fitting(plan, std::move(names));
  Scope& scope = call.scope();
  scope.trace().missing.insert("weights");
  scope.trace().add("weights", join(names, ", "), "nobody stated it: what is served, where it fits");
  plan.weights = names[scope.dials().choice("weights", names.size(), names.size() - 1)];
  return {};
}

// The least power of two that holds it, up to four times as many.
Status set_count(const Call& call, serving::Plan& plan) {
  const auto gpus = number_of(call, "gpus");
  if (!gpus) return fail(gpus.error());
  if (*gpus) {
    plan.gpus = std::max(1.0, std::round(**gpus));
    return {};
  }
  const auto costed = serving::cost(plan, serving::built_in_fit());
  if (!costed) return fail(costed.error());
  const double least = std::exp2(std::ceil(std::log2(std::max(1.0, costed->devices_needed))));
  const double wished = call.scope().missing("gpus", least, least, 4 * least, "the least that hold the model, to four times as many");
  plan.gpus = std::exp2(std::round(std::log2(wished)));
  return {};
}

Status set_batch(const Call& call, serving::Plan& plan) {
  const auto batch = number_of(call, "batch");
  if (!batch) return fail(batch.error());
  if (*batch) {
    plan.batch = std::max(1.0, **batch);
    return {};
  }
  constexpr double kMost = 4096;
  const auto alone = serving::cost(plan, serving::built_in_fit());
  if (!alone) return fail(alone.error());
  const double most = serving::fitting_batch(alone->work, plan.prompt + plan.output, kMost);
  plan.batch = call.scope().missing("batch", 1, std::sqrt(most), std::max(1.0, most), "one alone to as many as fit");
  return {};
}

// Of a prediction: the 80 % factors, twice as far in logarithms at the dial's ends.
double own_error(const Call& call, const serving::Costed& costed, const std::string& key) {
  const std::string at = call.has("batch") ? fmt::format(", batch {:g}", costed.work.batch) : "";
  const serving::Factors& f = costed.factors;
  call.scope().trace().modelled = true;
  call.scope().trace().add("serving model", fmt::format("{:.3g} to {:.3g} times its prediction (80 %)", f.lo, f.hi), costed.method);
  return call.scope().dials().at(fmt::format("the serving model ({}{})", key, at), f.lo * f.lo, 1, f.hi * f.hi);
}

// A sequence alone is often run by a library without an engine: PyTorch and its launches from Python, as the v1 rows
// of data/ml_energy.csv were, all on one device. Nobody states it in claims: from the engine's energy to the library's.
double software(const Call& call, const serving::Costed& costed) {
  constexpr double kAlone = 1.5;
  if (costed.work.batch >= kAlone || costed.work.devices > 1) return 1;
  serving::Workload library = costed.work;
  library.engine = serving::Engine::v1;
  const auto by_library = serving::predict(library, serving::built_in_fit().parameters);
  const double ratio = std::max(1.0, by_library.j_per_token / costed.step.j_per_token);
  call.scope().trace().add("software", fmt::format("1 (vLLM) to {:.3g} (PyTorch alone)", ratio), "physics/serving, fitted to the v3 and the v1 rows of data/ml_energy.csv");
  return call.scope().dials().at("the software that serves", 1, 1, ratio);
}

Result<Number> serving_number(const Call& call, std::string_view unit, double (*of)(const serving::Costed&), bool energy) {
  auto d = deployed(call);
  if (!d) return fail(d.error());
  return amount(of(d->costed) * (energy ? d->error : 1), unit);
}

}  // namespace

Result<Deployed> deployed(const Call& call) {
  auto shape = shape_of(call);
  if (!shape) return fail(shape.error());
  serving::Plan plan;
  plan.shape = serving::serving_shape(shape->shape);
  for (const auto set : {set_device, set_tokens}) {
    if (auto ok = set(call, plan); !ok) return fail(ok.error());
  }
  // Devices first where their number is stated, since it says which precisions fit.
  const bool counted = call.has("gpus") || call.scope().claim().input("gpus") != nullptr;
  if (auto ok = counted ? set_count(call, plan) : set_weights(call, plan, false); !ok) return fail(ok.error());
  if (auto ok = counted ? set_weights(call, plan, true) : set_count(call, plan); !ok) return fail(ok.error());
  if (auto ok = set_batch(call, plan); !ok) return fail(ok.error());
  auto costed = serving::cost(plan, serving::built_in_fit());
  if (!costed) return fail(costed.error());
  const double error = own_error(call, *costed, shape->key) * software(call, *costed);
  return Deployed{std::move(*costed), error};
}

Result<Number> predicted_j_per_token(const Call& call) {
  return serving_number(call, "J/token", [](const serving::Costed& c) { return c.request_j() / c.work.output; }, true);
}

Result<Number> predicted_j_per_response(const Call& call) {
  return serving_number(call, "J/response", [](const serving::Costed& c) { return c.request_j(); }, true);
}

Result<Number> predicted_step_time(const Call& call) {
  return serving_number(call, "s", [](const serving::Costed& c) { return c.step.step_s; }, false);
}

Result<Number> predicted_power(const Call& call) {
  return serving_number(call, "W", [](const serving::Costed& c) { return c.step.power_w; }, false);
}

namespace {
void trace_shape(const Call& call, const physics::ModelShape& shape, std::string_view what, double value) {
  call.scope().trace().add(fmt::format("{} of {}", what, shape.name), fmt::format("{:.4g}", value), "data/architectures.csv: " + shape.source);
}
}  // namespace

Result<Number> weight_bytes(const Call& call) {
  auto shape = shape_of(call);
  if (!shape) return fail(shape.error());
  serving::Plan plan;
  plan.shape = serving::serving_shape(shape->shape);
  if (auto ok = set_weights(call, plan, false); !ok) return fail(ok.error());
  const auto costed = serving::cost(plan, serving::built_in_fit());
  if (!costed) return fail(costed.error());
  trace_shape(call, shape->shape, "bytes", costed->memory.weights);
  return amount(costed->memory.weights, "B");
}

Result<Number> kv_bytes(const Call& call) {
  auto shape = shape_of(call);
  if (!shape) return fail(shape.error());
  const double bytes = physics::kv_bytes_per_token(shape->shape);
  trace_shape(call, shape->shape, "KV bytes per token", bytes);
  return amount(bytes, "B/token");
}

Result<Number> parameters(const Call& call) {
  auto shape = shape_of(call);
  if (!shape) return fail(shape.error());
  const auto n = static_cast<double>(physics::total_parameters(shape->shape));
  trace_shape(call, shape->shape, "parameters", n);
  return Number{n, {}};
}

Result<Number> active_parameters(const Call& call) {
  auto shape = shape_of(call);
  if (!shape) return fail(shape.error());
  const auto n = static_cast<double>(physics::active_parameters(shape->shape));
  trace_shape(call, shape->shape, "active parameters", n);
  return Number{n, {}};
}

}  // namespace joulebook::account
