#pragma once
// Time and energy of making images and video, from work, data sheet and fitted parameters.
//
//   time   = sqrt4(compute^4 + launches^4) a step, stretched where power would pass its cap,
//            + text encoder + decoder + a constant a batch
//   energy = static power x time x devices + J/FLOP x FLOPs + J/B x bytes
//
// Sums are of all devices. docs/physics-diffusion.md derives each term.
#include <cstddef>

#include "physics/diffusion/devices.h"
#include "physics/diffusion/work.h"

namespace joulebook::diffusion {

// A batch, counted: nothing in it depends on the parameters, so a fit counts only once.
struct Job {
  Device device;
  Engine engine = Engine::xdit;
  Work pass;                // one pass for one item
  DecoderWork decoder;      // one item
  double passes = 2;        // a step
  double steps = 25;
  double batch = 1;
  double ulysses = 1, ring = 1;
  double devices = 1;
  double text_encoder_b = 0;
  double text_tokens = 77;
  bool prior = false;
  double bytes_per_number = 2;
};

// Where the time of a batch goes, in seconds, and its joules over all devices.
struct Cost {
  double seconds = 0;
  double joules = 0;
  double linear_s = 0, attention_s = 0, convolution_s = 0, traffic_s = 0, exchange_s = 0;
  double launch_s = 0;      // hidden behind the others where they are longer
  double throttle_s = 0;    // added by the power cap
  double decoder_s = 0, text_s = 0, once_s = 0;
  double static_j = 0, denoiser_j = 0, decoder_j = 0, text_j = 0;
};

[[nodiscard]] Job job_of(const Denoiser& shape, const Picture& picture);
[[nodiscard]] Cost cost_of(const Job& job, const Parameters& parameters);

}  // namespace joulebook::diffusion
