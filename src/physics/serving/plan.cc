#include "physics/serving/plan.h"

#include <fmt/format.h>

#include <cmath>

#include "physics/serving/rows.h"

namespace joulebook::serving {
namespace {

Status check(const Plan& p) {
  struct Field {
    std::string_view name;
    double value, most;
  };
  for (const auto& [name, value, most] :
       {Field{"--gpus", p.gpus, 4096}, {"--dp", p.data_parallel, 4096}, {"--pp", p.pipeline, 4096},
        {"--ep", p.expert_parallel, 4096}, {"--batch", p.batch, 1e6}, {"--prompt", p.prompt, 1e8},
        {"--output", p.output, 1e8}}) {
    if (value >= 1 && value <= most) continue;
    return fail(ErrorKind::input, "plan.length", fmt::format("{} {} makes no sense", name, value),
                fmt::format("give a number from 1 to {}", most));
  }
  if (p.data_parallel * p.pipeline > p.gpus) {
    return fail(ErrorKind::input, "plan.layout",
                fmt::format("{} replicas of {} stages need more than {} devices", p.data_parallel,
                            p.pipeline, p.gpus),
                "raise --gpus, or lower --dp or --pp");
  }
  return {};
}

double devices_needed(Workload w, double context) {
  for (double n = std::max(1.0, w.data_parallel * w.pipeline); n <= 4096; n *= 2) {
    w.devices = n;
    if (memory_of(w, context).fits()) return n;
  }
  return 0;
}

}  // namespace

double full_context(const Plan& plan) { return plan.prompt + plan.output; }

Result<Costed> cost(const Plan& plan, const ServingFit& fit) {
  if (auto ok = check(plan); !ok) return fail(ok.error());
  auto device = find_device(plan.gpu);
  if (!device) return fail(device.error());
  Costed c;
  Workload& w = c.work;
  w.shape = plan.shape;
  w.device = *device;
  w.devices = plan.gpus;
  w.data_parallel = plan.data_parallel;
  w.pipeline = plan.pipeline;
  w.expert_parallel = plan.expert_parallel;
  w.batch = plan.batch;
  w.input = plan.prompt;
  w.output = plan.output;
  set_precision(w, plan.weights);
  c.step = predict(w, fit.parameters);
  c.factors = factors(fit.spread, w);
  c.level = fit.spread.level;
  c.memory = memory_of(w, full_context(plan));
  c.devices_needed = c.memory.fits() ? plan.gpus : devices_needed(w, full_context(plan));
  const double steps = w.output;                // a request's tokens, one a step
  const double begun = w.batch / w.output;      // requests begun in a step
  const double joules_step = c.step.j_per_token * w.batch;
  const double share = joules_step > 0 ? c.step.joules[static_cast<std::size_t>(Cause::prefill)] / joules_step : 0;
  c.prefill_j = share * c.step.j_per_token * steps;
  c.decode_j = (1 - share) * c.step.j_per_token * steps;
  // What the prompts of others add to the gaps between this request's tokens belongs to its decode.
  c.prefill_s = c.step.prefill_s / std::max(begun, 1e-12);
  c.decode_s = c.step.step_s * (steps - 1);
  return c;
}

std::optional<Error> does_not_fit(const Costed& c) {
  if (c.memory.fits()) return std::nullopt;
  constexpr double kGB = 1e9;
  const double missing = c.memory.needed() - c.memory.capacity;
  Workload one = c.work;
  const double context = c.work.input + c.work.output;
  const double most = fitting_batch(one, context, c.work.batch);
  const bool batch_helps = c.memory.weights < c.memory.capacity && most < c.work.batch;
  return Error{
      ErrorKind::input, "memory.too_small",
      fmt::format("weights of {:.1f} GB and a cache of {:.1f} GB are {:.1f} GB more than the {:.1f} GB that "
                  "{} x {} give",
                  c.memory.weights / kGB, c.memory.cache / kGB, missing / kGB,
                  c.memory.capacity / kGB, c.work.devices, c.work.device.name),
      fmt::format("{}{}weights of fewer bits (--weights fp8)",
                  c.devices_needed > 0 ? fmt::format("use --gpus {}, ", c.devices_needed) : "",
                  batch_helps ? fmt::format("--batch {:.0f}, ", most) : "")};
}

Quantity modelled(const Costed& c, const ServingFit& fit, double value, std::string unit,
                  std::string per) {
  Quantity q;
  q.value = value;
  q.own = {value * c.factors.lo, value * c.factors.hi};
  q.level = c.level;
  q.unit = std::move(unit);
  q.per = std::move(per);
  q.tier = Tier::modelled;
  q.boundary = "gpu";
  q.method = fmt::format("serving model fitted to {} ({})", fit.source, fit.date);
  return q;
}

}  // namespace joulebook::serving
