// predict MODEL: one deployment, by phase and by cause.
#include <fmt/format.h>

#include "cli/cmd_predict.h"
#include "core/text.h"
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

Json cause_json(const Costed& c, const serving::ServingFit& fit) {
  Json causes = Json::array();
  for (const auto& [cause, text] : kLines) {
    const double per_token = at(c.step.joules, cause) / c.work.batch;
    causes.push(Json::object(
        {{"cause", serving::to_string(cause)},
         {"share", per_token / c.step.j_per_token},
         {"seconds_per_step", at(c.step.seconds, cause)},
         {"energy", to_json(serving::modelled(c, fit, per_token, "J", "token"))}}));
  }
  return causes;
}

Json memory_json(const Costed& c) {
  return Json::object({{"weights_bytes", c.memory.weights},
                       {"cache_bytes", c.memory.cache},
                       {"usable_bytes", c.memory.capacity},
                       {"fits", c.memory.fits()},
                       {"spare_bytes", c.memory.capacity - c.memory.needed()},
                       {"devices_needed", c.devices_needed}});
}

std::string layout(const Costed& c) {
  const serving::Workload& w = c.work;
  std::string text = fmt::format("{} x {}", w.devices, w.device.name);
  if (w.data_parallel > 1) text += fmt::format(", {} replicas", w.data_parallel);
  if (w.expert_parallel > 1) text += fmt::format(", experts over {}", w.expert_parallel);
  return text;
}

std::string energy_text(const Costed& c, double joules) {
  return fmt::format("{} [{}, {}]", human(joules, "J"), human(joules * c.factors.lo, "J"),
                     human(joules * c.factors.hi, "J"));
}

std::string table(const Costed& c, const serving::ServingFit& fit) {
  const serving::Prediction& s = c.step;
  constexpr double kMilli = 1e3, kGB = 1e9;
  std::string text = fmt::format(
      "{} on {}, {} sequences at a time, {:.0f} tokens in, {:.0f} out\n\n"
      "  per output token   {}   modelled, 80 %\n"
      "  per request        {}   {:.2f} s\n"
      "    prefill          {}   {:.3f} s\n"
      "    decode           {}   {:.2f} s\n"
      "  per step           {}   {:.2f} ms between tokens ({:.2f} ms median)\n"
      "  power              {} of {}, {:.0f} tokens/s\n"
      "  memory             {:.1f} GB of weights, {:.1f} GB of cache, {:.1f} GB spare\n\n",
      c.work.shape.name, layout(c), c.work.batch, c.work.input, c.work.output,
      energy_text(c, s.j_per_token), energy_text(c, c.request_j()), c.request_s(),
      energy_text(c, c.prefill_j), c.prefill_s, energy_text(c, c.decode_j), c.decode_s,
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
  text += fmt::format("\n  boundary: the devices that serve, no host; fit of {} on {} rows, {} architectures.\n",
                      fit.date, fit.rows, fit.architectures);
  if (!c.work.device.fitted) {
    text += "  this device is not in the data: its data sheet, the coefficients of the nearest kind, twice the interval.\n";
  }
  return text;
}

}  // namespace

serving::Plan deployed(const PredictOptions& o, const serving::Shape& shape) {
  serving::Plan plan;
  plan.shape = shape;
  if (!o.gpu.empty()) plan.gpu = o.gpu;
  plan.weights = o.weights;
  plan.gpus = o.gpus;
  plan.data_parallel = o.data_parallel;
  plan.pipeline = o.pipeline;
  plan.expert_parallel = o.expert_parallel;
  plan.batch = o.batch;
  plan.prompt = o.prompt;
  plan.output = o.output;
  return plan;
}

Result<serving::Plan> plan_of(const PredictOptions& o, const std::string& model) {
  if (const auto shape = serving::find_shape(model)) return deployed(o, *shape);
  const std::string near = serving::nearest_shape(model);
  return fail(ErrorKind::input, "shape.unknown", fmt::format("no shape is known for \"{}\"", model),
              fmt::format("{}predict --all lists the models",
                          near.empty() ? "" : "did you mean " + near + "? else "));
}

Json costed_json(const Costed& c, const serving::ServingFit& fit) {
  const serving::Prediction& s = c.step;
  const auto energy = [&](double joules, const char* per) {
    return to_json(serving::modelled(c, fit, joules, "J", per));
  };
  return Json::object(
      {{"model", c.work.shape.name},
       {"gpu", c.work.device.name},
       {"gpus", c.work.devices},
       {"batch", c.work.batch},
       {"prompt_tokens", c.work.input},
       {"output_tokens", c.work.output},
       {"per_token", energy(s.j_per_token, "output token")},
       {"per_request", energy(c.request_j(), "request")},
       {"per_step", energy(s.j_per_token * c.work.batch, "step")},
       {"phases", Json::array({Json::object({{"phase", "prefill"}, {"seconds", c.prefill_s}, {"energy", energy(c.prefill_j, "request")}}),
                               Json::object({{"phase", "decode"}, {"seconds", c.decode_s}, {"energy", energy(c.decode_j, "request")}})})},
       {"causes", cause_json(c, fit)},
       {"power", to_json(serving::modelled(c, fit, s.power_w, "W"))},
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
  document.set("prediction", costed_json(*costed, *fit));
  const auto ok = context.emit(document);
  return ok ? 0 : report_error(ok.error());
}

}  // namespace joulebook
