#pragma once
// The shape of a model from the header of its GGUF file, with the true bits of every class of
// weights. Built from the tensors themselves, so that a file of a new architecture whose tensors
// have the usual names is understood; metadata give what tensors don't show (heads, windows).
#include "gguf/gguf_file.h"
#include "physics/shape/model_shape.h"

namespace joulebook::physics {

// Errors: input "shape.architecture" (a layer has no tensor that is known, or metadata are missing:
// the message says which), "shape.contradiction" (also where the tensors hold over 1 % more or fewer
// parameters than the shape that metadata describe).
[[nodiscard]] Result<ModelShape> shape_from_gguf(const GgufFile& file, std::string_view name);

}  // namespace joulebook::physics
