#include "physics/diffusion/predict.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/text.h"
#include "physics/diffusion/catalogue.h"

namespace joulebook::diffusion {
namespace {

Result<Denoiser> shape_of(const Request& r) {
  if (const Denoiser* known = find_denoiser(r.model)) return *known;
  const double params = r.denoiser_params_b > 0 ? r.denoiser_params_b : r.total_params_b;
  if (!(params > 0 && params < 1e4))
    return fail(ErrorKind::input, "diffusion.shape",
                fmt::format("the shape of '{}' is unknown and its parameters are not given",
                            r.model),
                "give the denoiser's parameters in 1e9, or a name from "
                "data/diffusion_catalogue.csv");
  const bool video = r.frames > 1 || r.task.find("video") != std::string::npos;
  return synthesised(params, video, r.engine == Engine::diffusers);
}

struct Limit {
  std::string_view name;
  double value, low, high;
  bool whole;
};

Status check(const Request& r) {
  const Limit limits[] = {
      {"width", r.width, 16, 16384, true},     {"height", r.height, 16, 16384, true},
      {"frames", r.frames, 1, 1e5, true},      {"steps", r.steps, 1, 1e4, true},
      {"batch_size", r.batch, 1, 1e5, true},   {"num_gpus", r.gpus, 1, 1024, true},
      {"ulysses_degree", r.ulysses, 0, 1024, true}, {"ring_degree", r.ring, 0, 1024, true},
  };
  for (const Limit& l : limits) {
    if (l.value >= l.low && l.value <= l.high && (!l.whole || l.value == std::floor(l.value)))
      continue;
    return fail(ErrorKind::input, "diffusion.size",
                fmt::format("{} is {}, not a whole number from {} to {}", l.name, l.value, l.low,
                            l.high),
                fmt::format("give {} as it was run", l.name));
  }
  return {};
}

// How the devices share a sequence: what is not given is the rest.
Status share(const Request& r, Job& job) {
  job.devices = r.gpus;
  job.ring = r.ring > 0 ? r.ring : 1;
  job.ulysses = r.ulysses > 0 ? r.ulysses : std::floor(r.gpus / job.ring);
  if (r.ring <= 0 && r.ulysses > 0) job.ring = std::floor(r.gpus / job.ulysses);
  if (job.ulysses * job.ring == r.gpus) return {};
  return fail(ErrorKind::input, "diffusion.size",
              fmt::format("ulysses {} x ring {} are not {} GPUs", job.ulysses, job.ring, r.gpus),
              "give degrees whose product is the number of GPUs");
}

Result<double> bytes_of(std::string_view precision) {
  const std::string p = lower(precision);
  if (p.empty() || p == "bfloat16" || p == "float16" || p == "bf16" || p == "fp16") return 2.0;
  if (p == "float32" || p == "fp32") return 4.0;
  if (p == "fp8" || p == "int8" || p == "float8") return 2.0;  // weights only; it computes in 16
  return fail(ErrorKind::input, "diffusion.size",
              fmt::format("weight precision '{}' is unknown", precision),
              "use bfloat16, float16, float32 or fp8");
}

Result<Job> counted(const Request& r, const Denoiser& shape) {
  if (auto ok = check(r); !ok) return fail(ok.error());
  const auto device = find_device(r.gpu);
  if (!device) return fail(device.error());
  const auto bytes = bytes_of(r.precision);
  if (!bytes) return fail(bytes.error());
  if (*bytes > 2 && device->peak32 <= 0) {
    return fail(ErrorKind::input, "hardware.sheet",
                fmt::format("the 32-bit rate of {} is not known", device->name),
                "name a 16-bit precision, as bfloat16");
  }
  Job job = job_of(shape, Picture{r.width, r.height, r.frames});
  job.device = *device;
  job.engine = r.engine;
  job.steps = r.steps;
  // A turbo U-Net asked for more steps than it was distilled to is called with the pipeline's
  // defaults, guidance included, as ML.ENERGY's v2 runs call all models.
  constexpr double kTurboSteps = 4;
  if (shape.kind == Kind::unet && r.steps > kTurboSteps) job.passes = std::max(job.passes, 2.0);
  job.batch = r.batch;
  job.bytes_per_number = *bytes;
  if (auto ok = share(r, job); !ok) return fail(ok.error());
  return job;
}

}  // namespace

Result<Job> job_of(const Request& request) {
  const auto shape = shape_of(request);
  if (!shape) return fail(shape.error());
  return counted(request, *shape);
}

Result<Prediction> predict(const Request& request, const Parameters& parameters) {
  const auto shape = shape_of(request);
  if (!shape) return fail(shape.error());
  const auto job = counted(request, *shape);
  if (!job) return fail(job.error());
  Prediction out;
  out.cost = cost_of(*job, parameters);
  out.j_per_item = out.cost.joules / job->batch;
  out.batch_latency_s = out.cost.seconds;
  out.power_w = out.cost.joules / out.cost.seconds;
  out.shape_known = !shape->match.empty();
  const Width which = !out.shape_known ? kGuessed : job->devices > 1 ? kSeveral : kOne;
  const double wide = std::exp(parameters.half_width[which]);
  const double wide_time = std::exp(parameters.half_width_time[which]);
  out.lo = out.j_per_item / wide;
  out.hi = out.j_per_item * wide;
  out.latency_lo = out.batch_latency_s / wide_time;
  out.latency_hi = out.batch_latency_s * wide_time;
  out.flops_per_item = job->pass.flops() * job->passes * job->steps;
  out.architecture = shape->architecture;
  out.shape_source = shape->source;
  out.device_fitted = job->device.measured;
  return out;
}

std::string method_of(const Prediction& p) {
  const auto& fit = fitted();
  return fmt::format("diffusion model of {}, {} rows, {:.0f} % median error; shape {}{}", fit.date,
                     fit.rows, 100 * fit.error,
                     p.shape_known ? p.architecture : "synthesised from its parameters",
                     p.device_fitted ? "" : "; GPU by data sheet, not fitted");
}

}  // namespace joulebook::diffusion
