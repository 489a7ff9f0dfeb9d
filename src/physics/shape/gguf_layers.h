#pragma once
// The layers of a GGUF file. For gguf_shape.cc.
#include "gguf/gguf_file.h"
#include "physics/shape/model_shape.h"

namespace joulebook::physics {

// A number of metadata that may differ from layer to layer (an array).
[[nodiscard]] std::optional<std::int64_t> number_at(const GgufFile& file, std::string_view key,
                                                    std::size_t layer);

// One layer's tensors by the part of their names behind "blk.7.".
using LayerTensors = std::map<std::string, const GgufTensor*, std::less<>>;

// Error: input "shape.architecture".
[[nodiscard]] Result<LayerGroup> read_gguf_layer(const GgufFile& file, std::size_t layer,
                                                 const LayerTensors& tensors);

}  // namespace joulebook::physics
