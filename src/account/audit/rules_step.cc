// Rules of a decoding step and of what a model can take.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "account/audit/rules.h"
#include "account/claim/range.h"
#include "physics/serving/plan.h"
#include "physics/shape/catalogue.h"

namespace joulebook::account {
namespace {

using State = RuleState;

struct StepTime {
  double seconds = 0;
  std::string how;
  std::vector<std::string> inputs;
};

std::optional<StepTime> step_time(const Facts& f) {
  if (f.has("step_time")) return StepTime{*f.amount("step_time"), f.said("step_time"), {"step_time"}};
  if (f.has("tokens_per_second") && f.has("batch")) {
    return StepTime{*f.amount("batch") / *f.amount("tokens_per_second"), f.said("tokens_per_second") + ", " + f.said("batch"), {"tokens_per_second", "batch"}};
  }
  if (f.has("duration") && f.has("output_tokens") && f.energy_per() != "") {
    return StepTime{*f.amount("duration") / *f.amount("output_tokens"), f.said("duration") + ", " + f.said("output_tokens"), {"duration", "output_tokens"}};
  }
  return std::nullopt;
}

struct Step {
  StepTime time;
  serving::Costed costed;
  double devices = 1;
};

// Without a stated precision the narrowest that is served: the least that a step can have read.
serving::Plan plan_of(const Facts& f, const physics::ModelShape& shape) {
  serving::Plan plan;
  plan.shape = serving::serving_shape(shape);
  plan.gpu = f.text("gpu");
  plan.gpus = f.amount("gpus").value_or(1);
  plan.batch = f.amount("batch").value_or(1);
  plan.weights = f.text("weights").empty() ? "mxfp4" : f.text("weights");
  plan.prompt = std::max(1.0, f.amount("input_tokens").value_or(1));
  plan.output = std::max(1.0, f.amount("output_tokens").value_or(1));
  return plan;
}

std::string weights_said(const Facts& f) { return f.has("weights") ? f.said("weights") : "4-bit weights, the least"; }

// The step as the claim has it; an unknown finding in `open` where something is missing, neither where the
// claim says nothing of steps.
std::optional<Step> step_of(const Facts& f, std::optional<Finding>& open) {
  auto time = step_time(f);
  const bool speaks = f.has("tokens_per_second") || f.has("step_time") || (time && f.has("model"));
  if (!speaks || f.text("model").empty()) return std::nullopt;
  const auto unknown = [&](std::string why, std::string input) { open = finding(State::unknown, "not checkable: " + why, {std::move(input)}); };
  if (!f.has("batch")) {
    unknown("the batch is missing, so what a step read and computed is not known", "batch");
    return std::nullopt;
  }
  if (!time) return std::nullopt;
  const auto shape = physics::shape_by_name(f.text("model"));
  const auto h = f.device();
  const auto n = f.amount("gpus");
  if (!shape) unknown(shape.error().message, "model");
  else if (!h) unknown(h.error().message, "gpu");
  else if (!n) unknown("gpus is missing", "gpus");
  if (open) return std::nullopt;
  auto costed = serving::cost(plan_of(f, *shape), serving::built_in_fit());
  if (!costed) {
    unknown(costed.error().message, "gpu");
    return std::nullopt;
  }
  return Step{std::move(*time), std::move(*costed), *n};
}

// `share`: of the peak of all devices; `what` says of which rate, `decimals` how finely a share is told.
Finding against_peak(const Step& step, const physics::Hardware& device, double share, const std::string& what, const char* input, int decimals) {
  constexpr double kPeakSlack = 1.02;  // data sheets round
  auto inputs = step.time.inputs;
  inputs.insert(inputs.end(), {"model", input, "gpus"});
  std::string source = fmt::format("data/hardware.csv: {} ({})", device.source, device.status);
  if (share > kPeakSlack) return finding(State::fails, fmt::format("{}: {:.3g} times the peak", what, share), std::move(inputs), share, std::move(source));
  return finding(State::passes, fmt::format("{}: {:.{}f} % of the peak", what, 100 * share, decimals), std::move(inputs), 1, std::move(source));
}

}  // namespace

// Where something is missing, the narrowest weights and one sequence: the least that memory must hold.
std::optional<Finding> memory_rule(const Facts& f) {
  const auto per = f.energy_per();
  if ((per != "token" && per != "response") || !f.has("gpu") || !f.has("gpus")) return std::nullopt;
  const auto shape = f.text("model").empty() ? Result<physics::ModelShape>(fail(ErrorKind::input, "", "", "")) : physics::shape_by_name(f.text("model"));
  const auto h = f.device();
  if (!shape || !h) return std::nullopt;
  const auto costed = serving::cost(plan_of(f, *shape), serving::built_in_fit());
  if (!costed) return std::nullopt;
  const double needed = costed->memory.needed(), capacity = costed->memory.capacity;
  const std::string what = fmt::format("{:.4g} GB ({}) in {:g} x {} of {:.4g} GB", needed / 1e9, weights_said(f), *f.amount("gpus"), h->name, capacity / 1e9);
  std::vector<std::string> inputs{"model", "weights", "gpu", "gpus"};
  const std::string source = fmt::format("data/hardware.csv: {} ({})", h->source, h->status);
  constexpr double kSlack = 1.15;  // engines leave a tenth free, by default
  if (needed <= capacity * kSlack) return finding(State::passes, what, std::move(inputs), 1, source);
  return finding(State::blocks, fmt::format("the model does not fit: {}, {:.3g} times as much; more devices worked, or a part of it lay elsewhere", what, needed / capacity), std::move(inputs), needed / capacity, source);
}

std::optional<Finding> bandwidth_rule(const Facts& f) {
  std::optional<Finding> open;
  const auto step = step_of(f, open);
  if (!step) return open;
  constexpr double kTera = 1e12;
  const auto h = *f.device();
  const double bytes = step->costed.step.weight_bytes_read + step->costed.step.kv_bytes_read;
  const double rate = bytes / step->time.seconds, peak = h.bandwidth * step->devices;
  const std::string what = fmt::format("{:.4g} GB a step ({}) in {:.4g} ms ({}) is {:.4g} TB/s, and {:g} x {} have {:.4g}", bytes / 1e9, weights_said(f),
                                       step->time.seconds * 1e3, step->time.how, rate / kTera, step->devices, h.name, peak / kTera);
  return against_peak(*step, h, rate / peak, what, "weights", 0);
}

std::optional<Finding> flop_rate_rule(const Facts& f) {
  std::optional<Finding> open;
  const auto step = step_of(f, open);
  if (!step) return open;
  constexpr double kTera = 1e12;
  const auto h = *f.device();
  const bool wide = f.text("weights") == "bfloat16" || f.text("weights") == "fp16";
  const auto rate_of = wide ? h.rate16() : std::optional(std::max({h.rate16().value_or(0), h.fp8.value_or(0), h.fp4.value_or(0)}));
  if (!rate_of || *rate_of <= 0) return finding(State::unknown, fmt::format("data/hardware.csv has no rate of {}", h.name), {"gpu"});
  const double rate = step->costed.step.flops / step->time.seconds, peak = *rate_of * step->devices;
  const std::string what = fmt::format("{:.4g} TFLOP a step in {:.4g} ms ({}) is {:.4g} TFLOPS, and {:g} x {} have {:.4g} (dense)", step->costed.step.flops / kTera,
                                       step->time.seconds * 1e3, step->time.how, rate / kTera, step->devices, h.name, peak / kTera);
  return against_peak(*step, h, rate / peak, what, "batch", 1);
}

// Over all batches that fit, whatever the recipe is.
std::optional<Finding> predicted_rule(const Facts& f) {
  const auto per = f.energy_per();
  if (per != "token" && per != "response") return std::nullopt;
  if (f.text("model").empty() && !f.has("active_parameters") && !f.has("parameters")) return std::nullopt;
  if (per == "response" && !f.has("output_tokens")) {
    return finding(State::unknown, "not checkable: output_tokens is missing, so the energy per token is not known", {"output_tokens"});
  }
  const std::string boundary = f.claim().boundary;
  if (boundary == "life cycle" || boundary == "device") return std::nullopt;
  Claim any = f.claim();
  std::erase_if(any.inputs, [](const ClaimInput& i) { return i.name == "batch"; });
  any.recipe = {{"value", fmt::format("predicted_j_per_{}() * boundary('gpu', '{}')", *per, boundary), 0}};
  const auto range = compute(any);
  if (!range) return finding(State::unknown, "not checkable: " + range.error().message, {"model", "gpu"});
  const std::string unit = "J/" + *per;
  const std::string what = fmt::format("{} against {:.4g} to {:.4g} {} at any batch{}", f.claim().value.stated, range->lo, range->hi, unit,
                                       f.has("gpu") ? " on " + f.text("gpu") : " on B200, H100 or A100");
  std::vector<std::string> inputs{"value", "model", "gpu", "gpus"};
  if (per == "response") inputs.emplace_back("output_tokens");
  const std::string source = "physics/serving, 99 % of its predictions; boundary factors of joulebook account";
  if (f.lo() > range->hi) return finding(State::fails, fmt::format("{}: {:.3g} times above", what, f.lo() / range->hi), inputs, f.lo() / range->hi, source);
  if (f.hi() < range->lo) return finding(State::fails, fmt::format("{}: {:.3g} times below", what, range->lo / f.hi()), inputs, range->lo / f.hi(), source);
  return finding(State::passes, what, inputs, 1, source);
}

}  // namespace joulebook::account
