#pragma once
// What training will cost: FLOPs, device hours, energy, carbon. Pure; thread-safe.
#include <joulebook/quantity.h>

#include <string>
#include <vector>

#include "physics/machine/hardware.h"
#include "physics/training/flops.h"

namespace joulebook::training {

enum class Method { pretrain, finetune, lora, distill, rl, search };
[[nodiscard]] std::string_view to_string(Method method);
[[nodiscard]] std::optional<Method> method_from_string(std::string_view text);

// A best value with its 80 % range and where it came from.
struct Assumed {
  double value = 0, lo = 0, hi = 0;
  std::string source;

  [[nodiscard]] static Assumed stated(double x);  // no range: it was said
};

struct TrainingPlan {
  Method method = Method::pretrain;
  TrainedModel model;
  double tokens = 0;  // that the model is trained on (rl: unused), once an epoch
  double epochs = 1;
  Recomputation recomputation = Recomputation::none;
  double rank = 16;                     // lora
  std::optional<TrainedModel> teacher;  // distill: reads every token forward
  // rl: `prompts` are each answered `group` times by `rollout` tokens behind `prompt` ones; every
  // answer is read by the reference model, and by each reward model; the policy is updated on it
  // `updates` times. Rewards by rule cost nothing here.
  double prompts = 0, group = 8, prompt = 256, rollout = 1024, updates = 1;
  bool reference = true;
  std::vector<TrainedModel> rewards;
  int rule_rewards = 0;
  // search: so many candidates, each trained on `candidate_tokens`, then the winner on `tokens`.
  double candidates = 0, candidate_tokens = 0;

  physics::Hardware device;
  double devices = 1;
  Assumed utilisation;          // of the 16-bit peak, by FLOPs without recomputation (MFU)
  Assumed rollout_utilisation;  // of decoding
  Assumed watts;                // mean, a device
  std::optional<double> pue;    // empty: not in the boundary
  std::optional<double> grid;   // gCO2e/kWh; empty: carbon is an absence
};

// One kind of work. `flops` are the model's own (6 N D); `done` those that are really computed.
struct TrainingPart {
  std::string name;  // "update", "rollouts", "teacher"
  double tokens = 0;
  double flops = 0, done = 0;
  bool decodes = false;                 // at the utilisation of decoding
  double device_hours = 0, joules = 0;  // best values
};

struct TrainingCost {
  std::vector<TrainingPart> parts;
  double flops = 0, done = 0;
  Quantity device_hours;  // unit "h"
  Quantity days;          // on all devices, unit "d"
  Quantity energy;        // J, boundary "gpu" or "gpu+pue"
  Quantity carbon;        // kg; absent without a grid intensity
};

// Middle and range of published runs for what wasn't stated (runs.h). Decoding: of the rows of
// data/ml_energy.csv on H100 with 64 sequences or more at a time, 10 to 90 %.
[[nodiscard]] Assumed usual_utilisation();
[[nodiscard]] Assumed usual_rollout_utilisation();
[[nodiscard]] Assumed usual_watts(const physics::Hardware& device);

// Errors: usage "training.plan" naming what is missing or absurd and the flag for it; input
// "training.device" where the data sheet has no 16-bit rate or no power.
[[nodiscard]] Result<TrainingCost> training_cost(const TrainingPlan& plan);

}  // namespace joulebook::training
