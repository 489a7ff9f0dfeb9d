// predict MODEL: one deployment, by phase and by cause.
#include <fmt/format.h>

#include "cli/cmd_predict.h"
#include "core/text.h"
#include "physics/shape/shape_source.h"
#include "physics/serving/lengths.h"
#include "physics/serving/plan.h"

namespace joulebook {
namespace {

using serving::Cause;
using serving::Costed;
using serving::kCauses;

double at(const std::array<double, kCauses>& values, Cause cause) {
  return values[static_cast<std::size_t>(cause)];
}

// What people ask for by cause; launch and sampling on the device are small and named apart.
struct CauseLine {
  Cause cause;
  std::string_view text;
};
constexpr CauseLine kLines[] = {
    {Cause::weights, "weights"},       {Cause::kv, "KV cache"},
    {Cause::compute, "compute"},       {Cause::communication, "communication"},
    {Cause::sampling, "sampling"},     {Cause::launch, "launch"},
    {Cause::host, "host"},             {Cause::prefill, "prefill of prompts"},
    {Cause::floor, "static power"},    {Cause::idle, "idle, waiting for the host"}};

Json cause_json(const Costed& c) {
  Json causes = Json::array();
  for (const auto& [cause, text] : kLines) {
    const double per_token = at(c.step.joules, cause) / c.work.batch;
    causes.push(Json::object(
        {{"cause", serving::to_string(cause)},
         {"share", per_token / c.step.j_per_token},
         {"seconds_per_step", at(c.step.seconds, cause)},
         {"energy", to_json(serving::modelled(c, per_token, "J", "token"))}}));
  }
  return causes;
}

// What a request went through; parts that it has none of are left out. Cached tokens cost nothing by
// any rule: what they saved stands beside them.
struct Phase {
  std::string_view name;
  double tokens, seconds, joules;
};
std::vector<Phase> phases_of(const Costed& c) {
  const serving::Workload& w = c.work;
  const double kept = c.decode_j > 0 ? 1 - c.wasted_j / c.decode_j : 1;
  const double answers = w.samples * (w.output - c.reasoning);
  std::vector<Phase> phases{{"prefill", w.input * (1 - w.cached), c.prefill_s, c.prefill_j}};
  if (c.reasoning > 0) {
    phases.push_back({"reason", w.samples * c.reasoning, c.reason_s, kept * c.reason_j});
  }
  phases.push_back({"answer", answers, c.decode_s - c.reason_s, kept * (c.decode_j - c.reason_j)});
  if (c.wasted_j > 0) phases.push_back({"wasted", 0, 0, c.wasted_j});
  if (c.guard_j > 0) phases.push_back({"guard", w.input + w.output - c.reasoning, c.guard_s, c.guard_j});
  if (c.idle_j > 0) phases.push_back({"idle", 0, 0, c.idle_j});
  return phases;
}

// They sum to the request.
Json phases_json(const Costed& c) {
  const auto energy = [&](double joules) {
    return to_json(serving::modelled(c, joules, "J", "request"));
  };
  Json phases = Json::array();
  for (const Phase& p : phases_of(c)) {
    phases.push(Json::object({{"phase", p.name},
                              {"tokens", p.tokens},
                              {"seconds", p.seconds},
                              {"energy", energy(p.joules)}}));
  }
  if (c.work.cached > 0) {
    phases.push(Json::object({{"phase", "cached"},
                              {"tokens", c.work.input * c.work.cached},
                              {"saved", energy(c.saved_j)}}));
  }
  return phases;
}

Json memory_json(const Costed& c) {
  return Json::object({{"weights_bytes", c.memory.weights},
                       {"cache_bytes", c.memory.cache},
                       {"usable_bytes", c.memory.capacity},
                       {"fits", c.memory.fits()},
                       {"spare_bytes", c.memory.capacity - c.memory.needed()},
                       {"devices_needed", c.devices_needed}});
}

Json shape_json(const serving::Workload& w) {
  constexpr double kBits = 8;
  return Json::object({{"parameters", w.shape.total_params()},
                       {"active_parameters", w.shape.active_params()},
                       {"guessed_from_size", w.shape.synthesised},
                       {"weight_bits", kBits * w.weight_bytes},
                       {"expert_bits", kBits * w.expert_bytes},
                       {"head_bits", kBits * w.head_bytes},
                       {"kv_bytes_per_token", w.shape.kv_bytes * w.shape.kv_held * w.kv_scale}});
}

std::string layout(const Costed& c) {
  const serving::Workload& w = c.work;
  if (w.device.cpu) return fmt::format("this machine ({}, {} threads)", w.device.name, w.device.cpu->threads);
  std::string text = fmt::format("{} x {}", w.devices, w.device.name);
  if (w.data_parallel > 1) text += fmt::format(", {} replicas", w.data_parallel);
  if (w.expert_parallel > 1) text += fmt::format(", experts over {}", w.expert_parallel);
  return text;
}

std::string energy_text(const Costed& c, double joules) {
  return fmt::format("{} [{}, {}]", human(joules, "J"), human(joules * c.factors.lo, "J"),
                     human(joules * c.factors.hi, "J"));
}

std::string phase_lines(const Costed& c) {
  std::string text;
  for (const Phase& p : phases_of(c)) {
    text += fmt::format("    {:<17}{}{}\n", p.name, energy_text(c, p.joules),
                        p.seconds > 0 ? fmt::format("   {:.3g} s", p.seconds) : "");
  }
  if (c.work.cached > 0) text += fmt::format("    cached           saves {}\n", energy_text(c, c.saved_j));
  return text;
}

std::string table(const Costed& c, const serving::ServingFit& fit) {
  const serving::Prediction& s = c.step;
  constexpr double kMilli = 1e3, kGB = 1e9;
  std::string text = fmt::format(
      "{} on {}, {:.4g} sequences at a time, {:.0f} tokens in, {:.0f} out\n\n"
      "  per output token   {}   modelled, 80 %\n"
      "  per request        {}   {:.2f} s\n"
      "{}"
      "  per step           {}   {:.2f} ms between tokens ({:.2f} ms median)\n"
      "  power              {} of {}, {:.0f} tokens/s\n"
      "  memory             {:.1f} GB of weights, {:.1f} GB of cache, {:.1f} GB spare\n\n",
      c.work.shape.name, layout(c), c.work.batch, c.work.input, c.work.output,
      energy_text(c, s.j_per_token), energy_text(c, c.request_j()), c.request_s(),
      phase_lines(c),
      energy_text(c, s.j_per_token * c.work.batch), kMilli * s.step_s, kMilli * s.tpot_median_s,
      human(s.power_w, "W"), human(c.work.devices * c.work.device.power_limit, "W"),
      c.work.batch / s.step_s, c.memory.weights / kGB, c.memory.cache / kGB,
      (c.memory.capacity - c.memory.needed()) / kGB);
  text += "  where the joules go              energy   time\n";
  for (const auto& [cause, name] : kLines) {
    const double energy = at(s.joules, cause) / (s.j_per_token * c.work.batch);
    const double time = at(s.seconds, cause) / s.step_s;
    const bool power_only = cause == Cause::floor || cause == Cause::idle;
    text += fmt::format("    {:<28} {:>7.1f} % {}\n", name, 100 * energy,
                        power_only ? "" : fmt::format("{:>5.1f} %", 100 * time));
  }
  text += c.work.device.cpu
              ? fmt::format("\n  boundary: {}; {}.\n", c.boundary, c.method)
              : fmt::format("\n  boundary: the devices that serve, no host; fit of {} on {} rows, {} architectures.\n",
                            fit.date, fit.rows, fit.architectures);
  if (c.work.shape.synthesised) {
    text += "  no such model is known: its shape is guessed from the size in its name; the interval is wider.\n";
  }
  if (!c.work.device.fitted) {
    text += "  this device is not in the data: its data sheet, the coefficients of the nearest kind, twice the interval.\n";
  }
  return text;
}

}  // namespace

Result<serving::Plan> deployed(const PredictOptions& o, const serving::Shape& shape) {
  serving::Plan plan;
  plan.shape = shape;
  if (!o.gpu.empty()) plan.gpu = o.gpu;
  plan.here = o.here;
  plan.weights = o.weights;
  plan.gpus = o.gpus;
  plan.data_parallel = o.data_parallel;
  plan.pipeline = o.pipeline;
  plan.expert_parallel = o.expert_parallel;
  plan.batch = o.batch;
  const auto prompt = serving::parse_lengths("--prompt", o.prompt);
  if (!prompt) return fail(prompt.error());
  const auto output = serving::parse_lengths("--output", o.output);
  if (!output) return fail(output.error());
  plan.prompt = prompt->mean;
  plan.prompt_second = prompt->second;
  plan.output = output->mean;
  plan.output_second = output->second;
  plan.reasoning = o.reasoning;
  plan.cached = o.cached;
  plan.best_of = o.best_of;
  plan.draft_tokens = o.draft_tokens;
  plan.acceptance = o.acceptance;
  plan.rate = o.rate;
  for (const auto& [name, into] : {std::pair{&o.draft, &plan.draft}, std::pair{&o.guard, &plan.guard}}) {
    if (name->empty()) continue;
    auto read = physics::read_shape(*name);
    if (!read) return fail(read.error());
    *into = serving::serving_shape(*read);
  }
  return plan;
}

Result<serving::Plan> plan_of(const PredictOptions& o, const std::string& model) {
  const auto shape = physics::read_shape(model);
  if (!shape) return fail(shape.error());
  return deployed(o, serving::serving_shape(*shape));
}

Json costed_json(const Costed& c) {
  const serving::Prediction& s = c.step;
  const auto energy = [&](double joules, const char* per) {
    return to_json(serving::modelled(c, joules, "J", per));
  };
  return Json::object(
      {{"model", c.work.shape.name},
       {"shape", shape_json(c.work)},
       {"gpu", c.work.device.name},
       {"gpus", c.work.devices},
       {"batch", c.work.batch},
       {"prompt_tokens", c.work.input},
       {"output_tokens", c.work.output},
       {"per_token", energy(s.j_per_token, "output token")},
       {"per_request", energy(c.request_j(), "request")},
       {"per_step", energy(s.j_per_token * c.work.batch, "step")},
       {"phases", phases_json(c)},
       {"causes", cause_json(c)},
       {"power", to_json(serving::modelled(c, s.power_w, "W"))},
       {"step_s", s.step_s},
       {"tpot_median_s", s.tpot_median_s},
       {"tokens_per_s", c.work.batch / s.step_s},
       {"request_s", c.request_s()},
       {"memory", memory_json(c)},
       {"work", Json::object({{"weight_bytes_read", s.weight_bytes_read},
                              {"kv_bytes_read", s.kv_bytes_read},
                              {"flops", s.flops},
                              {"experts_touched", s.experts_touched}})}});
}

int predict_model(const Context& context, const PredictOptions& options) {
  const auto fit = fit_in_force(options);
  if (!fit) return report_error(fit.error());
  const auto plan = plan_of(options, options.model);
  if (!plan) return report_error(plan.error());
  const auto costed = serving::cost(*plan, *fit);
  if (!costed) return report_error(costed.error());
  if (const auto problem = serving::does_not_fit(*costed)) return report_error(*problem);
  context.print(table(*costed, *fit));
  Json document = Json::object({{"schema", "joulebook.prediction/1"}});
  document.set("prediction", costed_json(*costed));
  const auto ok = context.emit(document);
  return ok ? 0 : report_error(ok.error());
}

}  // namespace joulebook
