#pragma once
// The layers that a config.json describes. For config_shape.cc.
#include "physics/shape/config_reader.h"
#include "physics/shape/config_traits.h"
#include "physics/shape/model_shape.h"

namespace joulebook::physics {

struct ConfigLayers {
  ConfigReader& config;
  ConfigTraits traits;
  std::int64_t hidden = 0;
  std::int64_t layers = 0;  // at most 4096
};

// Attention of one layer, its window included.
[[nodiscard]] Attention config_attention(const ConfigLayers& c, std::int64_t layer);
// Dense or experts, whichever that layer has.
void config_feed_forward(const ConfigLayers& c, std::int64_t layer, LayerGroup& group);

// Fill shape.layers (and .encoder). What is wrong is in the reader.
void config_decoder_layers(const ConfigLayers& c, ModelShape& shape);
void config_recurrent_layers(const ConfigLayers& c, ModelShape& shape);
void config_t5_layers(const ConfigLayers& c, ModelShape& shape);

// Bits as torch_dtype and quantization_config say. Error: "shape.precision" in the reader.
[[nodiscard]] Precision config_precision(ConfigReader& config);

}  // namespace joulebook::physics
