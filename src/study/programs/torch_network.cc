#include "study/programs/torch_network.h"

#include <fmt/format.h>
#include <torch/nn/functional/loss.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/linear.h>
#include <torch/optim/adam.h>
#include <torch/utils.h>

#include <cmath>

#include "core/json.h"

namespace joulebook {
namespace {

constexpr int kSteps = 150;
constexpr double kRate = 0.01;
constexpr double kShrink = 1e-3;
constexpr std::size_t kMostLayers = 6;

tl::unexpected<Error> failed(const std::exception& error) {
  return fail(ErrorKind::resource, "torch.failed", fmt::format("LibTorch failed: {}", error.what()),
              "free memory or train on fewer rows");
}

torch::Tensor dense(const SparseRow& row, std::size_t width) {
  const torch::Tensor out = torch::zeros({1, static_cast<std::int64_t>(width)});
  float* values = out.data_ptr<float>();
  for (const auto& [at, value] : row) values[at] = value;
  return out;
}

torch::nn::Sequential network_of(const std::vector<std::int64_t>& layers) {
  torch::nn::Sequential out;
  for (std::size_t i = 1; i < layers.size(); ++i) {
    if (i > 1) out->push_back(torch::nn::Tanh());
    out->push_back(torch::nn::Linear(layers[i - 1], layers[i]));
  }
  return out;
}

std::string text_of(const torch::nn::Sequential& network, const std::vector<std::int64_t>& layers) {
  Json sizes{Json::Array{}};
  for (const std::int64_t layer : layers) sizes.push(layer);
  Json weights{Json::Array{}};
  for (const torch::Tensor& tensor : network->parameters()) {
    const torch::Tensor flat = tensor.detach().contiguous().flatten();
    const float* values = flat.data_ptr<float>();
    for (std::int64_t i = 0; i < flat.numel(); ++i) weights.push(static_cast<double>(values[i]));
  }
  return Json::object({{"layers", std::move(sizes)}, {"weights", std::move(weights)}}).dump();
}

// A network of exactly the shape that the part asks for; null where the text is of another.
torch::nn::Sequential read_network(const ModelPart& part) {
  const auto json = parse_json(part.foreign);
  if (!json) return nullptr;
  std::vector<std::int64_t> layers;
  std::int64_t wanted = 0;
  for (const Json& item : (*json)["layers"].items()) {
    const std::int64_t layer = item.as_int();
    if (layer < 1 || layer > (1 << 16) || layers.size() == kMostLayers) return nullptr;
    if (!layers.empty()) wanted += (layers.back() + 1) * layer;
    layers.push_back(layer);
  }
  if (layers.size() < 2 || layers.front() != static_cast<std::int64_t>(part.space->width()) ||
      layers.back() != static_cast<std::int64_t>(part.labels.size())) {
    return nullptr;
  }
  const Json& weights = (*json)["weights"];
  if (static_cast<std::int64_t>(weights.items().size()) != wanted) return nullptr;
  auto network = network_of(layers);
  std::size_t at = 0;
  for (torch::Tensor& tensor : network->parameters()) {
    float* values = tensor.data_ptr<float>();
    for (std::int64_t i = 0; i < tensor.numel(); ++i) {
      values[i] = static_cast<float>(weights.at(at++).as_double(NAN));
      if (!std::isfinite(values[i])) return nullptr;
    }
  }
  network->eval();
  return network;
}

}  // namespace

Status learn_torch(const TrainingSet& set, const std::vector<int>& hidden, ModelPart& part) {
  try {
    torch::set_num_threads(1);
    torch::manual_seed(20261127);
    std::vector<std::int64_t> layers = {static_cast<std::int64_t>(set.space->width())};
    layers.insert(layers.end(), hidden.begin(), hidden.end());
    layers.push_back(static_cast<std::int64_t>(set.labels.size()));
    std::vector<torch::Tensor> rows;
    for (const SparseRow& row : set.rows) rows.push_back(dense(row, set.space->width()));
    const torch::Tensor inputs = torch::cat(rows);
    const std::vector<std::int64_t> classes(set.classes.begin(), set.classes.end());
    const torch::Tensor wanted = torch::tensor(classes);
    auto network = network_of(layers);
    torch::optim::Adam adam(network->parameters(),
                            torch::optim::AdamOptions(kRate).weight_decay(kShrink));
    for (int step = 0; step < kSteps; ++step) {
      adam.zero_grad();
      torch::nn::functional::cross_entropy(network->forward(inputs), wanted).backward();
      adam.step();
    }
    part.foreign = text_of(network, layers);
    return {};
  } catch (const std::exception& error) {
    return failed(error);
  }
}

Result<ClassOf> open_torch(const TaskModel& model) {
  try {
    torch::set_num_threads(1);
    std::vector<torch::nn::Sequential> networks;
    for (const ModelPart& part : model.parts) {
      networks.push_back(read_network(part));
      if (!networks.back().is_empty()) continue;
      return fail(ErrorKind::input, "model.damaged",
                  fmt::format("the network of the task {} is not one of LibTorch and of its shape",
                              model.task),
                  "delete the file and train it anew");
    }
    return ClassOf([networks](const ModelPart& part, std::size_t index,
                              const SparseRow& row) -> Result<std::uint32_t> {
      try {
        const torch::NoGradGuard no_gradients;
        auto network = networks[index];
        const torch::Tensor out = network->forward(dense(row, part.space->width()));
        return static_cast<std::uint32_t>(out.argmax(1).item<std::int64_t>());
      } catch (const std::exception& error) {
        return failed(error);
      }
    });
  } catch (const std::exception& error) {
    return failed(error);
  }
}

}  // namespace joulebook
