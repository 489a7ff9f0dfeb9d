#include "study/programs/learning.h"

#include <fmt/format.h>

#include <ostream>

#include "core/json.h"
#include "core/text.h"
#include "study/programs/linear.h"
#include "study/programs/task_helper.h"

namespace joulebook {
namespace {

Result<std::uint32_t> weighted(const ModelPart& part, std::size_t /*index*/, const SparseRow& row) {
  return best_class(part.weights, part.labels.size(), row);
}

Status answer_by_weights(const TaskCall& call, std::string_view kind) {
  const auto model = load_model(call.argument(0), call.task, kind);
  if (!model) return fail(model.error());
  return answer_items(
      call, [&](const TaskItem& item) { return label_of(*model, item.text, weighted); });
}

}  // namespace

Result<TaskModel> learn_task(std::string_view task, std::string_view kind,
                             const std::vector<LabelledText>& examples, bool dense,
                             const Learn& learn) {
  TaskModel out{std::string(task), std::string(kind), {}};
  for (const FeatureSpace* space : spaces_of_task(task, dense)) {
    auto set = training_set(*space, examples);
    if (!set) return fail(std::move(set.error()));
    ModelPart& part = out.parts.emplace_back();
    part.space = space;
    part.labels = set->labels;
    if (space->wants_scaling()) part.scaling = Scaling::of(*set);
    for (SparseRow& row : set->rows) row = part.scaling.apply(std::move(row));
    if (auto ok = learn(*set, part); !ok) return fail(std::move(ok.error()));
  }
  return out;
}

Status train_to_file(const TaskCall& call, std::string_view kind, bool dense, const Learn& learn) {
  const auto examples = load_examples(call.argument(0));
  if (!examples) return fail(examples.error());
  const auto model = learn_task(call.task, kind, *examples, dense, learn);
  if (!model) return fail(model.error());
  return save_model(*model, call.argument(1));
}

Result<Score> score_of(const TaskModel& model, std::span<const LabelledText> examples,
                       const ClassOf& class_of) {
  Score out;
  for (const auto& [text, label] : examples) {
    const auto said = label_of(model, text, class_of);
    if (!said) return fail(said.error());
    ++out.of;
    if (*said == label) ++out.right;
  }
  return out;
}

Status score_file(const TaskCall& call, const TaskModel& model, const ClassOf& class_of) {
  const auto examples = load_examples(call.argument(1));
  if (!examples) return fail(examples.error());
  const auto score = score_of(model, *examples, class_of);
  if (!score) return fail(score.error());
  call.out << Json::object({{"right", static_cast<std::uint64_t>(score->right)},
                            {"of", static_cast<std::uint64_t>(score->of)}})
                  .dump()
           << "\n";
  return {};
}

Status train_linear_verb(const TaskCall& call) {
  LinearOptions options;
  const auto seed = parse_uint(call.argument(2, "1"));
  if (!seed) {
    return fail(ErrorKind::usage, "task.arguments",
                fmt::format("'{}' is no seed", call.argument(2)), "write a whole number");
  }
  options.seed = *seed;
  return train_to_file(call, "linear", false, [&](const TrainingSet& set, ModelPart& part) {
    part.weights = train_softmax(set, options);
    return Status();
  });
}

Status train_bayes_verb(const TaskCall& call) {
  constexpr double kSmoothing = 0.5;
  return train_to_file(call, "bayes", false, [&](const TrainingSet& set, ModelPart& part) {
    part.weights = train_bayes(set, kSmoothing);
    return Status();
  });
}

Status linear_verb(const TaskCall& call) { return answer_by_weights(call, "linear"); }
Status bayes_verb(const TaskCall& call) { return answer_by_weights(call, "bayes"); }

Status score_verb(const TaskCall& call) {
  const auto model = load_model(call.argument(0), call.task, {});
  if (!model) return fail(model.error());
  if (model->kind == "forest") return opencv_verb(call);
  if (model->kind == "network") return network_verb(call);
  return score_file(call, *model, weighted);
}

Status opencv_verb(const TaskCall& call) { return become(kOpenCvHelper, call); }

Status network_verb(const TaskCall& call) {
  return become(helper_path(kTorchHelper).empty() ? kOpenCvHelper : kTorchHelper, call);
}

Status model_verb(const TaskCall& call) { return become(kModelHelper, call); }

}  // namespace joulebook
