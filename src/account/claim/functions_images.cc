// Predictions of an image or a video, from physics/diffusion.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "account/claim/functions.h"
#include "physics/diffusion/catalogue.h"
#include "physics/diffusion/predict.h"
#include "physics/shape/model_name.h"

namespace joulebook::account {
namespace {

// A text by name among the arguments, else the claim's input; empty where there is neither.
Result<std::string> text_of(const Call& call, const std::string& name) {
  return call.has(name) ? call.text(name) : Result<std::string>(call.scope().text(name));
}

// What a picture has a number of, and the range of what is made where nobody stated it.
struct Count {
  const char* name;
  double diffusion::Request::*into;
  double lo, value, hi;
  double grain;  // it is a multiple of
  const char* why;
};
constexpr Count kOfImages[] = {{"width", &diffusion::Request::width, 512, 1024, 1024, 64, "what most models draw"},
                               {"height", &diffusion::Request::height, 512, 1024, 1024, 64, "what most models draw"},
                               {"steps", &diffusion::Request::steps, 4, 25, 50, 1, "distilled models to the usual"},
                               {"batch", &diffusion::Request::batch, 1, 4, 16, 1, "one alone to many at a time"}};
constexpr Count kOfVideos[] = {{"width", &diffusion::Request::width, 480, 832, 1360, 16, "what most models film"},
                               {"height", &diffusion::Request::height, 320, 480, 768, 16, "what most models film"},
                               {"frames", &diffusion::Request::frames, 16, 81, 129, 1, "one to some five seconds"},
                               {"steps", &diffusion::Request::steps, 4, 50, 64, 1, "distilled models to the usual"},
                               {"batch", &diffusion::Request::batch, 1, 1, 4, 1, "one alone to a few at a time"}};

Status set_count(const Call& call, const Count& c, diffusion::Request& r) {
  if (call.has(c.name)) {
    const auto n = call.number(c.name);
    if (!n) return fail(n.error());
    r.*c.into = std::round(n->value);
    return {};
  }
  if (const auto in = call.scope().input(c.name)) {
    r.*c.into = std::round(in->value);
    return {};
  }
  r.*c.into = std::round(call.scope().missing(c.name, c.lo, c.value, c.hi, c.why) / c.grain) * c.grain;
  return {};
}

// The catalogue writes names with hyphens or low lines: "Stable Diffusion 3 Medium", "SANA-1.6B".
std::string catalogued(std::string_view model) {
  for (const char mark : {'\0', '-', '_'}) {
    std::string name(model);
    std::ranges::replace_if(name, [mark](char c) { return mark != '\0' && (c == ' ' || c == '_' || c == '-'); }, mark);
    if (diffusion::find_denoiser(name) != nullptr) return name;
  }
  return std::string(model);
}

double any_size(Scope& scope) { return scope.missing("model", 0.6, 2.6, 12, "1e9 parameters of the denoiser, PixArt to FLUX"); }

// Who draws, from its name or its parameters; both missing, or a name that no table has: all sizes that are served.
Status set_model(const Call& call, diffusion::Request& r) {
  auto model = text_of(call, "model");
  if (!model) return fail(model.error());
  r.model = catalogued(*model);
  Scope& scope = call.scope();
  if (const auto n = scope.input("parameters")) {
    r.denoiser_params_b = n->value / 1e9;
  } else if (r.model.empty()) {
    r.denoiser_params_b = any_size(scope);
  } else if (diffusion::find_denoiser(r.model) == nullptr) {
    if (const auto size = physics::size_in_name(r.model)) {
      r.denoiser_params_b = size->total_b;
      return {};
    }
    r.model.clear();
    r.denoiser_params_b = any_size(scope);
  }
  return {};
}

Status set_device(const Call& call, diffusion::Request& r) {
  auto gpu = text_of(call, "gpu");
  if (!gpu) return fail(gpu.error());
  r.gpu = std::move(*gpu);
  Scope& scope = call.scope();
  if (r.gpu.empty()) {
    constexpr const char* kUsed[] = {"B200", "H100", "A100"};
    scope.trace().missing.insert("gpu");
    scope.trace().add("gpu", "B200, H100 or A100", "nobody stated it: what most images are made on");
    r.gpu = kUsed[scope.dials().choice("gpu", std::size(kUsed), 1)];
  }
  const auto gpus = scope.input("gpus");
  r.gpus = gpus ? std::max(1.0, std::round(gpus->value)) : 1;
  if (!gpus) scope.trace().add("gpus", "1", "nobody stated it: one device makes an image alone");
  auto weights = text_of(call, "weights");
  if (!weights) return fail(weights.error());
  r.precision = std::move(*weights);
  // Both are run; neither is an input of claims.
  constexpr diffusion::Engine kEngines[] = {diffusion::Engine::xdit, diffusion::Engine::diffusers};
  r.engine = kEngines[scope.dials().choice("the software that draws", std::size(kEngines), 0)];
  return {};
}

Result<Number> predicted_item(const Call& call, std::string_view task, std::span<const Count> counts, std::string_view unit) {
  diffusion::Request r;
  r.task = task;
  if (auto ok = set_model(call, r); !ok) return fail(ok.error());
  if (auto ok = set_device(call, r); !ok) return fail(ok.error());
  for (const Count& c : counts) {
    if (auto ok = set_count(call, c, r); !ok) return fail(ok.error());
  }
  const auto p = diffusion::predict(r);
  if (!p) return fail(p.error().kind, "recipe.model", p.error().message, p.error().cure);
  Scope& scope = call.scope();
  const double lo = p->lo / p->j_per_item, hi = p->hi / p->j_per_item;
  scope.trace().modelled = true;
  scope.trace().add("image model", fmt::format("{:.3g} to {:.3g} times its prediction (80 %)", lo, hi),
                    fmt::format("physics/diffusion, fitted {} to {} rows of data/ml_energy_diffusion.csv; shape: {}", diffusion::fitted().date, diffusion::fitted().rows, p->shape_source));
  // The 80 % factors, twice as far in logarithms at the dial's ends, as the serving model's.
  // The model computes in 16 bits; arithmetic of 8 takes half of it at best (data/hardware.csv: twice the rate).
  const bool wide = r.precision == "bfloat16" || r.precision == "fp16" || r.precision == "fp32";
  const double narrow = wide ? 1 : scope.dials().at("arithmetic of 16 or 8 bits", 0.5, 1, 1);
  const double error = narrow * scope.dials().at(fmt::format("the image model ({})", p->shape_known ? p->architecture : "shape guessed"), lo * lo, 1, hi * hi);
  return Number{p->j_per_item * error, Unit::parse(unit)->dimension};
}

}  // namespace

Result<Number> predicted_j_per_image(const Call& call) { return predicted_item(call, "text-to-image", kOfImages, "J/image"); }
Result<Number> predicted_j_per_video(const Call& call) { return predicted_item(call, "text-to-video", kOfVideos, "J/video"); }

bool draws_known_shape(std::string_view model) { return diffusion::find_denoiser(catalogued(model)) != nullptr || physics::size_in_name(model); }

}  // namespace joulebook::account
