#pragma once
// The network of forest.h by LibTorch: fully connected layers with tanh between, learnt by Adam
// (D. Kingma and J. Ba, ICLR 2015) on the cross entropy of all rows at once, weights shrinking.
// One thread and one seed, so that it follows from the rows alone. Exceptions are caught here.
#include <memory>

#include "study/programs/network_verbs.h"

namespace joulebook {

// Fills part.foreign: {"layers": [64, 48, 10], "weights": [...]}, layer after layer, each a row an
// output and then the constants. Error: resource "torch.failed".
[[nodiscard]] Status learn_torch(const TrainingSet& set, const std::vector<int>& hidden,
                                 ModelPart& part);

// Errors: input "model.damaged" where a part is not of that form, of another shape than its space
// and labels, or has numbers that are not finite.
[[nodiscard]] Result<ClassOf> open_torch(const TaskModel& model);

}  // namespace joulebook
