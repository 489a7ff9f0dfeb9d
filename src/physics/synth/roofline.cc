#include "physics/synth/roofline.h"

#include <algorithm>
#include <cmath>

#include "physics/shape/counts.h"

namespace joulebook::synth {
namespace {

constexpr double kStepTokens = 512;  // llama.cpp's n_ubatch

// The engine meets a latent cache absorbed in the prompt, too, which prefill_flops() takes expanded.
double absorbed(const physics::ModelShape& shape, double prompt) {
  const double mean = (prompt + 1) / 2;  // tokens that one of a causal prompt attends to
  return prompt * (physics::attention_flops(shape, mean, physics::LatentForm::absorbed) -
                   physics::attention_flops(shape, mean, physics::LatentForm::expanded));
}

}  // namespace

RooflineTime roofline_time(const physics::ModelShape& shape, double bits, const Roofline& roofline,
                           double prompt, double output, double sequences) {
  physics::ModelShape stored = shape;
  stored.precision = physics::Precision::uniform(bits);
  stored.precision.kv = 16;
  const auto longer = [&](double ops, double bytes) {
    return std::max(ops / roofline.ops_s, bytes / roofline.bytes_s);
  };
  RooflineTime time;
  const double tokens = prompt * sequences;
  const double steps = std::ceil(tokens / kStepTokens);
  time.prompt_s =
      longer(sequences * (physics::prefill_flops(stored, prompt) + absorbed(stored, prompt)),
             steps * physics::weight_bytes_touched(stored, std::min(tokens, kStepTokens)).total());
  const double context = prompt + output / 2;
  time.step_s = longer(sequences * physics::flops_per_token(stored, context),
                       physics::weight_bytes_touched(stored, sequences).total() +
                           sequences * physics::kv_bytes_read(stored, context));
  return time;
}

}  // namespace joulebook::synth
