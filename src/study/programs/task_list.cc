// The verbs of joulebook-task, in the order in which --help shows them. A new list is a declaration
// and a line in the table.
#include <iterator>
#include <vector>

#include "study/programs/task_helper.h"
#include "study/programs/task_program.h"

namespace joulebook {

std::span<const TaskVerb> digits_verbs();
std::span<const TaskVerb> diagnosis_verbs();
std::span<const TaskVerb> sentiment_verbs();
std::span<const TaskVerb> topic_verbs();
std::span<const TaskVerb> text_verbs();
std::span<const TaskVerb> media_verbs();
std::span<const TaskVerb> more_learning_verbs();

std::span<const TaskVerb> all_task_verbs() {
  static constexpr std::span<const TaskVerb> (*kLists[])() = {
      digits_verbs,
      diagnosis_verbs,
      sentiment_verbs,
      topic_verbs,
      text_verbs,
      more_learning_verbs,
      media_verbs,
  };
  static const std::vector<TaskVerb> all = [] {
    std::vector<TaskVerb> verbs;
    for (const auto list : kLists) {
      const auto more = list();
      verbs.insert(verbs.end(), more.begin(), more.end());
    }
    return verbs;
  }();
  return all;
}

}  // namespace joulebook
