#include "study/programs/network_verbs.h"

#include <fmt/format.h>

#include <array>
#include <ctime>
#include <ostream>

#include "core/json.h"
#include "core/text.h"

namespace joulebook {
namespace {

constexpr std::string_view kDefaultLayers = "48";
constexpr std::size_t kMostLayers = 4;
constexpr std::uint64_t kMostWidth = 512;
constexpr std::array<std::string_view, 10> kSearched = {
    "none", "8", "16", "32", "64", "128", "16,16", "32,16", "64,32", "64,32,16"};

// Weights and constant terms of all layers.
std::int64_t weights_of(std::size_t width, const std::vector<int>& hidden, std::size_t classes) {
  std::int64_t sum = 0;
  auto before = static_cast<std::int64_t>(width);
  for (const int layer : hidden) sum += (std::exchange(before, layer) + 1) * layer;
  return sum + (before + 1) * static_cast<std::int64_t>(classes);
}

double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

struct Tried {
  std::string_view layers;
  std::int64_t weights = 0;
  Score score;
  double seconds = 0;

  [[nodiscard]] bool beats(const Tried& other) const {
    return score.right != other.score.right ? score.right > other.score.right
                                            : weights < other.weights;
  }
};

Result<TaskModel> learn_shape(std::string_view task, const std::vector<LabelledText>& examples,
                              const std::vector<int>& hidden, const LearnLayers& learn) {
  return learn_task(task, "network", examples, true, [&](const TrainingSet& set, ModelPart& part) {
    return learn(set, hidden, part);
  });
}

Result<Tried> try_shape(std::string_view task, std::string_view layers,
                        const std::vector<LabelledText>& first,
                        std::span<const LabelledText> rest, const LearnLayers& learn,
                        const OpenModel& open) {
  const double begin = cpu_seconds();
  const auto hidden = parse_layers(layers);
  if (!hidden) return fail(hidden.error());
  const auto model = learn_shape(task, first, *hidden, learn);
  if (!model) return fail(model.error());
  const auto class_of = open(*model);
  if (!class_of) return fail(class_of.error());
  const auto score = score_of(*model, rest, *class_of);
  if (!score) return fail(score.error());
  const ModelPart& part = model->parts.front();
  return Tried{layers, weights_of(part.space->width(), *hidden, part.labels.size()), *score,
               cpu_seconds() - begin};
}

Json report(std::span<const Tried> all, const Tried& best) {
  Json::Array shapes;
  for (const Tried& tried : all) {
    shapes.push_back(Json::object({{"layers", tried.layers},
                                   {"weights", tried.weights},
                                   {"right", static_cast<std::uint64_t>(tried.score.right)},
                                   {"of", static_cast<std::uint64_t>(tried.score.of)},
                                   {"cpu_seconds", tried.seconds}}));
  }
  return Json::object({{"best", best.layers}, {"shapes", Json(std::move(shapes))}});
}

}  // namespace

std::span<const std::string_view> searched_layers() { return kSearched; }

Result<std::vector<int>> parse_layers(std::string_view text) {
  std::vector<int> out;
  if (text == "none") return out;
  for (const std::string_view word : split(text, ',')) {
    const auto width = parse_uint(word);
    if (!width || *width == 0 || *width > kMostWidth || out.size() == kMostLayers) {
      return fail(ErrorKind::usage, "task.layers", fmt::format("'{}' is no list of layers", text),
                  fmt::format("write none, or at most {} widths from 1 to {}: 64,32", kMostLayers,
                              kMostWidth));
    }
    out.push_back(static_cast<int>(*width));
  }
  return out;
}

Status train_network_to_file(const TaskCall& call, const LearnLayers& learn) {
  const auto hidden = parse_layers(call.argument(2, kDefaultLayers));
  if (!hidden) return fail(hidden.error());
  return train_to_file(call, "network", true, [&](const TrainingSet& set, ModelPart& part) {
    return learn(set, *hidden, part);
  });
}

Status search_network(const TaskCall& call, const LearnLayers& learn, const OpenModel& open) {
  const auto examples = load_examples(call.argument(0));
  if (!examples) return fail(examples.error());
  const auto cut = examples->begin() + static_cast<std::ptrdiff_t>(examples->size() * 4 / 5);
  const std::vector<LabelledText> first(examples->begin(), cut);
  std::vector<Tried> all;
  const Tried* best = nullptr;
  all.reserve(kSearched.size());
  for (const std::string_view layers : kSearched) {
    auto tried = try_shape(call.task, layers, first, {cut, examples->end()}, learn, open);
    if (!tried) return fail(tried.error());
    call.err << fmt::format("{}: {} of {} right\n", layers, tried->score.right, tried->score.of);
    all.push_back(*tried);
    if (best == nullptr || all.back().beats(*best)) best = &all.back();
  }
  const auto model = learn_shape(call.task, *examples, *parse_layers(best->layers), learn);
  if (!model) return fail(model.error());
  if (auto ok = save_model(*model, call.argument(2)); !ok) return ok;
  return write_made_file(call.argument(1), report(all, *best).dump(2) + "\n");
}

Status answer_by(const TaskCall& call, std::string_view kind, const OpenModel& open) {
  const auto model = load_model(call.argument(0), call.task, kind);
  if (!model) return fail(model.error());
  const auto class_of = open(*model);
  if (!class_of) return fail(class_of.error());
  return answer_items(call, [&](const TaskItem& item) {
    return label_of(*model, item.text, *class_of);
  });
}

Status score_by(const TaskCall& call, std::string_view kind, const OpenModel& open) {
  const auto model = load_model(call.argument(0), call.task, kind);
  if (!model) return fail(model.error());
  const auto class_of = open(*model);
  if (!class_of) return fail(class_of.error());
  return score_file(call, *model, *class_of);
}

}  // namespace joulebook
