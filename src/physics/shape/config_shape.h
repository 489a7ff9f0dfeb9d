#pragma once
// The shape of a model from its Hugging Face config.json. What the file leaves out is what the
// architecture's own code has by default. Pure; thread-safe.
#include <joulebook/result.h>

#include <string_view>

#include "physics/shape/model_shape.h"

namespace joulebook::physics {

// `name` is for messages, and the shape's where the file states none. Of a model with several
// parts the language model is read, vision and audio towers beside it. Errors: input "json.syntax",
// "shape.architecture" (a model_type that isn't known, with the nearest that are; a width that is
// missing: the message says which), "shape.precision" (a quant_method that isn't known),
// "shape.contradiction".
[[nodiscard]] Result<ModelShape> shape_from_config(std::string_view text, std::string_view name);

}  // namespace joulebook::physics
