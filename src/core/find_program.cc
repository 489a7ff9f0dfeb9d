#include "core/find_program.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "core/text.h"

namespace joulebook {

std::string find_program(const std::string& name, const std::string& directory) {
  namespace fs = std::filesystem;
  const auto runs = [](const fs::path& path) {
    std::error_code ignored;
    return ::access(path.c_str(), X_OK) == 0 && fs::is_regular_file(path, ignored);
  };
  if (name.find('/') != std::string::npos) {
    const fs::path path = fs::path(directory) / name;
    return runs(path) ? path.string() : std::string();
  }
  const char* paths = std::getenv("PATH");
  for (const auto folder : split(paths == nullptr ? "/usr/bin:/bin" : paths, ':')) {
    const fs::path path = fs::path(folder.empty() ? "." : folder) / name;
    if (runs(path)) return path.string();
  }
  return {};
}

}  // namespace joulebook
