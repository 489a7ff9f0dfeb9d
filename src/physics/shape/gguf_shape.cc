#include "physics/shape/gguf_shape.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/text.h"
#include "physics/shape/counts.h"
#include "physics/shape/gguf_layers.h"
#include "physics/shape/layer_groups.h"

namespace joulebook::physics {
namespace {

constexpr std::size_t kMaxLayers = 4096;
constexpr double kTolerance = 0.01;

// The number behind "blk." of a tensor's name, and what stands behind it.
struct Place {
  std::size_t layer = 0;
  std::string_view rest;
};

std::optional<Place> place_of(std::string_view name) {
  if (name.starts_with("dec.")) name.remove_prefix(4);
  if (!name.starts_with("blk.")) return std::nullopt;
  name.remove_prefix(4);
  const auto dot = name.find('.');
  const auto layer = parse_uint(name.substr(0, dot));
  if (dot == std::string_view::npos || !layer || *layer >= kMaxLayers) return std::nullopt;
  return Place{static_cast<std::size_t>(*layer), name.substr(dot + 1)};
}

std::vector<LayerTensors> layers_of(const GgufFile& file) {
  std::vector<LayerTensors> layers;
  for (const auto& tensor : file.tensors) {
    const auto place = place_of(tensor.name);
    if (!place) continue;
    if (place->layer >= layers.size()) layers.resize(place->layer + 1);
    layers[place->layer].emplace(place->rest, &tensor);
  }
  return layers;
}

// Predicts one more token, for drafts: no layer of the model.
bool drafts(const LayerTensors& tensors) {
  return std::ranges::any_of(tensors,
                             [](const auto& entry) { return entry.first.starts_with("nextn."); });
}

const GgufTensor* tensor_of(const GgufFile& file, std::string_view name) {
  const auto at = std::ranges::find(file.tensors, name, &GgufTensor::name);
  return at == file.tensors.end() ? nullptr : &*at;
}

std::int64_t rows_of(const GgufTensor* tensor) {
  if (tensor == nullptr || tensor->shape.size() < 2) return 0;
  return static_cast<std::int64_t>(std::min<std::uint64_t>(tensor->shape[1], 1U << 30));
}

double* class_of(Precision& p, std::string_view name, std::size_t dimensions) {
  if (name == "token_embd.weight") return &p.embedding;
  if (name == "output.weight") return &p.head;
  const auto place = place_of(name);
  if (!place || !name.ends_with(".weight") || dimensions < 2) return &p.other;
  const auto part = place->rest;
  if (part.find("_exps") != std::string_view::npos) return &p.experts;
  if (part.starts_with("ffn_gate_inp")) return &p.other;
  if (part.starts_with("ffn_")) return &p.feed_forward;
  const bool mixes = part.starts_with("attn_") || part.starts_with("ssm_in") ||
                     part.starts_with("ssm_out") || part.starts_with("ssm_x") ||
                     part.starts_with("ssm_dt") || part.starts_with("shortconv.");
  return mixes ? &p.mixer : &p.other;
}

// Bits of each class: all bytes over all parameters. A class without tensors keeps 16.
Precision precision_of(const GgufFile& file) {
  Precision bits;
  std::map<double*, std::pair<double, double>> sums;
  for (const auto& tensor : file.tensors) {
    auto& [bytes, parameters] = sums[class_of(bits, tensor.name, tensor.shape.size())];
    bytes += static_cast<double>(tensor.bytes);
    parameters += static_cast<double>(tensor.parameters);
  }
  for (const auto& [field, sum] : sums) {
    if (sum.second > 0 && sum.first > 0) *field = sum.first * 8 / sum.second;
  }
  return bits;
}

Status same_size(const ModelShape& shape, const GgufFile& file, double drafted) {
  const double stored = static_cast<double>(file.parameters()) - drafted;
  const auto counted = static_cast<double>(total_parameters(shape));
  if (std::abs(counted - stored) <= kTolerance * stored) return {};
  return fail(ErrorKind::input, "shape.contradiction",
              fmt::format("metadata and tensors of '{}' disagree: {:.5g} parameters by its shape, "
                          "{:.5g} stored",
                          file.architecture(), counted, stored),
              "convert the model again, or give its config.json or its name instead");
}

Result<double> read_layers(const GgufFile& file, ModelShape& shape) {
  double drafted = 0;
  const auto layers = layers_of(file);
  for (std::size_t i = 0; i < layers.size(); ++i) {
    if (drafts(layers[i])) {
      for (const auto& [name, tensor] : layers[i]) {
        drafted += static_cast<double>(tensor->parameters);
      }
      continue;
    }
    auto layer = read_gguf_layer(file, i, layers[i]);
    if (!layer) return fail(layer.error());
    append_layer(shape.layers, *layer);
  }
  return drafted;
}

}  // namespace

Result<ModelShape> shape_from_gguf(const GgufFile& file, std::string_view name) {
  ModelShape shape;
  shape.name = file.text("general.name").empty() ? std::string(name)
                                                 : valid_utf8(file.text("general.name"));
  shape.source = fmt::format("GGUF {}", name);
  const GgufTensor* embedding = tensor_of(file, "token_embd.weight");
  if (embedding == nullptr || file.architecture().empty()) {
    return fail(ErrorKind::input, "shape.architecture",
                fmt::format("{} has no token_embd.weight or no general.architecture", name),
                "name the file of the language model (not a projector, adapter or vocabulary; of "
                "several parts the first holds few tensors: join them with llama-gguf-split)");
  }
  if (file.architecture() == "t5" || file.architecture() == "t5encoder") {
    return fail(ErrorKind::input, "shape.architecture",
                fmt::format("the encoder of architecture '{}' isn't read from GGUF",
                            file.architecture()),
                "give the model's config.json or its name instead");
  }
  shape.hidden = file.integer_of("embedding_length").value_or(0);
  shape.vocabulary = rows_of(embedding);
  shape.positions = rows_of(tensor_of(file, "position_embd.weight")) +
                    rows_of(tensor_of(file, "token_types.weight"));
  shape.tied = tensor_of(file, "output.weight") == nullptr;
  shape.trained_context = file.trained_context();
  if (file.architecture().find("bert") != std::string_view::npos) shape.kind = ModelKind::encoder;
  const auto drafted = read_layers(file, shape);
  if (!drafted) return fail(drafted.error());
  shape.precision = precision_of(file);
  if (auto sound = validate(shape); !sound) return fail(sound.error());
  if (auto same = same_size(shape, file, *drafted); !same) return fail(same.error());
  return shape;
}

}  // namespace joulebook::physics
