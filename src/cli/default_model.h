#pragma once
// The model that answers where none was named: the one installed beside the program, else the one
// that set-up put into the build tree.
#include <string>

namespace joulebook {

// A path, or empty where neither is there.
[[nodiscard]] std::string default_model_path();

}  // namespace joulebook
