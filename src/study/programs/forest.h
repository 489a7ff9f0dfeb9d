#pragma once
// Random forest and layered network by OpenCV's ml module. Its exceptions are caught here.
//
// Both follow from the rows alone: OpenCV's generator is seeded alike each time, and OpenCV is held
// to one thread, so that sums are taken in one order.
#include <memory>

#include "study/programs/learning.h"

namespace joulebook {

struct ForestOptions {
  int trees = 100;
  int depth = 12;
};

// L. Breiman, Machine Learning 45, 2001: each tree on a bootstrap sample, the square root of the
// number of places tried at each fork. Fills part.foreign. Error: resource "opencv.failed".
[[nodiscard]] Status learn_forest(const TrainingSet& set, const ForestOptions& options,
                                  ModelPart& part);

struct NetworkOptions {
  std::vector<int> hidden = {48};  // widths of the hidden layers, in order; none: a linear model
  int passes = 80;                 // over all rows
};

// Fully connected layers with tanh between, learnt by resilient back-propagation (M. Riedmiller and
// H. Braun, ICNN 1993), one output a class. Fills part.foreign. Error: resource "opencv.failed".
[[nodiscard]] Status learn_network(const TrainingSet& set, const NetworkOptions& options,
                                   ModelPart& part);

// A model's parts as OpenCV's own objects. Not thread-safe.
class OpenCvModel {
 public:
  // REQUIRES: model.kind is "forest" or "network". Error: input "model.damaged" where OpenCV cannot
  // read a part, or it is of another shape than its space and labels.
  [[nodiscard]] static Result<OpenCvModel> open(const TaskModel& model);
  OpenCvModel(OpenCvModel&&) noexcept;
  OpenCvModel& operator=(OpenCvModel&&) noexcept;
  ~OpenCvModel();
  // Error: resource "opencv.failed".
  [[nodiscard]] Result<std::uint32_t> class_of(const ModelPart& part, std::size_t index,
                                               const SparseRow& row) const;

 private:
  struct Parts;
  explicit OpenCvModel(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace joulebook
