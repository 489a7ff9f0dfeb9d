#include "cli/default_model.h"

#include <filesystem>
#include <vector>

namespace joulebook {
namespace {

namespace fs = std::filesystem;

// The first .gguf under a folder, by name.
std::string first_model(const fs::path& folder) {
  std::error_code ec;
  std::string found;
  for (const auto& entry : fs::directory_iterator(folder, ec)) {
    const std::string path = entry.path().string();
    if (entry.path().extension() == ".gguf" && (found.empty() || path < found)) found = path;
  }
  return found;
}

}  // namespace

std::string default_model_path() {
  std::error_code ec;
  const fs::path self = fs::read_symlink("/proc/self/exe", ec);
  if (!ec) {
    const std::string beside =
        first_model(self.parent_path().parent_path() / "share" / "joulebook" / "models");
    if (!beside.empty()) return beside;
  }
  return first_model(JOULEBOOK_DEFAULT_MODEL_DIR);
}

}  // namespace joulebook
