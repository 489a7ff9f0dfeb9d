#pragma once
// Layers one by one, gathered into groups.
#include "physics/shape/model_shape.h"

namespace joulebook::physics {

// Adds one layer (its `count` is ignored) to the group that is like it, else as a new group.
void append_layer(std::vector<LayerGroup>& groups, LayerGroup layer);

}  // namespace joulebook::physics
