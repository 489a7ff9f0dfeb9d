#pragma once
// The model that answers where none was named: the one installed beside the program, else the one
// that set-up put into the build tree.
#include <string>

namespace joulebook {

// A path, or empty where neither is there.
[[nodiscard]] std::string default_model_path();

// The llama-server that came with the program, and the folder of its libraries: those of an installed
// tree, else of the build's engine. The path may name nothing.
struct PackagedServer {
  std::string program;
  std::string libraries;
};
[[nodiscard]] PackagedServer packaged_server();

// The folder of the tasks that came with the program, and that of the helpers that they run.
[[nodiscard]] std::string packaged_tasks();
[[nodiscard]] std::string task_helpers();

}  // namespace joulebook
