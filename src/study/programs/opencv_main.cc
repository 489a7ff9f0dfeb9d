// joulebook-task-opencv: the verbs that OpenCV computes.
#include "study/programs/forest.h"
#include "study/programs/network_verbs.h"
#include "study/programs/task_helper.h"

namespace joulebook {
namespace {

Result<ClassOf> open(const TaskModel& model) {
  auto opened = OpenCvModel::open(model);
  if (!opened) return fail(std::move(opened.error()));
  auto shared = std::make_shared<const OpenCvModel>(std::move(*opened));
  return ClassOf([shared](const ModelPart& part, std::size_t index, const SparseRow& row) {
    return shared->class_of(part, index, row);
  });
}

Status learn_layers(const TrainingSet& set, const std::vector<int>& hidden, ModelPart& part) {
  NetworkOptions options;
  options.hidden = hidden;
  return learn_network(set, options, part);
}

Status train_forest(const TaskCall& call) {
  return train_to_file(call, "forest", true, [](const TrainingSet& set, ModelPart& part) {
    return learn_forest(set, {}, part);
  });
}

Status forest(const TaskCall& call) { return answer_by(call, "forest", open); }
Status train_network(const TaskCall& call) { return train_network_to_file(call, learn_layers); }
Status search(const TaskCall& call) { return search_network(call, learn_layers, open); }
Status network(const TaskCall& call) { return answer_by(call, "network", open); }
Status score(const TaskCall& call) { return score_by(call, {}, open); }

}  // namespace
}  // namespace joulebook

int main(int argc, char** argv) {
  using namespace joulebook;
  const std::vector<HelperRun> runs = [] {
    std::vector<HelperRun> all;
    for (const std::string_view task : {"digits", "diagnosis", "sentiment", "topic"}) {
      all.push_back({task, "train-forest", train_forest});
      all.push_back({task, "forest", forest});
      all.push_back({task, "train-network", train_network});
      all.push_back({task, "search-network", search});
      all.push_back({task, "network", network});
      all.push_back({task, "score", score});
    }
    return all;
  }();
  return run_helper_program(argc, argv, runs);
}
