#include "physics/shape/shape_source.h"

#include <fmt/format.h>

#include <filesystem>

#include "core/file_tree.h"
#include "core/text.h"
#include "physics/shape/catalogue.h"
#include "physics/shape/config_shape.h"
#include "physics/shape/gguf_shape.h"

namespace joulebook::physics {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kConfig = "config.json";

bool looks_like_a_path(std::string_view model) {
  return model.starts_with('/') || model.starts_with("./") || model.starts_with("../") ||
         model.ends_with(".gguf") || model.ends_with(".json");
}

// The folder's name where the file is called config.json, as in a copy of a repository.
std::string name_of(const fs::path& file) {
  if (file.filename() != kConfig) return file.stem().string();
  std::error_code ignored;
  const auto whole = fs::absolute(file, ignored);
  const auto folder = whole.parent_path().filename().string();
  return folder.empty() ? file.string() : folder;
}

bool is_json(std::string_view text) {
  const auto start = trim(text.substr(0, 256));
  return start.starts_with('{') || start.starts_with("\xEF\xBB\xBF{");
}

Result<ModelShape> from_file(const std::string& path) {
  if (path.ends_with(".json")) {
    const auto text = read_file(path);
    if (!text) return fail(text.error());
    return shape_from_config(*text, name_of(path));
  }
  const auto file = read_gguf(path);
  if (file) return shape_from_gguf(*file, name_of(path));
  if (file.error().code != "model.not_gguf") return fail(file.error());
  std::error_code ignored;
  constexpr std::uintmax_t kMostConfig = 4 << 20;
  if (fs::file_size(path, ignored) > kMostConfig || ignored) return fail(file.error());
  const auto text = read_file(path);
  if (!text || !is_json(*text)) return fail(file.error());
  return shape_from_config(*text, name_of(path));
}

}  // namespace

Result<ModelShape> read_shape(const std::string& model) {
  std::error_code ignored;
  const fs::path path(model);
  if (fs::is_directory(path, ignored) && fs::exists(path / kConfig, ignored)) {
    return from_file((path / kConfig).string());
  }
  if (fs::is_regular_file(path, ignored)) return from_file(model);
  if (!looks_like_a_path(model)) return shape_by_name(model);
  return fail(ErrorKind::input, "model.missing", fmt::format("there is no model file {}", model),
              "name a GGUF file, a config.json, a folder with one, or a published model");
}

}  // namespace joulebook::physics
