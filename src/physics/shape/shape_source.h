#pragma once
// What a person means by a model: a file or a name.
#include <joulebook/result.h>

#include <string>

#include "physics/shape/model_shape.h"

namespace joulebook::physics {

// `model` is the path of a GGUF file, of a Hugging Face config.json or of a folder that holds one,
// else a name: that of a published model, whatever its owner and precision ("Qwen/Qwen3-8B-FP8"), or
// of any other whose name states its size, which is then `synthesised`. What is not there but looks
// like a path is "model.missing". Errors: input, of read_gguf, shape_from_gguf, shape_from_config and
// shape_by_name.
[[nodiscard]] Result<ModelShape> read_shape(const std::string& model);

}  // namespace joulebook::physics
