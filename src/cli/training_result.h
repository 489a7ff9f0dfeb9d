#pragma once
// What predict --training says. Pure; the texts are declared in cmd_predict_training.h.
#include <span>

#include "core/json.h"
#include "physics/training/cost.h"
#include "physics/training/runs.h"

namespace joulebook {

[[nodiscard]] Json training_json(const training::TrainingPlan& plan,
                                 const training::TrainingCost& cost);
// Its "implausible" counts the rows that are doubted.
[[nodiscard]] Json training_check_json(std::span<const training::TrainingRun> runs);

}  // namespace joulebook
