#pragma once
// The functions of recipes, by what they call. Each is a Function of scope.h; docs/formats/claim.md lists
// them with their arguments. Pure; thread-safe.
#include "account/claim/scope.h"
#include "physics/serving/plan.h"

namespace joulebook::account {

// A deployment from the claim's inputs (and a call's named arguments, which come first): model, gpu, gpus,
// weights, batch, input_tokens, output_tokens. What nobody stated is on a dial: batch from 1 to the most
// that fits in memory, weights over 16, 8 and 4 bits that fit, gpus from the least that hold the model, the
// prompt from 20 to 4,000 tokens, the answer from 50 to 8,000, the device over B200, H100, A100, the size
// of the model over 3 to 405 billion parameters. Errors: those of serving::cost and of names.
struct Deployed {
  serving::Costed costed;
  double error = 1;  // the model's own, at its dial; alone, the software's as well
};
[[nodiscard]] Result<Deployed> deployed(const Call& call);

Result<Number> predicted_j_per_token(const Call& call);
Result<Number> predicted_j_per_response(const Call& call);
// By physics/diffusion: what nobody stated of model, gpu, width, height, frames, steps and batch is a range of what
// is made; the software (xDiT, diffusers) always is. Error: input "recipe.model" for a shape that nobody knows.
Result<Number> predicted_j_per_image(const Call& call);
Result<Number> predicted_j_per_video(const Call& call);
// Whether the catalogue of image and video models has it, or its name states its size.
[[nodiscard]] bool draws_known_shape(std::string_view model);
Result<Number> predicted_step_time(const Call& call);
Result<Number> predicted_power(const Call& call);
Result<Number> weight_bytes(const Call& call);
Result<Number> kv_bytes(const Call& call);
Result<Number> parameters(const Call& call);
Result<Number> active_parameters(const Call& call);

Result<Number> training_flops(const Call& call);
Result<Number> training_energy(const Call& call);
Result<Number> training_gpu_hours(const Call& call);
Result<Number> training_utilisation(const Call& call);

Result<Number> tdp(const Call& call);
Result<Number> idle_power(const Call& call);
Result<Number> peak_flops(const Call& call);
Result<Number> bandwidth(const Call& call);

// published('table', 'column', 'mean|median|min|max|range|one|count', column = filter ...)
Result<Number> published(const Call& call);

Result<Number> factor_of(const Call& call);
Result<Number> grid_of(const Call& call);
Result<Number> pue_of(const Call& call);
Result<Number> wue_of(const Call& call);
Result<Number> equivalent_of(const Call& call);
// What energy at one boundary is at another: gpu, server, facility, full stack.
Result<Number> boundary_of(const Call& call);

// The share of `to` over `gpu`, with its ends; for boundary() and for rules.
struct BoundaryFactor {
  double lo = 1, value = 1, hi = 1;
  std::string source;
};
// Errors: input "recipe.boundary" for others than gpu, server, node, facility, full stack, not stated.
[[nodiscard]] Result<BoundaryFactor> boundary_factor(std::string_view to);

}  // namespace joulebook::account
