#include "physics/training/cost.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/modelled.h"
#include "physics/training/runs.h"

namespace joulebook::training {
namespace {

constexpr double kMost = 1e30;
constexpr double kDay = 24;
// 10, 50 and 90 % of 2 N x tokens/s over the GPUs' 16-bit peak; a test derives them from the file.
constexpr double kDecodeLo = 0.0120, kDecode = 0.0326, kDecodeHi = 0.133;

constexpr std::array<std::pair<Method, std::string_view>, 6> kMethods = {
    {{Method::pretrain, "pretrain"},
     {Method::finetune, "finetune"},
     {Method::lora, "lora"},
     {Method::distill, "distill"},
     {Method::rl, "rl"},
     {Method::search, "search"}}};

tl::unexpected<Error> refuse(std::string what, std::string cure) {
  return fail(ErrorKind::usage, "training.plan", std::move(what), std::move(cure));
}

struct Need {
  double value;
  std::string_view what, flag;
  double least = 1;
};

Status positive(std::initializer_list<Need> needs) {
  for (const auto& n : needs) {
    if (std::isfinite(n.value) && n.value >= n.least && n.value <= kMost) continue;
    return refuse(fmt::format("{} is {:.6g}", n.what, n.value),
                  fmt::format("give {} of at least {:g}", n.flag, n.least));
  }
  return {};
}

Status check_assumed(const Assumed& a, std::string_view what, std::string_view flag, double most) {
  const bool sound = a.lo > 0 && a.lo <= a.value && a.value <= a.hi && a.hi <= most;
  if (sound) return {};
  return refuse(fmt::format("{} is {:.4g}", what, a.value),
                fmt::format("give {} above 0 and at most {:g}", flag, most));
}

Status check_tokens(const TrainingPlan& p) {
  if (p.method == Method::rl) {
    return positive({{p.prompts, "the number of prompts", "--prompts"},
                     {p.group, "the group size", "--group"},
                     {p.prompt, "the prompt's length", "--prompt-tokens", 0},
                     {p.rollout, "the rollouts' length", "--rollout-tokens"},
                     {p.updates, "the updates a rollout", "--updates", 0}});
  }
  if (p.method == Method::search) {
    return positive({{p.candidates, "the number of candidates", "--candidates"},
                     {p.candidate_tokens, "a candidate's budget", "--candidate-tokens"},
                     {p.tokens, "the number of tokens", "--tokens", 0}});
  }
  return positive({{p.tokens, "the number of tokens", "--tokens"},
                   {p.epochs, "the number of epochs", "--epochs"}});
}

Status check(const TrainingPlan& p) {
  if (auto ok = check_tokens(p); !ok) return ok;
  if (p.method == Method::distill && !p.teacher) {
    return refuse("distillation without a teacher", "name one with --teacher MODEL");
  }
  if (p.method == Method::lora && p.model.adapter_per_rank <= 0) {
    return refuse(
        "the adapter's size follows from the model's shape, and only its parameters are known",
        "name a published model instead of --params");
  }
  if (auto ok = positive(
          {{p.devices, "the number of devices", "--gpus"}, {p.rank, "the rank", "--rank"}});
      !ok)
    return ok;
  if (auto ok = check_assumed(p.utilisation, "the utilisation", "--mfu", 1); !ok) return ok;
  if (auto ok =
          check_assumed(p.rollout_utilisation, "the rollouts' utilisation", "--rollout-mfu", 1);
      !ok)
    return ok;
  if (auto ok = check_assumed(p.watts, "the power of a device", "--watts", 1e5); !ok) return ok;
  if (p.pue && !(*p.pue >= 1 && *p.pue <= 5)) {
    return refuse(fmt::format("a PUE of {:g}", *p.pue), "give --pue of 1 to 5");
  }
  if (p.grid && !(*p.grid >= 0 && *p.grid <= 2000)) {
    return refuse(fmt::format("a grid intensity of {:g} g/kWh", *p.grid),
                  "give --grid of 0 to 2000");
  }
  if (p.device.rate16()) return {};
  return fail(ErrorKind::input, "training.device",
              fmt::format("no 16-bit rate of {} is known", p.device.name), "choose another --gpu");
}

TrainingPart forward(std::string name, const TrainedModel& model, double tokens) {
  const double flops = tokens * forward_flops(model);
  return {std::move(name), tokens, flops, flops};
}

TrainingPart update(std::string name, const TrainingPlan& p, double tokens) {
  return {std::move(name), tokens, tokens * train_flops(p.model, Recomputation::none),
          tokens * train_flops(p.model, p.recomputation)};
}

// Prompts are read once a group; every answer is read again where it is judged or learnt from.
std::vector<TrainingPart> reinforcement(const TrainingPlan& p) {
  const double answers = p.prompts * p.group;
  const double read = answers * (p.prompt + p.rollout);
  std::vector<TrainingPart> parts;
  parts.push_back(forward("prompts", p.model, p.prompts * p.prompt));
  parts.push_back(forward("rollouts", p.model, answers * p.rollout));
  parts.back().decodes = true;
  if (p.reference) parts.push_back(forward("reference model", p.model, read));
  for (std::size_t i = 0; i < p.rewards.size(); ++i) {
    parts.push_back(forward(fmt::format("reward {}", i + 1), p.rewards[i], read));
  }
  parts.push_back(update("policy updates", p, read * p.updates));
  return parts;
}

std::vector<TrainingPart> parts_of(const TrainingPlan& p) {
  const double tokens = p.tokens * p.epochs;
  switch (p.method) {
    case Method::pretrain:
    case Method::finetune:
      return {update("training", p, tokens)};
    case Method::lora:
      return {{"training", tokens, tokens * adapt_flops(p.model, p.rank, Recomputation::none),
               tokens * adapt_flops(p.model, p.rank, p.recomputation)}};
    case Method::distill:
      return {forward("teacher", *p.teacher, tokens), update("student", p, tokens)};
    case Method::rl:
      return reinforcement(p);
    case Method::search: {
      std::vector<TrainingPart> parts = {
          update("candidates", p, p.candidates * p.candidate_tokens)};
      if (p.tokens > 0) parts.push_back(update("the winner", p, tokens));
      return parts;
    }
  }
  return {};
}

// x / assumed, or x times it, as a shared part: hours fall as utilisation rises.
SharedPart part_over(std::string id, const Assumed& a) {
  return {std::move(id), a.value / a.hi, a.value / a.lo};
}
SharedPart part_times(std::string id, const Assumed& a) {
  return {std::move(id), a.lo / a.value, a.hi / a.value};
}

// How far the sum moves when decoding's share of the hours moves by its own range.
Quantity hours_of(const TrainingPlan& p, const std::vector<TrainingPart>& parts) {
  double trained = 0, decoded = 0;
  for (const auto& part : parts) (part.decodes ? decoded : trained) += part.device_hours;
  const double all = trained + decoded;
  Quantity hours = modelled(all, {all, all}, "h", "",
                            {"gpu", fmt::format("FLOPs over {}'s 16-bit peak; utilisation: {}",
                                                p.device.name, p.utilisation.source)});
  const auto weighed = [&](SharedPart part, double share) {
    part.lo = 1 - share + share * part.lo;
    part.hi = 1 - share + share * part.hi;
    hours.shared.push_back(std::move(part));
  };
  if (all > 0) weighed(part_over("utilisation", p.utilisation), trained / all);
  if (decoded > 0) weighed(part_over("rollout_utilisation", p.rollout_utilisation), decoded / all);
  return hours;
}

Quantity carbon_of(const TrainingPlan& p, const Quantity& energy) {
  if (!p.grid) {
    return Quantity::absent("kg", {"carbon.no_grid", "no grid intensity was stated",
                                   "give --grid gCO2e/kWh of where and when it ran"});
  }
  Quantity carbon = scaled(energy, *p.grid * 1e-3 / 3.6e6, "");
  carbon.unit = "kg";
  carbon.method = fmt::format("{:g} gCO2e/kWh as stated x {}", *p.grid, energy.method);
  return carbon;
}

}  // namespace

std::string_view to_string(Method method) {
  return std::ranges::find(kMethods, method, &std::pair<Method, std::string_view>::first)->second;
}

std::optional<Method> method_from_string(std::string_view text) {
  const auto* at = std::ranges::find(kMethods, text, &std::pair<Method, std::string_view>::second);
  return at == kMethods.end() ? std::nullopt : std::optional(at->first);
}

Assumed Assumed::stated(double x) { return {x, x, x, "as stated"}; }

Assumed usual_utilisation() {
  const Spread s = utilisation_of_runs();
  return {s.middle, s.lo, s.hi,
          fmt::format("middle and 80 % range of {} published runs (training.csv)", s.rows)};
}

Assumed usual_rollout_utilisation() {
  return {
      kDecode, kDecodeLo, kDecodeHi,
      "middle and 80 % range of measured serving on H100 at 64 or more sequences (ml_energy.csv)"};
}

Assumed usual_watts(const physics::Hardware& device) {
  const Spread s = power_share_of_runs();
  const double tdp = device.tdp_w.value_or(0);
  return {s.middle * tdp, s.lo * tdp, s.hi * tdp,
          fmt::format("share of TDP, middle and 80 % range of {} measured runs (training.csv)",
                      s.rows)};
}

Result<TrainingCost> training_cost(const TrainingPlan& p) {
  if (auto ok = check(p); !ok) return fail(ok.error());
  TrainingCost cost;
  cost.parts = parts_of(p);
  const double pue = p.pue.value_or(1);
  for (auto& part : cost.parts) {
    const double rate =
        *p.device.rate16() * (part.decodes ? p.rollout_utilisation : p.utilisation).value;
    part.device_hours = part.flops / rate / 3600;
    part.joules = part.device_hours * 3600 * p.watts.value * pue;
    cost.flops += part.flops;
    cost.done += part.done;
  }
  cost.device_hours = hours_of(p, cost.parts);
  cost.days = scaled(cost.device_hours, 1 / (p.devices * kDay), "");
  cost.days.unit = "d";
  cost.energy = scaled(cost.device_hours, 3600 * p.watts.value * pue, "");
  cost.energy.unit = "J";
  cost.energy.boundary = p.pue ? "gpu+pue" : "gpu";
  cost.energy.method = fmt::format("device hours x watts{}; watts: {}; {}", p.pue ? " x PUE" : "",
                                   p.watts.source, cost.device_hours.method);
  cost.energy.shared.push_back(part_times("watts", p.watts));
  cost.carbon = carbon_of(p, cost.energy);
  return cost;
}

}  // namespace joulebook::training
