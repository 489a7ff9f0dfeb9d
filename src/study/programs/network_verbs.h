#pragma once
// The verbs of a network, whichever library computes it.
#include "study/programs/learning.h"

namespace joulebook {

// How a library learns a network with hidden layers of these widths. Fills part.foreign.
using LearnLayers =
    std::function<Status(const TrainingSet& set, const std::vector<int>& hidden, ModelPart& part)>;
// How it answers by one: opens the model once.
using OpenModel = std::function<Result<ClassOf>(const TaskModel& model)>;

// "64,32": at most four widths from 1 to 512; "none": no hidden layer. Error: usage "task.layers".
[[nodiscard]] Result<std::vector<int>> parse_layers(std::string_view text);

// The ten shapes that a search tries.
[[nodiscard]] std::span<const std::string_view> searched_layers();

// train-network: TRAIN MODEL [LAYERS]. Without layers: one of 48.
[[nodiscard]] Status train_network_to_file(const TaskCall& call, const LearnLayers& learn);

// search-network: TRAIN REPORT MODEL. Each shape is learnt on the first four fifths of the examples
// and scored on the last; the best (of like ones that with fewest weights) is learnt on all and
// becomes the model. REPORT: one JSON object with each shape's score and CPU time.
[[nodiscard]] Status search_network(const TaskCall& call, const LearnLayers& learn,
                                    const OpenModel& open);

// MODEL, of that kind; and MODEL FILE.
[[nodiscard]] Status answer_by(const TaskCall& call, std::string_view kind, const OpenModel& open);
[[nodiscard]] Status score_by(const TaskCall& call, std::string_view kind, const OpenModel& open);

}  // namespace joulebook
