#pragma once
// What the embedded engine of this build can use.
namespace joulebook {

struct EngineBuild {
  bool embedded = false;  // llama.cpp is in this build at all
  bool cuda = false;
  bool vulkan = false;
};

// Thread-safe.
[[nodiscard]] EngineBuild engine_build();

}  // namespace joulebook
