#include "physics/shape/layer_groups.h"

namespace joulebook::physics {

void append_layer(std::vector<LayerGroup>& groups, LayerGroup layer) {
  for (auto& group : groups) {
    layer.count = group.count;
    if (group != layer) continue;
    ++group.count;
    return;
  }
  layer.count = 1;
  groups.push_back(layer);
}

}  // namespace joulebook::physics
