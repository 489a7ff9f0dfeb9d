#include "cli/cmd_predict_training.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cctype>

#include "cli/training_result.h"
#include "core/file_tree.h"
#include "core/text.h"
#include "physics/shape/shape_source.h"

namespace joulebook {
namespace {

using training::Assumed;
using training::TrainedModel;
using training::TrainingPlan;

Status bad_sequence(double sequence) {
  if (auto ok = physics::validate_length("sequence", sequence); !ok) return ok;
  if (sequence >= 1) return {};
  return fail(ErrorKind::usage, "training.plan", "a sequence without a token",
              "give --sequence of at least 1");
}

Result<TrainedModel> by_name(const std::string& name, double sequence) {
  const auto shape = physics::read_shape(name);
  if (!shape) return fail(shape.error());
  return training::trained_model(*shape, sequence);
}

// A number of parameters, or a published model's name.
Result<TrainedModel> by_name_or_size(const std::string& text, double sequence,
                                     std::string_view flag) {
  const auto size = count_of(text, flag);
  return size ? training::trained_model(*size, 0) : by_name(text, sequence);
}

Result<TrainedModel> model_of(const PredictTrainingOptions& o) {
  if (auto ok = bad_sequence(o.sequence); !ok) return fail(ok.error());
  if (!o.model.empty()) return by_name(o.model, o.sequence);
  if (o.params.empty()) {
    return fail(ErrorKind::usage, "training.plan", "no model to train",
                "name a published one, or give --params 70B (and --active 5B for a mixture)");
  }
  const auto all = count_of(o.params, "--params");
  if (!all) return fail(all.error());
  const auto active = o.active.empty() ? Result<double>(0) : count_of(o.active, "--active");
  if (!active) return fail(active.error());
  return training::trained_model(*all, *active);
}

Status read_rewards(const PredictTrainingOptions& o, TrainingPlan& plan) {
  for (const auto& reward : o.rewards) {
    if (reward == "rule") {
      ++plan.rule_rewards;
      continue;
    }
    auto model = by_name_or_size(reward, o.sequence, "--reward");
    if (!model) return fail(model.error());
    plan.rewards.push_back(std::move(*model));
  }
  return {};
}

Status read_counts(const PredictTrainingOptions& o, TrainingPlan& plan) {
  const std::pair<const std::string*, double*> counts[] = {
      {&o.tokens, &plan.tokens}, {&o.candidate_tokens, &plan.candidate_tokens}};
  for (const auto& [text, into] : counts) {
    if (text->empty()) continue;
    const auto n = count_of(*text, text == &o.tokens ? "--tokens" : "--candidate-tokens");
    if (!n) return fail(n.error());
    *into = *n;
  }
  return {};
}

int check(const Context& context, const PredictTrainingOptions& o) {
  const auto text = read_file(o.check);
  if (!text) return report_error(text.error());
  const auto runs = training::parse_training_runs(*text);
  if (!runs) return report_error(runs.error());
  context.print(training_check_text(*runs, terminal_width()));
  const Json document = training_check_json(*runs);
  if (auto ok = context.emit(document); !ok) return report_error(ok.error());
  return document["implausible"].as_int() > 0 ? exit_code(ErrorKind::negative) : 0;
}

}  // namespace

Result<double> count_of(std::string_view text, std::string_view flag) {
  constexpr std::pair<char, double> kUnits[] = {
      {'K', 1e3}, {'M', 1e6}, {'B', 1e9}, {'G', 1e9}, {'T', 1e12}};
  double unit = 1;
  std::string_view digits = trim(text);
  if (!digits.empty()) {
    const char last = static_cast<char>(std::toupper(static_cast<unsigned char>(digits.back())));
    for (const auto& [letter, factor] : kUnits) {
      if (last == letter) unit = factor;
    }
    if (unit != 1) digits.remove_suffix(1);
  }
  const auto n = parse_double(trim(digits));
  if (n && *n >= 0) return *n * unit;
  return fail(ErrorKind::usage, "training.number", fmt::format("{} '{}' is no number", flag, text),
              "write it as 15T, 300M, 70B or 1.5e13");
}

Result<TrainingPlan> training_plan(const PredictTrainingOptions& o) {
  TrainingPlan plan;
  plan.method = *training::method_from_string(o.method);
  auto model = model_of(o);
  if (!model) return fail(model.error());
  plan.model = std::move(*model);
  auto device = physics::find_hardware(o.gpu);
  if (!device) return fail(device.error());
  plan.device = std::move(*device);
  if (auto ok = read_counts(o, plan); !ok) return fail(ok.error());
  if (auto ok = read_rewards(o, plan); !ok) return fail(ok.error());
  if (!o.teacher.empty()) {
    auto teacher = by_name_or_size(o.teacher, o.sequence, "--teacher");
    if (!teacher) return fail(teacher.error());
    plan.teacher = std::move(*teacher);
  }
  plan.recomputation =
      o.recompute == "full" ? training::Recomputation::full : training::Recomputation::none;
  plan.epochs = o.epochs;
  plan.rank = o.rank;
  plan.prompts = o.prompts;
  plan.group = o.group;
  plan.prompt = o.prompt;
  plan.rollout = o.rollout;
  plan.updates = o.updates;
  plan.reference = !o.no_reference;
  plan.candidates = o.candidates;
  plan.devices = o.gpus;
  plan.utilisation = o.mfu != 0 ? Assumed::stated(o.mfu) : training::usual_utilisation();
  plan.rollout_utilisation =
      o.rollout_mfu != 0 ? Assumed::stated(o.rollout_mfu) : training::usual_rollout_utilisation();
  plan.watts = o.watts != 0 ? Assumed::stated(o.watts) : training::usual_watts(plan.device);
  if (o.pue != 0) plan.pue = o.pue;
  if (o.grid >= 0) plan.grid = o.grid;
  return plan;
}

void add_training_flags(CLI::App& command, PredictTrainingOptions& o) {
  const auto number = [&command](const char* flag, double& into, const char* doc) {
    command.add_option(flag, into, doc)->type_name("N");
  };
  const auto count = [&command](const char* flag, std::string& into, const char* doc) {
    command.add_option(flag, into, doc)->type_name("N");
  };
  command.add_flag("--training", o.training, "what training a model costs");
  command
      .add_option("--check", o.check,
                  "with --training: judge these published runs (data/training.csv)")
      ->type_name("FILE");
  command.add_option("--method", o.method, "pretrain, finetune, lora, distill, rl or search")
      ->check(CLI::IsMember({"pretrain", "finetune", "lora", "distill", "rl", "search"}));
  count("--params", o.params, "parameters, where the model has no name (70B)");
  count("--active", o.active, "of them in use by each token");
  count("--tokens", o.tokens, "trained on (15T)");
  number("--epochs", o.epochs, "times they are read (default 1)");
  number("--sequence", o.sequence, "tokens of a training sequence (default 4096)");
  command.add_option("--recompute", o.recompute, "activations in the backward pass: none or full")
      ->check(CLI::IsMember({"none", "full"}));
  number("--mfu", o.mfu, "utilisation of the 16-bit peak (default: that of published runs)");
  number("--watts", o.watts, "mean power of a device (default: a share of its TDP)");
  number("--pue", o.pue, "of the building (default: not in the boundary)");
  number("--grid", o.grid, "gCO2e/kWh (default: no carbon)");
  number("--rank", o.rank, "of a LoRA adapter (default 16)");
  command.add_option("--teacher", o.teacher, "of a distillation: a model or its parameters")
      ->type_name("MODEL");
  number("--prompts", o.prompts, "rl: prompts");
  number("--group", o.group, "rl: answers to each (default 8)");
  number("--prompt-tokens", o.prompt, "rl: tokens of a prompt (default 256)");
  number("--rollout-tokens", o.rollout, "rl: tokens of an answer (default 1024)");
  number("--updates", o.updates, "rl: updates on each answer (default 1)");
  number("--rollout-mfu", o.rollout_mfu,
         "rl: utilisation of decoding (default: that of measured serving)");
  command.add_flag("--no-reference", o.no_reference, "rl: without a reference model");
  command
      .add_option("--reward", o.rewards,
                  "rl: a reward model, its parameters, or 'rule'; once for each")
      ->type_name("MODEL")
      ->allow_extra_args(false);
  number("--candidates", o.candidates, "search: candidates");
  count("--candidate-tokens", o.candidate_tokens, "search: tokens that each is trained on");
}

int predict_training(const Context& context, const PredictTrainingOptions& options) {
  if (!options.check.empty()) return check(context, options);
  const auto plan = training_plan(options);
  if (!plan) return report_error(plan.error());
  const auto cost = training::training_cost(*plan);
  if (!cost) return report_error(cost.error());
  context.print(training_text(*plan, *cost, terminal_width()));
  const auto ok = context.emit(training_json(*plan, *cost));
  return ok ? 0 : report_error(ok.error());
}

}  // namespace joulebook
