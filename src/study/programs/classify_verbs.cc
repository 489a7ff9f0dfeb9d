// The verbs of the tasks in which an item gets one of a few labels.
#include <fmt/format.h>

#include <array>
#include <filesystem>
#include <ostream>

#include "core/file_tree.h"
#include "study/programs/learning.h"
#include "study/programs/task_data.h"

namespace joulebook {

std::span<const TaskVerb> digits_verbs();
std::span<const TaskVerb> diagnosis_verbs();
std::span<const TaskVerb> sentiment_verbs();
std::span<const TaskVerb> topic_verbs();
std::span<const TaskVerb> more_learning_verbs();

namespace {

// DIR: items.jsonl (what is asked), held-out.jsonl (all that could be), train.jsonl. What lies
// there and is the same is not written again.
Status write_data(const TaskCall& call, const TaskData& data) {
  const std::filesystem::path folder(call.argument(0));
  const std::array<std::pair<const char*, std::string>, 3> files = {
      std::pair{"train.jsonl", examples_jsonl(data.train)},
      std::pair{"held-out.jsonl", items_jsonl(data.held_out)},
      std::pair{"items.jsonl", items_jsonl(balanced(data.held_out))}};
  for (const auto& [name, text] : files) {
    const std::string path = (folder / name).string();
    if (const auto there = read_file(path); there && *there == text) continue;
    if (auto ok = write_made_file(path, text); !ok) return ok;
  }
  call.err << fmt::format("{}: {} rows to train on, {} held out\n", call.task, data.train.size(),
                          data.held_out.size());
  return {};
}

Status digits_data_verb(const TaskCall& call) {
  const auto csv = read_data_file("digits.csv");
  if (!csv) return fail(csv.error());
  const auto data = digits_data(*csv);
  return data ? write_data(call, *data) : fail(data.error());
}

Status diagnosis_data_verb(const TaskCall& call) {
  const auto mass = read_data_file("breast_cancer.csv");
  if (!mass) return fail(mass.error());
  const auto wine = read_data_file("wine_data.csv");
  if (!wine) return fail(wine.error());
  const auto data = diagnosis_data(*mass, *wine);
  return data ? write_data(call, *data) : fail(data.error());
}

constexpr std::string_view kData = "makes items.jsonl, held-out.jsonl and train.jsonl";
constexpr std::string_view kTrainLinear = "learns a logistic regression";
constexpr std::string_view kTrainNetwork = "learns a network of layers";
constexpr std::string_view kAnswers = "answers by what was learnt";
constexpr std::string_view kScore = "how many labels of a file a model gets right, as JSON";

// What classifies rows of figures: pixels, or a table's.
constexpr std::array<TaskVerb, 8> figure_verbs(std::string_view task,
                                               Status (*data)(const TaskCall&)) {
  return {{
      {task, "data", "DIR", kData, data},
      {task, "train-forest", "TRAIN MODEL", "learns a random forest", opencv_verb},
      {task, "forest", "MODEL", kAnswers, opencv_verb},
      {task, "train-linear", "TRAIN MODEL [SEED]", kTrainLinear, train_linear_verb},
      {task, "linear", "MODEL", kAnswers, linear_verb},
      {task, "train-network", "TRAIN MODEL [LAYERS]", kTrainNetwork, network_verb},
      {task, "network", "MODEL", kAnswers, network_verb},
      {task, "score", "MODEL FILE", kScore, score_verb},
  }};
}

// What classifies sentences.
constexpr std::array<TaskVerb, 7> sentence_verbs(std::string_view task) {
  return {{
      {task, "train-bayes", "TRAIN MODEL", "learns naive Bayes on words and pairs of them",
       train_bayes_verb},
      {task, "bayes", "MODEL", kAnswers, bayes_verb},
      {task, "train-linear", "TRAIN MODEL [SEED]", kTrainLinear, train_linear_verb},
      {task, "linear", "MODEL", kAnswers, linear_verb},
      {task, "train-network", "TRAIN MODEL [LAYERS]", kTrainNetwork, network_verb},
      {task, "network", "MODEL", kAnswers, network_verb},
      {task, "score", "MODEL FILE", kScore, score_verb},
  }};
}

constexpr auto kDigits = figure_verbs("digits", digits_data_verb);
constexpr auto kDiagnosis = figure_verbs("diagnosis", diagnosis_data_verb);
constexpr auto kSentiment = sentence_verbs("sentiment");
constexpr auto kTopic = sentence_verbs("topic");
constexpr std::array<TaskVerb, 2> kMore = {{
    {"digits", "search-network", "TRAIN REPORT MODEL",
     "tries ten shapes of network, keeps the best", network_verb},
    {"sentiment", "teach", "GGUF SYSTEM TRAIN EVERY OUT",
     "labels texts anew by asking a language model", model_verb},
}};

}  // namespace

std::span<const TaskVerb> digits_verbs() { return kDigits; }
std::span<const TaskVerb> diagnosis_verbs() { return kDiagnosis; }
std::span<const TaskVerb> sentiment_verbs() { return kSentiment; }
std::span<const TaskVerb> topic_verbs() { return kTopic; }
std::span<const TaskVerb> more_learning_verbs() { return kMore; }

}  // namespace joulebook
