#pragma once
// predict for training: `predict --training MODEL` and `predict --training --check FILE`.
// cmd_predict owns the command and its flags MODEL, --gpu and --gpus; these are the rest.
#include <string>
#include <vector>

#include "cli/context.h"
#include "physics/training/cost.h"
#include "physics/training/runs.h"

namespace CLI {
class App;
}

namespace joulebook {

struct PredictTrainingOptions {
  bool training = false;
  std::string model, gpu = "H100";  // of cmd_predict
  double gpus = 1;
  std::string check;  // published runs to be judged
  std::string method = "pretrain";
  std::string params, active;  // "70B", where the model has no name
  std::string tokens, candidate_tokens;
  std::string recompute = "none";
  double sequence = 4096, epochs = 1, rank = 16;
  double mfu = 0, rollout_mfu = 0, watts = 0, pue = 0;  // 0: not stated
  double grid = -1;                                     // below 0: not stated
  std::string teacher;
  double prompts = 0, group = 8, prompt = 256, rollout = 1024, updates = 1, candidates = 0;
  bool no_reference = false;
  std::vector<std::string> rewards;  // a model's name, its parameters ("7B"), or "rule"
};

// --training, --check, --method, --params, --active, --tokens and the others of the struct.
void add_training_flags(CLI::App& command, PredictTrainingOptions& options);

// Prints a table, and writes schema "joulebook.predicted-training/1", or with --check
// "joulebook.training-check/1"; then 1 where a row is implausible.
int predict_training(const Context& context, const PredictTrainingOptions& options);

// The plan that the options describe. Errors as training_cost(); input "shape.unknown",
// "hardware.unknown"; usage "training.number".
[[nodiscard]] Result<training::TrainingPlan> training_plan(const PredictTrainingOptions& options);
// "15T", "1.5e13", "300M". Error: usage "training.number".
[[nodiscard]] Result<double> count_of(std::string_view text, std::string_view flag);

[[nodiscard]] std::string training_text(const training::TrainingPlan& plan,
                                        const training::TrainingCost& cost, int width);
[[nodiscard]] std::string training_check_text(std::span<const training::TrainingRun> runs,
                                              int width);

}  // namespace joulebook
