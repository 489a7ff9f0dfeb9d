#pragma once
// What making an image or a video will cost, from what a person or a table says about it.
#include <joulebook/result.h>

#include <string>

#include "physics/diffusion/diffusion_model.h"

namespace joulebook::diffusion {

inline constexpr double kLevel = 0.8;  // of every interval

struct Request {
  std::string model;              // a name that the catalogue may know
  std::string task;               // text-to-image, text-to-video, image-to-video
  std::string gpu;
  Engine engine = Engine::xdit;
  std::string precision;          // bfloat16, float16, float32, fp8; empty: 16 bit
  double total_params_b = 0;      // 0: unknown; needed only where the name is unknown
  double denoiser_params_b = 0;
  double gpus = 1;
  double ulysses = 0, ring = 0;   // 0: not given
  double batch = 1;
  double width = 0, height = 0, frames = 1;
  double steps = 0;
};

struct Prediction {
  double j_per_item = 0, lo = 0, hi = 0;
  double batch_latency_s = 0, latency_lo = 0, latency_hi = 0;
  double power_w = 0;             // of all devices, mean over the batch
  Cost cost;                      // of the batch
  double flops_per_item = 0;      // denoiser, all steps and passes
  std::string architecture;
  std::string shape_source;
  bool shape_known = true;        // else synthesised from the number of parameters
  bool device_fitted = true;      // else scaled from its generation by data sheets
};

// Errors, all of kind input: "diffusion.shape" (name unknown and no parameters given),
// "hardware.unknown", "hardware.sheet", "diffusion.size" (a length, count or batch that is missing, absurd, or
// contradicts another).
[[nodiscard]] Result<Job> job_of(const Request& request);
[[nodiscard]] Result<Prediction> predict(const Request& request,
                                         const Parameters& parameters = fitted());

// The model, what it was fitted to and when, and what of this is a guess: a quantity's method.
[[nodiscard]] std::string method_of(const Prediction& prediction);

}  // namespace joulebook::diffusion
