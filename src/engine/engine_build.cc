#include "engine/engine_build.h"

#include <ggml-backend.h>

namespace joulebook {

EngineBuild engine_build() {
  return {.embedded = true,
          .cuda = ggml_backend_reg_by_name("CUDA") != nullptr,
          .vulkan = ggml_backend_reg_by_name("Vulkan") != nullptr};
}

}  // namespace joulebook
