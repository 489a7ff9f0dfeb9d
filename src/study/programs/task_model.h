#pragma once
// A trained classifier of a task, as a file and in memory: a part for each space of the task
// (diagnosis has two). JSON, versioned, read under bounds: whatever is wrong with a file is an
// error with a cure, never a crash or a wild answer.
//
// Plain values; thread-safe.
#include <joulebook/result.h>

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "study/programs/examples.h"

namespace joulebook {

// What brings a row to mean 0 and deviation 1, place by place; empty where nothing is scaled.
struct Scaling {
  std::vector<float> mean;
  std::vector<float> deviation;  // above 0

  // Of the rows; a place that never varies gets deviation 1. REQUIRES: each row has every place.
  [[nodiscard]] static Scaling of(const TrainingSet& set);
  [[nodiscard]] SparseRow apply(SparseRow row) const;
  bool operator==(const Scaling&) const = default;
};

struct ModelPart {
  const FeatureSpace* space = nullptr;
  std::vector<std::string> labels;  // the classes' names
  Scaling scaling;
  // "linear" and "bayes": a row a class of width + 1 numbers, the last its constant term. The class
  // with the greatest sum of weight times value is the answer.
  std::vector<float> weights;
  // "forest" and "network": as the library writes it.
  std::string foreign;

  bool operator==(const ModelPart&) const = default;
};

struct TaskModel {
  std::string task;  // "digits"
  std::string kind;  // "linear", "bayes", "forest", "network"
  std::vector<ModelPart> parts;

  bool operator==(const TaskModel&) const = default;
};

inline constexpr int kTaskModelVersion = 1;
inline constexpr std::size_t kMostModelBytes = std::size_t{64} << 20;

// Whether a file's digest counts; not so for tests that change a file on purpose.
enum class Seal { checked, ignored };

[[nodiscard]] std::string model_text(const TaskModel& model);
// Errors, kind input, naming `origin`: "model.syntax" (no JSON, or a member that is missing or does
// not fit), "model.version", "model.other" (another task or kind than asked for; an empty one asks
// for nothing), "model.damaged" (its digest says so). The cure is to train it anew.
[[nodiscard]] Result<TaskModel> parse_model(std::string_view text, const std::string& origin,
                                            std::string_view task, std::string_view kind,
                                            Seal seal = Seal::checked);
// Errors also: as read_file; "model.long" (more than kMostModelBytes).
[[nodiscard]] Result<TaskModel> load_model(const std::string& path, std::string_view task,
                                           std::string_view kind);
// Makes the folder, too. Errors: as write_file.
[[nodiscard]] Status save_model(const TaskModel& model, const std::string& path);

// The class of a row, of one part of a model, by its index.
using ClassOf =
    std::function<Result<std::uint32_t>(const ModelPart& part, std::size_t index, SparseRow row)>;
// The label of a text by the first part whose space takes it. Error: input "item.form".
[[nodiscard]] Result<std::string> label_of(const TaskModel& model, std::string_view text,
                                           const ClassOf& class_of);

}  // namespace joulebook
