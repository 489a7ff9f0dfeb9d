#include "physics/serving/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "physics/serving/plan_parts.h"
#include "physics/serving/rows.h"

namespace joulebook::serving {
namespace {

Status writes(const Shape& shape) {
  if (shape.generates) return {};
  return fail(ErrorKind::input, "plan.encoder",
              fmt::format("{} is an encoder: it gives a vector, no tokens", shape.name),
              "name a model that writes; measure this one with joulebook run");
}

// What stands for itself: no two fields contradict each other here.
Status check_numbers(const Plan& p) {
  struct Field {
    std::string_view name;
    double value, most;
  };
  for (const auto& [name, value, most] :
       {Field{"--gpus", p.gpus, 4096}, {"--dp", p.data_parallel, 4096}, {"--pp", p.pipeline, 4096},
        {"--ep", p.expert_parallel, 4096}, {"--batch", p.batch, 1e6}, {"--prompt", p.prompt, 1e8},
        {"--output", p.output, 1e8}, {"--best-of", p.best_of, 1e4},
        {"--draft-tokens", p.draft_tokens, 64}}) {
    if (value >= 1 && value <= most) continue;
    return fail(ErrorKind::usage, "plan.length", fmt::format("{} {} makes no sense", name, value),
                fmt::format("give a number from 1 to {}", most));
  }
  for (const auto& [name, value, most] :
       {Field{"--cached", p.cached, 1}, Field{"--acceptance", p.acceptance, 1},
        {"--reasoning", p.reasoning, 1e8}, {"--rate", p.rate, 1e9}}) {
    if (value >= 0 && value <= most) continue;
    return fail(ErrorKind::usage, most == 1 ? "plan.share" : "plan.length",
                fmt::format("{} {} makes no sense", name, value),
                fmt::format("give a number from 0 to {}", most));
  }
  return {};
}

Status check(const Plan& p) {
  for (const Shape* shape : {&p.shape, p.draft ? &*p.draft : nullptr, p.guard ? &*p.guard : nullptr}) {
    if (shape == nullptr) continue;
    if (auto ok = writes(*shape); !ok) return ok;
  }
  if (auto ok = check_numbers(p); !ok) return ok;
  if (p.rate == 0 && p.best_of > p.batch) {
    return fail(ErrorKind::input, "plan.length",
                fmt::format("{} answers of a request are more than the {} sequences at a time",
                            p.best_of, p.batch),
                fmt::format("give --batch {} or more", p.best_of));
  }
  if (p.data_parallel * p.pipeline > p.gpus) {
    return fail(ErrorKind::input, "plan.layout",
                fmt::format("{} replicas of {} stages need more than {} devices", p.data_parallel,
                            p.pipeline, p.gpus),
                "raise --gpus, or lower --dp or --pp");
  }
  return {};
}

Result<Device> device_of(const Plan& p) {
  if (p.gpu != kHere || !p.here) return find_device(p.gpu);
  if (p.gpus == 1 && p.data_parallel == 1 && p.pipeline == 1 && p.expert_parallel == 1) return *p.here;
  return fail(ErrorKind::input, "plan.one_machine", "there is one of this machine",
              "leave --gpus, --dp, --pp and --ep at 1");
}

Workload workload_of(const Plan& plan, const Device& device) {
  Workload w;
  w.shape = plan.shape;
  w.device = device;
  w.devices = plan.gpus;
  w.data_parallel = plan.data_parallel;
  w.pipeline = plan.pipeline;
  w.expert_parallel = plan.expert_parallel;
  w.batch = plan.batch;
  w.input = plan.prompt;
  w.output = plan.reasoning + plan.output;
  w.input_second = plan.prompt_second;
  w.output_second = plan.output_second;
  w.cached = plan.cached;
  w.samples = plan.best_of;
  set_precision(w, plan.weights);
  return w;
}

double at(const std::array<double, kCauses>& values, Cause cause) {
  return values[static_cast<std::size_t>(cause)];
}

// Thinking comes first, so its tokens read less of the cache than the answer's.
void split_decode(const Plan& plan, Costed& c) {
  if (plan.reasoning <= 0) return;
  c.reasoning = plan.reasoning;
  const double r = plan.reasoning, a = plan.output;
  const double early = r * context_seen(c.work.shape, plan.prompt + r / 2);
  const double late = a * context_seen(c.work.shape, plan.prompt + r + a / 2);
  const auto share = [&](const std::array<double, kCauses>& values) {
    double all = 0;
    for (const double v : values) all += v;
    all -= at(values, Cause::prefill);
    const double kv = all > 0 ? at(values, Cause::kv) / all : 0;
    return (1 - kv) * r / (r + a) + kv * early / std::max(early + late, 1e-12);
  };
  c.reason_j = c.decode_j * share(c.step.joules);
  c.reason_s = c.decode_s * share(c.step.seconds);
}

// One request's share of its steps.
void cost_request(const Plan& plan, Costed& c) {
  const Workload& w = c.work;
  const double steps = w.output;
  const double begun = w.batch / (w.output * w.samples);  // prompts read in a step
  const double joules_step = c.step.j_per_token * w.batch;
  const double share = joules_step > 0 ? at(c.step.joules, Cause::prefill) / joules_step : 0;
  const double all = c.step.j_per_token * steps * w.samples;
  c.prefill_j = share * all;
  c.decode_j = all - c.prefill_j;
  // What the prompts of others add to the gaps between this request's tokens belongs to its decode.
  c.prefill_s = c.step.prefill_s / std::max(begun, 1e-12);
  c.decode_s = c.step.step_s * (steps - 1);
  split_decode(plan, c);
}

Memory memory_with_draft(const Plan& plan, const Workload& work) {
  Memory m = memory_of(work, full_context(plan));
  if (!plan.draft) return m;
  Workload draft = work;
  draft.shape = *plan.draft;
  set_precision(draft, "");
  const Memory beside = memory_of(draft, full_context(plan));
  m.weights += beside.weights;
  m.cache += beside.cache;
  return m;
}

// What reading the cached share of the prompt would have cost, all else alike.
double saved_by_cache(const Plan& plan, const Costed& c, const ServingFit& fit) {
  if (plan.cached <= 0) return 0;
  Costed whole;
  whole.work = c.work;
  whole.work.cached = 0;
  whole.step = step_of(plan, whole.work, fit).step;
  cost_request(plan, whole);
  return whole.prefill_j + whole.decode_j - c.prefill_j - c.decode_j;
}

}  // namespace

double full_context(const Plan& plan) {
  return plan.prompt + (plan.reasoning + plan.output) * plan.output_second;
}

Result<Costed> cost(const Plan& plan, const ServingFit& fit) {
  if (auto ok = check(plan); !ok) return fail(ok.error());
  auto device = device_of(plan);
  if (!device) return fail(device.error());
  Costed c;
  c.work = workload_of(plan, *device);
  if (plan.rate > 0) {
    auto arrivals = batch_at_rate(plan, c.work, fit);
    if (!arrivals) return fail(arrivals.error());
    c.work.batch = arrivals->batch;
    c.busy = arrivals->busy;
  }
  const Stepped stepped = step_of(plan, c.work, fit);
  c.step = stepped.step;
  c.draft_step_s = stepped.draft_step_s;
  c.factors = factors(fit.spread, c.work);
  c.level = fit.spread.level;
  c.method = fmt::format("serving model fitted to {} ({})", fit.source, fit.date);
  if (device->cpu) {
    c.boundary = device->cpu->boundary;
    c.method = fmt::format("calibrated rates and watts of this CPU ({}), and what llama.cpp needs beyond them",
                           device->cpu->measured_utc.substr(0, 10));
  }
  const double context = full_context(plan);
  c.memory = memory_with_draft(plan, c.work);
  const double beside = c.memory.needed() - memory_of(c.work, context).needed();
  c.devices_needed = c.memory.fits() ? plan.gpus : devices_needed(c.work, context, beside);
  cost_request(plan, c);
  c.wasted_j = stepped.wasted_share * (c.prefill_j + c.decode_j);
  c.saved_j = saved_by_cache(plan, c, fit);
  if (plan.guard) {
    const Guarded guarded = guard_pass(plan, c.work, fit);
    c.guard_s = guarded.seconds;
    c.guard_j = guarded.joules;
    c.guard_devices = guarded.devices;
  }
  if (c.busy < 1) c.idle_j = c.work.devices * idle_watts(c.work.device, fit.parameters) * (1 - c.busy) / plan.rate;
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
      fmt::format("{}{}weights of fewer bits (--weights {})",
                  c.devices_needed > 0 && !c.work.device.cpu ? fmt::format("use --gpus {}, ", c.devices_needed) : "",
                  batch_helps ? fmt::format("--batch {:.0f}, ", most) : "", c.work.device.cpu ? "int4" : "fp8")};
}

Quantity modelled(const Costed& c, double value, std::string unit, std::string per) {
  return joulebook::modelled(value, {value * c.factors.lo, value * c.factors.hi}, std::move(unit),
                             std::move(per), {c.boundary, c.method, c.level});
}

}  // namespace joulebook::serving
