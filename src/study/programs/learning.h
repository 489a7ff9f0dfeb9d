#pragma once
// The verbs that all tasks of classification share. Each is what a row of a table runs; the task is
// the call's.
#include <span>

#include "study/programs/task_model.h"
#include "study/programs/task_program.h"

namespace joulebook {

// How a kind of classifier learns a part from rows: fills weights or foreign.
using Learn = std::function<Status(const TrainingSet& set, ModelPart& part)>;

// Reads examples, learns a part for each space, scaled where that is wanted. Errors: as
// parse_examples, training_set and `learn`.
[[nodiscard]] Result<TaskModel> learn_task(std::string_view task, std::string_view kind,
                                           const std::vector<LabelledText>& examples,
                                           bool dense, const Learn& learn);

// train-*: TRAIN MODEL [...]: learn_task from a file to a file.
[[nodiscard]] Status train_to_file(const TaskCall& call, std::string_view kind, bool dense,
                                   const Learn& learn);

struct Score {
  std::size_t right = 0;
  std::size_t of = 0;
};
// Errors: as label_of.
[[nodiscard]] Result<Score> score_of(const TaskModel& model,
                                     std::span<const LabelledText> examples,
                                     const ClassOf& class_of);
// score: MODEL FILE: one JSON object {"right": n, "of": n} on a line.
[[nodiscard]] Status score_file(const TaskCall& call, const TaskModel& model,
                                const ClassOf& class_of);

// What the tables' rows run.
[[nodiscard]] Status train_linear_verb(const TaskCall& call);  // TRAIN MODEL [SEED]
[[nodiscard]] Status train_bayes_verb(const TaskCall& call);   // TRAIN MODEL
[[nodiscard]] Status linear_verb(const TaskCall& call);        // MODEL
[[nodiscard]] Status bayes_verb(const TaskCall& call);         // MODEL
[[nodiscard]] Status score_verb(const TaskCall& call);         // MODEL FILE
// Done by a helper: with OpenCV; LibTorch where it was built, else OpenCV; the embedded engine.
[[nodiscard]] Status opencv_verb(const TaskCall& call);
[[nodiscard]] Status network_verb(const TaskCall& call);
[[nodiscard]] Status model_verb(const TaskCall& call);

}  // namespace joulebook
