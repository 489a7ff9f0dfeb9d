#include "study/programs/forest.h"

#include <fmt/format.h>

#include <opencv2/core.hpp>
#include <opencv2/ml.hpp>
#include <variant>

namespace joulebook {
namespace {

using cv::ml::ANN_MLP;
using cv::ml::RTrees;
using cv::ml::StatModel;

// One thread, so that sums are taken in one order, and one seed for OpenCV's own generator.
void one_way() {
  cv::setNumThreads(1);
  cv::setRNGSeed(20261127);
}

tl::unexpected<Error> failed(const cv::Exception& error) {
  return fail(ErrorKind::resource, "opencv.failed", "OpenCV failed: " + error.err,
              "free memory or train on fewer rows");
}

cv::Mat dense(const SparseRow& row, std::size_t width) {
  cv::Mat out = cv::Mat::zeros(1, static_cast<int>(width), CV_32F);
  for (const auto& [at, value] : row) out.at<float>(0, static_cast<int>(at)) = value;
  return out;
}

cv::Mat samples(const TrainingSet& set) {
  cv::Mat out(0, static_cast<int>(set.space->width()), CV_32F);
  for (const SparseRow& row : set.rows) out.push_back(dense(row, set.space->width()));
  return out;
}

std::string text_of(const StatModel& model) {
  cv::FileStorage file(".json", cv::FileStorage::WRITE | cv::FileStorage::MEMORY |
                                    cv::FileStorage::FORMAT_JSON);
  file << "model"
       << "{";
  model.write(file);
  file << "}";
  return file.releaseAndGetString();
}

cv::Mat wanted_classes(const TrainingSet& set) {
  cv::Mat out(static_cast<int>(set.rows.size()), 1, CV_32S);
  for (std::size_t i = 0; i < set.rows.size(); ++i) {
    out.at<int>(static_cast<int>(i)) = static_cast<int>(set.classes[i]);
  }
  return out;
}

// One output a class, 1 for its own and -1 for the others.
cv::Mat wanted_outputs(const TrainingSet& set) {
  cv::Mat out(static_cast<int>(set.rows.size()), static_cast<int>(set.labels.size()), CV_32F, -1.0);
  for (std::size_t i = 0; i < set.rows.size(); ++i) {
    out.at<float>(static_cast<int>(i), static_cast<int>(set.classes[i])) = 1;
  }
  return out;
}

// A model as OpenCV reads it. Of its shape only what could make an answer wild is looked at.
template <class Model>
cv::Ptr<Model> read_as(const std::string& text) {
  const cv::FileStorage file(text, cv::FileStorage::READ | cv::FileStorage::MEMORY);
  cv::Ptr<Model> model = Model::create();
  model->read(file["model"]);
  return model;
}

bool fits(const RTrees& forest, const ModelPart& part) {
  return forest.isTrained() && forest.isClassifier() &&
         forest.getVarCount() == static_cast<int>(part.space->width());
}

bool fits(const ANN_MLP& network, const ModelPart& part) {
  const cv::Mat layers = network.getLayerSizes();
  if (!network.isTrained() || layers.total() < 2) return false;
  return layers.at<int>(0) == static_cast<int>(part.space->width()) &&
         layers.at<int>(static_cast<int>(layers.total()) - 1) ==
             static_cast<int>(part.labels.size());
}

}  // namespace

Status learn_forest(const TrainingSet& set, const ForestOptions& options, ModelPart& part) {
  try {
    one_way();
    const auto forest = RTrees::create();
    forest->setMaxDepth(options.depth);
    forest->setMinSampleCount(2);
    forest->setActiveVarCount(0);  // the square root
    forest->setTermCriteria({cv::TermCriteria::MAX_ITER, options.trees, 0});
    forest->train(samples(set), cv::ml::ROW_SAMPLE, wanted_classes(set));
    part.foreign = text_of(*forest);
    return {};
  } catch (const cv::Exception& error) {
    return failed(error);
  }
}

Status learn_network(const TrainingSet& set, const NetworkOptions& options, ModelPart& part) {
  try {
    one_way();
    const auto network = ANN_MLP::create();
    std::vector<int> layers = {static_cast<int>(set.space->width())};
    layers.insert(layers.end(), options.hidden.begin(), options.hidden.end());
    layers.push_back(static_cast<int>(set.labels.size()));
    network->setLayerSizes(layers);
    network->setActivationFunction(ANN_MLP::SIGMOID_SYM, 1, 1);
    network->setTrainMethod(ANN_MLP::RPROP, 0.05);
    network->setTermCriteria({cv::TermCriteria::MAX_ITER, options.passes, 0});
    // Rows come scaled where their space wants it. OpenCV's own scaling would blow a word that one
    // text has up to the size of all others together.
    const auto data =
        cv::ml::TrainData::create(samples(set), cv::ml::ROW_SAMPLE, wanted_outputs(set));
    network->train(data, ANN_MLP::NO_INPUT_SCALE);
    part.foreign = text_of(*network);
    return {};
  } catch (const cv::Exception& error) {
    return failed(error);
  }
}

struct OpenCvModel::Parts {
  std::vector<std::variant<cv::Ptr<RTrees>, cv::Ptr<ANN_MLP>>> models;
};

OpenCvModel::OpenCvModel(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
OpenCvModel::OpenCvModel(OpenCvModel&&) noexcept = default;
OpenCvModel& OpenCvModel::operator=(OpenCvModel&&) noexcept = default;
OpenCvModel::~OpenCvModel() = default;

Result<OpenCvModel> OpenCvModel::open(const TaskModel& model) {
  const auto damaged = [&](const std::string& what) {
    return fail(ErrorKind::input, "model.damaged",
                fmt::format("the {} of the task {} cannot be used: {}", model.kind, model.task,
                            what),
                "delete the file and train it anew");
  };
  auto parts = std::make_unique<Parts>();
  try {
    cv::setNumThreads(1);
    for (const ModelPart& part : model.parts) {
      bool fit = false;
      if (model.kind == "forest") {
        auto forest = read_as<RTrees>(part.foreign);
        fit = fits(*forest, part);
        parts->models.emplace_back(std::move(forest));
      } else {
        auto network = read_as<ANN_MLP>(part.foreign);
        fit = fits(*network, part);
        parts->models.emplace_back(std::move(network));
      }
      if (!fit) return damaged("it is of another shape than the task");
    }
  } catch (const cv::Exception& error) {
    return damaged(error.err);
  }
  return OpenCvModel(std::move(parts));
}

Result<std::uint32_t> OpenCvModel::class_of(const ModelPart& part, std::size_t index,
                                            const SparseRow& row) const {
  try {
    const cv::Mat sample = dense(row, part.space->width());
    const auto predict = [&](const auto& model) { return model->predict(sample); };
    const float found = std::visit(predict, parts_->models[index]);
    if (found >= 0 && found < static_cast<float>(part.labels.size())) {
      return static_cast<std::uint32_t>(found);
    }
    return fail(ErrorKind::resource, "opencv.failed",
                fmt::format("OpenCV answered with class {}, which there is not", found),
                "delete the model and train it anew");
  } catch (const cv::Exception& error) {
    return failed(error);
  }
}

}  // namespace joulebook
