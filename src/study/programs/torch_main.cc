// joulebook-task-torch: the verbs of networks, computed by LibTorch.
#include "study/programs/task_helper.h"
#include "study/programs/torch_network.h"

namespace joulebook {
namespace {

Status train(const TaskCall& call) { return train_network_to_file(call, learn_torch); }
Status search(const TaskCall& call) { return search_network(call, learn_torch, open_torch); }
Status network(const TaskCall& call) { return answer_by(call, "network", open_torch); }
Status score(const TaskCall& call) { return score_by(call, "network", open_torch); }

}  // namespace
}  // namespace joulebook

int main(int argc, char** argv) {
  using namespace joulebook;
  std::vector<HelperRun> runs;
  for (const std::string_view task : {"digits", "diagnosis", "sentiment", "topic"}) {
    runs.push_back({task, "train-network", train});
    runs.push_back({task, "search-network", search});
    runs.push_back({task, "network", network});
    runs.push_back({task, "score", score});
  }
  return run_helper_program(argc, argv, runs);
}
