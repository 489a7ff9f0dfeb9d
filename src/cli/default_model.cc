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

// Where an installed tree would begin; empty: not known.
fs::path prefix() {
  std::error_code ec;
  const fs::path self = fs::read_symlink("/proc/self/exe", ec);
  return ec ? fs::path() : self.parent_path().parent_path();
}

}  // namespace

std::string default_model_path() {
  const std::string beside = first_model(prefix() / "share" / "joulebook" / "models");
  return beside.empty() ? first_model(JOULEBOOK_DEFAULT_MODEL_DIR) : beside;
}

PackagedServer packaged_server() {
  std::error_code ec;
  const fs::path installed = prefix() / "libexec" / "joulebook" / "llama-server";
  if (fs::exists(installed, ec)) return {installed.string(), (prefix() / "lib").string()};
  return {JOULEBOOK_LLAMA_SERVER, JOULEBOOK_LLAMA_LIBRARIES};
}

std::string packaged_tasks() {
  std::error_code ec;
  const fs::path installed = prefix() / "share" / "joulebook" / "tasks";
  return fs::is_directory(installed, ec) ? installed.string() : JOULEBOOK_TASKS_DIR;
}

std::string task_helpers() {
  std::error_code ec;
  const fs::path installed = prefix() / "libexec" / "joulebook";
  return fs::exists(installed / "joulebook-task", ec) ? installed.string()
                                                      : (prefix() / "bin").string();
}

}  // namespace joulebook
